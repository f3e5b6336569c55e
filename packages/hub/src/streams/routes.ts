// REST of streams: ask a device for one, end one.
import { asDeviceId, asOpenStreamBody, asStreamId, asTraceparent, createError } from '@streams/protocol/internal';
import type { Identity } from '../auth/authenticate.ts';
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
  const { identity, trackingId, address, signal } = call;
  const { traceparent } = call.headers;
  const request = {
    deviceId: asDeviceId(call.params[0]),
    ...asOpenStreamBody(await call.body()),
    policy: nameOf(identity),
    address,
    trackingId,
    traceparent: traceparent === undefined ? undefined : asTraceparent(traceparent, 'traceparent'),
  };
  try {
    requirePermission(identity, 'stream:create');
  } catch (error) {
    broker.refuse(request, 'FORBIDDEN');
    throw error;
  }
  return { status: 200, body: await broker.open(request, signal) };
}

/** As the resource log says who asked: a policy, or a device, which may not. */
function nameOf(identity: Identity): string {
  return identity.kind === 'service' ? identity.policy.name : `device:${identity.deviceId}`;
}

function end(broker: Broker, call: Call): Answer {
  const policy = requirePermission(call.identity, 'stream:create').name;
  // Another policy's stream is as good as none: ids tell nothing.
  if (!broker.end(asStreamId(call.params[0], 'streamId'), policy)) throw createError('STREAM_GONE');
  return { status: 204 };
}
