// Opens one stream: what is asked for, and what the device's choice of protocol makes of the leg.
import {
  checkWhole,
  createError,
  describeValue,
  DeviceStream,
  type HandshakeMessage,
  MAX_RESUME_TIMEOUT_MS,
  openSessionStream,
  type OpenStreamBody,
  SESSION_PROTOCOL,
  STREAM_PROTOCOLS,
  traceHandshake,
} from '@streams/protocol/internal';
import { bodyOf, type OpenContext, shakeHands } from './handshake.ts';
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
  const { name, headers, timeoutMs, resume = 'preferred', resumeTimeoutMs } = options;
  const protocols = OFFERS[resume];
  if (protocols === undefined) {
    const message = `createStream: resume: expected ${Object.keys(OFFERS).join(', ')}, found ${describeValue(resume)}`;
    throw createError('INVALID_ARGUMENT', { message, details: { field: 'resume' } });
  }
  checkWhole('createStream', 'resumeTimeoutMs', resumeTimeoutMs, 0, MAX_RESUME_TIMEOUT_MS);
  const body = bodyOf('createStream', deviceId, { name, headers, timeoutMs, protocols });
  const handshake: HandshakeMessage = { side: 'service', deviceId, name: body.name, streamId: undefined };
  const { logger } = context;
  logger.debug({ deviceId, name: body.name, timeoutMs: body.timeoutMs }, 'asks the hub for a stream');
  try {
    return await traceHandshake(handshake, () => establish(context, handshake, body, options));
  } catch (err) {
    logger.debug({ ...handshake, err }, 'the stream was not established');
    throw err;
  }
}

/** Writes into `handshake` what is learned of it. */
async function establish(
  context: OpenContext,
  handshake: HandshakeMessage,
  body: OpenStreamBody,
  { signal, resumeTimeoutMs }: CreateStreamOptions,
): Promise<DeviceStream> {
  const { deviceId } = handshake;
  const onAnswer = (streamId: string): void => void (handshake.streamId = streamId);
  const { answer, leg } = await shakeHands(context, { deviceId, body, signal, onAnswer });
  const info = { id: answer.streamId, name: body.name, deviceId, protocol: answer.protocol };
  const { clock, random, sessions, maxReplayBytes: maxWindowBytes } = context;
  if (answer.protocol !== SESSION_PROTOCOL) return new DeviceStream(leg, info, clock);
  const settings = { role: 'service', clock, random, resumeTimeoutMs, maxWindowBytes } as const;
  const { stream, session } = openSessionStream(sessions.keep(leg), info, settings);
  keepSession(context, session, { deviceId, body });
  return stream;
}
