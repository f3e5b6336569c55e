// Schedules of writes, cuts, moves and stalls of a session's legs, drawn from a seed: bytes arrive once and in order, and what is retained stays within
// the window.
import fc from 'fast-check';
import { expect } from 'vitest';
import type { SessionRole } from '../../src/wire/session-hello.ts';
import { ROLES, SessionRig } from './session-rig.ts';

const KIB = 1_024;
/** The payload that a message of a session holds at most. */
const MESSAGE_BYTES = 65_544;

/** What happens at the n-th message after the last event. */
interface Mishap {
  readonly after: number;
  readonly what: 'cut' | 'cut-behind' | 'move' | 'hold' | 'both';
  readonly role: SessionRole;
}

/** What each side has to send, and what happens meanwhile. */
interface Schedule {
  readonly service: number;
  readonly device: number;
  readonly maxWindowBytes: number;
  readonly sizes: readonly number[];
  readonly mishaps: readonly Mishap[];
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
const cases: fc.Arbitrary<Schedule> = fc.record({
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

/** Which schedules. Where it is more than one, one that has broken something once comes first. */
export interface Schedules {
  readonly seed: number;
  readonly numRuns: number;
}

/** Plays them. @returns How often a leg took the place of one that stood, and of one that was lost. */
export async function playSchedules({ seed, numRuns }: Schedules): Promise<{ moved: number; resumed: number }> {
  let moved = 0;
  let resumed = 0;
  await fc.assert(
    fc.asyncProperty(cases, async (each) => {
      const { events, peakRetainedBytes } = await playSchedule(each);
      expect(peakRetainedBytes).toBeLessThanOrEqual(each.maxWindowBytes + MESSAGE_BYTES);
      moved += events.device.filter((event) => event === 'moved').length;
      resumed += events.device.filter((event) => event === 'resumed').length;
    }),
    { seed, numRuns, examples: numRuns > 1 ? [[overtaken]] : [] },
  );
  return { moved, resumed };
}

async function playSchedule({ service, device, maxWindowBytes, sizes, mishaps: plan }: Schedule): Promise<SessionRig> {
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
  return rig;
}
