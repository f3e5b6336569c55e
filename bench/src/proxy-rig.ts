// The processes of the proxies' bench: hub, device end and service end, of each side its own; this process is the local programs.
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { type Usage, usageOf } from './probe.ts';
import { type Certificate, NODE_FLAGS, start } from './rig.ts';
import type { Targets } from './targets.ts';
import type { HubReady } from './hub.ts';
import type { Side } from './transfers.ts';

/** The three that are measured. */
export const ENDS = ['hub', 'device', 'service'] as const;
/** What each of {@link ENDS} has used. */
export type Usages = Readonly<Record<(typeof ENDS)[number], Usage>>;

/** One side: tunnels, or a stream for each connection. */
export interface ProxyParty {
  /** The local port of the service's proxy. */
  readonly port: number;
  readonly strings: HubReady;
  usages(collect?: 'collect'): Promise<Usages>;
  stop(): Promise<void>;
}

/** Starts the three processes of a side. */
export async function startParty(side: Side, { key, cert }: Certificate, targets: Targets): Promise<ProxyParty> {
  // Those with which the command `streams` runs every process.
  const flags = [...NODE_FLAGS, '--expose-gc'];
  const hub = start('./hub.js', [key, cert, '1'], flags);
  const [strings] = (await once(hub, 'message')) as [HubReady];
  const mode = side === 'ours' ? 'tunnels' : 'streams';
  const device = start('./proxy-device.js', [mode, targets.address], flags, strings.device);
  await once(device, 'message');
  const service = start('./proxy-service.js', [], flags, strings.service);
  const [port] = (await once(service, 'message')) as [number];
  const children: Readonly<Record<(typeof ENDS)[number], ChildProcess>> = { hub, device, service };
  return {
    port,
    strings,
    usages: async (collect) => ({
      hub: await usageOf(hub, collect),
      device: await usageOf(device, collect),
      service: await usageOf(service, collect),
    }),
    stop: async () => {
      const exits = ENDS.map((end) => once(children[end], 'exit'));
      for (const end of ENDS) children[end].kill();
      await Promise.all(exits);
    },
  };
}

/** CPU that the three together have used from one to the other, in milliseconds. */
export function cpuMsBetween(before: Usages, after: Usages): number {
  return ENDS.reduce((sum, end) => sum + after[end].cpuMs - before[end].cpuMs, 0);
}
