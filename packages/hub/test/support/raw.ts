// Raw peers of a test hub: connections that keep to no protocol, and legs that are told what to do byte by byte.
import { createSecureContext, type SecureContext } from 'node:tls';
import { parseDeviceConnectionString, parseServiceConnectionString, Signer, systemClock } from '@streams/protocol/internal';
import { OPCODE, RawPeer, type RequestHeader, type ResponseHead } from '@streams/testkit';
import { call, type ReachableHub } from './rest.ts';

/** A TLS connection to the hub that trusts its CA. */
export async function rawPeer(test: ReachableHub, timeoutMs = 5_000): Promise<RawPeer> {
  const { caCertificate = '' } = parseServiceConnectionString(await test.serviceConnectionString());
  const tls = { host: '127.0.0.1', secureContext: contextFor(caCertificate), ALPNProtocols: ['http/1.1'] };
  return RawPeer.connect({ port: test.port, tls, timeoutMs });
}

const contexts = new Map<string, SecureContext>();

/** Made once: for a thousand peers it would be most of the work. */
function contextFor(ca: string): SecureContext {
  const context = contexts.get(ca) ?? createSecureContext({ ca });
  contexts.set(ca, context);
  return context;
}

/** The `Authorization` value of a device. */
export async function deviceAuthorization(test: ReachableHub, deviceId: string): Promise<string> {
  const { hostName, key } = parseDeviceConnectionString(await test.deviceConnectionString(deviceId));
  return new Signer({ resource: `${hostName}/devices/${deviceId}`, key }, systemClock).authorization();
}

/** A control link, or what the hub answered instead. */
export async function rawLink(
  test: ReachableHub,
  deviceId: string,
  headers: readonly RequestHeader[] = [],
): Promise<[RawPeer, ResponseHead]> {
  const peer = await rawPeer(test);
  const head = await peer.upgrade(`/v1/devices/${encodeURIComponent(deviceId)}/control`, [
    ['Authorization', await deviceAuthorization(test, deviceId)],
    ['Sec-WebSocket-Protocol', 'streams.control.v1'],
    ...headers,
  ]);
  return [peer, head];
}

/** Asks for a leg, and does not wait: the answer may be held. */
export async function rawLeg(test: ReachableHub, url: string, token: string, headers: readonly RequestHeader[] = []): Promise<Pending> {
  const peer = await rawPeer(test);
  const answer = peer.upgrade(new URL(url).pathname, [['Authorization', `Bearer ${token}`], ...headers]);
  answer.catch(() => undefined);
  return { peer, answer };
}

/** A leg that waits. */
export interface Pending {
  readonly peer: RawPeer;
  readonly answer: Promise<ResponseHead>;
}

/** A stream that both sides have opened by hand, and the device's control link. */
export interface RawStream {
  readonly link: RawPeer;
  readonly device: RawPeer;
  readonly service: RawPeer;
}

/** Opens one; what an end says, and whether it reads, is for the test to say. */
export async function rawStream(test: ReachableHub, deviceId: string, headers: readonly RequestHeader[] = []): Promise<RawStream> {
  const [link] = await rawLink(test, deviceId);
  await link.readFrame();
  const posted = call(test, 'POST', `/v1/devices/${deviceId}/streams`);
  const { streamId, url, token } = JSON.parse((await link.readFrame()).payload.toString()) as Record<string, string>;
  link.writeFrame({ opcode: OPCODE.text, payload: JSON.stringify({ type: 'accept', streamId, protocol: 'streams.v1' }) });
  const { body } = await posted;
  const device = await rawLeg(test, url ?? '', token ?? '', headers);
  const service = await rawLeg(test, String(body['url']), String(body['token']), headers);
  await Promise.all([device.answer, service.answer]);
  return { link, device: device.peer, service: service.peer };
}

/** Reads the JSON body behind a response head. */
export async function bodyOf(peer: RawPeer, head: ResponseHead): Promise<Record<string, unknown>> {
  const bytes = await peer.readBytes(Number(head.headers['content-length']));
  return JSON.parse(bytes.toString()) as Record<string, unknown>;
}

/** A connection that stays, for many requests one after the other, whose paths go out as they are. */
export interface KeptConnection {
  ask(method: string, path: string, body?: string): Promise<{ readonly status: number; readonly body: Record<string, unknown> }>;
  destroy(): void;
}

/** @param authorization Of each request. */
export async function keptConnection(test: ReachableHub, authorization: string): Promise<KeptConnection> {
  const peer = await rawPeer(test);
  return {
    ask: async (method, path, body = '') => {
      const fields = ['Host: 127.0.0.1', `Authorization: ${authorization}`, `Content-Length: ${Buffer.byteLength(body)}`];
      peer.write(`${method} ${path} HTTP/1.1\r\n${fields.join('\r\n')}\r\n\r\n${body}`);
      const head = await peer.readHead();
      const isEmpty = Number(head.headers['content-length'] ?? 0) === 0;
      return { status: head.status, body: isEmpty ? {} : await bodyOf(peer, head) };
    },
    destroy: () => peer.destroy(),
  };
}
