// What the close code of a leg means for its session: an end for good, or a leg lost.
import { describe, expect, it } from 'vitest';
import { fatalEnd } from '../../../src/session/link/failures.ts';
import { LinkBench } from '../../support/session-peer.ts';

describe('close codes of a leg', () => {
  const fatal: [number, string, string][] = [
    [1008, 'REVOKED', 'REVOKED'],
    [4400, 'deleted', 'ENDED'],
    [4411, 'ENDED', 'ENDED'],
    [4412, 'STREAM_EXPIRED', 'ENDED'],
    [4413, 'STREAM_IDLE', 'ENDED'],
  ];
  it.each(fatal)('%i on a proven leg is for good: %s', async (code, reason, name) => {
    const rig = new LinkBench();
    (await rig.up()).leg.close(code, reason);
    await rig.turns();
    expect(rig.events).toEqual(['up', `closed ${name}`, 'released']);
    expect(rig.outcome?.failure?.message).toContain(reason);
    await rig.clock.advance(1_000);
    expect(rig.clock.pendingTimers).toBe(0);
  });

  it.each([1000, 1002, 1012, 1013, 4409, 4410])('%i is a leg lost', async (code) => {
    const rig = new LinkBench();
    (await rig.up()).leg.close(code);
    await rig.turns();
    expect(rig.events).toEqual(['up', `suspended ${code}`, `wanted ${code}`]);
  });

  it.each([1008, 4400, 4411, 4412])('%i on a leg that is not proven is that of an intruder, and means nothing', async (code) => {
    const rig = new LinkBench();
    await rig.up();
    const other = await rig.dial();
    other.sayHello({ epoch: 2 });
    await rig.turns();
    other.leg.close(code, 'REVOKED');
    await rig.turns();
    expect([rig.link.state, rig.events]).toEqual(['open', ['up']]);
  });

  it('a violation is a leg lost, whatever code it has', () => {
    expect(fatalEnd({ code: 1008, reason: '', violation: true })).toBeUndefined();
    expect(fatalEnd({ code: 1008, reason: '', violation: false })).toMatchObject({ code: 'REVOKED', closeCode: 1008 });
  });
});
