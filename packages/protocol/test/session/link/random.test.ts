// Whatever happens to the legs, in whatever order: bytes arrive once and in order, and what is retained stays within the window.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { SessionRole } from '../../../src/wire/session-hello.ts';
import { ROLES, SessionRig } from '../../support/session-rig.ts';

const KIB = 1_024;
/** TEST_SCHEDULES=9000 plays so many new ones, at some 4 ms each. */
const SCHEDULES = process.env['TEST_SCHEDULES'];
const RUNS = SCHEDULES ? { numRuns: Number(SCHEDULES) } : { numRuns: 60, seed: 5 };
/** The payload that a message of a session holds at most. */
const MESSAGE_BYTES = 65_544;

/** What happens at the n-th message after the last event. */
interface Mishap {
  readonly after: number;
  readonly what: 'cut' | 'cut-behind' | 'move' | 'hold' | 'both';
  readonly role: SessionRole;
}

const mishaps: fc.Arbitrary<Mishap[]> = fc.array(
  fc.record({
    after: fc.integer({ min: 1, max: 12 }),
    what: fc.constantFrom('cut', 'cut-behind', 'move', 'hold', 'both'),
    role: fc.constantFrom(...ROLES),
  }),
  { minLength: 5, maxLength: 25, size: 'max' },
);
/** `service`, `device`: how many messages each has to send, roughly. */
const cases = fc.record({
  service: fc.integer({ min: 1, max: 200 }),
  device: fc.integer({ min: 1, max: 200 }),
  maxWindowBytes: fc.constantFrom(64 * KIB, 256 * KIB, 8_192 * KIB),
  /** Bytes of one message after the other, in turn. */
  sizes: fc.array(fc.oneof(fc.integer({ min: 1, max: 100 }), fc.integer({ min: 1, max: 70_000 })), { minLength: 1, maxLength: 12 }),
  mishaps,
});

/** A PROOF that stays on the way until the peer has given up its leg, and acknowledged more on another one. */
const overtaken = {
  service: 3,
  device: 4,
  maxWindowBytes: 64 * KIB,
  sizes: [65_535, 1, 45_027],
  mishaps: [
    { after: 1, what: 'move', role: 'service' },
    { after: 1, what: 'move', role: 'service' },
    { after: 1, what: 'hold', role: 'service' },
    { after: 9, what: 'hold', role: 'device' },
    { after: 10, what: 'cut', role: 'service' },
    { after: 10, what: 'cut', role: 'service' },
    { after: 1, what: 'hold', role: 'service' },
    { after: 1, what: 'cut-behind', role: 'service' },
  ] satisfies Mishap[],
};

function play(rig: SessionRig, { what, role }: Mishap): 'pass' | 'cut' | 'cut-behind' {
  if (what === 'cut' || what === 'cut-behind') return what;
  const { wire } = rig;
  if (what === 'both') setImmediate(() => wire.cutBoth());
  if (what === 'move') setImmediate(() => void rig.connect());
  if (what === 'hold') {
    wire.hold(role);
    rig.clock.after(150, () => wire.goOn(role));
  }
  return 'pass';
}

describe('any schedule of writes, cuts, moves and stalls', () => {
  it('keeps bytes and bounds', { timeout: 20_000 + Number(SCHEDULES ?? 0) * 20 }, async () => {
    let moved = 0;
    let resumed = 0;
    await fc.assert(
      fc.asyncProperty(cases, async ({ service, device, maxWindowBytes, sizes, mishaps: plan }) => {
        const mean = Math.ceil(sizes.reduce((sum, size) => sum + size, 0) / sizes.length);
        const rig = new SessionRig({ bytes: { service: service * mean, device: device * mean }, link: { maxWindowBytes } });
        let turn = 0;
        for (const role of ROLES) rig.tapes[role].nextSize = () => sizes[turn++ % sizes.length] ?? 1;
        const left = [...plan];
        let count = 0;
        rig.watch = () => {
          count += 1;
          const [next] = left;
          if (next === undefined || count < next.after) return 'pass';
          count = 0;
          left.shift();
          return play(rig, next);
        };
        rig.connect();
        await rig.finish();
        expect(rig.peakRetainedBytes).toBeLessThanOrEqual(maxWindowBytes + MESSAGE_BYTES);
        moved += rig.events.device.filter((event) => event === 'moved').length;
        resumed += rig.events.device.filter((event) => event === 'resumed').length;
      }),
      { ...RUNS, examples: [[overtaken]] },
    );
    expect([moved > 20, resumed > 60]).toEqual([true, true]);
  });
});
