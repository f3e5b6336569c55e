// A device whose SSH server can be reached through the hub.
//   STREAMS_CONNECTION_STRING='HostName=…;DeviceId=…;…' SSH_TARGET=127.0.0.1:22 node dist/device.js
import { createDeviceProxy, DeviceClient } from '@streams/device';

const target = process.env['SSH_TARGET'] ?? '127.0.0.1:22';
const log = (fields: object, message: string): void => console.log(message, fields);

const device = DeviceClient.fromConnectionString(process.env['STREAMS_CONNECTION_STRING']);
// Whoever asks chooses the name. Where it leads is decided here.
const proxy = createDeviceProxy(device, { services: { ssh: target }, logger: { info: log, warn: log, error: log } });
device.on('connected', () => console.log(`${device.deviceId} is connected, and offers ssh at ${target}`));
device.on('disconnected', ({ cause }) => console.log(`${device.deviceId} is not connected: ${cause?.message ?? 'closed'}`));

process.once('SIGINT', () => void stop());
process.once('SIGTERM', () => void stop());
try {
  await device.connect();
} catch (error) {
  console.error(String(error));
  process.exitCode = 1;
}

async function stop(): Promise<void> {
  await proxy.close();
  await device.close();
}
