// The typed events of a client: it has an emitter, it is none. A listener that throws is logged, and harms nobody else.
import { EventEmitter } from 'eventemitter3';
import { createError } from '../errors/kinds.ts';
import type { DeviceStream, StreamOutcome } from '../stream/device-stream.ts';
import type { Logger } from './logger.ts';

/** What both clients emit: event name -> arguments of its listeners. */
export interface StreamEvents {
  /** A stream is established. */
  streamOpened: [stream: DeviceStream];
  /** A stream has ended, however. */
  streamClosed: [stream: DeviceStream, outcome: StreamOutcome];
}

/** The events of one client, of the map `Events`. */
export class ClientEvents<Events extends { [Name in keyof Events]: unknown[] }> {
  readonly #owner: string;
  readonly #names: readonly (keyof Events & string)[];
  readonly #logger: Logger;
  readonly #emitter = new EventEmitter();

  constructor(owner: string, names: readonly (keyof Events & string)[], logger: Logger) {
    this.#owner = owner;
    this.#names = names;
    this.#logger = logger;
  }

  /** @returns a function that removes the listener. @throws `STREAMS_INVALID_ARGUMENT` for an event that does not exist. */
  on<Name extends keyof Events & string>(name: Name, listener: (...values: Events[Name]) => void): () => void {
    if (!this.#names.includes(name)) this.#invalid('event', `there is no event ${String(name)}; there are ${this.#names.join(', ')}`);
    if (typeof listener !== 'function') this.#invalid('listener', 'expected a function');
    const guarded = (...values: Events[Name]): void => {
      try {
        listener(...values);
      } catch (err) {
        this.#logger.error({ err, event: name }, `a listener of ${this.#owner} failed`);
      }
    };
    this.#emitter.on(name, guarded);
    return () => void this.#emitter.off(name, guarded);
  }

  /** Listeners run after the step that they are told of, in order, so that they may call whatever they like. */
  emit<Name extends keyof Events & string>(name: Name, ...values: Events[Name]): void {
    queueMicrotask(() => this.#emitter.emit(name, ...values));
  }

  #invalid(field: string, problem: string): never {
    throw createError('INVALID_ARGUMENT', { message: `${this.#owner}.on: ${field}: ${problem}`, details: { field } });
  }
}
