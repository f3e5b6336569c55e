// The workbench of the compliance cases: fresh pairs that are always disposed of, both directions, time on the pair's clock.
import assert from 'node:assert/strict';
import { afterEach, it } from 'vitest';
import { sleep, turn } from '../real-time.ts';
import type { CompliancePair, ComplianceStream, MakePair, Side } from './pair.ts';

/** Registers cases, each on a pair of its own. */
export interface Bench {
  /** A further pair, for cases that need more than one. */
  readonly open: MakePair;
  /** One case, from a to b. */
  readonly oneWay: Register;
  /** One case each way. */
  readonly eachWay: Register;
}

type Register = (title: string, run: (way: Way) => Promise<void>) => void;

/** A pair seen from one of its two directions. */
export interface Way {
  readonly pair: CompliancePair;
  readonly from: ComplianceStream;
  readonly to: ComplianceStream;
  /** Cuts off the side that is called `from` or `to`. */
  readonly cut: (end: 'from' | 'to') => void;
}

const DEFAULT_MAX_QUEUED_BYTES = 8_388_608;
const STEP_MS = 5;
/** The machine's time for a step of the pair's: bytes cross real sockets meanwhile. */
const REAL_STEP_MS = 1;

/** A bench inside the current `describe`. */
export function createBench(makePair: MakePair): Bench {
  const opened: CompliancePair[] = [];
  afterEach(async () => {
    await Promise.all(opened.splice(0).map((pair) => pair.dispose()));
  });
  const open = async (): Promise<CompliancePair> => {
    const pair = await makePair();
    opened.push(pair);
    return pair;
  };
  const register = (title: string, run: (way: Way) => Promise<void>, from: Side, to: Side): void =>
    it(title, async () => run(wayOf(await open(), from, to)));
  return {
    open,
    oneWay: (title, run) => register(title, run, 'a', 'b'),
    eachWay: (title, run) => {
      register(`${title}, a to b`, run, 'a', 'b');
      register(`${title}, b to a`, run, 'b', 'a');
    },
  };
}

function wayOf(pair: CompliancePair, from: Side, to: Side): Way {
  const sides = { from, to };
  const cut: Way['cut'] = (end) => {
    if (pair.kill) pair.kill[sides[end]]();
    else pair[sides[end]].destroy();
  };
  return { pair, from: pair[from], to: pair[to], cut };
}

/** Ends the direction that a case has no use for, where that ends nothing else. */
export function endBack(pair: CompliancePair, stream: ComplianceStream): void {
  if (pair.halfClose !== false) stream.end();
}

/** What a writer may get rid of while nobody reads; twice as much surely blocks it. */
export function queueLimit(pair: CompliancePair): number {
  return pair.maxQueuedBytes ?? DEFAULT_MAX_QUEUED_BYTES;
}

/** Lets `ms` of the pair's time pass. */
export async function pass(pair: CompliancePair, ms: number): Promise<void> {
  if (pair.clock) await pair.clock.advance(ms, { stepMs: STEP_MS, realMs: REAL_STEP_MS });
  else await sleep(ms);
}

/** Waits for `promise`, at most `ms` of the pair's time. */
export async function within<T>(pair: CompliancePair, ms: number, what: string, promise: Promise<T>): Promise<T> {
  let settled = false;
  const settle = (): void => {
    settled = true;
  };
  promise.then(settle, settle);
  await turn();
  for (let passed = 0; !settled && passed < ms; passed += STEP_MS) await pass(pair, STEP_MS);
  assert(settled, `${what}: not within ${ms} ms`);
  return await promise;
}
