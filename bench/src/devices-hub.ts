// A hub's process whose devices are on disk, in the directory that is given; tells its connection string.
import { createHub, openRegistry } from '@streams/hub';
import type { DevicesHubReady } from './devices.ts';

const [dataDirectory = ''] = process.argv.slice(2);
const registry = await openRegistry({ dataDirectory });
const hub = createHub({
  hostNames: ['127.0.0.1'],
  tls: { dataDirectory },
  policies: [{ name: 'bench', keys: [Buffer.alloc(32, 1).toString('base64')], permissions: ['device:read', 'device:write'] }],
  registry,
  logger: false,
});
await hub.listen({ host: '127.0.0.1', port: 0 });
const ready: DevicesHubReady = { service: await hub.connectionString({ policy: 'bench' }), startMs: performance.now() };
process.send?.(ready);
