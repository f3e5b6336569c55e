// `npm run chaos -- [--minutes 10] [--seed N]`: sessions under fire. Legs are cut, the hub is killed each second, readers stall; every
// byte is compared. Exit code 1 if one differs, a stream fails, or more is kept for a replay than the window and one message.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { createServer } from 'node:net';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { MAX_SESSION_MESSAGE_BYTES, type Random, systemRandom } from '@streams/protocol/internal';
import { FaultProxy, seededRandom } from '@streams/testkit';
import { cutAtRandom, type Harm, wait } from './cuts.ts';
import { HubProcess } from './hub-process.ts';
import { Lanes, type Passage } from './lanes.ts';

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '10' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
  },
});

/** Replay windows; each has a device, a tunnel of 8 channels, and a plain stream. */
const WINDOWS = [65_536, 1_048_576, 8_388_608];
const CHANNELS = 8;
const TRAFFIC = { maxSliceBytes: 100_000, maxStallMs: 400 };
const RHYTHM = { minMs: 20, maxMs: 500, cutsPerStall: 10, maxStallMs: 400 };
const KILL_EVERY_MS = 1_000;
/** Back-offs as they are, but shorter: a hub that is killed each second would never see a device whose wait has doubled to 30 s. */
const HASTE = 0.02;

const random = seededRandom(Number(values.seed));
const hasty: Random = { bytes: (count) => systemRandom.bytes(count), uniform: () => random.uniform() * HASTE };
const dataDirectory = await mkdtemp(join(tmpdir(), 'streams-chaos-'));
const hubPort = await freePort();
const network = await FaultProxy.listen({ port: hubPort, random });
const hub = await HubProcess.start({ dataDirectory, devices: WINDOWS.length, port: hubPort, legsPort: network.port });
const harm: Harm = { cuts: 0, stalls: 0 };
let passed = true;
console.log(`seed ${values.seed}, ${values.minutes} minutes`);

const lanes = await Promise.all(
  WINDOWS.map((maxReplayBytes, index) =>
    Lanes.open({
      deviceId: `chaos-${index}`,
      device: hub.ready.devices[index] ?? '',
      service: hub.ready.service,
      settings: { random: hasty, maxReplayBytes },
      channels: CHANNELS,
      traffic: TRAFFIC,
      random,
    }),
  ),
);

const peaks = WINDOWS.map(() => 0);
let rss = 0;
const sampling = setInterval(() => {
  for (const [index, { tunnels }] of lanes.entries()) {
    for (const tunnel of tunnels) peaks[index] = Math.max(peaks[index] ?? 0, tunnel.stats().retainedBytes);
  }
  rss = Math.max(rss, process.memoryUsage.rss());
}, 5);
const progress = setInterval(report, 10_000);

const over = new AbortController();
const fire = Promise.all([cutAtRandom(network, random, RHYTHM, harm, over.signal), killHubs(over.signal)]);
try {
  await Promise.race([wait(Number(values.minutes) * 60_000, over.signal), ...lanes.map((lane) => lane.failed)]);
  console.log('ends');
  for (const passages of await Promise.all(lanes.map((lane) => lane.finish()))) passages.forEach(compare);
} catch (error) {
  failed('a stream has failed', error);
}
over.abort();
await fire;
clearInterval(sampling);
clearInterval(progress);
report();
if (passed) {
  for (const errors of await Promise.all(lanes.map((lane) => lane.close()))) if (errors.length > 0) failed('a tunnel has not ended cleanly', errors);
} else for (const lane of lanes) lane.destroy();
for (const [index, window] of WINDOWS.entries()) {
  const most = window + MAX_SESSION_MESSAGE_BYTES;
  if ((peaks[index] ?? 0) > most) failed(`kept for a replay: ${peaks[index]} bytes, at most ${most}`);
}
await hub.kill();
await network.close();
await rm(dataDirectory, { recursive: true });
console.log(passed ? 'chaos: all as it should be' : `chaos: FAILED (seed ${values.seed})`);
process.exitCode = passed ? 0 : 1;

async function killHubs(signal: AbortSignal): Promise<void> {
  for (;;) {
    await wait(KILL_EVERY_MS, signal);
    if (signal.aborted) return;
    await hub.restart();
  }
}

function compare({ name, sent, received }: Passage): void {
  if (sent.sha256 !== received.sha256) failed(`${name}: ${sent.bytes} bytes were sent, ${received.bytes} received, and they DIFFER`);
}

function failed(what: string, error?: unknown): void {
  passed = false;
  console.log(what, error ?? '');
}

function report(): void {
  const tunnels = lanes.flatMap((lane) => lane.tunnels);
  const sum = (figure: 'resumes' | 'bytesReceived'): number => tunnels.reduce((total, tunnel) => total + tunnel.stats()[figure], 0);
  const mib = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(1)} MiB`;
  console.log(
    `${harm.cuts} cuts, ${harm.stalls} stalls, ${hub.kills} hub kills, ${sum('resumes') / 2} resumes of tunnels, ${mib(sum('bytesReceived'))}, kept at most ${peaks.map(mib).join(', ')}, RSS ${mib(rss)}`,
  );
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
