// `npm run storm -- [--devices 18000] [--svg FILE]`: all devices connect at once, half of them drop at once, and the hub is killed; how long each lasts.
// Exit code 1 if a target of docs/reliability.md is missed.
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { DeviceClient } from '@streams/device';
import { ServiceClient } from '@streams/service';
import { Canary } from '@streams/testkit';
import { chart } from './chart.ts';
import { deviceString, fillRegistry } from './fleet-keys.ts';
import { Fleets, killAll } from './fleets.ts';
import { exitOnSignals, makeCertificate, NODE_FLAGS, residentBytes, start } from './rig.ts';
import { stallOf } from './stalls.ts';
import type { StormHubReady } from './storm-hub.ts';

const { values } = parseArgs({ options: { devices: { type: 'string', default: '18000' }, svg: { type: 'string' } } });
const devices = Number(values.devices);
const SETTLE_MS = 3_000;
/** For what is under way while everybody goes: it is to come back, however late. */
const CANARY_MS = 30_000;
const SAMPLE_MS = 250;
const TARGETS = { memoryKbPerDevice: 60, backMs: 60_000, stallRatio: 1.3 };

/** A hub that runs. */
interface RunningHub extends StormHubReady {
  readonly child: ChildProcess;
}

const missed: string[] = [];
exitOnSignals();
const dataDirectory = await mkdtemp(join(tmpdir(), 'streams-storm-'));
await fillRegistry(dataDirectory, devices + 1);
let hub = await startHub(0);
const device = deviceString(hub.service);
const ends = { device: DeviceClient.fromConnectionString(device), service: ServiceClient.fromConnectionString(hub.service) };
const canary = await startCanary();
const fleets = new Fleets(device);

await connectStorm();
const calm = await dropBeside();
await killAndRecover();
const again = await dropBeside();
// Two of each, apart from each other: a machine is not always equally fast.
judge('stall, of that of a bare ws server', (calm.oursMs + again.oursMs) / (calm.bareMs + again.bareMs), TARGETS.stallRatio);
await fleets.drop(devices);
const wrong = await canary.failure(CANARY_MS);
console.log(`canary: ${wrong ?? 'every byte'}`);
if (wrong !== undefined) missed.push(`canary: ${wrong}`);
await Promise.all([ends.service.close(), ends.device.close()]);
hub.child.kill('SIGKILL');
await rm(dataDirectory, { recursive: true });
console.log(missed.length === 0 ? 'storm: all targets met' : `storm: MISSED ${missed.join(', ')}`);
process.exit(missed.length === 0 ? 0 : 1);

async function startCanary(): Promise<Canary> {
  ends.device.onStreamRequest(async (request) => {
    const stream = await request.accept();
    stream.pipe(stream);
  });
  await ends.device.connect();
  return new Canary(await ends.service.createStream('bench-0', { resume: 'required' }));
}

async function connectStorm(): Promise<void> {
  const emptyBytes = await residentBytes(Number(hub.child.pid));
  const startMs = performance.now();
  fleets.launch(devices);
  await fleets.reaches('connected', devices);
  const tookMs = performance.now() - startMs;
  await sleep(SETTLE_MS);
  const perDeviceKb = ((await residentBytes(Number(hub.child.pid))) - emptyBytes) / devices / 1_000;
  const rate = devices / (tookMs / 1_000);
  console.log(
    `${devices} devices connect in ${seconds(tookMs)}, ${rate.toFixed(0)} a second; ${perDeviceKb.toFixed(1)} KB each; ${noticed()}`,
  );
  judge('memory of a device, KB', perDeviceKb, TARGETS.memoryKbPerDevice);
}

/** Half of the devices vanish in one moment; then half of as many bare WebSockets of another server, in as many processes. */
async function dropBeside(): Promise<{ oursMs: number; bareMs: number }> {
  await stallOf(hub.child);
  canary.worstMs();
  const { sizes } = fleets;
  const dropped = await fleets.drop(devices / 2);
  await sleep(SETTLE_MS);
  const oursMs = await stallOf(hub.child);
  const waited = noticed();
  const bareMs = await bareDrop(sizes, sizes.length - fleets.sizes.length);
  console.log(`${dropped} drop at once: stall ${oursMs.toFixed(0)} ms, that of a bare ws server ${bareMs.toFixed(0)} ms; ${waited}`);
  return { oursMs, bareMs };
}

/** @param sizes How many WebSockets each process has. @param gone How many of the processes vanish. */
async function bareDrop(sizes: readonly number[], gone: number): Promise<number> {
  const certificate = await makeCertificate();
  const relay = start('./reference/sockets.js', [certificate.key, certificate.cert], NODE_FLAGS);
  const [port] = (await once(relay, 'message')) as [number];
  const swarms = sizes.map(() => start('./swarm.js', [certificate.cert, `wss://127.0.0.1:${port}`]));
  for (const [index, swarm] of swarms.entries()) swarm.send({ from: 0, to: Number(sizes[index]) });
  await Promise.all(swarms.map((swarm) => once(swarm, 'message')));
  await sleep(SETTLE_MS);
  await stallOf(relay);
  await killAll(swarms.splice(-gone));
  await sleep(SETTLE_MS);
  const stallMs = await stallOf(relay);
  await killAll([relay, ...swarms]);
  await certificate.remove();
  return stallMs;
}

async function killAndRecover(): Promise<void> {
  fleets.launch(devices);
  await fleets.reaches('connected', devices);
  await sleep(SETTLE_MS);
  canary.worstMs();
  const points: { x: number; y: number }[] = [];
  const startMs = performance.now();
  const sampling = setInterval(() => points.push({ x: (performance.now() - startMs) / 1_000, y: fleets.count('connected') }), SAMPLE_MS);
  await killAll([hub.child]);
  // At once, as a supervisor does it: many devices do not know yet.
  hub = await startHub(hub.port);
  const readyMs = performance.now() - startMs;
  await fleets.reaches('returned', devices * 0.95);
  const back95Ms = performance.now() - startMs;
  await fleets.reaches('returned', devices);
  const backMs = performance.now() - startMs;
  clearInterval(sampling);
  console.log(`kill -9: ready after ${seconds(readyMs)}, 95 % back after ${seconds(back95Ms)}, all after ${seconds(backMs)}; ${noticed()}`);
  judge('all back, ms', backMs, TARGETS.backMs);
  if (values.svg === undefined) return;
  const svg = chart({
    title: `${devices} devices after a kill -9 of the hub`,
    x: 'seconds',
    y: 'devices connected',
    lines: [{ name: 'connected', points }],
  });
  await writeFile(values.svg, svg);
}

async function startHub(port: number): Promise<RunningHub> {
  const child = start('./storm-hub.js', [dataDirectory, String(port)], NODE_FLAGS);
  const [ready] = (await once(child, 'message')) as [StormHubReady];
  return { child, ...ready };
}

function noticed(): string {
  return `the canary waited ${canary.worstMs().toFixed(0)} ms at most`;
}

function judge(what: string, value: number, most: number): void {
  if (value > most) missed.push(`${what}: ${value.toFixed(2)}, not ${most}`);
}

function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`;
}
