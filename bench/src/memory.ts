// Measurements of resident memory: of the hub and of the reference relay, per idle device, idle stream, and stalled stream.
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { chart, type Line } from './chart.ts';
import { type Figures, median } from './figures.ts';
import type { Flow, Party } from './party.ts';
import { cpuSeconds, residentBytes, type Rig, start } from './rig.ts';
import { scrapes } from './scrapes.ts';
import type { Side } from './transfers.ts';

const KIB = 1_024;
const STREAMS = 500;
const STALLED = 1_000;
/** A writer that finds no room for this long has filled every buffer on the way. */
const STALL_MS = 300;
/** So that garbage of the load is collected, and buffers of finished handshakes are gone. */
const SETTLE_MS = 3_000;
const IDLE_MS = 60_000;

/** At how many devices to look. */
export const DEVICE_COUNTS: readonly number[] = [1_000, 2_000, 4_000, 6_000, 8_000, 10_000];

/** Memory of each idle device, at each of {@link DEVICE_COUNTS}, and there the CPU of a scrape; and the CPU that all of them cost while nothing happens. */
export async function idleDevices(figures: Figures, side: Side, rig: Rig): Promise<void> {
  const relay = side === 'ours' ? rig.hub : rig.relay;
  const pid = Number(relay.pid);
  const swarm =
    side === 'ours' ? start('./swarm.js', [rig.caFile], [], rig.strings.device) : start('./swarm.js', [rig.caFile, rig.relayUrl]);
  const before = await residentBytes(pid);
  // The far side's device is number 0, and another instance of it would replace it.
  let from = 1;
  for (const count of DEVICE_COUNTS) {
    swarm.send({ from, to: count + 1 });
    await once(swarm, 'message');
    from = count + 1;
    await sleep(SETTLE_MS);
    figures.add(side, `memory per idle device, at ${count}`, 'KB', ((await residentBytes(pid)) - before) / count / 1_000);
    if (side === 'ours') await scrapes(figures, rig, count);
  }
  const busy = await cpuSeconds(pid);
  await sleep(IDLE_MS);
  figures.add(side, `CPU of ${from - 1} idle devices, of one core`, '%', (((await cpuSeconds(pid)) - busy) / (IDLE_MS / 1_000)) * 100);
  const gone = once(swarm, 'exit');
  swarm.kill();
  await gone;
}

/** Memory of each idle stream, and of each stream that is full because nobody reads it. */
export async function openStreams(figures: Figures, side: Side, party: Party): Promise<void> {
  const before = await residentBytes(party.pids.relay);
  const idle = await openAll(party, 'echo', STREAMS);
  await sleep(SETTLE_MS);
  figures.add(side, 'memory per idle stream', 'KiB', ((await residentBytes(party.pids.relay)) - before) / STREAMS / KIB);
  const stalled = await openAll(party, 'stalled', STALLED);
  await sleep(SETTLE_MS);
  const empty = await residentBytes(party.pids.relay);
  await Promise.all(stalled.map(fill));
  const full = await residentBytes(party.pids.relay);
  figures.add(side, 'memory that a stalled direction adds', 'KiB', (full - empty) / STALLED / KIB);
  await Promise.all([...idle.map((flow) => flow.close()), ...stalled.map((flow) => flow.cut())]);
}

/** Draws memory over devices. */
export async function drawGrowth(figures: Figures, file: string): Promise<void> {
  const line = (side: Side): Line => ({
    name: side === 'ours' ? 'hub' : 'bare ws server',
    points: DEVICE_COUNTS.map((count) => {
      const perDeviceKb = median(figures.get(`memory per idle device, at ${count}`)?.[side] ?? []);
      return { x: count, y: (perDeviceKb * count) / 1_000 };
    }),
  });
  const svg = chart({
    title: 'Memory of idle TLS devices',
    x: 'devices',
    y: 'MB above an empty hub',
    lines: [line('ours'), line('reference')],
  });
  await writeFile(file, svg);
}

async function openAll(party: Party, kind: 'echo' | 'stalled', count: number): Promise<Flow[]> {
  const flows: Flow[] = [];
  for (let index = 0; index < count; index += 1) flows.push(await party.open(kind, 0));
  return flows;
}

/** Writes until there is no room any more. */
async function fill(flow: Flow): Promise<void> {
  const chunk = Buffer.alloc(64 * KIB);
  for (;;) {
    const room = flow.send(chunk);
    if (room && (await Promise.race([room, sleep(STALL_MS, 'full')])) === 'full') return;
  }
}
