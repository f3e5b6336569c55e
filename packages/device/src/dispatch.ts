// Stream requests on their way to the application, by callback or loop: each gets one answer, whatever the callback does.
import {
  type Cancel,
  type Clock,
  createError,
  type DeclineCode,
  type Deferred,
  deferred,
  type DeviceMessage,
  type DeviceStream,
  HANDSHAKE_GUARD_MS,
  type HandshakeMessage,
  type Logger,
  type RequestMessage,
  SESSION_PROTOCOL,
  STREAM_PROTOCOLS,
  StreamsError,
  throwIfAborted,
  traceHandshake,
  type Tunnel,
  TUNNEL_CAPABILITY,
  type WireCode,
} from '@streams/protocol/internal';
import { Answers } from './answers.ts';
import { RequestLoop } from './request-loop.ts';
import { StreamRequest, wantsTunnel } from './request.ts';

/** The application's callback. What it throws rejects the request; the text stays on the device. */
export type StreamRequestHandler = (request: StreamRequest) => void | Promise<void>;

/** What a callback for requests takes. */
export interface RequestOptions {
  /** True: requests for tunnels too, see `StreamRequest.isTunnel`. Default: services that ask for one are told that there are streams only. */
  readonly tunnels?: boolean | undefined;
}

/** What a loop over requests takes. */
export interface RequestLoopOptions extends RequestOptions {
  /** Ends the loop. */
  readonly signal?: AbortSignal | undefined;
}

/** What dispatching needs of the client. */
export interface DispatchContext {
  readonly deviceId: string;
  readonly clock: Clock;
  readonly logger: Required<Logger>;
  readonly send: (message: DeviceMessage) => void;
  /** Opens the device leg, and what is carried over it. */
  readonly open: (request: RequestMessage, protocol: string, signal: AbortSignal) => Promise<DeviceStream>;
  readonly openTunnel: (request: RequestMessage, signal: AbortSignal) => Promise<Tunnel>;
  /** Opens the device leg, and hands it to the session that the request resumes; undefined if that is not there for who asks. */
  readonly resume: (request: RequestMessage) => ((signal: AbortSignal) => Promise<void>) | undefined;
}

interface Pending {
  readonly abort: AbortController;
  readonly stopWaiting: Cancel;
  readonly timeoutMs: number;
  accepted: boolean;
  /** Settles when the handshake is over: with the stream or the tunnel, or with what it came to instead. */
  readonly over: Deferred<unknown>;
}

/** Who takes the requests: the callback, or a loop. */
interface Consumer {
  readonly take: StreamRequestHandler;
  /** Told when the client has ended. */
  readonly end: (cause: StreamsError | undefined) => void;
  readonly tunnels: boolean;
}

/** Keeps the requests whose handshake is not over. */
export class Dispatch {
  readonly #context: DispatchContext;
  readonly #pending = new Map<string, Pending>();
  readonly #answers: Answers;
  #consumer: Consumer | undefined;
  #closed: { readonly cause: StreamsError | undefined } | undefined;

  constructor(context: DispatchContext) {
    this.#context = context;
    this.#answers = new Answers(context.clock);
  }

  /** @throws `STREAMS_INVALID_STATE` if somebody takes the requests already. */
  register(handler: StreamRequestHandler, { tunnels = false }: RequestOptions = {}): () => void {
    if (typeof handler !== 'function') throw createError('INVALID_ARGUMENT', { message: 'onStreamRequest: expected a function' });
    return this.#consumeBy({ take: handler, end: () => undefined, tunnels });
  }

