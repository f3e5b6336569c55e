// The service end of the proxies: a local port for each name; its streams, where the device takes no tunnels, are without resumption.
import { createServiceProxy, ServiceClient } from '@streams/service';
import { answerUsage } from './probe.ts';

const names = process.argv.slice(2);
const service = ServiceClient.fromConnectionString(process.env['STREAMS_CONNECTION_STRING']);
const createStream = service.createStream.bind(service);
service.createStream = (deviceId, options) => createStream(deviceId, { ...options, resume: 'off' });
const proxy = await createServiceProxy(service, { deviceId: 'bench-0', forwards: names.map((name) => ({ port: 0, name })) });
answerUsage();
process.send?.(Object.fromEntries(proxy.forwards.map(({ name, port }) => [name, port])));
