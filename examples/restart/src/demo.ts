// `npm run demo:restart`: scp of 1 GiB, a download in a browser, a session of psql and a login by ssh, while the hub is killed and
// started again five times and the device's network is cut for 20 s. Exit code 1 if one of them notices more than a pause.
//   node dist/demo.js [--mib 1024] [--cut 20]
import assert from 'node:assert/strict';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { LargeFile } from '../../../test/support/large-file.ts';
import { startPostgres } from '../../../test/support/postgres.ts';
import { Scratch, until } from '../../../test/support/programs.ts';
import { startSshd } from '../../../test/support/sshd.ts';
import { Closing } from './closing.ts';
import type { Load } from './load.ts';
import { hasChromium, hasPsql, startDownloading, startLogin, startPsql, startScp } from './loads.ts';
import { Parties } from './parties.ts';

const { values } = parseArgs({ options: { mib: { type: 'string', default: '1024' }, cut: { type: 'string', default: '20' } } });

const RESTARTS = 5;
const BYTES = Number(values.mib) * 2 ** 20;
const CUT_MS = Number(values.cut) * 1_000;
/** From the time when all goes on again to the next trouble. */
const PACE_MS = 3_000;
/** Twice as slow as to last through all that happens: in the pauses the loads stand still. */
const BYTES_PER_SECOND = BYTES / ((2 * (RESTARTS + 2) * PACE_MS) / 1_000);
/** A pause that is longer than this is not one. */
const MOST_MS = 90_000;
const END_MS = 180_000;

const startedMs = performance.now();
const closing = new Closing();
/** The longest pauses of each load, in milliseconds. */
const longest = new Map<Load, { restart: number; cut: number }>();

try {
  await Promise.race([show(), interruption()]);
  console.log(`demo: hashes equal; ${[...longest.keys()].map(({ name }) => name).join(', ')} have noticed no more than a pause`);
} catch (error) {
  process.exitCode = 1;
  console.log(`demo: FAILED: ${(error as Error).message}`);
}
await closing.run();
process.exit();

async function show(): Promise<void> {
  if (!hasChromium) say('there is no Chromium (apt-get install chromium): curl downloads in its place');
  if (!hasPsql) say('there is no PostgreSQL (apt-get install postgresql): psql is left out');
  const { parties, loads } = await setUp();
  const others = loads.slice(0, -1).map(({ name }) => name);
  say(`${others.join(', ')} and a login by ${loads.at(-1)?.name} run`);
  try {
    await trouble(parties, loads);
    await judge(loads);
  } catch (error) {
    for (const line of parties.lines) console.log(`  ${line}`);
    throw error;
  }
}

async function trouble(parties: Parties, loads: readonly Load[]): Promise<void> {
  for (let n = 1; n <= RESTARTS; n += 1) {
    await pause(PACE_MS);
    const goneMs = await parties.restartHub();
    say(`hub killed, ${n} of ${RESTARTS}, and started again: gone for ${seconds(goneMs)}`);
    await goOn(loads, 'restart');
    if (n === Math.ceil(RESTARTS / 2)) await cutNetwork(parties, loads);
  }
  await pause(PACE_MS);
}

async function setUp(): Promise<{ parties: Parties; loads: Load[] }> {
  const scratch = closing.add(await Scratch.make(), (each) => each.remove());
  const sshd = closing.add(await startSshd(scratch), (each) => each.stop());
  const file = closing.add(await LargeFile.serve({ bytes: BYTES / 2, bytesPerSecond: BYTES_PER_SECOND / 2 }), (each) => each.close());
  const services: Record<string, number> = { ssh: sshd.port, web: file.port };
  if (hasPsql) {
    // It runs as a user of its own, who then owns the folder.
    const cluster = closing.add(await Scratch.make(), (each) => each.remove());
    services['sql'] = closing.add(await startPostgres(cluster), (each) => each.stop('SIGINT')).port;
  }
  const parties = await Parties.start(scratch.path, services, closing);
  const scene = { scratch, closing, parties };
  const loads: Load[] = [
    await startScp(scene, sshd, { bytes: BYTES, bytesPerSecond: BYTES_PER_SECOND }),
    await startDownloading(scene, file),
    ...(hasPsql ? [startPsql(scene)] : []),
    startLogin(scene, sshd),
  ];
  for (const load of loads) longest.set(load, { restart: 0, cut: 0 });
  await untilAllMoved(loads, 0);
  return { parties, loads };
}

async function cutNetwork({ networks: { device } }: Parties, loads: readonly Load[]): Promise<void> {
  await pause(PACE_MS);
  const connections = device.cut();
  say(`the network of the device is cut for ${seconds(CUT_MS)}, with ${connections} connections`);
  await pause(CUT_MS);
  device.restore();
  say('the network is back');
  const pauses = await goOn(loads, 'cut');
  assert(Math.min(...pauses) > CUT_MS / 2, 'there is a load that does not use the network of the device');
}

/** Waits until nothing stands still any more, and tells how long each has stood. */
async function goOn(loads: readonly Load[], trouble: 'restart' | 'cut'): Promise<number[]> {
  await untilAllMoved(loads, performance.now());
  const pauses = loads.map((load) => {
    const known = longest.get(load)!;
    const pausedMs = load.pauses.take();
    known[trouble] = Math.max(known[trouble], pausedMs);
    return pausedMs;
  });
  say(`all go on, after ${loads.map(({ name }, index) => `${name} ${seconds(pauses[index] ?? 0)}`).join(', ')}`);
  return pauses;
}

async function untilAllMoved(loads: readonly Load[], sinceMs: number): Promise<void> {
  for (const load of loads) await until(`${load.name} goes on`, () => load.isOver || load.pauses.movedMs > sinceMs, MOST_MS);
  for (const load of loads.filter(({ isOver }) => isOver)) {
    await load.end();
    throw new Error(`${load.name} was over too early; give it more with --mib`);
  }
}

async function judge(loads: readonly Load[]): Promise<void> {
  for (const load of loads) {
    const done = await Promise.race([load.end(), pause(END_MS, undefined, { ref: false })]);
    assert(done !== undefined, `${load.name} does not come to its end`);
    const { restart, cut } = longest.get(load)!;
    say(`${load.name}: ${done}; the longest pause ${seconds(restart)} for a restart, ${seconds(cut)} for the cut`);
  }
}

/** Ctrl-C: the files of the demo are large. */
function interruption(): Promise<never> {
  return new Promise((_, reject) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => reject(new Error(`ended by ${signal}`)));
  });
}

function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`;
}

function say(text: string): void {
  console.log(`${seconds(performance.now() - startedMs).padStart(8)}  ${text}`);
}
