// F12: whatever is done in whatever order, hub, devices and service do what the model says. MODEL_SEEDS=n plays n seeds.
import { describe, expect, it } from 'vitest';
import { play } from './run.ts';

const SEEDS = Number(process.env['MODEL_SEEDS'] ?? 200);
const LANES = Number(process.env['MODEL_LANES'] ?? 4);

describe('any sequence of commands', () => {
  it(`F12 agrees with the model`, { timeout: 600_000 }, async () => {
    const seeds = process.env['MODEL_SEED'] ? [Number(process.env['MODEL_SEED'])] : Array.from({ length: SEEDS }, (_, index) => index + 1);
    const failures: string[] = [];
    let steps = 0;
    const lane = async (): Promise<void> => {
      for (let seed = seeds.shift(); seed !== undefined; seed = seeds.shift()) {
        const t = performance.now();
        const played = await play({ seed, path: process.env['MODEL_PATH'] });
        if (process.env['V']) console.log(seed, played.steps, performance.now() - t, process.cpuUsage());
        steps += played.steps;
        if (played.failure) failures.push(played.failure);
      }
    };
    await Promise.all(Array.from({ length: LANES }, lane));
    console.log(steps);
    expect(failures).toEqual([]);
  });
});
