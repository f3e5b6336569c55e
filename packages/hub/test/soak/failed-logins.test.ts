// D10: a thousand guesses a second, for half a minute, and devices that connect meanwhile.
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { parseServiceConnectionString, Secret, Signer, systemClock } from '@streams/protocol/internal';
import { expect, it, onTestFinished } from 'vitest';
import { connectTimes } from '../support/connect-times.ts';
import { HubProcess } from '../support/hub-process.ts';
import { observeHub } from '../support/observe.ts';

const GUESSES = fileURLToPath(new URL('../support/guesses.mjs', import.meta.url));
const PER_SECOND = 1_000;
const ADDRESSES = 20;
const STORM_MS = 30_000;
const DEVICES = 100;
const MIB = 2 ** 20;

/** What came of the guesses. */
interface Storm {
  /** By status, or by the error of the connection. */
  readonly answers: Readonly<Record<string, number>>;
  readonly ms: number;
}

async function storm(test: HubProcess): Promise<ChildProcess> {
  const { caCertificate = '', hostName: resource } = parseServiceConnectionString(await test.serviceConnectionString());
  const key = new Secret(Buffer.alloc(32, 2).toString('base64'));
  const wrong = new Signer({ resource, policy: 'test', key }, systemClock).authorization();
  const guessing = fork(GUESSES, [test.port, PER_SECOND, ADDRESSES, caCertificate, wrong].map(String));
  onTestFinished(() => void guessing.kill('SIGKILL'));
  return guessing;
}

async function answersOf(guessing: ChildProcess): Promise<Storm> {
  const answered = once(guessing, 'message');
  guessing.send('stop');
  return ((await answered) as [Storm])[0];
}

/** Within how many milliseconds half of them came, and all but a hundredth. */
function figures(times: readonly number[]): string {
  const within = (part: number): string => `${(times[Math.ceil(part * times.length) - 1] ?? 0).toFixed(1)} ms`;
  return `50 % within ${within(0.5)}, 99 % within ${within(0.99)}`;
}

it('D10 1,000 failed logins a second, from 20 addresses: nearly all are not looked at, and every device connects', async () => {
  await using test = await HubProcess.start();
  await connectTimes(test, 'first', DEVICES);
  // The system gets memory back later than the collector does.
  const watched = await observeHub(test, { pid: test.pid, maxGrowthBytes: 128 * MIB });
  console.log(`D10: devices alone: ${figures(await connectTimes(test, 'alone', DEVICES))}`);
  const guessing = await storm(test);
  const untilMs = performance.now() + STORM_MS;
  const times: number[] = [];
  for (let round = 0; performance.now() < untilMs; round += 1) times.push(...(await connectTimes(test, `beside-${round}`, DEVICES)));
  const { answers, ms } = await answersOf(guessing);
  const all = Object.values(answers).reduce((sum, count) => sum + count, 0);
  console.log(`D10: devices beside: ${figures(times.toSorted((a, b) => a - b))}`);
  console.log(`D10: ${Math.round((1_000 * all) / ms)} guesses a second: ${JSON.stringify(answers)}`);
  expect(Object.keys(answers).toSorted()).toEqual(['401', '429']);
  // As many as are forgiven of each address, again after each block, and those that were under way.
  expect(answers['401']).toBeLessThan(all / 3);
  await watched.settled(10_000);
});
