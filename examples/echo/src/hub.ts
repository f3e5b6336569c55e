// A hub with TLS and a CA of its own, which it makes at first start. Prints a connection string for each device and one for services.
//   node dist/hub.js [device id …] [--port 8443] [--data .data]
import { randomBytes } from 'node:crypto';
import { parseArgs } from 'node:util';
import { createHub } from '@streams/hub';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { port: { type: 'string', default: '8443' }, data: { type: 'string', default: '.data' } },
});

const hub = createHub({
  hostNames: ['127.0.0.1', 'localhost'],
  tls: { dataDirectory: values.data },
  policies: [{ name: 'backend', keys: [randomBytes(32).toString('base64')], permissions: ['stream:create'] }],
});
const { url } = await hub.listen({ port: Number(values.port), host: '127.0.0.1' });

for (const deviceId of positionals.length > 0 ? positionals : ['echo-1']) {
  await hub.putDevice(deviceId);
  console.log(`device ${deviceId}: ${await hub.connectionString({ deviceId })}`);
}
console.log(`service: ${await hub.connectionString({ policy: 'backend' })}`);
console.log(`listening on ${url}`);

process.once('SIGINT', () => void hub.close());
process.once('SIGTERM', () => void hub.close());
