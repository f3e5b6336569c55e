// Plays many seeds, some beside one another: each waits for its sockets most of the time.
import assert from 'node:assert/strict';
import type { ObserveOptions } from '@streams/testkit';
import { play, type Replay } from './run.ts';

/** MODEL_SEEDS=2000 plays ten times as many. */
const SEEDS = Number(process.env['MODEL_SEEDS'] ?? 200);
/** For an observer of all: the code of three packages is compiled meanwhile. */
export const GROWTH: ObserveOptions = { maxGrowthBytes: 24 * 2 ** 20 };
const LANES = 4;
const LEAST_STEPS = 200;

/** What the printed command of a failure sets: its seed alone is played then. */
export const REPLAY: Replay | undefined = process.env['MODEL_SEED']
  ? { seed: Number(process.env['MODEL_SEED']), path: process.env['MODEL_PATH'] }
  : undefined;

/** Every second seed: two files, for two processes. @throws AssertionError with every failure, shrunk, and its command. */
export async function playHalf(first: 1 | 2): Promise<void> {
  const seeds = Array.from({ length: Math.ceil(SEEDS / 2) }, (_, index) => first + 2 * index);
  const count = seeds.length;
  const failures: string[] = [];
  let steps = 0;
  const lane = async (): Promise<void> => {
    for (let seed = seeds.shift(); seed !== undefined; seed = seeds.shift()) {
      const played = await play({ seed });
      steps += played.steps;
      if (played.failure !== undefined) failures.push(played.failure);
    }
  };
  await Promise.all(Array.from({ length: LANES }, lane));
  assert(failures.length === 0, failures.join('\n\n'));
  assert(count < 50 || steps >= LEAST_STEPS * count, `${steps} commands of ${count} seeds: too few find something to be about`);
}
