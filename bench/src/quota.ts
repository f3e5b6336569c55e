// What a hub with its default limits carries, beside the published quota of Azure's device streams: 50 at once, 5 new per second, 300 MB a day.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Figures } from './figures.ts';
import { ours, type Flow, type Party } from './party.ts';
import { type Rig, residentBytes } from './rig.ts';

const MIB = 1_048_576;
const DAY_S = 86_400;
const STREAMS = 2_500;
const AT_ONCE = 32;
const TRANSFER_BYTES = 1_024 * MIB;
const SETTLE_MS = 2_000;

/** Of Azure IoT Hub's preview. */
const QUOTA = { streams: 50, newPerSecond: 5, gigabytesPerDay: 0.3 };

/** Opens many streams, uses each, keeps them open, then sends as much as one of them takes. */
export async function beyondQuota(figures: Figures, rig: Rig): Promise<void> {
  const party = ours(rig, 'off');
  const before = await residentBytes(party.pids.relay);
  const startMs = performance.now();
  const flows = await openMany(party);
  const seconds = (performance.now() - startMs) / 1_000;
  await sleep(SETTLE_MS);
  const memory = (await residentBytes(party.pids.relay)) - before;
  // All of them still carry, in both directions.
  for (const flow of flows) await roundTrip(flow);
  add(figures, 'streams at once', '', flows.length, QUOTA.streams);
  add(figures, 'new streams per second, while they are kept open', '/s', flows.length / seconds, QUOTA.newPerSecond);
  figures.add('ours', 'memory of the hub for each', 'KiB', memory / flows.length / 1_024);
  const bytesPerSecond = await transfer(party);
  add(figures, 'one stream, for a day', 'GB', (bytesPerSecond * DAY_S) / 1e9, QUOTA.gigabytesPerDay);
  await Promise.all(flows.map((flow) => flow.cut()));
  await party.stop();
}

function add(figures: Figures, name: string, unit: string, value: number, quota: number): void {
  figures.add('ours', name, unit, value);
  figures.add('reference', name, unit, quota);
}

async function openMany(party: Party): Promise<Flow[]> {
  const flows: Flow[] = [];
  let left = STREAMS;
  const worker = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      const flow = await party.open('echo', 0);
      await roundTrip(flow);
      flows.push(flow);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return flows;
}

async function roundTrip(flow: Flow): Promise<void> {
  const echoed = flow.echoed();
  void flow.send(Buffer.from('streams '));
  await echoed;
}

/** Bytes per second. */
async function transfer(party: Party): Promise<number> {
  const flow = await party.open('sink', TRANSFER_BYTES);
  const chunk = Buffer.alloc(65_536, 'streams ');
  const startMs = performance.now();
  for (let sent = 0; sent < TRANSFER_BYTES; sent += chunk.length) await flow.send(chunk);
  await flow.confirmed();
  const seconds = (performance.now() - startMs) / 1_000;
  await flow.close();
  return TRANSFER_BYTES / seconds;
}
