// Messages that are to cost the hub more than they cost who sends them: compressed, too large, in thousands of fragments.
import { constants, deflateRawSync } from 'node:zlib';
import { MAX_CONTROL_MESSAGE_BYTES, MAX_FRAGMENTS, MAX_LEG_MESSAGE_BYTES } from '@streams/protocol/internal';
import { encodeFrame, type Observed, OPCODE, type RawPeer } from '@streams/testkit';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { HubProcess } from '../../support/hub-process.ts';
import { observeHub } from '../../support/observe.ts';
import { rawLink, rawStream, type RawStream } from '../../support/raw.ts';

const MIB = 2 ** 20;
const peers: RawPeer[] = [];
let test: HubProcess;
let watched: Observed;
beforeAll(async () => {
  test = await HubProcess.start();
});
beforeEach(async () => {
  watched = await observeHub(test, { pid: test.pid });
});
afterEach(async () => {
  for (const peer of peers.splice(0)) peer.destroy();
  await watched.settled();
});
afterAll(() => test[Symbol.asyncDispose]());

async function open(deviceId: string, headers: Parameters<typeof rawStream>[2] = []): Promise<RawStream> {
  const stream = await rawStream(test, deviceId, headers);
  peers.push(stream.link, stream.device, stream.service);
  return stream;
}

it('D1 compression is offered and not agreed on; a message of 200 MiB in 200 KB ends its leg with 1002, and costs nothing', async () => {
  // A block that can be repeated.
  const block = deflateRawSync(Buffer.alloc(MIB), { finishFlush: constants.Z_FULL_FLUSH });
  const bomb = Buffer.concat(Array.from({ length: 200 }, () => block));
  expect(bomb.length).toBeLessThan(MAX_LEG_MESSAGE_BYTES);
  const before = test.residentBytes;
  for (const sender of ['device', 'service'] as const) {
    const stream = await open(`bomb-${sender}`, [['Sec-WebSocket-Extensions', 'permessage-deflate; client_max_window_bits']]);
    stream[sender].writeFrame({ payload: bomb, rsv: 4 });
    expect(await stream[sender].readClose()).toMatchObject({ code: 1002 });
    expect(await stream[sender === 'device' ? 'service' : 'device'].readClose()).toMatchObject({ code: 4410 });
  }
  expect(test.residentBytes - before).toBeLessThan(50 * MIB);
});

it('D3 the largest message comes whole, on a leg and on a control link; a byte more is 1009', async () => {
  const { device, service } = await open('a');
  const largest = Buffer.alloc(MAX_LEG_MESSAGE_BYTES, 'x');
  for (const [from, to] of [[device, service] as const, [service, device] as const]) {
    from.writeFrame({ payload: largest });
    expect((await to.readFrame()).payload.equals(largest)).toBe(true);
  }
  device.writeFrame({ payload: Buffer.alloc(MAX_LEG_MESSAGE_BYTES + 1) });
  expect(await device.readClose()).toMatchObject({ code: 1009 });
  expect(await service.readClose()).toMatchObject({ code: 4410 });

  const [link] = await rawLink(test, 'b');
  peers.push(link);
  await link.readFrame();
  const unknown = JSON.stringify({ type: 'later', text: '' });
  const ofLength = (bytes: number): string => unknown.replace('""', `"${'x'.repeat(bytes - unknown.length)}"`);
  link.writeFrame({ opcode: OPCODE.text, payload: ofLength(MAX_CONTROL_MESSAGE_BYTES) });
  link.writeFrame({ opcode: OPCODE.ping, payload: 'still there?' });
  expect(await link.readFrame()).toMatchObject({ opcode: OPCODE.pong });
  link.writeFrame({ opcode: OPCODE.text, payload: ofLength(MAX_CONTROL_MESSAGE_BYTES + 1) });
  expect(await link.readClose()).toMatchObject({ code: 1009 });
});

it('D4 100 connections with a message of 16,000 fragments each: 1008, and less than 10 MB for all of them', async () => {
  const links = await Promise.all(Array.from({ length: 100 }, (_, index) => rawLink(test, `flood-${index}`)));
  const flooders = links.map(([peer]) => peer);
  peers.push(...flooders);
  await Promise.all(flooders.map((peer) => peer.readFrame()));
  const bytes = Buffer.concat([...fragments(16_000, 'x')]);
  const { arrayBuffers: before } = await test.memory();
  let most = 0;
  const watch = setInterval(() => void test.memory().then(({ arrayBuffers }) => (most = Math.max(most, arrayBuffers - before))), 20);
  for (const peer of flooders) peer.write(bytes);
  expect(await Promise.all(flooders.map((peer) => peer.readClose()))).toEqual(flooders.map(() => expect.objectContaining({ code: 1008 })));
  clearInterval(watch);
  expect(most).toBeLessThan(10e6);

  const { device, service } = await open('whole');
  device.write(Buffer.concat([...fragments(MAX_FRAGMENTS, '')]));
  expect((await service.readFrame()).payload).toHaveLength(0);
});

function* fragments(count: number, payload: string): Generator<Buffer> {
  for (let index = 0; index < count; index += 1) {
    yield encodeFrame({ opcode: index === 0 ? OPCODE.binary : OPCODE.continuation, payload, fin: index === count - 1 });
  }
}
