// `npm run bench`: three figures, each beside its reference in the same run, interleaved, medians of the rounds.
//   node dist/main.js [--rounds 4] [--mib 512]
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { ServiceClient } from '@streams/service';
import { generate } from 'selfsigned';
import { WebSocket } from 'ws';
import { bareHandshakes, bareRoundTrips, bareThroughput, handshakes, quantile, roundTrips, throughput } from './measure.ts';

const { values } = parseArgs({ options: { rounds: { type: 'string', default: '4' }, mib: { type: 'string', default: '512' } } });
const bytes = Number(values.mib) * 2 ** 20;
/** For the hub and for the reference alike; docs/performance.md says what it does. */
const NODE_FLAGS = ['--no-concurrent-array-buffer-sweeping'];
const HANDSHAKES = 200;
const ROUND_TRIPS = 5_000;

const directory = await mkdtemp(join(tmpdir(), 'streams-bench-'));
const tls = await certificate();
const hub = start('./hub.js', [tls.key, tls.cert, tls.cert], NODE_FLAGS);
const [strings] = (await once(hub, 'message')) as [{ device: string; service: string }];
const relay = start('./reference/relay.js', [tls.key, tls.cert], NODE_FLAGS);
const [port] = (await once(relay, 'message')) as [number];
const peer = start('./peer.js', [strings.device, tls.cert]);
await once(peer, 'message');
const service = ServiceClient.fromConnectionString(strings.service);

const figures: Record<'handshake' | 'throughput' | 'roundTrip', { ours: number[]; reference: number[] }> = {
  handshake: { ours: [], reference: [] },
  throughput: { ours: [], reference: [] },
  roundTrip: { ours: [], reference: [] },
};
// The first round warms every process up and is not counted; who goes first changes with every round.
for (let round = 0; round <= Number(values.rounds); round += 1) {
  if (round === 1) for (const figure of Object.values(figures)) figure.ours.length = figure.reference.length = 0;
  await inTurn(
    round,
    async () => figures.handshake.ours.push(...(await handshakes(service, HANDSHAKES))),
    async () => figures.handshake.reference.push(...(await bareHandshakes(alone, HANDSHAKES))),
  );
  await inTurn(
    round,
    async () => figures.throughput.ours.push(await throughput(service, bytes)),
    async () => figures.throughput.reference.push(await withPeer('sink', (socket) => bareThroughput(socket, bytes))),
  );
  await inTurn(
    round,
    async () => figures.roundTrip.ours.push(quantile(await roundTrips(service, ROUND_TRIPS), 0.5)),
    async () => figures.roundTrip.reference.push(quantile(await withPeer('echo', (socket) => bareRoundTrips(socket, ROUND_TRIPS)), 0.5)),
  );
}
report();
await service.close();
for (const child of [hub, relay, peer]) child.kill();
await rm(directory, { recursive: true });

function report(): void {
  const { handshake, throughput: rate, roundTrip } = figures;
  const ms = (value: number): string => `${value.toFixed(2)} ms`;
  const mb = (value: number): string => `${(value / 1e6).toFixed(0)} MB/s`;
  const line = (name: string, ours: string, reference: string, ratio: number): void =>
    console.log(`${name.padEnd(30)}${ours.padStart(12)}${reference.padStart(14)}${ratio.toFixed(2).padStart(8)}`);
  console.log(
    `Node ${process.version}, bufferutil ${bufferutil()}, TLS on both legs, ${values.mib} MiB, medians of ${values.rounds} rounds`,
  );
  console.log(`${''.padEnd(30)}${'ours'.padStart(12)}${'reference'.padStart(14)}${'ratio'.padStart(8)}`);
  for (const part of [0.5, 0.99]) {
    const [ours, reference] = [quantile(handshake.ours, part), quantile(handshake.reference, part)];
    line(`createStream p${part * 100} (1 bare leg)`, ms(ours), ms(reference), ours / reference);
  }
  const [ours, reference] = [quantile(rate.ours, 0.5), quantile(rate.reference, 0.5)];
  line('throughput, one stream', mb(ours), mb(reference), ours / reference);
  const [trip, bareTrip] = [quantile(roundTrip.ours, 0.5), quantile(roundTrip.reference, 0.5)];
  line('round trip, 64 bytes', ms(trip), ms(bareTrip), trip / bareTrip);
}

async function inTurn(round: number, ours: () => Promise<unknown>, reference: () => Promise<unknown>): Promise<void> {
  for (const measure of round % 2 === 0 ? [ours, reference] : [reference, ours]) await measure();
}

function start(file: string, args: readonly string[], flags: readonly string[] = []): ChildProcess {
  return fork(fileURLToPath(new URL(file, import.meta.url)), args, { execArgv: [...flags] });
}

/** A bare WebSocket that waits at the reference relay. */
async function alone(): Promise<WebSocket> {
  const socket = new WebSocket(`wss://127.0.0.1:${port}`, { ca: tls.ca, perMessageDeflate: false });
  await once(socket, 'open');
  return socket;
}

/** Runs `action` on a bare WebSocket whose far side is at the reference relay too. */
async function withPeer<T>(kind: 'echo' | 'sink', action: (socket: WebSocket) => Promise<T>): Promise<T> {
  const socket = await alone();
  peer.send({ url: `wss://127.0.0.1:${port}`, kind, bytes });
  await once(peer, 'message');
  const result = await action(socket);
  socket.close();
  await once(socket, 'close');
  return result;
}

async function certificate(): Promise<{ key: string; cert: string; ca: string }> {
  const extensions = [{ name: 'subjectAltName' as const, altNames: [{ type: 7 as const, ip: '127.0.0.1' }] }];
  const pair = await generate([{ name: 'commonName', value: 'bench' }], { keyType: 'ec', algorithm: 'sha256', extensions });
  const [key, cert] = [join(directory, 'key.pem'), join(directory, 'cert.pem')];
  await writeFile(key, pair.private);
  await writeFile(cert, pair.cert);
  return { key, cert, ca: pair.cert };
}

function bufferutil(): string {
  try {
    createRequire(import.meta.url)('bufferutil');
    return 'loaded';
  } catch {
    return 'absent';
  }
}
