// A local port that leads to the SSH server of a device.
//   STREAMS_CONNECTION_STRING='HostName=…;SharedAccessKeyName=…;…' node dist/service.js pump-7 [2222]
import { createServiceProxy, ServiceClient } from '@streams/service';

const [deviceId = 'pump-7', port = '2222'] = process.argv.slice(2);
const log = (_fields: object, message: string): void => console.error(message);

const service = ServiceClient.fromConnectionString(process.env['STREAMS_CONNECTION_STRING']);
const proxy = await createServiceProxy(service, {
  deviceId,
  forwards: [{ port: Number(port), name: 'ssh' }],
  // Says why a connection failed.
  logger: { info: () => undefined, warn: log, error: log },
});
for (const { host, port } of proxy.forwards) console.log(`now: ssh -p ${port} -o HostKeyAlias=${deviceId} ${host}`);

process.once('SIGINT', () => void stop());
process.once('SIGTERM', () => void stop());

async function stop(): Promise<void> {
  await proxy.close();
  await service.close();
}
