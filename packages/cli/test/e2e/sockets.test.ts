// Bare TCP: iperf3 in both directions and in parallel, and nc, which ends each direction by itself.
import { createHash, randomBytes } from 'node:crypto';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { createServer } from 'node:net';
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest';
import {
  CLOSE_WAIT,
  freePort,
  hashOf,
  hasSocket,
  LISTEN,
  needs,
  run,
  Scratch,
  type Server,
  startServer,
  until,
} from '../../../../test/support/programs.ts';
import { Tunnel } from './support/tunnel.ts';

const MIB = 2 ** 20;
const IPERF_BYTES = 256 * MIB;
const RUNS: readonly [name: string, flags: string[]][] = [
  ['to the device', []],
  ['from the device', ['-R']],
  ['to the device, 8 at once', ['-P', '8']],
  ['from the device, 8 at once', ['-R', '-P', '8']],
];

let scratch: Scratch;
/** One for each run: a server is busy for a moment after its client has ended. */
let iperfs: Server[];
let ncPort: number;
let tunnel: Tunnel;

beforeAll(async () => {
  scratch = await Scratch.make();
  iperfs = await Promise.all(RUNS.map(startIperf));
  ncPort = await freePort();
  const services = Object.fromEntries(iperfs.map(({ port }, run) => [`iperf${run}`, `127.0.0.1:${port}`]));
  tunnel = await Tunnel.start({ services: { ...services, nc: `127.0.0.1:${ncPort}` } });
});
afterAll(async () => {
  await tunnel?.stop();
  for (const iperf of iperfs ?? []) await iperf.stop();
  await scratch?.remove();
});

async function startIperf(): Promise<Server> {
  const port = await freePort();
  return startServer({ program: needs('/usr/bin/iperf3', 'iperf3'), args: ['-s', '-B', '127.0.0.1', '-p', `${port}`], port });
}

interface Sum {
  readonly bytes: number;
  readonly bits_per_second: number;
}

it.each(RUNS)('iperf3 %s', async (name, flags) => {
  const port = tunnel.port(`iperf${RUNS.findIndex(([other]) => other === name)}`);
  const args = ['-c', '127.0.0.1', '-p', `${port}`, '-n', `${IPERF_BYTES}`, '-J', ...flags];
  const { code, stdout } = await run('/usr/bin/iperf3', args);
  const report = JSON.parse(stdout) as { error?: string; end: { sum_sent: Sum; sum_received: Sum; streams: unknown[] } };
  expect({ code, error: report.error }).toEqual({ code: 0, error: undefined });
  const { sum_sent: sent, sum_received: received, streams } = report.end;
  expect(streams).toHaveLength(flags.includes('-P') ? 8 : 1);
  console.log(`iperf3 ${name}: ${(received.bits_per_second / 8e6).toFixed(0)} MB/s`);
  expect(sent.bytes).toBeGreaterThanOrEqual(IPERF_BYTES);
  // It ends over a connection of its own, and does not count what is then still on its way.
  expect(received.bytes).toBeLessThanOrEqual(sent.bytes);
  expect(received.bytes).toBeGreaterThan(sent.bytes / 2);
});

/** nc, which shuts its direction down when its input ends, and ends itself when both directions have. */
interface Netcat {
  send(bytes: Buffer): void;
  readonly ended: Promise<{ code: number | null; received: string }>;
}

function startNc(output: string, ...args: string[]): Netcat {
  const file = openSync(output, 'w');
  const child = spawn(needs('/bin/nc.openbsd', 'netcat-openbsd'), ['-N', ...args], { stdio: ['pipe', file, 'inherit'] });
  closeSync(file);
  onTestFinished(() => void child.kill('SIGKILL'));
  const ended = once(child, 'exit').then(async ([code]) => ({ code: code as number | null, received: await hashOf(output) }));
  // One that has ended no longer reads; what it has not taken is missing at the other end.
  child.stdin?.on('error', () => undefined);
  return { send: (bytes) => void child.stdin?.end(bytes), ended };
}

async function startNcPair(): Promise<{ client: Netcat; server: Netcat }> {
  const server = startNc(scratch.file('server'), '-l', '127.0.0.1', `${ncPort}`);
  await until('nc listens', () => hasSocket(process.pid, { state: LISTEN, local: ncPort }));
  return { server, client: startNc(scratch.file('client'), '127.0.0.1', `${tunnel.port('nc')}`) };
}

function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}

it('E4 nc -N: the device ends first, and the client sends 20 MB thereafter', async () => {
  const { client, server } = await startNcPair();
  const [first, second] = [randomBytes(100_000), randomBytes(20_000_000)];
  server.send(first);
  await until('the end arrives', () => hasSocket(process.pid, { state: CLOSE_WAIT, remote: tunnel.port('nc') }));
  client.send(second);
  expect(await client.ended).toEqual({ code: 0, received: sha256(first) });
  expect(await server.ended).toEqual({ code: 0, received: sha256(second) });
});

// A listening nc closes when its peer has ended, hence a server of our own.
it('E4 nc -N: the client ends first, and the device sends 20 MB thereafter', async () => {
  const [first, second] = [randomBytes(100_000), randomBytes(20_000_000)];
  const received: Buffer[] = [];
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on('data', (chunk: Buffer) => received.push(chunk)).on('end', () => socket.end(second));
  }).listen(ncPort, '127.0.0.1');
  onTestFinished(() => void server.close());
  await once(server, 'listening');
  const client = startNc(scratch.file('client'), '127.0.0.1', `${tunnel.port('nc')}`);
  client.send(first);
  expect(await client.ended).toEqual({ code: 0, received: sha256(second) });
  expect(sha256(Buffer.concat(received))).toBe(sha256(first));
});

it('nc -N: 20 MB from the client, and nothing back, ends both', async () => {
  const { client, server } = await startNcPair();
  const bytes = randomBytes(20_000_000);
  client.send(bytes);
  expect(await server.ended).toEqual({ code: 0, received: sha256(bytes) });
  expect(await client.ended).toMatchObject({ code: 0 });
});
