// A load process of devices that stay: tells how many are connected, whenever that has changed.
import { DeviceClient } from '@streams/device';

/** Dials that run at once. */
const CONCURRENCY = 32;
const TELL_EVERY_MS = 20;
const [count = '0'] = process.argv.slice(2);
const connectionString = process.env['STREAMS_CONNECTION_STRING'] ?? '';
const ids = Array.from({ length: Number(count) }, (_, index) => `bench-${index}`);
const devices = ids.map((id) => DeviceClient.fromConnectionString(connectionString.replace('DeviceId=bench-0', `DeviceId=${id}`)));

let told = -1;
setInterval(() => {
  const connected = devices.filter(({ state }) => state.name === 'connected').length;
  if (connected !== told) process.send?.(connected);
  told = connected;
}, TELL_EVERY_MS);

const waiting = devices.values();
await Promise.all(
  Array.from({ length: CONCURRENCY }, async () => {
    for (const device of waiting) await device.connect();
  }),
);
