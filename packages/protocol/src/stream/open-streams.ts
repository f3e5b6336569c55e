// The streams that a client has open, so that its `close()` can wait for them, within bounds.
import type { Clock } from '../time/clock.ts';
import type { DeviceStream } from './device-stream.ts';

/** See the top of this file. */
export class OpenStreams {
  readonly #streams = new Set<DeviceStream>();

  /** Keeps a stream until it has ended. */
  add(stream: DeviceStream): DeviceStream {
    this.#streams.add(stream);
    stream.once('close', () => this.#streams.delete(stream));
    return stream;
  }

  /** Resolves once all have ended; what is left after `limitMs` is aborted. */
  async drain(clock: Clock, limitMs: number): Promise<void> {
    const outcomes = [...this.#streams].map(({ outcome }) => outcome);
    const cancel = clock.after(limitMs, () => this.abort());
    await Promise.all(outcomes);
    cancel();
  }

  abort(): void {
    for (const stream of this.#streams) stream.abort('the client was closed');
  }
}
