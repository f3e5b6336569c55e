// An observer over a whole test file: what hundreds of thousands of inputs have left behind, all together.
import { afterAll, beforeAll } from 'vitest';
import { type Observed, observe, type ObserveOptions } from './observer.ts';

const MIB = 2 ** 20;
/** Code that is compiled, and what fast-check and the reporter keep of the tests. */
const MAX_GROWTH_BYTES = 12 * MIB;

/** Call it first: then the watch begins before anything is started, and ends when all is closed. The file may keep the event loop busy. */
export function observeFile({ maxGrowthBytes = MAX_GROWTH_BYTES }: Pick<ObserveOptions, 'maxGrowthBytes'> = {}): void {
  let observed: Observed;
  beforeAll(() => {
    observed = observe({ maxGrowthBytes, maxLagMs: Infinity });
  });
  afterAll(async () => {
    const { growthBytes, descriptors } = await observed.settled();
    console.log(`${(growthBytes / MIB).toFixed(1)} MiB and ${descriptors} descriptors more than before`);
  });
}
