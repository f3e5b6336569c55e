// A hub that sends what is to cost its devices more than it costs the hub.
import { constants, deflateRawSync } from 'node:zlib';
import { encodeFrame, leakCheck, OPCODE } from '@streams/testkit';
import { afterAll, describe, expect, it } from 'vitest';
import { FakeHub } from '../../support/fake-hub.ts';
import { until } from '../../support/rig.ts';

const MIB = 2 ** 20;
const leaks = leakCheck();
afterAll(() => leaks.settled());

function bomb(): Buffer {
  const block = deflateRawSync(Buffer.alloc(MIB), { finishFlush: constants.Z_FULL_FLUSH });
  return Buffer.concat(Array.from({ length: 20 }, () => block));
}

describe('D1 a hub that compresses', () => {
  it('D1 is not offered it, and a message that is compressed all the same ends the link', async () => {
    const hub = await FakeHub.start();
    const device = hub.device();
    const connecting = device.connect();
    const upgrade = await hub.upgrade();
    expect(upgrade.request.headers['sec-websocket-extensions']).toBeUndefined();
    const link = upgrade.grant(hub.welcome());
    await connecting;
    const before = process.memoryUsage.rss();
    link.write(encodeFrame({ opcode: OPCODE.text, rsv: 4, payload: bomb(), masked: false }));
    await until('the link is left', () => device.state.name === 'waiting');
    expect(link.closeCode).toBe(1002);
    expect(process.memoryUsage.rss() - before).toBeLessThan(20 * MIB);
  });

  it.each([
    ['larger than any message is', () => encodeFrame({ opcode: OPCODE.text, payload: Buffer.alloc(262_145, ' '), masked: false }), 1009],
    ['of 65 fragments', () => Buffer.concat(Array.from({ length: 65 }, (_, index) => fragment(index))), 1008],
  ])('D3 a message that is %s ends the link', async (_what, bytes, code) => {
    const hub = await FakeHub.start();
    const device = hub.device();
    const connecting = device.connect();
    const link = (await hub.upgrade()).grant(hub.welcome());
    await connecting;
    link.write(bytes());
    await until('the link is left', () => device.state.name === 'waiting');
    expect(link.closeCode).toBe(code);
  });
});

function fragment(index: number): Buffer {
  return encodeFrame({ opcode: index === 0 ? OPCODE.text : OPCODE.continuation, payload: ' ', fin: false, masked: false });
}
