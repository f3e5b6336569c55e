// The service end of the proxies: one local port; its streams, where the device takes no tunnels, are without resumption.
import { createServiceProxy, ServiceClient } from '@streams/service';
import { answerUsage } from './probe.ts';

const service = ServiceClient.fromConnectionString(process.env['STREAMS_CONNECTION_STRING']);
const createStream = service.createStream.bind(service);
service.createStream = (deviceId, options) => createStream(deviceId, { ...options, resume: 'off' });
const proxy = await createServiceProxy(service, { deviceId: 'bench-0', forwards: [{ port: 0, name: 'any' }] });
answerUsage();
process.send?.(proxy.forwards[0]?.port);
