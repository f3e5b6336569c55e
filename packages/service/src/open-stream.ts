// Opens one stream: what is asked for, and what the device's choice of protocol makes of the leg.
import {
  checkWhole,
  createError,
  describeValue,
  DeviceStream,
  type HandshakeMessage,
  MAX_RESUME_TIMEOUT_MS,
  openSessionStream,
  SESSION_PROTOCOL,
  STREAM_PROTOCOLS,
  traceHandshake,
} from '@streams/protocol/internal';
import { handshakeOf, type OpenContext, shakeHands, type Wanted, wanted } from './handshake.ts';
import { keepSession } from './redial.ts';

/** How a stream is to be opened. */
export interface CreateStreamOptions {
  /** What the device is asked for. Default: `default`. */
  readonly name?: string | undefined;
  /** For the device's application: up to 64, names `[a-z0-9-]`, 8 KiB together. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** The whole handshake, in milliseconds. Default: 30,000; at most 60,000. */
  readonly timeoutMs?: number | undefined;
  /** Aborts the handshake, everywhere. It has no effect on the stream that resulted. */
  readonly signal?: AbortSignal | undefined;
  /**
   * The W3C trace context of what the stream is for: the device's `request.traceparent`, and the hub's log has it. Default: that of
   * the active span, where `enableOpenTelemetry` of `@streams/service/otel` was called.
   */
  readonly traceparent?: string | undefined;
  /**
   * Whether the stream survives the loss of its connections. `preferred`, the default: where the device can; `required`:
   * `STREAMS_PROTOCOL_MISMATCH` where it cannot; `off`: such a loss ends the stream.
   */
  readonly resume?: 'preferred' | 'required' | 'off' | undefined;
  /** How long a stream waits for a new connection before it ends with `STREAMS_SESSION_LOST`, in milliseconds. Default: 120,000. */
  readonly resumeTimeoutMs?: number | undefined;
}

const OFFERS: Readonly<Record<NonNullable<CreateStreamOptions['resume']>, readonly string[]>> = {
  preferred: STREAM_PROTOCOLS,
  required: [SESSION_PROTOCOL],
  off: STREAM_PROTOCOLS.filter((protocol) => protocol !== SESSION_PROTOCOL),
};

/** Resolves once the stream is established. @throws see `ServiceClient.createStream`. */
export async function openStream(context: OpenContext, deviceId: string, options: CreateStreamOptions): Promise<DeviceStream> {
  const { name, headers, timeoutMs, resume = 'preferred', resumeTimeoutMs, traceparent } = options;
  const protocols = OFFERS[resume];
  if (protocols === undefined) {
    const message = `createStream: resume: expected ${Object.keys(OFFERS).join(', ')}, found ${describeValue(resume)}`;
    throw createError('INVALID_ARGUMENT', { message, details: { field: 'resume' } });
  }
  checkWhole('createStream', 'resumeTimeoutMs', resumeTimeoutMs, 0, MAX_RESUME_TIMEOUT_MS);
  const target = wanted('createStream', deviceId, { name, headers, timeoutMs, protocols }, traceparent);
  const handshake = handshakeOf(target);
  const { logger } = context;
  logger.debug({ deviceId, name: handshake.name, timeoutMs: target.body.timeoutMs }, 'asks the hub for a stream');
  try {
    return await traceHandshake(handshake, () => establish(context, handshake, target, options));
  } catch (err) {
    logger.debug({ deviceId, name: handshake.name, streamId: handshake.streamId, err }, 'the stream was not established');
    throw err;
  }
}

async function establish(
  context: OpenContext,
  handshake: HandshakeMessage,
  { body }: Wanted,
  { signal, resumeTimeoutMs }: CreateStreamOptions,
): Promise<DeviceStream> {
  const { deviceId, name } = handshake;
  const { answer, leg } = await shakeHands(context, handshake, body, signal);
  const info = { id: answer.streamId, name, deviceId, protocol: answer.protocol };
  const { clock, random, sessions, maxReplayBytes: maxWindowBytes } = context;
  if (answer.protocol !== SESSION_PROTOCOL) return new DeviceStream(leg, info, clock);
  const settings = { role: 'service', clock, random, resumeTimeoutMs, maxWindowBytes } as const;
  const { stream, session } = openSessionStream(sessions.keep(leg), info, settings);
  keepSession(context, session, { deviceId, body, traceparent: handshake.traceparent });
  return stream;
}
