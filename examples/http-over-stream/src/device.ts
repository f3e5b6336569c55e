// A device with a small web server, which listens nowhere: its connections are streams.
//   STREAMS_CONNECTION_STRING='HostName=…;DeviceId=…;…' node dist/device.js
import { createServer } from 'node:http';
import { DeviceClient } from '@streams/device';

// Clients keep connections for later requests. At the end they are waited for, but not for long.
const device = DeviceClient.fromConnectionString(process.env['STREAMS_CONNECTION_STRING'], { closeTimeoutMs: 500 });
const connections = new WeakMap<object, number>();
let count = 0;
const server = createServer(({ method, url, socket }, response) => {
  response.setHeader('content-type', 'application/json');
  response.end(JSON.stringify({ device: device.deviceId, method, url, connection: connections.get(socket) }));
});

device.onStreamRequest(async (request) => {
  if (request.name !== 'web') return request.reject(`this device offers web, not ${request.name}`);
  const stream = await request.accept();
  connections.set(stream, (count += 1));
  // Node's web server takes any Duplex for a connection.
  server.emit('connection', stream);
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
