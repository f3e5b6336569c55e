// All commands, each as often as it makes for long and varied runs.
import fc from 'fast-check';
import { ENDS, type Model, RETURN_MS } from '../model.ts';
import type { System } from '../system.ts';
import { Accept, AcceptAndCut } from './accept.ts';
import { Advance, Resume } from './advance.ts';
import { Connect } from './connect.ts';
import { CutLeg, CutLink } from './cut.ts';
import { Drain } from './drain.ts';
import { HalfClose } from './half-close.ts';
import { Open, OpenAndCut } from './open.ts';
import { Read } from './read.ts';
import { Register } from './register.ts';
import { Reject } from './reject.ts';
import { Revoke } from './revoke.ts';
import { Write } from './write.ts';

type Commands = fc.Arbitrary<fc.AsyncCommand<Model, System>>;

export const DEVICES = 3;

const device = fc.integer({ min: 0, max: DEVICES - 1 });
const number = fc.nat({ max: 19 });
const end = fc.constantFrom(...ENDS);
/** A frame holds 65,536 bytes, a session's message a few more. */
const bytes = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: 1, max: 300 }) },
  fc.integer({ min: 1, max: 20_000 }),
  fc.integer({ min: 60_000, max: 140_000 }),
);
const ms = fc.oneof(
  { weight: 4, arbitrary: fc.integer({ min: 1, max: 5_000 }) },
  { weight: 3, arbitrary: fc.integer({ min: RETURN_MS, max: 45_000 }) },
  fc.integer({ min: 60_000, max: 200_000 }),
);

const WEIGHTED: readonly [weight: number, Commands][] = [
  [10, device.map((n) => new Register(n))],
  [7, device.map((n) => new Connect(n))],
  [14, fc.tuple(device, fc.boolean()).map(([n, isSession]) => new Open(n, isSession))],
  [1, fc.tuple(device, fc.boolean()).map(([n, isSession]) => new OpenAndCut(n, isSession))],
  [14, number.map((n) => new Accept(n))],
  [1, number.map((n) => new AcceptAndCut(n))],
  [2, number.map((n) => new Reject(n))],
  [36, fc.tuple(number, end, bytes).map(([n, at, count]) => new Write(n, at, count))],
  [30, fc.tuple(number, end).map(([n, at]) => new Read(n, at))],
  [7, fc.tuple(number, end).map(([n, at]) => new HalfClose(n, at))],
  [5, fc.tuple(number, end).map(([n, at]) => new CutLeg(n, at))],
  [2, device.map((n) => new CutLink(n))],
  [4, fc.constant(0).map(() => new Resume())],
  [1, fc.tuple(device, fc.constantFrom('disable' as const, 'delete' as const, 'roll' as const)).map(([n, how]) => new Revoke(n, how))],
  [1, fc.constant(0).map(() => new Drain())],
  [5, ms.map((n) => new Advance(n))],
];

/** As many of each as its weight says: `fc.commands` takes them all alike. */
export const commands: Commands[] = WEIGHTED.flatMap(([weight, arbitrary]) => Array.from({ length: weight }, () => arbitrary));
