// `npm run bench -- [what] [--rounds 3] [--resume off] [--devices 2000] [--json FILE] [--svg FILE]`: measures ours beside the reference in the same run.
//   summary (default) | handshakes | throughput | round-trips | memory | proxies | long-paths | limits | devices | resource-log | restart
import { parseArgs } from 'node:util';
import { setFlagsFromString } from 'node:v8';
import { manyDevices } from './devices.ts';
import { longPaths } from './far-path.ts';
import { Figures, inTurn } from './figures.ts';
import { drawGrowth, DEVICE_COUNTS, idleDevices, openStreams } from './memory.ts';
import { ours, type Party, reference, type Resume } from './party.ts';
import { proxies } from './proxies.ts';
import { beyondQuota } from './quota.ts';
import { resourceLog } from './resource-log.ts';
import { restart } from './restart.ts';
import { exitOnSignals, NODE_FLAGS, type Rig, startRig } from './rig.ts';
import { handshakes, roundTrips, type Side, throughput } from './transfers.ts';

type Measure = (figures: Figures, side: Side, party: Party) => Promise<void>;

const KIB = 1_024;
const STREAM_COUNTS = [1, 8, 64];
const WRITE_BYTES = [64, KIB, 64 * KIB];

const MEASURES: Readonly<Record<string, readonly Measure[]>> = {
  summary: [
    (figures, side, party) => handshakes(figures, side, party, 1),
    (figures, side, party) => throughput(figures, side, party, 1, 64 * KIB),
    (figures, side, party) => roundTrips(figures, side, party, false),
  ],
  handshakes: [1, 32].map(
    (concurrency): Measure =>
      (figures, side, party) =>
        handshakes(figures, side, party, concurrency),
  ),
  throughput: WRITE_BYTES.flatMap((bytes) =>
    STREAM_COUNTS.map(
      (streams): Measure =>
        (figures, side, party) =>
          throughput(figures, side, party, streams, bytes),
    ),
  ),
  'round-trips': [false, true].map(
    (beside): Measure =>
      (figures, side, party) =>
        roundTrips(figures, side, party, beside),
  ),
};

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: 'string', default: '3' },
    resume: { type: 'string', default: 'preferred' },
    devices: { type: 'string', default: '2000' },
    json: { type: 'string' },
    svg: { type: 'string' },
  },
});
const what = positionals[0] ?? 'summary';
const rounds = Number(values.rounds);
const resume = values.resume as Resume;
const figures = new Figures();
// A collection here is a pause of every program that this process plays.
for (const flag of NODE_FLAGS) setFlagsFromString(flag);
exitOnSignals();
const OTHERS: Readonly<Record<string, () => Promise<void>>> = {
  memory,
  proxies: () => proxies(figures, rounds),
  'long-paths': () => longPaths(figures, rounds),
  limits,
  devices: () => manyDevices(figures, rounds),
  'resource-log': () => resourceLog(figures, rounds),
  restart: () => restarts(Number(values.devices)),
};
const measures = MEASURES[what];
const run = measures ? () => transfers(measures) : OTHERS[what];
if (run === undefined)
  throw new RangeError(`bench: expected ${[...Object.keys(MEASURES), ...Object.keys(OTHERS)].join(', ')}; found ${what}`);
await run();
figures.print(`${what}, medians of ${rounds} rounds`, what === 'limits' ? "Azure's quota" : 'reference');
if (values.json) await figures.save(values.json);

/** The same processes throughout; a first round warms them up and is not counted. */
async function transfers(all: readonly Measure[]): Promise<void> {
  await using rig = await startRig();
  const parties: readonly [Side, Party][] = [
    ['ours', ours(rig, resume)],
    ['reference', reference(rig)],
  ];
  for (let round = 0; round <= rounds; round += 1) {
    for (const measure of all)
      await inTurn(
        round,
        parties.map(
          ([side, party]) =>
            () =>
              measure(figures, side, party),
        ),
      );
    if (round === 0) figures.reset();
  }
  for (const [, party] of parties) await party.stop();
}

/** Fresh processes for each round: memory that was once taken is not given back. */
async function memory(): Promise<void> {
  for (let round = 0; round < rounds; round += 1) {
    await inTurn(round, [() => idle('ours'), () => idle('reference')]);
    await withRig(async (rig) => {
      for (const [side, party] of [['ours', ours(rig, resume)] as const, ['reference', reference(rig)] as const]) {
        await openStreams(figures, side, party);
        await party.stop();
      }
    });
  }
  if (values.svg) await drawGrowth(figures, values.svg);
}

/** Beside what Azure publishes, which nobody can measure any more. */
async function limits(): Promise<void> {
  for (let round = 0; round < rounds; round += 1) await withRig((rig) => beyondQuota(figures, rig));
}

/** There is no reference: a bare relay knows no devices. */
async function restarts(count: number): Promise<void> {
  for (let round = 0; round < rounds; round += 1) {
    for (const [name, ms] of Object.entries(await restart(count))) figures.add('ours', name, 'ms', ms);
  }
}

function idle(side: Side): Promise<void> {
  return withRig((rig) => idleDevices(figures, side, rig), Math.max(...DEVICE_COUNTS) + 1);
}

async function withRig(action: (rig: Rig) => Promise<void>, deviceCount = 1): Promise<void> {
  await using rig = await startRig(deviceCount);
  await action(rig);
}
