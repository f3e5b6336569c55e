// The device end of the proxies: offers one service; as a device that takes no tunnels, if asked for.
import { createDeviceProxy, DeviceClient } from '@streams/device';
import { answerUsage } from './probe.ts';

const [mode, target = ''] = process.argv.slice(2);
const device = DeviceClient.fromConnectionString(process.env['STREAMS_CONNECTION_STRING']);
if (mode === 'streams') {
  const register = device.onStreamRequest.bind(device);
  device.onStreamRequest = (handler) => register(handler);
}
createDeviceProxy(device, { services: { any: target } });
await device.connect();
answerUsage();
process.send?.('ready');
