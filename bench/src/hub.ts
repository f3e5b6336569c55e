// The hub's process: a hub with the bench's certificate; tells its connection strings.
import { readFileSync } from 'node:fs';
import { createHub } from '@streams/hub';

const [keyFile = '', certFile = '', caFile = ''] = process.argv.slice(2);
const [key, cert, ca] = [keyFile, certFile, caFile].map((file) => readFileSync(file, 'utf8')) as [string, string, string];
const hub = createHub({
  hostNames: ['127.0.0.1'],
  tls: { key, cert, ca },
  policies: [{ name: 'bench', keys: [Buffer.alloc(32, 1).toString('base64')], permissions: ['stream:create'] }],
  logger: false,
});
await hub.listen({ host: '127.0.0.1', port: 0 });
await hub.putDevice('bench-1');
process.send?.({ device: await hub.connectionString({ deviceId: 'bench-1' }), service: await hub.connectionString({ policy: 'bench' }) });
