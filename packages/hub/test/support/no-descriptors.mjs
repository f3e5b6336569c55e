// A hub in a process that has no file descriptor left. Prints as JSON what it shows of itself then. Uses the build, as registry-writer.mjs.
import { openSync } from 'node:fs';
import { Agent, get } from 'node:http';
import { createHub } from '../../dist/index.js';

const timers = [];
const clock = {
  wallMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  after: (delayMs, action) => clearTimeout.bind(undefined, setTimeout(action, delayMs)),
  every: (_periodMs, action) => timers.push(action) && (() => undefined),
};
const key = Buffer.alloc(32).toString('base64');
const policies = [{ name: 'test', keys: [key], permissions: ['hub:read'] }];
const hub = createHub({ hostNames: ['localhost'], publicUrl: 'https://localhost', tls: false, policies, clock, logger: false });
const { port } = await hub.listen({ port: 0 });
// One connection, opened in time.
const agent = new Agent({ keepAlive: true, maxSockets: 1 });

const before = await scrape();
useUpDescriptors();
const thrown = errorOf(() => process.memoryUsage());
for (const step of timers) step();
const after = await scrape();
process.stdout.write(JSON.stringify({ thrown, before, after }), () => process.exit());

function scrape() {
  return new Promise((resolve, reject) => {
    get({ host: '127.0.0.1', port, path: '/metrics', agent }, async (response) => resolve((await response.toArray()).join(''))).on(
      'error',
      reject,
    );
  });
}

function useUpDescriptors() {
  for (;;) if (errorOf(() => openSync('/dev/null'))) return;
}

function errorOf(action) {
  try {
    action();
    return undefined;
  } catch (error) {
    return String(error);
  }
}
