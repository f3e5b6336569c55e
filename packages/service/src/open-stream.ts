// The service's half of a handshake: asks the hub, then opens the service leg (design section 4).
import {
  type Access,
  asDeviceId,
  asHubView,
  asOpenStreamAnswer,
  asOpenStreamBody,
  type Clock,
  createError,
  DeviceStream,
  dialLeg,
  type HandshakeMessage,
  isForeignHost,
  type Leg,
  type Logger,
  type OpenStreamAnswer,
  type OpenStreamBody,
  STREAM_PROTOCOLS,
  StreamsError,
  traceHandshake,
} from '@streams/protocol/internal';
import type { Rest } from './rest.ts';

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
}

/** What a handshake needs of the client. */
export interface OpenContext extends Access {
  readonly rest: Rest;
  readonly clock: Clock;
  readonly logger: Required<Logger>;
  /** `https://host[:port]` of the hub. */
  readonly origin: string;
  /** Where else streams may lead, as the hub last said. */
  streamingEndpoints: readonly string[];
}

/** Resolves once the stream is established. @throws see `ServiceClient.createStream`. */
export async function openStream(context: OpenContext, deviceId: string, options: CreateStreamOptions): Promise<DeviceStream> {
  const body = bodyOf(deviceId, options);
  const handshake: HandshakeMessage = { side: 'service', deviceId, name: body.name, streamId: undefined };
  const { logger } = context;
  logger.debug({ deviceId, name: body.name, timeoutMs: body.timeoutMs }, 'asks the hub for a stream');
  try {
    return await traceHandshake(handshake, () => shakeHands(context, handshake, body, options.signal));
  } catch (err) {
    logger.debug({ ...handshake, err }, 'the stream was not established');
    throw err;
  }
}

/** Writes into `handshake` what is learned of it. */
async function shakeHands(
  context: OpenContext,
  handshake: HandshakeMessage,
  body: OpenStreamBody,
  signal: AbortSignal | undefined,
): Promise<DeviceStream> {
  const { deviceId } = handshake;
  const path = `/v1/devices/${encodeURIComponent(deviceId)}/streams`;
  const { timeoutMs } = body;
  const answer = await context.rest.call({ method: 'POST', path, body, timeoutMs, signal }, asOpenStreamAnswer);
  handshake.streamId = answer.streamId;
  context.logger.debug({ deviceId, streamId: answer.streamId }, 'the device has accepted; dials the service leg');
  try {
    const leg = await openLeg(context, answer, signal);
    return new DeviceStream(leg, { id: answer.streamId, name: body.name, deviceId, protocol: answer.protocol }, context.clock);
  } catch (error) {
    // Where the hub has answered, it knows.
    if (!StreamsError.is(error) || error.details['httpStatus'] === undefined) cancel(context, answer.streamId);
    throw error;
  }
}

async function openLeg(context: OpenContext, answer: OpenStreamAnswer, signal: AbortSignal | undefined): Promise<Leg> {
  const { trust, proxyFor, clock } = context;
  const { url, token, protocol, expiresInMs: timeoutMs } = answer;
  const origins = await originsFor(context, url, signal);
  return dialLeg({ url, token, protocol, timeoutMs }, { trust, proxyFor, clock, origins, signal, phase: 'device-leg' });
}

/** The hub's own origin, and those that it publishes; it is asked for them where the URL leads elsewhere. */
async function originsFor(context: OpenContext, url: string, signal: AbortSignal | undefined): Promise<string[]> {
  const known = [context.origin, ...context.streamingEndpoints];
  if (!isForeignHost(url, known)) return known;
  const hub = await context.rest.call({ method: 'GET', path: '/v1/hub', timeoutMs: 0, signal }, asHubView);
  context.streamingEndpoints = hub.streamingEndpoints;
  return [context.origin, ...hub.streamingEndpoints];
}

/** Tells the hub that nobody will come; it finds out by itself where this fails. */
function cancel({ rest }: OpenContext, streamId: string): void {
  rest.call({ method: 'DELETE', path: `/v1/streams/${streamId}`, timeoutMs: 0 }, () => undefined).catch(() => undefined);
}

function bodyOf(deviceId: string, { name, headers, timeoutMs }: CreateStreamOptions): OpenStreamBody {
  asDeviceId(deviceId);
  try {
    return asOpenStreamBody({ name, headers, timeoutMs, protocols: STREAM_PROTOCOLS });
  } catch (error) {
    if (!StreamsError.is(error) || error.code !== 'STREAMS_BAD_REQUEST') throw error;
    throw createError('INVALID_ARGUMENT', { message: `createStream: ${error.message}`, details: { field: error.details['path'] } });
  }
}
