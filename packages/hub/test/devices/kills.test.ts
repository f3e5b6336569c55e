// A hub's process is killed at any moment, again and again: what was acknowledged is there, and nothing is corrupt.
// `npm test` kills a few times; `npm run test:kills`, which CI runs too, 200 times.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type DeviceRecord, openRegistry } from '@streams/hub';
import { RegistryChild } from '../support/registry-child.ts';
import { LANES, recordAt, stateAfter } from '../support/registry-steps.mjs';

const KILLS = Number(process.env['TEST_KILLS'] ?? 10);
const STEPS_PER_LIFE = 1_000_000;
const LONGEST_LIFE_MS = 30;
/** Never changed, and must never change. */
const BYSTANDERS = Array.from({ length: 50 }, (_, index): DeviceRecord => ({ ...recordAt(0, index), deviceId: `bystander-${index}` }));

let dataDirectory: string;
beforeAll(async () => {
  dataDirectory = await mkdtemp(join(tmpdir(), 'streams-kills-'));
  const registry = await openRegistry({ dataDirectory });
  await Promise.all(BYSTANDERS.map((record) => registry.put(record)));
  await registry.close();
});
afterAll(() => rm(dataDirectory, { recursive: true }));

it(
  `survives ${KILLS} kills`,
  async () => {
    let before: (DeviceRecord | undefined)[] = LANES.map(() => undefined);
    let acknowledged = 0;
    let unacknowledged = 0;
    for (let life = 1; life <= KILLS; life += 1) {
      const child = await RegistryChild.start(dataDirectory, { firstStep: life * STEPS_PER_LIFE });
      await new Promise((resolve) => setTimeout(resolve, Math.random() * LONGEST_LIFE_MS));
      await child.killed();
      const registry = await openRegistry({ dataDirectory });
      const after = await Promise.all(LANES.map((lane) => registry.get(`device-${lane}`)));
      const bystanders = await Promise.all(BYSTANDERS.map(({ deviceId }) => registry.get(deviceId)));
      await registry.close();
      expect(bystanders).toEqual(BYSTANDERS);
      for (const lane of LANES) {
        const last = child.lastSteps.get(lane);
        // The step after the last one that was acknowledged may have been carried out, or not.
        const allowed = [
          last === undefined ? before[lane] : stateAfter(lane, last),
          stateAfter(lane, (last ?? life * STEPS_PER_LIFE - 1) + 1),
        ];
        expect(allowed).toContainEqual(after[lane]);
        acknowledged += (last ?? life * STEPS_PER_LIFE - 1) - life * STEPS_PER_LIFE + 1;
        unacknowledged += Number(JSON.stringify(after[lane]) === JSON.stringify(allowed[1]));
      }
      before = after;
    }
    expect(acknowledged).toBeGreaterThan(KILLS * 10);
    console.info(`${KILLS} kills, ${acknowledged} changes acknowledged, ${unacknowledged} carried out and not acknowledged`);
  },
  KILLS * 2_000,
);
