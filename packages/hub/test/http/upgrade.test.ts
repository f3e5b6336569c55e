// Control links and legs from the wire: who gets a 101, when, and what spends a stream token.
import { startTestHub, type TestHub } from '@streams/hub/testing';
import { leakCheck, type RawPeer } from '@streams/testkit';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { bodyOf, deviceAuthorization, rawLeg, rawLink, rawPeer } from '../support/raw.ts';
import { type RawHandshake, rawHandshake } from '../support/raw-handshake.ts';
import { until } from '../support/streams.ts';

const leaks = leakCheck();
const peers: RawPeer[] = [];
let test: TestHub;
beforeAll(async () => {
  test = await startTestHub();
});
afterEach(() => {
  for (const peer of peers.splice(0)) peer.destroy();
});
afterAll(async () => {
  await test.close();
  await leaks.settled();
});

const CONTROL = ['Sec-WebSocket-Protocol', 'streams.control.v1'] as const;

async function link(deviceId: string, headers: readonly (readonly [string, string])[] = []): Promise<RawPeer> {
  const [peer, head] = await rawLink(test, deviceId, headers);
  peers.push(peer);
  expect(head).toMatchObject({ status: 101, headers: { 'sec-websocket-protocol': 'streams.control.v1' } });
  expect(JSON.parse((await peer.readFrame()).payload.toString())).toMatchObject({ type: 'welcome', capabilities: [] });
  return peer;
}

/** A device that has accepted by hand, and both sides' tickets. */
async function accepted(deviceId: string): Promise<RawHandshake> {
  return rawHandshake(test, deviceId, await link(deviceId));
}

async function refusal(path: string, headers: readonly (readonly [string, string])[]): Promise<unknown> {
  const peer = await rawPeer(test);
  peers.push(peer);
  const head = await peer.upgrade(path, headers);
  return { status: head.status, code: (await bodyOf(peer, head))['code'] };
}

describe('a control link', () => {
  it('is refused without a good credential, before any 101', async () => {
    expect(await refusal('/v1/devices/a/control', [CONTROL])).toEqual({ status: 401, code: 'UNAUTHENTICATED' });
    const other = ['Authorization', await deviceAuthorization(test, 'other')] as const;
    expect(await refusal('/v1/devices/a/control', [other, CONTROL])).toEqual({ status: 401, code: 'UNAUTHENTICATED' });
  });

  it('names what is wrong with an upgrade', async () => {
    const good = ['Authorization', await deviceAuthorization(test, 'a')] as const;
    const path = '/v1/devices/a/control';
    expect(await refusal(path, [good])).toEqual({ status: 400, code: 'BAD_REQUEST' });
    expect(await refusal(path, [good, CONTROL, ['Streams-Instance-Id', 'short']])).toEqual({ status: 400, code: 'BAD_REQUEST' });
    expect(await refusal(path, [good, CONTROL, ['Sec-WebSocket-Version', '8']])).toEqual({ status: 400, code: 'BAD_REQUEST' });
    expect(await refusal(path, [good, CONTROL, ['Sec-WebSocket-Key', 'x']])).toEqual({ status: 400, code: 'BAD_REQUEST' });
    expect(await refusal('/v1/nothing', [good, CONTROL])).toEqual({ status: 404, code: 'NOT_FOUND' });
  });

  it('D1 never negotiates compression', async () => {
    const [peer, head] = await rawLink(test, 'a', [['Sec-WebSocket-Extensions', 'permessage-deflate']]);
    peers.push(peer);
    expect(head.headers['sec-websocket-extensions']).toBeUndefined();
  });

  it('C2 is closed when the device sends what is no message, and lives on unknown types', async () => {
    const peer = await link('a');
    peer.writeFrame({ opcode: 1, payload: Buffer.from('{"type":"later"}') });
    peer.writeFrame({ opcode: 1, payload: Buffer.from('{"type":"accept","streamId":"short"}') });
    expect(await peer.readClose()).toMatchObject({ code: 1007 });
    const large = await link('a');
    large.writeFrame({ opcode: 1, payload: Buffer.alloc(32_769, 'x') });
    expect(await large.readClose()).toMatchObject({ code: 1009 });
  });
});

describe('a stream token', () => {
  it('A1 A4 is good for one leg of one stream, and a wrong use does not spend it', async () => {
    const { offer, ticket } = await accepted('b');
    const other = await accepted('c');
    const wrong = async (url: string, token: string): Promise<unknown> => {
      const { peer, answer: head } = await rawLeg(test, url, token);
      peers.push(peer);
      return (await head).status;
    };
    const { url, token } = ticket;
    expect(await wrong(offer.url, token)).toBe(401); // the other role
    expect(await wrong(url, other.offer.token)).toBe(401); // another stream
    expect(await wrong(url, 'x'.repeat(43))).toBe(401);
    expect(await wrong(url.replace(offer.streamId, 'A'.repeat(22)), token)).toBe(401);
    const misfit = await rawLeg(test, url, token, [['Sec-WebSocket-Protocol', 'streams.v9']]);
    peers.push(misfit.peer);
    expect((await misfit.answer).status).toBe(400);

    const service = await rawLeg(test, url, token, [['Sec-WebSocket-Protocol', 'raw, streams.v1']]);
    const device = await rawLeg(test, offer.url, offer.token);
    peers.push(service.peer, device.peer);
    expect(await service.answer).toMatchObject({ status: 101, headers: { 'sec-websocket-protocol': 'streams.v1' } });
    expect((await device.answer).headers['sec-websocket-protocol']).toBeUndefined();
    expect(await wrong(url, token)).toBe(401); // spent
  });

  it('that fifty use at once is good for exactly one', async () => {
    const { ticket } = await accepted('d');
    const { url, token } = ticket;
    const legs = await Promise.all(Array.from({ length: 50 }, () => rawLeg(test, url, token)));
    peers.push(...legs.map(({ peer }) => peer));
    let refused = 0;
    for (const leg of legs) void leg.answer.then(({ status }) => (refused += Number(status === 401))).catch(() => undefined);
    const deadline = performance.now() + 3_000;
    while (refused < 49 && performance.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 5));
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(refused).toBe(49);
  });
});

