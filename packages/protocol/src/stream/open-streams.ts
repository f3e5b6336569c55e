// The streams that a client has open: announced when they open and end, and waited for, within bounds, by its `close()`.
import { publishStreamClose, publishStreamOpen, type StreamOpenMessage, type StreamSide } from '../telemetry/channels.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { Clock } from '../time/clock.ts';
import type { DeviceStream, StreamOutcome } from './device-stream.ts';

/** The client, as its streams see it. */
export interface StreamsOwner {
  readonly side: StreamSide;
  readonly logger: Required<Logger>;
  opened(stream: DeviceStream): void;
  closed(stream: DeviceStream, outcome: StreamOutcome): void;
}

/** See the top of this file. */
export class OpenStreams {
  readonly #owner: StreamsOwner;
  readonly #streams = new Set<DeviceStream>();

  constructor(owner: StreamsOwner) {
    this.#owner = owner;
  }

  /** Keeps a stream until it has ended. */
  add(stream: DeviceStream): DeviceStream {
    this.#streams.add(stream);
    stream.once('close', () => this.#streams.delete(stream));
    const { side, logger } = this.#owner;
    const { id: streamId, deviceId, name } = stream;
    const what = { side, streamId, deviceId, name };
    logger.debug(what, 'the stream is open');
    publishStreamOpen(() => what);
    void stream.outcome.then((outcome) => this.#onEnded(stream, what, outcome));
    this.#owner.opened(stream);
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

  #onEnded(stream: DeviceStream, what: StreamOpenMessage, outcome: StreamOutcome): void {
    const { bytesRead, bytesWritten } = stream;
    this.#owner.logger.debug({ ...what, ...outcome, bytesRead, bytesWritten }, 'the stream has ended');
    publishStreamClose(() => ({ ...what, outcome, bytesRead, bytesWritten }));
    this.#owner.closed(stream, outcome);
  }
}
