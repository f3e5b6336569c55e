// A device that echoes whatever a service sends it.
//   STREAMS_CONNECTION_STRING='HostName=…;DeviceId=…;…' node dist/device.js
import { DeviceClient, StreamsError } from '@streams/device';

const device = DeviceClient.fromConnectionString(process.env['STREAMS_CONNECTION_STRING']);

device.onStreamRequest(async (request) => {
  if (request.name !== 'echo') return request.reject(`this device offers echo, not ${request.name}`);
  const stream = await request.accept();
  stream.pipe(stream);
});

try {
  await device.connect();
  console.log(`${device.deviceId} is connected`);
} catch (error) {
  if (!StreamsError.is(error)) throw error;
  console.error(`${error.code}: ${error.message}`);
  process.exitCode = 1;
}

process.once('SIGINT', () => void device.close());
process.once('SIGTERM', () => void device.close());
