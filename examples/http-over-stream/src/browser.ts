// A local port that leads to the web server of a device, for a browser.
//   STREAMS_CONNECTION_STRING='HostName=…;SharedAccessKeyName=…;…' node dist/browser.js pump-7 [8080]
import { createServiceProxy, ServiceClient } from '@streams/service';

const [deviceId = 'pump-7', port = '8080'] = process.argv.slice(2);
const log = (_fields: object, message: string): void => console.error(message);

const service = ServiceClient.fromConnectionString(process.env['STREAMS_CONNECTION_STRING']);
const proxy = await createServiceProxy(service, {
  deviceId,
  forwards: [{ port: Number(port), name: 'web' }],
  // Says why a connection failed.
  logger: { info: () => undefined, warn: log, error: log },
});
for (const { host, port } of proxy.forwards) console.log(`now open http://${host}:${port}/`);

process.once('SIGINT', () => void stop());
process.once('SIGTERM', () => void stop());

async function stop(): Promise<void> {
  await proxy.close();
  await service.close();
}
