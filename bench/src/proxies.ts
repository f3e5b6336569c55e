// Measurements of TCP connections through the proxies: new ones, idle ones, bulk, small messages beside it, and who never reads.
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Figures, inTurn, quantile } from './figures.ts';
import { cpuMsBetween, ENDS, type ProxyParty, startParty } from './proxy-rig.ts';
import { makeCertificate } from './rig.ts';
import { dial, dialSource, dialStalled, draw, exchange, pour, Targets, visit } from './targets.ts';
import type { Side } from './transfers.ts';

const KIB = 1_024;
const MIB = 1_048_576;
const GIB = 1_073_741_824;
/** One after the other; four times as many at once. */
const CONNECTIONS: Readonly<Record<Side, number>> = { ours: 1_500, reference: 250 };
const IDLE = 500;
const BULK_BYTES = 512 * MIB;
const STALLED = 20;
const ECHOES = 400;
const ECHO_PAUSE_MS = 3;
/** Until timers of what came before have run, and a stalled connection is full. */
const SETTLE_MS = 1_000;

type Measure = (figures: Figures, side: Side, party: ProxyParty, targets: Targets) => Promise<void>;

const MEASURES: readonly Measure[] = [
  idleConnections,
  warmUp,
  (figures, side, party) => newConnections(figures, side, party, 1),
  (figures, side, party) => newConnections(figures, side, party, 32),
  bulk,
  company,
];

/** Connections to an echo, `concurrency` at once: how many go per second, and the CPU of each. */
export async function newConnections(figures: Figures, side: Side, party: ProxyParty, concurrency: number): Promise<void> {
  const count = CONNECTIONS[side] * (concurrency === 1 ? 1 : 4);
  let left = count;
  const before = await party.usages();
  const startMs = performance.now();
  const worker = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      await visit(party.port);
    }
  };
  await Promise.all(Array.from({ length: concurrency }, worker));
  const elapsedMs = performance.now() - startMs;
  const after = await party.usages();
  figures.add(side, `connections, ${concurrency} at once`, '/s', (count * 1_000) / elapsedMs);
  figures.add(side, `connections, ${concurrency} at once: CPU of the three, each`, 'ms', cpuMsBetween(before, after) / count);
  for (const end of ENDS) {
    const cpuMs = after[end].cpuMs - before[end].cpuMs;
    figures.add(side, `connections, ${concurrency} at once: CPU of the ${end}, each`, 'ms', cpuMs / count);
  }
}

/** Code that has run but a hundred times is slow; in a hub and its proxies it has run for long. */
async function warmUp(_figures: Figures, side: Side, { port }: ProxyParty): Promise<void> {
  for (let left = CONNECTIONS[side]; left > 0; left -= 32) await Promise.all(Array.from({ length: 32 }, () => visit(port)));
}

/** Memory that each idle connection costs, after a collection. */
export async function idleConnections(figures: Figures, side: Side, party: ProxyParty): Promise<void> {
  // What is made once, whatever the number: a tunnel, and code that has run.
  for (let index = 0; index < IDLE; index += 1) await visit(party.port);
  await sleep(SETTLE_MS);
  const before = await party.usages('collect');
  const sockets: Socket[] = [];
  for (let index = 0; index < IDLE; index += 1) {
    const socket = await dial(party.port);
    await exchange(socket);
    sockets.push(socket);
  }
  await sleep(SETTLE_MS);
  const after = await party.usages('collect');
  for (const end of ENDS) {
    const resident = after[end].residentBytes - before[end].residentBytes;
    const live = after[end].liveBytes - before[end].liveBytes;
    figures.add(side, `idle connection, resident on the ${end}`, 'KiB', resident / IDLE / KIB);
    figures.add(side, `idle connection, heap and buffers on the ${end}`, 'KiB', live / IDLE / KIB);
  }
  await Promise.all(sockets.map((socket) => closeOf(socket.resume().end())));
}

