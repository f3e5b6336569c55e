// Throughput of a tunnel over a long path, beside what its window allows: one window per round trip.
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { ServiceClient } from '@streams/service';
import type { Figures } from './figures.ts';
import { type ProxyParty, startParty } from './proxy-rig.ts';
import { makeCertificate, start } from './rig.ts';
import { Targets } from './targets.ts';

const MIB = 1_048_576;
const CHUNK = Buffer.alloc(65_536, 'streams ');
/** Until the window has found its size. */
const WARM_MS = 4_000;
const MEASURE_MS = 3_000;

/** Round trip in milliseconds, channels. */
const PATHS = [
  [50, 1],
  [50, 8],
  [200, 1],
  [200, 8],
] as const;

/** All of it, on fresh processes for each round. */
export async function longPaths(figures: Figures, rounds: number): Promise<void> {
  const certificate = await makeCertificate();
  const targets = new Targets();
  await targets.listen();
  for (let round = 0; round < rounds; round += 1) {
    const party = await startParty('ours', certificate, targets);
    for (const [rttMs, channels] of PATHS) await longPath(figures, party, targets, rttMs, channels);
    await party.stop();
  }
  targets.close();
  await certificate.remove();
}

/** The path of the service's leg takes `rttMs` for a round trip; `count` channels send all they can. Tunnels only. */
async function longPath(figures: Figures, { strings }: ProxyParty, targets: Targets, rttMs: number, count: number): Promise<void> {
  const path = start('./delay.js', [String(rttMs / 2)]);
  const [port] = (await once(path, 'message')) as [number];
  const service = ServiceClient.fromConnectionString(strings.service, { proxy: `http://127.0.0.1:${port}` });
  const tunnel = await service.openTunnel('bench-0', { name: 'any' });
  const channels = Array.from({ length: count }, () => tunnel.openChannel().on('error', () => undefined));
  for (const channel of channels) {
    const more = (): void => {
      while (!channel.destroyed && channel.write(CHUNK));
    };
    channel.on('drain', more);
    more();
  }
  await sleep(WARM_MS);
  const [before, startMs] = [targets.sunkBytes, performance.now()];
  await sleep(MEASURE_MS);
  const bytesPerSecond = ((targets.sunkBytes - before) * 1_000) / (performance.now() - startMs);
  const { windowBytes, minRttMs = rttMs } = tunnel.stats();
  const name = `${rttMs} ms of round trip, ${count === 1 ? '1 channel' : `${count} channels`}`;
  figures.add('ours', `${name}: throughput`, 'MB/s', bytesPerSecond / 1e6);
  figures.add('ours', `${name}: window`, 'MiB', windowBytes / MIB);
  figures.add('ours', `${name}: round trip as measured`, 'ms', minRttMs);
  figures.add('ours', `${name}: of window per round trip`, '%', (bytesPerSecond * minRttMs) / windowBytes / 10);
  tunnel.destroy();
  service.destroy();
  await service.closed;
  path.kill();
  await once(path, 'exit');
}
