// What a device may say over its link, and how long the credential of its link lasts.
import { parseDeviceConnectionString, Secret, signSharedAccess } from '@streams/protocol/internal';
import { startTestHub, type TestHub } from '@streams/hub/testing';
import { FakeClock, leakCheck, type RawPeer } from '@streams/testkit';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { observeHub } from '../../support/observe.ts';
import { deviceAuthorization, rawPeer } from '../../support/raw.ts';
import { rawHandshake, readMessage, sendMessage, welcomed } from '../../support/raw-handshake.ts';
import { authorization, send } from '../../support/rest.ts';

const leaks = leakCheck();
const peers: RawPeer[] = [];
let clock: FakeClock;
let test: TestHub;

beforeEach(async () => {
  clock = new FakeClock();
  test = await startTestHub({ clock });
});
afterEach(async () => {
  for (const peer of peers.splice(0)) peer.destroy();
  await test.close();
  await leaks.settled();
});

it('A9 what a hub or a service says has no effect from a device, nor has an answer to what another one was asked', async () => {
  const watched = await observeHub(test);
  const [victim, rogue] = [await welcomed(test, 'victim'), await welcomed(test, 'rogue')];
  peers.push(victim, rogue);
  const { offer, ticket } = await rawHandshake(test, 'victim', victim);
  const before = test.hub.openStreams;
  const { streamId } = offer;
  for (const message of [
    { ...offer, type: 'request' },
    { type: 'cancel', streamId, code: 'ABORTED' },
    { type: 'goaway', withinMs: 0 },
    { type: 'welcome', hub: { name: 'rogue', version: '1' }, streamingEndpoints: ['https://evil.example'], timeMs: 0, capabilities: [] },
    { type: 'revoke', deviceId: 'victim' },
    { type: 'reject', streamId, code: 'STREAM_REJECTED', reason: 'not yours' },
    { type: 'accept', streamId, protocol: 'raw' },
    { type: 'lost', streamId },
  ]) {
    sendMessage(rogue, message);
  }
  // The rogue's link lives, in the order of its messages, and the victim has heard of none of them.
  const own = await rawHandshake(test, 'rogue', rogue);
  expect(own.answer.status).toBe(200);
  expect(victim.unread.length).toBe(0);
  expect(test.hub.openStreams).toBe(before + 1);
  expect(ticket.token).toMatch(/^[\w-]{43}$/);
  for (const [method, path] of [
    ['POST', '/v1/devices/victim/streams'],
    ['DELETE', `/v1/streams/${streamId}`],
    ['PUT', '/v1/devices/victim'],
    ['DELETE', '/v1/devices/victim'],
    ['GET', '/v1/devices/victim'],
    ['GET', '/v1/diagnostics/logs'],
    ['PUT', '/v1/policies/mine'],
  ] as const) {
    const asked = await send(test, method, path, {
      ...(method.startsWith('P') && { body: {} }),
      headers: { authorization: await deviceAuthorization(test, 'rogue') },
    });
    expect([method, path, asked.status, asked.body['code']]).toEqual([method, path, 403, 'FORBIDDEN']);
  }
  const binary = await welcomed(test, 'binary');
  peers.push(binary);
  binary.writeFrame({ opcode: 2, payload: Buffer.from(JSON.stringify({ type: 'lost', streamId })) });
  expect(await binary.readClose()).toMatchObject({ code: 1007 });
  for (const peer of peers.splice(0)) peer.destroy();
  await watched.settled();
});

it('A9 the credential of a service opens no control link', async () => {
  const peer = await rawPeer(test);
  peers.push(peer);
  const head = await peer.upgrade('/v1/devices/pump-7/control', [
    ['Authorization', await authorization(test)],
    ['Sec-WebSocket-Protocol', 'streams.control.v1'],
  ]);
  expect(head.status).toBe(401);
});

/** A credential that ends `seconds` from now. */
async function shortLived(deviceId: string, seconds: number): Promise<readonly [string, string]> {
  const { hostName, key } = parseDeviceConnectionString(await test.deviceConnectionString(deviceId));
  const claims = { resource: `${hostName}/devices/${deviceId}`, expiresAtMs: clock.wallMs() + seconds * 1_000 };
  return ['Authorization', signSharedAccess(claims, new Secret(key.reveal()))];
}

async function linkWith(deviceId: string, header: readonly [string, string], instance: string): Promise<[RawPeer, number]> {
  const peer = await rawPeer(test);
  peers.push(peer);
  const { status } = await peer.upgrade(`/v1/devices/${deviceId}/control`, [
    header,
    ['Sec-WebSocket-Protocol', 'streams.control.v1'],
    ['Streams-Instance-Id', instance],
  ]);
  if (status === 101) expect(await readMessage(peer)).toMatchObject({ type: 'welcome' });
  return [peer, status];
}

/** Time passes, and the device shows life. */
async function pass(link: RawPeer, seconds: number): Promise<void> {
  for (let passed = 0; passed < seconds; passed += 10) {
    link.writeFrame({ opcode: 10 });
    await clock.advance(Math.min(10, seconds - passed) * 1_000, { realMs: 1 });
  }
}

it('A11 a link ends a minute after its credential, 1008; with a successor in time the device stays', async () => {
  const instance = 'A'.repeat(22);
  const [link] = await linkWith('pump-7', await shortLived('pump-7', 100), instance);
  await pass(link, 140);
  expect(await rawHandshake(test, 'pump-7', link)).toMatchObject({ answer: { status: 200 } });
  const [successor] = await linkWith('pump-7', await shortLived('pump-7', 3_600), instance);
  await pass(successor, 40);
  expect((await link.readClose()).code).toBe(1000); // ten seconds after its successor came
  expect(await rawHandshake(test, 'pump-7', successor)).toMatchObject({ answer: { status: 200 } });

  const [alone] = await linkWith('valve-1', await shortLived('valve-1', 100), instance);
  await pass(alone, 162);
  expect(await alone.readClose()).toEqual({ code: 1008, reason: 'TOKEN_EXPIRED;retry=1' });
});

it("A11 another device's credential gives no successor, nor does one that has ended", async () => {
  const instance = 'B'.repeat(22);
  const [link, status] = await linkWith('pump-7', await shortLived('pump-7', 100), instance);
  expect(status).toBe(101);
  expect((await linkWith('pump-7', await shortLived('valve-1', 3_600), instance))[1]).toBe(401);
  expect((await linkWith('pump-7', await shortLived('pump-7', -61), instance))[1]).toBe(401);
  expect(await rawHandshake(test, 'pump-7', link)).toMatchObject({ answer: { status: 200 } });
});
