// The device end of the proxies: offers what it is told; as a device that takes no tunnels, if asked for.
import { createDeviceProxy, DeviceClient } from '@streams/device';
import { answerUsage } from './probe.ts';

const [mode, services = '{}'] = process.argv.slice(2);
const device = DeviceClient.fromConnectionString(process.env['STREAMS_CONNECTION_STRING']);
if (mode === 'streams') {
  const register = device.onStreamRequest.bind(device);
  device.onStreamRequest = (handler) => register(handler);
}
createDeviceProxy(device, { services: JSON.parse(services) as Record<string, string> });
await device.connect();
answerUsage();
process.send?.('ready');