  /** @throws `STREAMS_INVALID_STATE` if somebody takes the requests already. */
  iterate({ signal, tunnels = false }: RequestLoopOptions): RequestLoop {
    throwIfAborted(signal);
    const loop: RequestLoop = new RequestLoop((waiting) => {
      unregister();
      for (const { id } of waiting) this.#decline(id, 'NO_HANDLER');
    });
    const unregister = this.#consumeBy({ take: (request) => loop.add(request), end: (cause) => loop.end(cause), tunnels });
    if (this.#closed) loop.end(this.#closed.cause);
    else loop.endWith(signal);
    return loop;
  }

  /** A request has come, for the first time or again. */
  request(message: RequestMessage): void {
    const { streamId, name, requester, timeoutMs, resumes, traceparent } = message;
    if (!this.#answers.add(message)) return this.#answerAgain(streamId);
    const { deviceId, logger } = this.#context;
    logger.debug({ deviceId, streamId, name, ...requester, timeoutMs }, 'a stream request has come');
    const handshake: HandshakeMessage = { side: 'device', deviceId, name, streamId, resumes, traceparent };
    traceHandshake(handshake, () => this.#begin(message)).catch(() => undefined);
  }

  /** A handshake is over. */
  cancel(streamId: string, code: WireCode): void {
    const pending = this.#pending.get(streamId);
    const phase = pending?.accepted ? 'service-leg' : 'answer';
    this.#end(streamId, createError(code, { details: { phase, timeoutMs: pending?.timeoutMs } }));
  }

  /** Ends every handshake that runs, and tells who takes the requests. */
  close(cause: StreamsError | undefined): void {
    this.#closed = { cause };
    for (const streamId of this.#pending.keys()) this.#end(streamId, cause ?? createError('CLOSED'));
    this.#consumer?.end(cause);
  }

  /** The application is asked once. */
  #answerAgain(streamId: string): void {
    const last = this.#answers.last(streamId);
    if (last) this.#context.send(last);
  }

  #consumeBy(consumer: Consumer): () => void {
    if (this.#consumer) {
      const message = 'stream requests are taken already: unregister the callback, or leave the loop, before there is another';
      throw createError('INVALID_STATE', { message });
    }
    this.#consumer = consumer;
    return () => {
      if (this.#consumer === consumer) this.#consumer = undefined;
    };
  }

  /** Resolves or rejects when the handshake is over. */
  #begin(message: RequestMessage): Promise<unknown> {
    const { abort, over } = this.#keep(message);
    const protocol = STREAM_PROTOCOLS.find((name) => message.protocols.includes(name));
    if (message.resumes !== undefined) this.#resume(message, abort.signal);
    else if (this.#consumer === undefined) this.#decline(message.streamId, 'NO_HANDLER');
    else if (protocol === undefined || (wantsTunnel(message) && !this.#consumer.tunnels))
      this.#decline(message.streamId, 'PROTOCOL_MISMATCH');
    else void this.#call(this.#consumer.take, message, protocol, abort.signal);
    return over.promise;
  }

  /** The application has accepted the session, and is not asked again. */
  #resume(message: RequestMessage, signal: AbortSignal): void {
    const resume = message.protocols.includes(SESSION_PROTOCOL) ? this.#context.resume(message) : undefined;
    if (resume === undefined) this.#decline(message.streamId, 'SESSION_LOST');
    else this.#accept(message, SESSION_PROTOCOL, [], () => resume(signal)).catch(() => undefined);
  }

  async #call(handler: StreamRequestHandler, message: RequestMessage, protocol: string, signal: AbortSignal): Promise<void> {
    let accepting: Promise<DeviceStream | Tunnel> | undefined;
    const { open, openTunnel } = this.#context;
    const request = new StreamRequest(message, signal, {
      accept: () => {
        const stream = this.#accept(message, protocol, [], () => open(message, protocol, signal));
        accepting = stream;
        return stream;
      },
      acceptTunnel: () => {
        const tunnel = this.#accept(message, SESSION_PROTOCOL, [TUNNEL_CAPABILITY], () => openTunnel(message, signal));
        accepting = tunnel;
        return tunnel;
      },
      decline: (code, reason) => this.#decline(message.streamId, code, reason),
    });
    try {
      await handler(request);
    } catch (error) {
      this.#onHandlerFailed(request, error);
      accepting?.then(
        (accepted) => void accepted.destroy(),
        () => undefined,
      );
    }
  }

  #keep({ streamId, timeoutMs }: RequestMessage): Pending {
    const abort = new AbortController();
    // The hub's `cancel` is lost where the link was; then this ends the request.
    const stopWaiting = this.#context.clock.after(timeoutMs + HANDSHAKE_GUARD_MS, () => this.cancel(streamId, 'HANDSHAKE_TIMEOUT'));
    const pending = { abort, stopWaiting, timeoutMs, accepted: false, over: deferred<unknown>() };
    this.#pending.set(streamId, pending);
    return pending;
  }

  async #accept<T>({ streamId }: RequestMessage, protocol: string, capabilities: readonly string[], open: () => Promise<T>): Promise<T> {
    const { deviceId, logger } = this.#context;
    const pending = this.#pending.get(streamId);
    if (pending) pending.accepted = true;
    logger.debug({ deviceId, streamId, protocol }, 'accepts the stream request, and dials the device leg');
    this.#say({ type: 'accept', streamId, protocol, capabilities });
    try {
      const opened = await open();
      pending?.over.resolve(opened);
      return opened;
    } catch (err) {
      logger.debug({ deviceId, streamId, err }, 'the accepted stream was not established');
      // Who is cancelled need not say so.
      if (this.#pending.has(streamId)) this.#say({ type: 'lost', streamId });
      pending?.over.reject(err);
      throw err;
    } finally {
      this.#forget(streamId);
    }
  }

  #decline(streamId: string, code: DeclineCode, reason = ''): void {
    const { deviceId, logger } = this.#context;
    logger.debug({ deviceId, streamId, code }, 'declines the stream request');
    this.#forget(streamId)?.over.reject(createError(code, { details: { reason } }));
    this.#say({ type: 'reject', streamId, code, reason });
  }

  #say(message: DeviceMessage): void {
    this.#answers.keep(message);
    this.#context.send(message);
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
    if (!pending) return;
    const { deviceId, logger } = this.#context;
    logger.debug({ deviceId, streamId, code: cause.wireCode }, 'the handshake has ended without a stream');
    pending.over.reject(cause);
    pending.abort.abort(cause);
  }

  #forget(streamId: string): Pending | undefined {
    const pending = this.#pending.get(streamId);
    pending?.stopWaiting();
    this.#pending.delete(streamId);
    return pending;
  }
}
