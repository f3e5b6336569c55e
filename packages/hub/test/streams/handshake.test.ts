// The handshake's state machine: the table of what may follow what, and what no order of events can bring about.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type HandshakeEvent, type HandshakeState, isOver, phaseOf, transition } from '../../src/streams/handshake.ts';

const EVENTS: readonly HandshakeEvent[] = [
  { type: 'offer' },
  { type: 'accept', protocol: 'streams.v1' },
  { type: 'decline', code: 'STREAM_REJECTED', reason: 'no' },
  { type: 'leg-held', role: 'device' },
  { type: 'leg-held', role: 'service' },
  { type: 'leg-left' },
  { type: 'time-out' },
  { type: 'cancel' },
  { type: 'fail', code: 'DRAINING' },
  { type: 'end' },
];

function run(...events: HandshakeEvent[]): HandshakeState {
  return events.reduce(transition, { name: 'requested' } as HandshakeState);
}

const [offer, accept, decline, deviceLeg, serviceLeg, left, timeOut, cancel, fail, end] = EVENTS as [
  HandshakeEvent,
  HandshakeEvent,
  HandshakeEvent,
  HandshakeEvent,
  HandshakeEvent,
  HandshakeEvent,
  HandshakeEvent,
  HandshakeEvent,
  HandshakeEvent,
  HandshakeEvent,
];

describe('the way to a stream', () => {
  it('takes the legs in either order', () => {
    expect(run(offer, accept, deviceLeg, serviceLeg)).toEqual({ name: 'established', protocol: 'streams.v1' });
    expect(run(offer, accept, serviceLeg, deviceLeg)).toEqual({ name: 'established', protocol: 'streams.v1' });
  });

  it("takes the device's leg beside its answer", () => {
    expect(run(offer, deviceLeg, accept)).toEqual({ name: 'pairing', protocol: 'streams.v1', held: 'device' });
    expect(run(offer, deviceLeg, accept, serviceLeg).name).toBe('established');
  });

  it('ends', () => {
    expect(run(offer, accept, deviceLeg, serviceLeg, end)).toEqual({ name: 'ended' });
  });
});

describe('the other ways', () => {
  it('a device declines', () => {
    expect(run(offer, decline)).toEqual({ name: 'rejected', code: 'STREAM_REJECTED', reason: 'no' });
    expect(run(offer, accept, decline).name).toBe('accepted');
  });

  it('a held leg leaves', () => {
    expect(run(offer, accept, deviceLeg, left)).toEqual({ name: 'failed', code: 'STREAM_GONE' });
    expect(run(offer, deviceLeg, left)).toEqual({ name: 'failed', code: 'STREAM_GONE' });
  });

  it('time runs out, and the phase says for whom', () => {
    expect(run(timeOut)).toEqual({ name: 'timed-out', phase: 'answer' });
    expect(run(offer, timeOut)).toEqual({ name: 'timed-out', phase: 'answer' });
    expect(run(offer, deviceLeg, timeOut)).toEqual({ name: 'timed-out', phase: 'answer' });
    expect(run(offer, accept, timeOut)).toEqual({ name: 'timed-out', phase: 'device-leg' });
    expect(run(offer, accept, serviceLeg, timeOut)).toEqual({ name: 'timed-out', phase: 'device-leg' });
    expect(run(offer, accept, deviceLeg, timeOut)).toEqual({ name: 'timed-out', phase: 'service-leg' });
  });

  it('is cancelled or fails at any point before it is established', () => {
    for (const before of [[], [offer], [offer, accept], [offer, accept, deviceLeg]]) {
      expect(run(...before, cancel).name).toBe('cancelled');
      expect(run(...before, fail)).toEqual({ name: 'failed', code: 'DRAINING' });
    }
    expect(run(offer, accept, deviceLeg, serviceLeg, cancel).name).toBe('established');
  });
});

describe('any order of events', () => {
  const orders = fc.array(fc.constantFrom(...EVENTS), { maxLength: 12 });

  it('never leaves a state that is over', () => {
    fc.assert(
      fc.property(orders, (events) => {
        let state: HandshakeState = { name: 'requested' };
        for (const event of events) {
          const next = transition(state, event);
          if (isOver(state)) expect(next).toBe(state);
          state = next;
        }
      }),
    );
  });

  it('establishes a stream only after an offer, an acceptance and both legs', () => {
    fc.assert(
      fc.property(orders, (events) => {
        const reached = events.findIndex((_, index) => run(...events.slice(0, index + 1)).name === 'established');
        if (reached < 0) return;
        const before = events.slice(0, reached + 1);
        for (const needed of [offer, accept, deviceLeg, serviceLeg]) expect(before).toContain(needed);
      }),
    );
  });

  it('always has a phase', () => {
    fc.assert(
      fc.property(orders, (events) => {
        expect(['answer', 'device-leg', 'service-leg']).toContain(phaseOf(run(...events)));
      }),
    );
  });
});
