// Stream requests on their way to the application's callback: each gets one answer, whatever the callback does.
import {
  type Cancel,
  type Clock,
  createError,
  type DeclineCode,
  type DeviceMessage,
  type DeviceStream,
  HANDSHAKE_GUARD_MS,
  type Logger,
  type RequestMessage,
  STREAM_PROTOCOLS,
  StreamsError,
  type WireCode,
} from '@streams/protocol/internal';
import { StreamRequest } from './request.ts';

/** The application's callback. What it throws rejects the request; the text stays on the device. */
export type StreamRequestHandler = (request: StreamRequest) => void | Promise<void>;

/** What dispatching needs of the client. */
export interface DispatchContext {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly send: (message: DeviceMessage) => void;
  /** Opens the device leg. */
  readonly open: (request: RequestMessage, protocol: string, signal: AbortSignal) => Promise<DeviceStream>;
}

interface Pending {
  readonly abort: AbortController;
  readonly stopWaiting: Cancel;
  readonly timeoutMs: number;
  accepted: boolean;
}

/** Keeps the requests whose handshake is not over. */
export class Dispatch {
  readonly #context: DispatchContext;
  readonly #pending = new Map<string, Pending>();
  #handler: StreamRequestHandler | undefined;

  constructor(context: DispatchContext) {
    this.#context = context;
  }

  /** @throws `STREAMS_INVALID_STATE` if there is one. */
  register(handler: StreamRequestHandler): () => void {
    if (typeof handler !== 'function') throw createError('INVALID_ARGUMENT', { message: 'onStreamRequest: expected a function' });
    if (this.#handler)
      throw createError('INVALID_STATE', { message: 'onStreamRequest: there is a callback; call the function that it returned first' });
    this.#handler = handler;
    return () => {
      if (this.#handler === handler) this.#handler = undefined;
    };
  }

  /** A request has come. */
  request(message: RequestMessage): void {
    if (this.#pending.has(message.streamId)) return;
    const handler = this.#handler;
    const protocol = STREAM_PROTOCOLS.find((name) => message.protocols.includes(name));
    if (handler === undefined) return this.#decline(message.streamId, 'NO_HANDLER');
    if (protocol === undefined) return this.#decline(message.streamId, 'PROTOCOL_MISMATCH');
    void this.#call(handler, message, protocol);
  }

  /** A handshake is over. */
  cancel(streamId: string, code: WireCode): void {
    const pending = this.#pending.get(streamId);
    const phase = pending?.accepted ? 'service-leg' : 'answer';
    this.#end(streamId, createError(code, { details: { phase, timeoutMs: pending?.timeoutMs } }));
  }

  /** Ends every handshake that runs. */
  close(cause: StreamsError): void {
    for (const streamId of this.#pending.keys()) this.#end(streamId, cause);
  }

  async #call(handler: StreamRequestHandler, message: RequestMessage, protocol: string): Promise<void> {
    const signal = this.#keep(message);
    let accepting: Promise<DeviceStream> | undefined;
    const request = new StreamRequest(message, signal, {
      accept: () => {
        accepting = this.#accept(message, protocol, signal);
        return accepting;
      },
      reject: (reason) => this.#decline(message.streamId, 'STREAM_REJECTED', reason),
    });
    try {
      await handler(request);
    } catch (error) {
      this.#onHandlerFailed(request, error);
      accepting?.then(
        (stream) => stream.destroy(),
        () => undefined,
      );
    }
  }

  #keep({ streamId, timeoutMs }: RequestMessage): AbortSignal {
    const abort = new AbortController();
    // The hub's `cancel` is lost where the link was; then this ends the request.
    const stopWaiting = this.#context.clock.after(timeoutMs + HANDSHAKE_GUARD_MS, () => this.cancel(streamId, 'HANDSHAKE_TIMEOUT'));
    this.#pending.set(streamId, { abort, stopWaiting, timeoutMs, accepted: false });
    return abort.signal;
  }

  async #accept(message: RequestMessage, protocol: string, signal: AbortSignal): Promise<DeviceStream> {
    const pending = this.#pending.get(message.streamId);
    if (pending) pending.accepted = true;
    this.#context.send({ type: 'accept', streamId: message.streamId, protocol, capabilities: [] });
    try {
      return await this.#context.open(message, protocol, signal);
    } finally {
      this.#forget(message.streamId);
    }
  }

  #decline(streamId: string, code: DeclineCode, reason = ''): void {
    this.#forget(streamId);
    this.#context.send({ type: 'reject', streamId, code, reason });
  }

  #onHandlerFailed(request: StreamRequest, error: unknown): void {
    // A handshake that fails after `accept()` is no fault of the callback.
    if (StreamsError.is(error) && request.isAnswered) {
      this.#context.logger.warn({ err: error, streamId: request.id }, 'a stream request came to nothing');
      return;
    }
    this.#context.logger.error({ err: error, streamId: request.id }, 'the onStreamRequest callback failed');
    if (!request.isAnswered) this.#decline(request.id, 'HANDLER_FAILED');
  }

  #end(streamId: string, cause: StreamsError): void {
    const pending = this.#forget(streamId);
    pending?.abort.abort(cause);
  }

  #forget(streamId: string): Pending | undefined {
    const pending = this.#pending.get(streamId);
    pending?.stopWaiting();
    this.#pending.delete(streamId);
    return pending;
  }
}
