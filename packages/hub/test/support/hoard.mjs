// Holds connections that say nothing, from some addresses of 127.0.0.0/8; what the hub drops is opened again. Until it is killed.
// Arguments: port, connections, addresses.
import { connect } from 'node:net';

const [port, connections, addresses] = process.argv.slice(2).map(Number);
const AGAIN_MS = 5_000;
/** The kernel takes so many at once without a pause. */
const AT_ONCE = 250;
let opened = 0;

function hold(index) {
  const address = index % addresses;
  const localAddress = `127.0.${1 + (address >> 8)}.${1 + ((address & 255) % 254)}`;
  const socket = connect({ port, host: '127.0.0.1', localAddress });
  socket.on('error', () => undefined);
  socket.once('connect', () => (opened += 1));
  socket.once('close', () => setTimeout(hold, AGAIN_MS * (0.5 + Math.random()), index));
}

for (let index = 0; index < connections; index += 1) {
  hold(index);
  if (index % AT_ONCE === AT_ONCE - 1) await new Promise((resolve) => setTimeout(resolve, 20));
}
while (opened < connections) await new Promise((resolve) => setTimeout(resolve, 10));
process.send('held');
process.once('disconnect', () => process.exit());
