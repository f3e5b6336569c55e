// `npm run soak -- [--minutes 5] [--streams 200] [--seed N]`: many streams with churn through one hub, every byte compared, and what the hub holds.
// Exit code 1 if a byte differs, a stream fails, the hub ends with more descriptors than it began with, or (from half an hour on) its memory grows.
import { setMaxListeners } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { DeviceClient } from '@streams/device';
import { ServiceClient } from '@streams/service';
import { freePort, seededRandom } from '@streams/testkit';
import { Churn } from './churn.ts';
import { type Sample, slopeOf } from './health.ts';
import { HubProcess } from './hub-process.ts';

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '5' },
    streams: { type: 'string', default: '200' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
  },
});

const DEVICES = 20;
const REPORT_EVERY_MS = 10_000;
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const MIB = 2 ** 20;
/** A hub that is new has not yet compiled and cached all that it will: its first part says nothing of its growth. */
const WARM_UP_PART = 0.25;
/** Before that a slope is noise. */
const JUDGED_FROM_MS = 30 * MINUTE_MS;
const MAX_SLOPE_BYTES_PER_HOUR = MIB;
/** What is in flight at the moment of a sample moves it by megabytes: a slope counts that is steeper than chance makes it. */
const SURE_ERRORS = 2;
const SETTLE_MS = 3_000;
const MOST_SHOWN = 20;

const durationMs = Number(values.minutes) * MINUTE_MS;
const random = seededRandom(Number(values.seed));
const dataDirectory = await mkdtemp(join(tmpdir(), 'streams-soak-'));
const port = await freePort();
const hub = await HubProcess.start({ dataDirectory, devices: DEVICES, port, legsPort: port });
const devices = new Map(hub.ready.devices.map((string, index) => [`chaos-${index}`, DeviceClient.fromConnectionString(string)]));
await Promise.all([...devices.values()].map((device) => device.connect()));
const service = ServiceClient.fromConnectionString(hub.ready.service);
const churn = new Churn(devices, service, random);
console.log(`seed ${values.seed}, ${values.minutes} minutes, ${values.streams} streams at once to ${DEVICES} devices`);

const before = await hub.health();
const startMs = performance.now();
const samples: Sample[] = [];
let shown = 0;
const reporting = setInterval(() => void report(), REPORT_EVERY_MS);
const end = AbortSignal.timeout(durationMs);
setMaxListeners(0, end); // each stream has one
await churn.run(Number(values.streams), end);
clearInterval(reporting);
await service.close();
await Promise.all([...devices.values()].map((device) => device.close()));
await sleep(SETTLE_MS);
const after = await hub.health();
const { perHour, errorPerHour } = slopeOf(samples.slice(Math.floor(samples.length * WARM_UP_PART)));
await hub.kill();
await rm(dataDirectory, { recursive: true });

const { streams, bytes, problems } = churn.figures;
const growth = `${mib(perHour)} ± ${mib(errorPerHour)}`;
// The devices' own links are gone at the end, so that fewer is right.
if (after.descriptors > before.descriptors)
  problems.push(`the hub has ${after.descriptors - before.descriptors} descriptors more than at first`);
if (durationMs >= JUDGED_FROM_MS && perHour - SURE_ERRORS * errorPerHour > MAX_SLOPE_BYTES_PER_HOUR)
  problems.push(`the hub's memory grows by ${growth} an hour`);
showProblems();
console.log(`${streams} streams, ${(bytes / 1e9).toFixed(2)} GB, ${problems.length} problems`);
console.log(
  `hub: heap ${mib(before.heapBytes)} -> ${mib(after.heapBytes)}, ${growth} an hour; descriptors ${before.descriptors} -> ${after.descriptors}`,
);
console.log(problems.length === 0 ? 'soak: all as it should be' : `soak: FAILED, with seed ${values.seed}`);
process.exitCode = problems.length === 0 ? 0 : 1;

async function report(): Promise<void> {
  const { heapBytes, residentBytes, descriptors } = await hub.health();
  samples.push({ hours: (performance.now() - startMs) / HOUR_MS, value: heapBytes });
  const { figures } = churn;
  showProblems();
  console.log(
    `${Math.round((performance.now() - startMs) / 1_000)} s: ${figures.streams} streams, ${(figures.bytes / 1e9).toFixed(2)} GB, ` +
      `${figures.problems.length} problems; hub: heap ${mib(heapBytes)}, RSS ${mib(residentBytes)}, ${descriptors} descriptors`,
  );
}

/** Those that are new: when something fails tells more than that it did. */
function showProblems(): void {
  for (const problem of churn.figures.problems.slice(shown, MOST_SHOWN)) console.log(problem);
  shown = Math.max(shown, churn.figures.problems.length);
}

function mib(size: number): string {
  return `${(size / MIB).toFixed(1)} MiB`;
}
