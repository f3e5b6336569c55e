// A service without an SDK: asks for a stream, and comes for its leg only if a test wants it to.
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { request } from 'node:https';
import { type OpenStreamAnswer, parseServiceConnectionString, signSharedAccess } from '@streams/protocol/internal';
import { DEVICE, type Rig } from './rig.ts';

/** What the hub has answered. */
export interface RawAnswer {
  readonly status: number;
  readonly body: OpenStreamAnswer & { readonly code?: string; readonly details?: Readonly<Record<string, unknown>> };
}

/** `POST /v1/devices/{id}/streams`, and nothing else. */
export async function askForStream(rig: Rig, body: object = {}, by?: string): Promise<RawAnswer> {
  const { hostName, port, policy, key, caCertificate } = parseServiceConnectionString(await rig.hub.serviceConnectionString(by));
  const authorization = signSharedAccess({ resource: hostName, policy, expiresAtMs: rig.clock.wallMs() + 600_000 }, key);
  const path = `/v1/devices/${DEVICE}/streams`;
  const call = request({ host: hostName, port, path, method: 'POST', ca: caCertificate, agent: false, headers: { authorization } });
  call.end(JSON.stringify({ protocols: ['streams.v1'], ...body }));
  const [response] = (await once(call, 'response')) as [IncomingMessage];
  const text = (await response.toArray()).join('');
  return { status: response.statusCode ?? 0, body: JSON.parse(text) as RawAnswer['body'] };
}
