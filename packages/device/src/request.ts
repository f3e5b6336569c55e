// A stream request as the application sees it: accept or reject, exactly once.
import {
  createError,
  type DeclineCode,
  type DeviceStream,
  MAX_REASON_BYTES,
  cutUtf8,
  type RequestMessage,
  SESSION_PROTOCOL,
  type StreamsError,
  type Tunnel,
  TUNNEL_CAPABILITY,
} from '@streams/protocol/internal';

/** What a request needs of the client. */
export interface RequestActions {
  /** Tells the hub, and opens the device leg. */
  accept(): Promise<DeviceStream>;
  acceptTunnel(): Promise<Tunnel>;
  decline(code: DeclineCode, reason: string): void;
}

/** A service wants a stream to this device. */
export class StreamRequest {
  /** The hub's id of the stream, as it stands in the resource log. */
  readonly id: string;
  /** What the service wants: the device decides what a name means. `default` if the service gave none. */
  readonly name: string;
  /** What the service added, names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** Who asks, as the hub has authenticated it. */
  readonly requester: { readonly policy: string };
  /** The time that the whole handshake has left when the request arrives, in milliseconds. */
  readonly timeoutMs: number;
  /** True where the service wants a tunnel, which carries many streams: answer with {@link acceptTunnel}. Only who asks for such requests gets them. */
  readonly isTunnel: boolean;
  /** The W3C trace context that the service has sent, for a trace of your own; undefined where it sent none. */
  readonly traceparent: string | undefined;
  /** Fires when the handshake ends without a stream; its reason is a `StreamsError`. */
  readonly signal: AbortSignal;
  readonly #actions: RequestActions;
  #answer: 'none' | 'accepted' | 'rejected' = 'none';

  /** @internal */
  constructor(message: RequestMessage, signal: AbortSignal, actions: RequestActions) {
    this.id = message.streamId;
    this.name = message.name;
    this.headers = message.headers;
    this.requester = message.requester;
    this.timeoutMs = message.timeoutMs;
    this.traceparent = message.traceparent;
    this.isTunnel = wantsTunnel(message);
    this.signal = signal;
    this.#actions = actions;
  }

  /** True once it was accepted or rejected. */
  get isAnswered(): boolean {
    return this.#answer !== 'none';
  }

  /**
   * Accepts; resolves once the stream is established.
   * @throws `STREAMS_INVALID_STATE` if it was answered before, or asks for a tunnel; `STREAMS_STREAM_GONE` or
   * `STREAMS_HANDSHAKE_TIMEOUT` if the handshake is over, `STREAMS_CONNECT_FAILED`, `STREAMS_TLS_FAILED`, `STREAMS_UNTRUSTED_ENDPOINT`.
   */
  async accept(): Promise<DeviceStream> {
    if (this.isTunnel) throw createError('INVALID_STATE', { message: 'the service asks for a tunnel: call acceptTunnel()' });
    this.#answerOnce('accepted');
    if (this.signal.aborted) throw this.signal.reason as StreamsError;
    return this.#actions.accept();
  }

  /**
   * Accepts a tunnel; resolves once it stands. Its channels are taken by the callback of `tunnel.onChannelRequest`, which must be
   * set before the caller gives way to the event loop.
   * @throws as {@link accept}; `STREAMS_INVALID_STATE` too where a stream was asked for.
   */
  async acceptTunnel(): Promise<Tunnel> {
    if (!this.isTunnel) throw createError('INVALID_STATE', { message: 'the service asks for a stream: call accept()' });
    this.#answerOnce('accepted');
    if (this.signal.aborted) throw this.signal.reason as StreamsError;
    return this.#actions.acceptTunnel();
  }

  /**
   * Rejects.
   * @param reason For the service's eyes; cut at 512 bytes of UTF-8.
   * @throws `STREAMS_INVALID_STATE` if it was answered before.
   */
  reject(reason = ''): void {
    this.#answerOnce('rejected');
    this.#actions.decline('STREAM_REJECTED', cutUtf8(reason, MAX_REASON_BYTES));
  }

  #answerOnce(answer: 'accepted' | 'rejected'): void {
    if (this.#answer !== 'none') {
      throw createError('INVALID_STATE', { message: `the stream request was ${this.#answer} before: answer it once` });
    }
    this.#answer = answer;
  }
}

/** A tunnel is a session, and so no other stream protocol will do. */
export function wantsTunnel({ capabilities, protocols }: RequestMessage): boolean {
  return capabilities.includes(TUNNEL_CAPABILITY) && protocols.includes(SESSION_PROTOCOL);
}
