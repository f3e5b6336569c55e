// A hub's process is killed at any moment, again and again: what was acknowledged is there, and nothing is corrupt.
import { expect, it } from 'vitest';
import { killWriters } from '../support/killed-writers.ts';

const KILLS = 100;

it(
  `F2 survives ${KILLS} kills`,
  async () => {
    expect(await killWriters(KILLS)).toBeGreaterThan(KILLS);
  },
  20_000 + KILLS * 2_000,
);
