// Measurements on connections: how long until one is there, how fast bytes go, how long a small message takes.
import { type Figures, quantile } from './figures.ts';
import type { Flow, Party } from './party.ts';
import { cpuSeconds } from './rig.ts';

/** Which of the two is measured. */
export type Side = 'ours' | 'reference';

const KIB = 1_024;
const MIB = 1_048_576;
const GIB = 1_073_741_824;
const MESSAGE = Buffer.alloc(64, 'streams ');
const HANDSHAKES = 200;
const ROUND_TRIPS = 5_000;
/** Bytes of a transfer by the size of its writes: about a second's worth. */
const TRANSFER_BYTES: Readonly<Record<number, number>> = { 64: 16 * MIB, [KIB]: 128 * MIB, [64 * KIB]: 512 * MIB };

/** Time of each handshake, and how many go per second, `concurrency` at once, on warm connections. */
export async function handshakes(figures: Figures, side: Side, party: Party, concurrency: number): Promise<void> {
  const times: number[] = [];
  const before = await cpu(party);
  const startMs = performance.now();
  let left = HANDSHAKES * (concurrency === 1 ? 1 : 5);
  const count = left;
  const worker = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      const beganMs = performance.now();
      const flow = await party.handshake();
      times.push(performance.now() - beganMs);
      await flow.close();
    }
  };
  await Promise.all(Array.from({ length: concurrency }, worker));
  const seconds = (performance.now() - startMs) / 1_000;
  const after = await cpu(party);
  figures.add(side, `createStream, ${concurrency} at once, p50`, 'ms', quantile(times, 0.5));
  figures.add(side, `createStream, ${concurrency} at once, p99`, 'ms', quantile(times, 0.99));
  figures.add(side, `createStream, ${concurrency} at once, opened and closed`, '/s', count / seconds);
  for (const who of ['hub', 'device', 'service'] as const) {
    figures.add(side, `createStream, ${concurrency} at once, CPU of the ${who}`, 'ms', ((after[who] - before[who]) * 1_000) / count);
  }
}

/** Bytes per second over `streams` streams together, and the CPU that each process needs for a GiB. */
export async function throughput(figures: Figures, side: Side, party: Party, streams: number, writeBytes: number): Promise<void> {
  const bytes = (TRANSFER_BYTES[writeBytes] ?? MIB) / streams;
  const flows = await openAll(party, streams, bytes);
  const before = await cpu(party);
  const startMs = performance.now();
  await Promise.all(flows.map((flow) => transfer(flow, bytes, writeBytes)));
  const seconds = (performance.now() - startMs) / 1_000;
  const after = await cpu(party);
  await Promise.all(flows.map((flow) => flow.close()));
  const name = `${streams} stream${streams === 1 ? '' : 's'}, writes of ${size(writeBytes)}`;
  figures.add(side, name, 'MB/s', (bytes * streams) / seconds / 1e6);
  for (const who of ['hub', 'device', 'service'] as const) {
    figures.add(side, `${name}: CPU of the ${who} per GiB`, 's', ((after[who] - before[who]) * GIB) / (bytes * streams));
  }
}

/** Round trips of 64 bytes, alone or beside a stream that takes all it can get. */
export async function roundTrips(figures: Figures, side: Side, party: Party, beside: boolean): Promise<void> {
  const flow = await party.open('echo', 0);
  const busy = beside ? await saturate(party) : undefined;
  const times: number[] = [];
  for (let index = 0; index < (beside ? ROUND_TRIPS / 10 : ROUND_TRIPS); index += 1) {
    const startMs = performance.now();
    const echoed = flow.echoed();
    void flow.send(MESSAGE);
    await echoed;
    times.push(performance.now() - startMs);
  }
  await busy?.();
  await flow.close();
  const name = `round trip of 64 bytes, ${beside ? 'beside a saturating stream' : 'idle'}`;
  for (const part of [0.5, 0.99]) figures.add(side, `${name}, p${part * 100}`, 'ms', quantile(times, part));
}

/** Sends without an end; gives the way to end it. */
async function saturate(party: Party): Promise<() => Promise<void>> {
  const flow = await party.open('sink', Number.MAX_SAFE_INTEGER);
  const chunk = Buffer.alloc(64 * KIB);
  let stopped = false;
  const sending = (async () => {
    while (!stopped) await (flow.send(chunk) ?? new Promise(setImmediate));
  })();
  return async () => {
    stopped = true;
    await sending;
    await flow.cut();
  };
}

async function transfer(flow: Flow, bytes: number, writeBytes: number): Promise<void> {
  const chunk = Buffer.alloc(writeBytes, 'streams ');
  for (let left = bytes; left > 0; left -= writeBytes) {
    const room = flow.send(chunk);
    if (room) await room;
  }
  await flow.confirmed();
}

async function openAll(party: Party, count: number, bytes: number): Promise<Flow[]> {
  return await Promise.all(Array.from({ length: count }, () => party.open('sink', bytes)));
}

async function cpu({ pids }: Party): Promise<Record<'hub' | 'device' | 'service', number>> {
  return { hub: await cpuSeconds(pids.relay), device: await cpuSeconds(pids.far), service: await cpuSeconds(process.pid) };
}

function size(bytes: number): string {
  return bytes < KIB ? `${bytes} B` : `${bytes / KIB} KiB`;
}
