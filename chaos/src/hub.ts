// The hub's process: with the data of the one before it, on the same port; legs are dialled through the bad network.
import { createHub, openRegistry } from '@streams/hub';
import { health } from './health.ts';

/** What the process tells once it listens. */
export interface HubReady {
  readonly devices: readonly string[];
  readonly service: string;
  readonly port: number;
}

const [dataDirectory = '', port = '0', devices = '1', legsPort = ''] = process.argv.slice(2);
const registry = await openRegistry({ dataDirectory });
const hub = createHub({
  hostNames: ['127.0.0.1'],
  tls: { dataDirectory },
  // The same with each start: nobody is to notice that it is another process.
  policies: [{ name: 'chaos', keys: [Buffer.alloc(32, 1).toString('base64')], permissions: ['stream:create'] }],
  registry,
  streamingUrl: `https://127.0.0.1:${legsPort}`,
  logger: false,
});
const ids = Array.from({ length: Number(devices) }, (_, index) => `chaos-${index}`);
for (const id of ids) if (!(await registry.get(id))) await hub.putDevice(id);
const listening = await hub.listen({ host: '127.0.0.1', port: Number(port) });
const ready: HubReady = {
  devices: await Promise.all(ids.map((deviceId) => hub.connectionString({ deviceId }))),
  service: await hub.connectionString({ policy: 'chaos' }),
  port: listening.port,
};
process.send?.(ready);
process.on('message', () => void health().then((held) => process.send?.(held)));
process.once('disconnect', () => process.exit());
