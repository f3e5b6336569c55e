// A process that changes a registry as fast as it can and prints what was acknowledged, until it is killed.
// Arguments: data directory, first step, umask. Uses the build: Node alone does not run TypeScript everywhere.
import { writeSync } from 'node:fs';
import { openRegistry } from '../../dist/index.js';
import { isDeletion, LANES, recordAt } from './registry-steps.mjs';

const [dataDirectory, firstStep, umask] = process.argv.slice(2);
process.umask(Number.parseInt(umask, 8));

/** Synchronous: what was acknowledged has left the process before anything else happens. */
function say(line) {
  writeSync(1, `${line}\n`);
}

async function work(registry, lane) {
  for (let step = Number(firstStep); ; step += 1) {
    const record = recordAt(lane, step);
    if (isDeletion(step)) await registry.delete(record.deviceId);
    else await registry.put(record);
    say(`${lane} ${step}`);
  }
}

try {
  const registry = await openRegistry({ dataDirectory });
  say('open');
  await Promise.all(LANES.map((lane) => work(registry, lane)));
} catch (error) {
  say(`${error.code} ${error.message}`);
  process.exitCode = 1;
}
