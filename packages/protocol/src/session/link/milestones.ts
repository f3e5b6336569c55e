// Who waits for the peer to have received what was sent.
import { type Deferred, deferred } from '../../async/deferred.ts';
import type { SessionFailure } from '../seam.ts';

/** Positions in the order in which they were waited for, so each is behind the one before. */
export class Milestones {
  #failure: SessionFailure | undefined;
  readonly #waiting: { readonly position: number; readonly reached: Deferred<void> }[] = [];

  /** Resolves once all up to `position` is acknowledged. @throws SessionFailure if that can never be. */
  async wait(position: number): Promise<void> {
    if (this.#failure) throw this.#failure;
    const reached = deferred<void>();
    this.#waiting.push({ position, reached });
    return reached.promise;
  }

  acked(position: number): void {
    while (this.#waiting[0] && this.#waiting[0].position <= position) this.#waiting.shift()?.reached.resolve();
  }

  failed(failure: SessionFailure): void {
    this.#failure = failure;
    for (const { reached } of this.#waiting.splice(0)) reached.reject(failure);
  }
}
