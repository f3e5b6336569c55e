// The end of a session: clean when both directions have ended and all is acknowledged, and known for a while to a peer that was not told.
import { describe, expect, it } from 'vitest';
import { encodeAck } from '../../../src/wire/session-messages.ts';
import { framesMessage, LinkBench } from '../../support/session-peer.ts';
import { patternBytes, ROLES, SessionRig } from '../../support/session-rig.ts';

describe('end()', () => {
  it('waits until all is acknowledged, and acknowledges all itself', async () => {
    const rig = new LinkBench(300);
    const hand = await rig.up();
    hand.say(framesMessage(0, patternBytes(0, 50)));
    await rig.turns();
    rig.link.end();
    await rig.turns();
    // At once: the peer's end waits for it.
    expect([rig.link.state, hand.end, hand.lines.at(-1)]).toEqual(['open', undefined, 'ack 50']);
    hand.say(encodeAck(300));
    await rig.turns();
    expect([hand.lines.at(-1), hand.end, rig.events]).toEqual(['ack 50', undefined, ['up', 'closed clean']]);
    expect(rig.outcome).toEqual({ failure: undefined, bytesAcked: 300, bytesUnacked: 0 });
  });

  it('the device leaves first, with 1000; the service forgets the session when it sees that', async () => {
    const rig = new SessionRig({ bytes: { service: 1_000, device: 1_000 } });
    const { ends } = rig.connect();
    const codes: string[] = [];
    for (const role of ROLES) ends[role].once('close', ({ code }) => codes.push(`${role} ${code}`));
    await rig.until(() => rig.isDone);
    for (const role of ROLES) rig.links[role].end();
    await rig.turns();
    expect(rig.events).toEqual({ service: ['up', 'closed clean', 'released'], device: ['up', 'closed clean'] });
    expect([codes, rig.links.device.state]).toEqual([['service 1000', 'device 1000'], 'lingering']);
    rig.links.device.release();
    expect(rig.clock.pendingTimers).toBe(0);
  });

  it('a device that does not leave is left, after 30 s', async () => {
    const rig = new LinkBench();
    const hand = await rig.up();
    rig.link.end();
    await rig.turns();
    await rig.clock.advance(30_000);
    expect([hand.end?.code, rig.events]).toEqual([4411, ['up', 'closed clean', 'released']]);
  });

  it('without a leg lingers 30 s, then everything is forgotten', async () => {
    const rig = new LinkBench();
    (await rig.up()).leg.terminate();
    await rig.turns();
    rig.link.end();
    await rig.turns();
    await rig.clock.advance(29_999);
    expect(rig.link.state).toBe('lingering');
    await rig.clock.advance(1);
    expect([rig.link.state, rig.events.slice(-2), rig.clock.pendingTimers]).toEqual(['closed', ['wanted 1006', 'released'], 0]);
  });

  it('what comes after it neither fails nor resumes the session', async () => {
    const rig = new LinkBench();
    const hand = await rig.up();
    rig.link.end();
    await rig.turns();
    rig.link.fail('ENDED', 'too late');
    rig.link.wake();
    expect(hand.end).toBeUndefined();
    const next = await rig.up();
    expect([next.lines, rig.events, rig.link.state]).toEqual([['hello', 'proof 0'], ['up', 'closed clean'], 'lingering']);
  });

  it('wants a new leg too if there is none at that moment', async () => {
    const rig = new LinkBench();
    (await rig.up()).leg.terminate();
    await rig.turns();
    rig.link.end();
    await rig.turns();
    expect(rig.events).toEqual(['up', 'suspended 1006', 'wanted 1006', 'closed clean', 'wanted 1006']);
    (await rig.up()).leg.close(1000);
    await rig.turns();
    expect(rig.events.at(-1)).toBe('released');
  });

  it('wants a new leg if the last one broke before the peer has confirmed, and only then', async () => {
    const [broken, confirmed] = [new LinkBench(), new LinkBench()];
    for (const rig of [broken, confirmed]) {
      const hand = await rig.up();
      rig.link.end();
      await rig.turns();
      if (rig === broken) hand.leg.terminate();
      else hand.leg.close(1000);
      await rig.turns();
    }
    expect([broken.events, confirmed.events]).toEqual([
      ['up', 'closed clean', 'wanted 1006'],
      ['up', 'closed clean', 'released'],
    ]);
  });
});

describe('END is lost with its leg (R28)', () => {
  it.each(ROLES)('at the %s: a new leg tells the other, which ends as cleanly', async (told) => {
    const rig = new SessionRig({ bytes: { service: 10_000, device: 10_000 } });
    const other = told === 'service' ? 'device' : 'service';
    // The last ACK is lost: one end is done, the other waits for it.
    rig.watch = (message, from) => (rig.wires.length === 1 && from === told && message[0] === 4 ? 'cut' : 'pass');
    rig.connect();
    await rig.finish();
    expect(rig.wires.length).toBeGreaterThan(1);
    expect(rig.events[told].at(-2)).toBe('closed clean');
    expect(rig.events[other].at(-2)).toBe('closed clean');
  });
});

describe('fail()', () => {
  it('tells the peer, closes with 4411, and leaves nothing behind', async () => {
    const rig = new LinkBench(300);
    const hand = await rig.up();
    rig.link.fail('REVOKED', 'é'.repeat(300));
    await rig.turns();
    expect([hand.lines.at(-1), hand.heard.at(-1)?.length, hand.end?.code]).toEqual(['fail 8', 515, 4411]);
    expect(rig.events).toEqual(['up', 'closed REVOKED', 'released']);
    await rig.clock.advance(1_000);
    expect(rig.clock.pendingTimers).toBe(0);
  });

  it('by the channels in the middle of a message leaves nothing behind either', async () => {
    const rig = new LinkBench();
    const hand = await rig.up();
    rig.tape.onReceive = () => rig.link.fail('FLOW', 'enough');
    hand.say(framesMessage(0, patternBytes(0, 10)));
    await rig.turns();
    expect([rig.events, hand.end?.code, rig.clock.pendingTimers]).toEqual([['up', 'closed FLOW', 'released'], 4411, 0]);
  });

  it('abort() is the close 4400 with the words of the application, and no FAIL; without a leg there is nothing to close', async () => {
    const rig = new LinkBench();
    expect(rig.link.abort('not now')).toBe(false);
    const hand = await rig.up();
    expect(rig.link.abort('not now')).toBe(true);
    await rig.turns();
    expect([hand.end, hand.lines.at(-1)]).toEqual([{ code: 4400, reason: 'not now', violation: false }, 'proof 0']);
    expect(rig.events).toEqual(['up', 'closed ENDED', 'released']);
  });

  it('before any leg is the end too', async () => {
    const rig = new LinkBench();
    rig.link.fail('ENDED', 'never mind');
    expect(rig.events).toEqual(['closed ENDED', 'released']);
    expect((await rig.dial()).end?.code).toBe(4411);
  });

  it('FAIL lost with the leg: 4411 says it, and the other end does not wait (mistake 6)', async () => {
    const rig = new SessionRig();
    rig.connect();
    await rig.turns();
    rig.watch = (message) => (message[0] === 7 ? 'drop' : 'pass');
    rig.links.device.fail('ENDED', 'over');
    await rig.turns();
    expect(rig.outcomes.service?.failure?.code).toBe('ENDED');
  });
});
