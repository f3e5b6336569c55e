// Who wants to know of a registry's changes.
import type { DeviceChange } from './registry.ts';

/** The listeners of one registry. */
export class Changes {
  readonly #listeners = new Set<(change: DeviceChange) => void>();

  /** Returns what removes the listener. */
  listen(listener: (change: DeviceChange) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  emit(change: DeviceChange): void {
    for (const listener of this.#listeners) listener(change);
  }
}