describe('a held leg', () => {
  it('gets no 101 before the other is there', async () => {
    const { offer, ticket } = await accepted('e');
    const { url, token } = ticket;
    const service = await rawLeg(test, url, token);
    peers.push(service.peer);
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(service.peer.unread.length).toBe(0);
    const device = await rawLeg(test, offer.url, offer.token);
    peers.push(device.peer);
    expect([(await service.answer).status, (await device.answer).status]).toEqual([101, 101]);
  });

  it('that speaks before its 101 is cut, and the other is told', async () => {
    const { offer, ticket } = await accepted('f');
    const { url, token } = ticket;
    const service = await rawLeg(test, url, token);
    peers.push(service.peer);
    await new Promise((resolve) => setTimeout(resolve, 20));
    service.peer.write('too early');
    await service.peer.ended;
    const device = await rawLeg(test, offer.url, offer.token);
    peers.push(device.peer);
    expect((await device.answer).status).toBe(401); // the handshake is over, and its tokens with it
  });

  it('that leaves ends the handshake: 410 for the other, `cancel` for the device', async () => {
    const { control, offer, ticket } = await accepted('g');
    const { url, token } = ticket;
    const device = await rawLeg(test, offer.url, offer.token);
    peers.push(device.peer);
    await new Promise((resolve) => setTimeout(resolve, 20));
    const service = await rawPeer(test);
    service.write(`GET ${new URL(url).pathname} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer ${token}\r\n\r\n`);
    expect((await service.readHead()).status).toBe(426); // no upgrade: nothing is spent
    service.destroy();
    device.peer.reset();
    expect(JSON.parse((await control.readFrame()).payload.toString())).toEqual({
      type: 'cancel',
      streamId: offer.streamId,
      code: 'STREAM_GONE',
    });
  });
});

describe('an established stream', () => {
  async function legs(deviceId: string): Promise<{ device: RawPeer; service: RawPeer }> {
    const { offer, ticket } = await accepted(deviceId);
    const { url, token } = ticket;
    const [service, device] = [await rawLeg(test, url, token), await rawLeg(test, offer.url, offer.token)];
    peers.push(service.peer, device.peer);
    await Promise.all([service.answer, device.answer]);
    return { device: device.peer, service: service.peer };
  }

  it('E1 tells the other side within 250 ms when a leg dies that is being read', async () => {
    const { device, service } = await legs('h');
    const startMs = performance.now();
    device.reset();
    expect(await service.readClose()).toMatchObject({ code: 4410 });
    expect(performance.now() - startMs).toBeLessThan(250);
  });

  it.each(['reset', 'destroy'] as const)('E1 is over within 3 s when a leg dies that is paused (%s)', async (death) => {
    const deviceId = `i-${death}`;
    const { device, service } = await legs(deviceId);
    // The service does not read, so the hub stops reading the device.
    service.socket.pause();
    const frame = Buffer.alloc(65_537);
    for (let index = 0; index < 400; index += 1) device.writeFrame({ opcode: 2, payload: frame });
    await new Promise((resolve) => setTimeout(resolve, 300));
    device[death]();
    const over = (): boolean => test.records.some((record) => record.deviceId === deviceId && record.operation === 'stream');
    await until(over, 3_000);
    expect(test.records.at(-1)).toMatchObject({ deviceId, result: 'terminated', code: 'STREAM_TERMINATED', endedBy: 'device' });
    service.socket.resume();
    await service.ended;
  });

  it('passes on the code of an abort, and 4410 for a violation', async () => {
    const first = await legs('j');
    first.device.writeFrame({ opcode: 8, payload: Buffer.concat([Buffer.from([0x11, 0x30]), Buffer.from('enough')]) });
    expect(await first.service.readClose()).toEqual({ code: 4400, reason: 'enough' });
    const second = await legs('k');
    second.device.writeFrame({ opcode: 2, rsv: 4, payload: Buffer.from('x') });
    expect(await second.device.readClose()).toMatchObject({ code: 1002 });
    expect(await second.service.readClose()).toMatchObject({ code: 4410 });
    const third = await legs('l');
    third.device.writeFrame({ opcode: 2, payload: Buffer.alloc(262_145) });
    expect(await third.device.readClose()).toMatchObject({ code: 1009 });
    expect(await third.service.readClose()).toMatchObject({ code: 4410 });
  });
});
