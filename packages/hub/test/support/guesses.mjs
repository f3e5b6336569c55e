// Guesses keys at a steady pace, from some addresses of 127.0.0.0/8, each on a connection of its own, until it is told to stop; says what was answered.
// Arguments: port, guesses per second, addresses, the hub's CA, the `Authorization` of a guess.
import { request } from 'node:https';
import { createSecureContext } from 'node:tls';

const [port, perSecond, addresses] = process.argv.slice(2, 5).map(Number);
const [, , , , , ca, authorization] = process.argv;
const secureContext = createSecureContext({ ca });
/** A machine that cannot keep the pace must not choke on what it owes. */
const MOST_OPEN = 500;
const TICK_MS = 10;
const startMs = performance.now();
const answers = {};
/** The handshakes of who comes back cost both sides less. */
let session;
let made = 0;
let open = 0;

function guess(index) {
  const localAddress = `127.0.2.${1 + (index % addresses)}`;
  const options = {
    host: '127.0.0.1',
    port,
    path: '/v1/hub',
    localAddress,
    agent: false,
    secureContext,
    session,
    headers: { authorization },
  };
  const answered = (what) => {
    answers[what] = (answers[what] ?? 0) + 1;
    open -= 1;
  };
  open += 1;
  request(options, (response) => response.resume().once('end', () => answered(response.statusCode)))
    .once('error', ({ code }) => answered(code))
    .once('socket', (socket) => socket.once('session', (ticket) => (session ??= ticket)))
    .end();
}

const pace = setInterval(() => {
  const due = ((performance.now() - startMs) * perSecond) / 1_000;
  // What it owes comes at twice the pace, and not at once.
  const most = made + (2 * TICK_MS * perSecond) / 1_000;
  for (; made < Math.min(due, most) && open < MOST_OPEN; made += 1) guess(made);
}, TICK_MS);
process.once('message', () => {
  clearInterval(pace);
  process.send({ answers, ms: performance.now() - startMs }, () => process.exit());
});
process.once('disconnect', () => process.exit());
