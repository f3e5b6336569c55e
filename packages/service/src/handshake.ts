// The service's half of a handshake: asks the hub, then opens the service leg (design section 4).
import {
  type Access,
  asDeviceId,
  asHubView,
  asOpenStreamAnswer,
  asOpenStreamBody,
  asTraceparent,
  type Clock,
  createError,
  dialLeg,
  type Fields,
  type HandshakeMessage,
  isForeignHost,
  type Leg,
  type Logger,
  type OpenSessions,
  type OpenStreamAnswer,
  type OpenStreamBody,
  type Random,
  StreamsError,
} from '@streams/protocol/internal';
import type { Rest } from './rest.ts';

/** What a handshake needs of the client, and what it leaves with it. */
export interface OpenContext extends Access {
  readonly rest: Rest;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Required<Logger>;
  readonly sessions: OpenSessions<void>;
  readonly maxReplayBytes: number | undefined;
  /** `https://host[:port]` of the hub. */
  readonly origin: string;
  /** Where else streams may lead, as the hub last said. */
  streamingEndpoints: readonly string[];
}

/** What is asked for. */
export interface Wanted {
  readonly deviceId: string;
  readonly body: OpenStreamBody;
  /** The W3C trace context that the device is to see. */
  readonly traceparent?: string | undefined;
}

/** What came of it. */
export interface Established {
  readonly answer: OpenStreamAnswer;
  readonly leg: Leg;
}

/** What who traces sees of a handshake. */
export function handshakeOf({ deviceId, body: { name, resumes }, traceparent }: Wanted): HandshakeMessage {
  return { side: 'service', deviceId, name, streamId: undefined, resumes, traceparent };
}

/**
 * Resolves once the device has accepted, and both legs stand.
 * @param handshake What is traced: it says for which device, and is told which stream it became.
 * @throws see `ServiceClient.createStream`.
 */
export async function shakeHands(
  context: OpenContext,
  handshake: HandshakeMessage,
  body: OpenStreamBody,
  signal: AbortSignal | undefined,
): Promise<Established> {
  const { deviceId, traceparent } = handshake;
  const path = `/v1/devices/${encodeURIComponent(deviceId)}/streams`;
  const { timeoutMs } = body;
  const headers = traceparent === undefined ? {} : { traceparent };
  const answer = await context.rest.call({ method: 'POST', path, body, headers, timeoutMs, signal }, asOpenStreamAnswer);
  handshake.streamId = answer.streamId;
  context.logger.debug({ deviceId, streamId: answer.streamId }, 'the device has accepted; dials the service leg');
  try {
    return { answer, leg: await openLeg(context, answer, signal) };
  } catch (error) {
    // Where the hub has answered, it knows.
    if (!StreamsError.is(error) || error.details['httpStatus'] === undefined) cancel(context, answer.streamId);
    throw error;
  }
}

/** A stream request of what the caller of `call` gave. @throws `STREAMS_INVALID_ARGUMENT` that names the field. */
export function wanted(call: string, deviceId: string, fields: Fields, traceparent: unknown): Wanted {
  asDeviceId(deviceId);
  try {
    const body = asOpenStreamBody(fields);
    return { deviceId, body, traceparent: traceparent === undefined ? undefined : asTraceparent(traceparent, 'traceparent') };
  } catch (error) {
    if (!StreamsError.is(error) || error.code !== 'STREAMS_BAD_REQUEST') throw error;
    throw createError('INVALID_ARGUMENT', { message: `${call}: ${error.message}`, details: { field: error.details['path'] } });
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
