// A load process of devices that stay: tells how many are connected, and how many of these again, whenever that has changed.
import net from 'node:net';
import { DeviceClient } from '@streams/device';

/** Dials that run at once. */
const CONCURRENCY = 32;
const TELL_EVERY_MS = 100;
/** One after the other: by the time that the first comes again, the dial that had it is long over. */
const FIRST_PORT = 10_000;
const LAST_PORT = 65_535;
/** Devices from the first number up to and without the second; from one address, if it is given. */
const [from = '0', to = '0', address] = process.argv.slice(2);
const connectionString = process.env['STREAMS_CONNECTION_STRING'] ?? '';
if (address !== undefined) dialFrom(address);
const ids = Array.from({ length: Number(to) - Number(from) }, (_, index) => `bench-${Number(from) + index}`);
const devices = ids.map((id) => DeviceClient.fromConnectionString(connectionString.replace('DeviceId=bench-0', `DeviceId=${id}`)));

/** What the process tells. */
export interface FleetReport {
  readonly connected: number;
  /** Those of them that have lost a link before. */
  readonly returned: number;
}

let connected = 0;
let returned = 0;
for (const device of devices) count(device);
let told = '';
setInterval(() => {
  const report: FleetReport = { connected, returned };
  const text = JSON.stringify(report);
  if (text !== told) process.send?.(report);
  told = text;
}, TELL_EVERY_MS);

const waiting = devices.values();
await Promise.all(
  Array.from({ length: CONCURRENCY }, async () => {
    for (const device of waiting) await device.connect();
  }),
);

function count(device: DeviceClient): void {
  let losses = 0;
  device.on('connected', () => {
    connected += 1;
    if (losses > 0) returned += 1;
  });
  device.on('disconnected', () => {
    connected -= 1;
    if (losses > 0) returned -= 1;
    losses += 1;
  });
}

/**
 * The SDK has no option for it: machines have one address to a hub, and a bench has to seem many machines. The port is given too:
 * to find a free one, the kernel looks through all that are taken, half a millisecond for each dial of 9,000 devices.
 */
function dialFrom(localAddress: string): void {
  const prototype = net.Socket.prototype as unknown as { connect: (this: net.Socket, ...args: unknown[]) => net.Socket };
  let dials = 0;
  prototype.connect = new Proxy(prototype.connect, {
    apply(connect, socket: net.Socket, [first, ...rest]: unknown[]) {
      const localPort = FIRST_PORT + (dials++ % (LAST_PORT - FIRST_PORT + 1));
      // Node's own normalised form is an array with the options first.
      Object.assign((Array.isArray(first) ? first[0] : first) as object, { localAddress, localPort });
      return Reflect.apply(connect, socket, [first, ...rest]);
    },
  });
}
