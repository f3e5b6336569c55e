// `npm run chaos -- [--minutes 10] [--seed N]`: sessions under fire. Legs are cut and stall, the hub is killed each second, readers pause.
// Exit code 1 if a byte differs, a stream fails, a tunnel does not end cleanly, or more is kept for a replay than the window and one message.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { MAX_SESSION_MESSAGE_BYTES, type Random, systemRandom } from '@streams/protocol/internal';
import { FaultProxy, freePort, seededRandom } from '@streams/testkit';
import { cutAtRandom, type Harm, wait } from './cuts.ts';
import { Figures } from './figures.ts';
import { HubProcess } from './hub-process.ts';
import { Lanes } from './lanes.ts';
import { differs } from './traffic.ts';

const { values } = parseArgs({
  options: { minutes: { type: 'string', default: '10' }, seed: { type: 'string', default: String(Date.now() % 1_000_000) } },
});

/** Replay windows; each has a device, a tunnel, and a plain stream. */
const WINDOWS = [65_536, 1_048_576, 8_388_608];
const CHANNELS = 8;
const TRAFFIC = { maxSliceBytes: 100_000, maxStallMs: 400 };
/** Of each of as many who cut as there are devices. */
const RHYTHM = { minMs: 20, maxMs: 500, cutsPerStall: 10, maxStallMs: 400 };
const KILL_EVERY_MS = 1_000;
const REPORT_EVERY_MS = 10_000;
/** Back-offs as they are, but shorter: a hub that is killed each second would never see a device whose wait has doubled to 30 s. */
const HASTE = 0.02;

const random = seededRandom(Number(values.seed));
const hasty: Random = { bytes: (count) => systemRandom.bytes(count), uniform: () => random.uniform() * HASTE };
const dataDirectory = await mkdtemp(join(tmpdir(), 'streams-chaos-'));
const port = await freePort();
const network = await FaultProxy.listen({ port, random });
const hub = await HubProcess.start({ dataDirectory, devices: WINDOWS.length, port, legsPort: network.port });
console.log(`seed ${values.seed}, ${values.minutes} minutes, windows of ${WINDOWS.join(', ')} bytes`);

const lanes = await Promise.all(WINDOWS.map((_window, index) => openLanes(index)));
const figures = new Figures(lanes);
const harm: Harm = { cuts: 0, stalls: 0 };
const report = (): void => console.log(figures.line(harm, hub.kills));
const reporting = setInterval(report, REPORT_EVERY_MS);
const problems = await burn();
clearInterval(reporting);
report();
figures.stop();
problems.push(...(await end()), ...kept());
for (const problem of problems) console.log(problem);
console.log(problems.length === 0 ? 'chaos: all as it should be' : `chaos: FAILED, with seed ${values.seed}`);
process.exitCode = problems.length === 0 ? 0 : 1;

function openLanes(index: number): Promise<Lanes> {
  return Lanes.open({
    deviceId: `chaos-${index}`,
    device: hub.ready.devices[index] ?? '',
    service: hub.ready.service,
    settings: { random: hasty, maxReplayBytes: WINDOWS[index] },
    channels: CHANNELS,
    traffic: TRAFFIC,
    random,
  });
}

/** All of it, until the time is over and each direction has ended, too. Gives what went wrong. */
async function burn(): Promise<unknown[]> {
  const over = new AbortController();
  const cutting = WINDOWS.map(() => cutAtRandom(network, random, RHYTHM, harm, over.signal));
  const fire = Promise.all([...cutting, killHubs(over.signal)]);
  try {
    await Promise.race([wait(Number(values.minutes) * 60_000, over.signal), ...lanes.map((lane) => lane.failed)]);
    const passages = await Promise.all(lanes.map((lane) => lane.finish()));
    return passages.flat().flatMap(differs);
  } catch (error) {
    return ['a stream has failed', error];
  } finally {
    over.abort();
    await fire;
  }
}

async function killHubs(signal: AbortSignal): Promise<void> {
  for (;;) {
    await wait(KILL_EVERY_MS, signal);
    if (signal.aborted) return;
    await hub.restart();
  }
}

/** Ends everything. Gives the errors of tunnels, which are to end cleanly. */
async function end(): Promise<unknown[]> {
  const errors = await Promise.all(lanes.map((lane) => lane.close()));
  await hub.kill();
  await network.close();
  await rm(dataDirectory, { recursive: true });
  return errors.flat();
}

function kept(): string[] {
  return WINDOWS.flatMap((window, index) => {
    const peak = figures.peaks[index] ?? 0;
    const most = window + MAX_SESSION_MESSAGE_BYTES;
    return peak > most ? [`${peak} bytes were kept for a replay, which are to be ${most} at most`] : [];
  });
}
