// REST of streams: ask a device for one, end one.
import { asDeviceId, asOpenStreamBody, asStreamId, asTraceparent, createError } from '@streams/protocol/internal';
import type { Identity } from '../auth/authenticate.ts';
import { requirePermission } from '../auth/authorize.ts';
import type { Policy } from '../auth/policies.ts';
import type { Answer, Call, Route } from '../http/routes.ts';
import type { Broker } from './broker.ts';
import type { StreamLog } from './stream-log.ts';

/** What the routes work on. */
export interface StreamRoutesContext {
  readonly broker: Broker;
  readonly streamLog: StreamLog;
}

/** `POST /v1/devices/{id}/streams` and `DELETE /v1/streams/{id}`. */
export function streamRoutes(context: StreamRoutesContext): Route[] {
  return [
    { method: 'POST', path: ['v1', 'devices', ':id', 'streams'], handle: (call) => open(context, call) },
    { method: 'DELETE', path: ['v1', 'streams', ':id'], handle: (call) => end(context, call) },
  ];
}

async function open({ broker, streamLog }: StreamRoutesContext, call: Call): Promise<Answer> {
  const { identity, trackingId, address, signal } = call;
  const asked = {
    ...asOpenStreamBody(await call.body()),
    deviceId: asDeviceId(call.params[0]),
    address,
    trackingId,
    traceparent: lastTraceparent(call.headers['traceparent']),
  };
  const policy = policyOf(identity, (name) => streamLog.refused({ ...asked, policy: { name } }, 'FORBIDDEN'));
  return { status: 200, body: await broker.open({ ...asked, policy, keyId: identity.keyId }, signal) };
}

/** The policy that asks, if it may ask at all: for whom, is for the broker to say. @throws `STREAMS_FORBIDDEN` */
function policyOf(identity: Identity, onRefused: (name: string) => void): Policy {
  try {
    return requirePermission(identity, 'stream:create');
  } catch (error) {
    onRefused(identity.kind === 'service' ? identity.policy.name : `device:${identity.deviceId}`);
    throw error;
  }
}

/** Where instrumentation of HTTP has added its own, that is the closest one; Node joins the two. */
function lastTraceparent(header: string | string[] | undefined): string | undefined {
  const last = [header ?? []].flat().join().split(',').at(-1)?.trim();
  return last === '' ? undefined : asTraceparent(last, 'traceparent');
}

function end({ broker }: StreamRoutesContext, call: Call): Answer {
  const policy = requirePermission(call.identity, 'stream:create').name;
  // Another policy's stream is as good as none: ids tell nothing.
  if (!broker.end(asStreamId(call.params[0], 'streamId'), policy)) throw createError('STREAM_GONE');
  return { status: 204 };
}
