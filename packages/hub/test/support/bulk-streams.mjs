// Streams at full speed in a process of their own, so that what is measured beside them is the hub, and not this.
// Opens `open` more when asked to, and tells how many bytes each has carried. Uses the build, as hub-process.mjs.
import { DeviceClient } from '@streams/device';
import { ServiceClient } from '@streams/service';

const { DEVICE, SERVICE, DEVICE_ID } = process.env;
const device = DeviceClient.fromConnectionString(DEVICE);
const service = ServiceClient.fromConnectionString(SERVICE);
const chunk = Buffer.alloc(2 ** 20);
const received = [];
device.onStreamRequest(async (request) => {
  const index = received.push(0) - 1;
  (await request.accept()).on('data', (data) => (received[index] += data.length));
});

async function open() {
  const stream = await service.createStream(DEVICE_ID, { resume: 'off' });
  const write = () => stream.write(chunk, write);
  write();
}

process.on('message', async ({ open: count }) => {
  if (count) await Promise.all(Array.from({ length: count }, open));
  process.send(received);
});
process.once('disconnect', () => process.exit());
await device.connect();
process.send('ready');
