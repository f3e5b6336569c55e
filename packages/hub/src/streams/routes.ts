// REST of streams: ask a device for one, end one.
import { asDeviceId, asOpenStreamBody, asStreamId, asTraceparent, createError } from '@streams/protocol/internal';
import { requirePermission } from '../auth/authorize.ts';
import type { Answer, Call, Route } from '../http/routes.ts';
import type { Broker } from './broker.ts';

/** `POST /v1/devices/{id}/streams` and `DELETE /v1/streams/{id}`. */
export function streamRoutes(broker: Broker): Route[] {
  return [
    { method: 'POST', path: ['v1', 'devices', ':id', 'streams'], handle: (call) => open(broker, call) },
    { method: 'DELETE', path: ['v1', 'streams', ':id'], handle: (call) => end(broker, call) },
  ];
}

async function open(broker: Broker, call: Call): Promise<Answer> {
  const policy = requirePermission(call.identity, 'stream:create').name;
  const deviceId = asDeviceId(call.params[0]);
  const request = {
    ...asOpenStreamBody(await call.body()),
    deviceId,
    policy,
    trackingId: call.trackingId,
    traceparent: lastTraceparent(call.headers['traceparent']),
  };
  return { status: 200, body: await broker.open(request, call.signal) };
}

/** Where instrumentation of HTTP has added its own, that is the closest one; Node joins the two. */
function lastTraceparent(header: string | string[] | undefined): string | undefined {
  const last = [header ?? []].flat().join().split(',').at(-1)?.trim();
  return last === '' ? undefined : asTraceparent(last, 'traceparent');
}

function end(broker: Broker, call: Call): Answer {
  const policy = requirePermission(call.identity, 'stream:create').name;
  // Another policy's stream is as good as none: ids tell nothing.
  if (!broker.end(asStreamId(call.params[0], 'streamId'), policy)) throw createError('STREAM_GONE');
  return { status: 204 };
}
