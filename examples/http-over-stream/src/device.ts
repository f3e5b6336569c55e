// A device with a small web server, which listens nowhere: its connections are streams.
//   STREAMS_CONNECTION_STRING='HostName=…;DeviceId=…;…' node dist/device.js
import { createServer } from 'node:http';
import { DeviceClient } from '@streams/device';

const device = DeviceClient.fromConnectionString(process.env['STREAMS_CONNECTION_STRING']);
const startMs = performance.now();
const server = createServer((request, response) => {
  const { method, url } = request;
  response.setHeader('content-type', 'application/json');
  response.end(JSON.stringify({ device: device.deviceId, method, url, upSeconds: Math.round((performance.now() - startMs) / 1_000) }));
});

device.onStreamRequest(async (request) => {
  if (request.name !== 'web') return request.reject(`this device offers web, not ${request.name}`);
  // Node's web server takes any Duplex for a connection.
  server.emit('connection', await request.accept());
});
device.on('connected', () => console.log(`${device.deviceId} is connected`));

process.once('SIGINT', () => void device.close());
process.once('SIGTERM', () => void device.close());
try {
  await device.connect();
} catch (error) {
  console.error(String(error));
  process.exitCode = 1;
}
