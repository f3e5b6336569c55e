// REST of live streams: a page of what runs now.
import { asInteger, MAX_LISTED_STREAMS, type StreamListView, type StreamView } from '@streams/protocol/internal';
import { mayUseDevice, requirePermission } from '../auth/authorize.ts';
import type { Answer, Call, Route } from '../http/routes.ts';
import type { Broker, LiveStream } from './broker.ts';

/** `GET /v1/streams`. */
export function streamListRoute(broker: Broker): Route {
  return { method: 'GET', path: ['v1', 'streams'], handle: (call) => list(broker, call) };
}

function list(broker: Broker, { identity, query }: Call): Answer {
  const policy = requirePermission(identity, 'hub:read');
  const limit = asInteger(Number(query.get('limit') ?? MAX_LISTED_STREAMS), 'limit', 1, MAX_LISTED_STREAMS);
  // A place in the order, not a stream: that one may have ended by now.
  const after = asInteger(Number(query.get('after') ?? 0), 'after', 0, Number.MAX_SAFE_INTEGER);
  const page: LiveStream[] = [];
  for (const stream of broker.live) {
    if (stream.ordinal <= after || !mayUseDevice(policy, stream.negotiation.request.deviceId, 'hub:read')) continue;
    page.push(stream);
    // One more than asked for shows whether there is a next page.
    if (page.length > limit) break;
  }
  const shown = page.slice(0, limit);
  const body: StreamListView = {
    streams: shown.map(view),
    next: page.length > limit ? String(shown.at(-1)?.ordinal) : undefined,
  };
  return { status: 200, body };
}

function view({ negotiation, relay, protocol, sinceMs }: LiveStream): StreamView {
  const { streamId, request } = negotiation;
  return {
    streamId,
    deviceId: request.deviceId,
    name: request.name,
    policy: request.policy.name,
    protocol,
    since: new Date(sinceMs).toISOString(),
    bytesToDevice: relay.bytes.toDevice,
    bytesToService: relay.bytes.toService,
  };
}
