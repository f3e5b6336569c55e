// F2: as packages/hub/test/processes/kills.test.ts, more often.
import { expect, it } from 'vitest';
import { killWriters } from '../support/killed-writers.ts';

const KILLS = 500;

it(`F2 a registry survives ${KILLS} kills while it writes`, async () => {
  const acknowledged = await killWriters(KILLS);
  console.log(`F2: ${KILLS} kills, ${acknowledged} writes acknowledged, none of them lost`);
  expect(acknowledged).toBeGreaterThan(KILLS);
});
