// What it costs the hub to be scraped by Prometheus.
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { Agent, get, type RequestOptions } from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Figures } from './figures.ts';
import { cpuSeconds, type Rig } from './rig.ts';

const SCRAPES = 200;
const WARM_UP = 20;

/** CPU of one scrape, all threads, over a connection that is kept, as Prometheus does it. */
export async function scrapes(figures: Figures, rig: Rig, devices: number): Promise<void> {
  const pid = Number(rig.hub.pid);
  const { hostname, port } = new URL(rig.strings.url);
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const target = { hostname, port, path: '/metrics', ca: rig.ca, agent };
  for (let count = 0; count < WARM_UP; count += 1) await scrape(target);
  const [beganMs, began] = [performance.now(), await cpuSeconds(pid)];
  for (let count = 0; count < SCRAPES; count += 1) await scrape(target);
  const [tookMs, ended] = [performance.now() - beganMs, await cpuSeconds(pid)];
  // What the devices cost meanwhile.
  await sleep(tookMs);
  const seconds = ended - began - ((await cpuSeconds(pid)) - ended);
  figures.add('ours', `CPU of a scrape, at ${devices} devices`, 'ms', (seconds / SCRAPES) * 1_000);
  agent.destroy();
}

async function scrape(target: RequestOptions): Promise<void> {
  const [response] = (await once(get(target), 'response')) as [IncomingMessage];
  const text = (await response.toArray()).join('');
  if (response.statusCode !== 200) throw new Error(`the hub answered ${response.statusCode}: ${text}`);
}
