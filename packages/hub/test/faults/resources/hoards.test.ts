// Crowds at the door: thousands that say nothing, and hundreds that guess keys. Who has a key gets in all the same.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { request } from 'node:https';
import { fileURLToPath } from 'node:url';
import { parseServiceConnectionString, Secret, Signer, systemClock } from '@streams/protocol/internal';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { connectTimes } from '../../support/connect-times.ts';
import { HubProcess } from '../../support/hub-process.ts';
import { observeHub } from '../../support/observe.ts';

const HOARD = fileURLToPath(new URL('../../support/hoard.mjs', import.meta.url));
const CONNECTIONS = 5_000;
const DEVICES = 20;
const MIB = 2 ** 20;

let test: HubProcess;
beforeEach(async () => {
  test = await HubProcess.start();
});
afterEach(() => test[Symbol.asyncDispose]());

function inUse({ heapUsed, external }: NodeJS.MemoryUsage): number {
  return heapUsed + external;
}

it.each([1, 200])(
  'D9 5,000 silent connections of %i addresses do not keep a device from connecting within 2 s',
  async (addresses) => {
    // The system gets memory back later than the collector does.
    const watched = await observeHub(test, { pid: test.pid, maxGrowthBytes: 256 * MIB });
    const before = inUse(await test.memory());
    const hoard = fork(HOARD, [test.port, CONNECTIONS, addresses].map(String));
    try {
      await once(hoard, 'message');
      // The kernel holds 4,096 of them until the hub has taken them, and has no room for others meanwhile: those come again after a second.
      const startMs = performance.now();
      await connectTimes(test, `first-of-${addresses}`, 1);
      console.log(`D9, ${addresses} addresses: the first device took ${Math.round(performance.now() - startMs)} ms`);
      const times = await connectTimes(test, `of-${addresses}`, DEVICES);
      console.log(`D9, ${addresses} addresses: the slowest of ${DEVICES} devices took ${Math.round(times.at(-1) ?? 0)} ms`);
      expect(times.at(-1)).toBeLessThan(2_000);
    } finally {
      const ended = once(hoard, 'exit');
      hoard.kill('SIGKILL');
      await ended;
    }
    await watched.settled(10_000);
    expect(inUse(await test.memory()) - before).toBeLessThan(5 * MIB);
  },
  120_000,
);

it('D10 who guesses keys hundreds of times is not listened to, and others notice nothing', async () => {
  const watched = await observeHub(test, { pid: test.pid });
  const { caCertificate = '', hostName: resource } = parseServiceConnectionString(await test.serviceConnectionString());
  const key = new Secret(Buffer.alloc(32, 2).toString('base64'));
  const wrong = new Signer({ resource, policy: 'test', key }, systemClock).authorization();
  const guess = (): Promise<number> =>
    new Promise((resolve, reject) => {
      const options = { host: '127.0.0.1', port: test.port, path: '/v1/hub', localAddress: '127.0.0.9', agent: false, ca: caCertificate };
      request({ ...options, headers: { authorization: wrong } }, (response) => {
        response.resume().once('end', () => resolve(response.statusCode ?? 0));
      })
        .on('error', reject)
        .end();
    });
  const answers: number[] = [];
  const guesser = async (): Promise<void> => {
    for (let guesses = 0; guesses < 20; guesses += 1) answers.push(await guess());
  };
  const storm = Promise.all(Array.from({ length: 16 }, guesser));
  const times = await connectTimes(test, 'beside', DEVICES);
  await storm;
  console.log(`D10: the slowest of ${DEVICES} devices took ${Math.round(times.at(-1) ?? 0)} ms`);
  expect(times.at(-1)).toBeLessThan(2_000);
  expect(new Set(answers)).toEqual(new Set([401, 429]));
  // As many as are forgiven, one more for each second, and those that were under way.
  expect(answers.filter((status) => status === 401).length).toBeLessThan(80);
  await watched.settled();
}, 60_000);
