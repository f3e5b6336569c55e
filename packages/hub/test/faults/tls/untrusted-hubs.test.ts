// A hub that cannot be trusted gets nothing but the handshake: no credential, no request, not a byte.
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:tls';
import { DeviceClient } from '@streams/device';
import { ServiceClient } from '@streams/service';
import { certificateFor, leakCheck } from '@streams/testkit';
import { expect, it } from 'vitest';

const leaks = leakCheck();
const key = Buffer.alloc(32, 7).toString('base64');
const pinned = certificateFor('127.0.0.1');

it.each([
  ['another certificate than the one that is pinned', certificateFor('127.0.0.1'), pinned.cert],
  ['a certificate that nobody has signed', certificateFor('127.0.0.1'), undefined],
  ['the pinned certificate, for another host', certificateFor('hub.example'), undefined],
])('G2 a hub with %s reads nothing', async (_what, { key: serverKey, cert }, ca) => {
  let received = 0;
  const server = createServer({ key: serverKey, cert }, (socket) => {
    socket.on('error', () => undefined).on('data', (chunk: Buffer) => (received += chunk.length));
  });
  server.on('tlsClientError', () => undefined).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const hostName = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const trust = ca === undefined ? {} : { ca };
  const device = new DeviceClient({ hostName, deviceId: 'pump-7', sharedAccessKey: key, ...trust });
  const service = new ServiceClient({ hostName, sharedAccessKeyName: 'backend', sharedAccessKey: key, ...trust });
  for (const attempt of [device.connect(), service.createStream('pump-7'), service.devices.get('pump-7')]) {
    await expect(attempt).rejects.toMatchObject({ code: 'STREAMS_TLS_FAILED' });
  }
  await Promise.all([device.close(), service.close()]);
  server.close();
  await once(server, 'close');
  expect(received).toBe(0);
  await leaks.settled();
});
