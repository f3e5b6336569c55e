// Throughput of a tunnel over a long path, beside what its window allows: one window per round trip.
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { ServiceClient } from '@streams/service';
import type { Figures } from './figures.ts';
import type { ProxyParty } from './proxy-rig.ts';
import { start } from './rig.ts';
import type { Targets } from './targets.ts';

const MIB = 1_048_576;
const CHUNK = Buffer.alloc(65_536, 'streams ');
/** Until the window has found its size. */
const WARM_MS = 6_000;
const MEASURE_MS = 4_000;

/** The path of the service's leg takes `rttMs` for a round trip. Tunnels only. */
export async function longPath(figures: Figures, { strings }: ProxyParty, targets: Targets, rttMs: number): Promise<void> {
  const path = start('./delay.js', [String(rttMs / 2)]);
  const [port] = (await once(path, 'message')) as [number];
  const service = ServiceClient.fromConnectionString(strings.service, { proxy: `http://127.0.0.1:${port}` });
  const tunnel = await service.openTunnel('bench-0', { name: 'sink' });
  const channel = tunnel.openChannel();
  let stopped = false;
  const pouring = (async () => {
    while (!stopped) if (!channel.write(CHUNK)) await once(channel, 'drain');
  })();
  await sleep(WARM_MS);
  const [before, startMs] = [targets.sunkBytes, performance.now()];
  await sleep(MEASURE_MS);
  const bytesPerSecond = ((targets.sunkBytes - before) * 1_000) / (performance.now() - startMs);
  const { windowBytes, minRttMs = rttMs } = tunnel.stats();
  stopped = true;
  await pouring;
  figures.add('ours', `${rttMs} ms of round trip: throughput`, 'MB/s', bytesPerSecond / 1e6);
  figures.add('ours', `${rttMs} ms of round trip: window`, 'MiB', windowBytes / MIB);
  figures.add('ours', `${rttMs} ms of round trip: measured`, 'ms', minRttMs);
  figures.add('ours', `${rttMs} ms of round trip: of window per round trip`, '%', (bytesPerSecond * rttMs) / windowBytes / 10);
  channel.destroy();
  tunnel.destroy();
  service.destroy();
  await service.closed;
  path.kill();
  await once(path, 'exit');
}