/** CPU and speed of bulk, to the device and from it. */
export async function bulk(figures: Figures, side: Side, party: ProxyParty): Promise<void> {
  const ways = {
    'to the device': async () => {
      const socket = await dial(party.port);
      pour(socket.resume(), BULK_BYTES);
      await closeOf(socket);
    },
    'from the device': async () => draw(await dialSource(party.port), BULK_BYTES),
  };
  for (const [way, transfer] of Object.entries(ways)) {
    const before = await party.usages();
    const startMs = performance.now();
    await transfer();
    const seconds = (performance.now() - startMs) / 1_000;
    const after = await party.usages();
    figures.add(side, `bulk ${way}`, 'MB/s', BULK_BYTES / seconds / 1e6);
    figures.add(side, `bulk ${way}: CPU of the three per GiB`, 's', ((cpuMsBetween(before, after) / 1_000) * GIB) / BULK_BYTES);
  }
}

/** 64 bytes there and back: alone, beside bulk each way, and with that beside connections that nobody reads. */
export async function company(figures: Figures, side: Side, { port }: ProxyParty, targets: Targets): Promise<void> {
  const echo = await dial(port);
  await measureEcho(figures, side, echo, 'alone');
  const up = await dial(port);
  pour(up.resume(), Infinity);
  await measureEcho(figures, side, echo, 'beside bulk to the device');
  figures.add(side, 'bulk to the device beside an echo', 'MB/s', await rate(targets));
  const stalled = await stall(port);
  await measureEcho(figures, side, echo, `beside bulk and ${STALLED} stalled`);
  figures.add(side, `bulk to the device beside ${STALLED} stalled`, 'MB/s', await rate(targets));
  await resetAll([up, ...stalled]);
  const down = (await dialSource(port)).resume();
  await measureEcho(figures, side, echo, 'beside bulk from the device');
  await resetAll([down, echo]);
}

async function measureEcho(figures: Figures, side: Side, echo: Socket, beside: string): Promise<void> {
  const times: number[] = [];
  await sleep(SETTLE_MS);
  for (let index = 0; index < ECHOES; index += 1) {
    const startMs = performance.now();
    await exchange(echo);
    times.push(performance.now() - startMs);
    await sleep(ECHO_PAUSE_MS);
  }
  for (const part of [0.5, 0.99]) figures.add(side, `echo of 64 bytes ${beside}, p${part * 100}`, 'ms', quantile(times, part));
}

/** Half of them are not read by the device's program, half not by the service's. */
async function stall(port: number): Promise<Socket[]> {
  const sockets: Socket[] = [];
  for (let index = 0; index < STALLED / 2; index += 1) {
    const up = await dialStalled(port);
    pour(up, Infinity);
    sockets.push(up, (await dialSource(port)).pause());
  }
  return sockets;
}

async function rate(targets: Targets): Promise<number> {
  const [before, startMs] = [targets.sunkBytes, performance.now()];
  await sleep(SETTLE_MS);
  return (targets.sunkBytes - before) / (performance.now() - startMs) / 1_000;
}

async function resetAll(sockets: readonly Socket[]): Promise<void> {
  await Promise.all(sockets.map((socket) => closeOf(socket.resetAndDestroy())));
}

async function closeOf(socket: Socket): Promise<void> {
  if (!socket.closed) await once(socket, 'close');
}

/** All of it, on fresh processes of each side in turn. */
export async function proxies(figures: Figures, rounds: number): Promise<void> {
  const certificate = await makeCertificate();
  const targets = new Targets();
  await targets.listen();
  for (let round = 0; round < rounds; round += 1) {
    const parties: [Side, ProxyParty][] = [];
    for (const side of ['ours', 'reference'] as const) parties.push([side, await startParty(side, certificate, targets)]);
    for (const measure of MEASURES)
      await inTurn(
        round,
        parties.map(
          ([side, party]) =>
            () =>
              measure(figures, side, party, targets),
        ),
      );
    for (const [, party] of parties) await party.stop();
  }
  targets.close();
  await certificate.remove();
}
