// What a refusal tells by the time that it takes: asked over HTTP, and of the comparisons themselves, whose two kinds a t-test cannot tell apart.
import { randomBytes } from 'node:crypto';
import { isSignedBy, parseSharedAccess, Secret, Signer, signSharedAccess, systemClock } from '@streams/protocol/internal';
import { RawPeer, seededRandom } from '@streams/testkit';
import { expect, it } from 'vitest';
import { isToken, issueToken } from '../../src/streams/token.ts';
import { HubProcess } from '../support/hub-process.ts';
import { type Kind, median, timesOf } from '../support/timing.ts';

const REQUESTS = 2_000;
const SAMPLES = 100_000;
/** Of each kind: where a text lies in memory makes as much of a difference as chance, and one for all samples would pass for one of kind. */
const EXAMPLES = 50;
/** Beyond it two kinds differ; by chance alone it comes about once in 100,000 times. */
const MOST_T = 4.5;
/** The slowest are the machine's. */
const KEPT = 0.9;

const key = (): string => randomBytes(32).toString('base64');

/** A refused request ends its connection: the time counts from where that stands. */
async function refusalMs(port: number, authorization: string): Promise<number> {
  const peer = await RawPeer.connect({ port });
  const startMs = performance.now();
  peer.write(`GET /v1/hub HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: ${authorization}\r\n\r\n`);
  const { status } = await peer.readHead();
  const ms = performance.now() - startMs;
  peer.destroy();
  expect(status).toBe(401);
  return ms;
}

it(`A6 ${REQUESTS} requests of an unknown device and as many with a wrong key: the difference of their medians`, async () => {
  const limits = { maxFailedLoginsPerAddress: false } as const;
  await using test = await HubProcess.start({ options: { tls: false, publicUrl: 'https://127.0.0.1', limits } });
  await test.deviceConnectionString('known');
  const signed = (deviceId: string): string =>
    new Signer({ resource: `127.0.0.1/devices/${deviceId}`, key: new Secret(key()) }, systemClock).authorization();
  const headers = [signed('nobod'), signed('known')];
  const times: number[][] = headers.map(() => []);
  const kinds = headers.map(
    (header, index): Kind =>
      async () =>
        times[index]?.push(await refusalMs(test.port, header)),
  );
  await timesOf(kinds, REQUESTS + REQUESTS / 4);
  const [unknown = 0, wrong = 0] = times.map((all) => median(all.slice(REQUESTS / 4)));
  const difference = (100 * Math.abs(unknown - wrong)) / Math.min(unknown, wrong);
  console.log(
    `A6: 50 % within ${unknown.toFixed(3)} ms where the device is unknown, ${wrong.toFixed(3)} ms with a wrong key: ${difference.toFixed(1)} %`,
  );
});

/** As it comes from a socket: what is put together from slices is kept as such, and read at another speed. */
function flat(text: string): string {
  return Buffer.from(text).toString();
}

/**
 * Welch's t of two kinds, from the means of {@link EXAMPLES} of each. @param example A new one, which differs in its first place or in
 * its last. All are closures of one function: two are compiled each in its own time.
 */
async function welchT(example: (differs: 'first' | 'last') => Kind): Promise<number> {
  const examples = Array.from({ length: EXAMPLES }, () => [example('first'), example('last')]).flat();
  await timesOf(examples, SAMPLES / EXAMPLES / 10); // until everything is compiled
  const times = await timesOf(examples, SAMPLES / EXAMPLES);
  const limit = times.flat().toSorted((a, b) => a - b)[Math.floor(KEPT * 2 * SAMPLES)] ?? 0;
  const means = times.map((all) => momentsOf(all.filter((ms) => ms < limit)).mean);
  const [first, last] = [0, 1].map((kind) => momentsOf(means.filter((_, index) => index % 2 === kind))) as [Moments, Moments];
  return (first.mean - last.mean) / Math.sqrt((first.variance + last.variance) / EXAMPLES);
}

interface Moments {
  readonly mean: number;
  readonly variance: number;
}

function momentsOf(values: readonly number[]): Moments {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1);
  return { mean, variance };
}

/** A signature of the same claims that differs from the true one in its first byte, or in its last. */
function signature(differs: 'first' | 'last'): Kind {
  const secret = key();
  const header = signSharedAccess({ resource: 'hub.example', expiresAtMs: Date.now() + 3_600_000, policy: 'test' }, new Secret(secret));
  const [, sig = ''] = /&sig=([^&]*)/.exec(header) ?? [];
  const bytes = Buffer.from(decodeURIComponent(sig), 'base64');
  const at = differs === 'first' ? 0 : 31;
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  const received = parseSharedAccess(flat(header.replace(sig, encodeURIComponent(bytes.toString('base64')))));
  const isSigned = (): boolean | undefined => received && isSignedBy(received, [secret, secret]);
  expect(isSigned()).toBe(false);
  return isSigned;
}

it('A6 how long a comparison takes does not tell how much of a signature is right', async () => {
  const t = await welchT(signature);
  console.log(`A6: t = ${t.toFixed(2)} of signatures that are wrong in their first byte, and in their last`);
  expect(Math.abs(t)).toBeLessThan(MOST_T);
});

it('A6 nor how much of a stream token', async () => {
  const random = seededRandom(1);
  const t = await welchT((differs) => {
    const { token, hash } = issueToken(random);
    const other = withOther(token, differs === 'first' ? 0 : 41);
    return () => isToken(other, hash);
  });
  console.log(`A6: t = ${t.toFixed(2)} of tokens that are wrong in their first character, and in their last`);
  expect(Math.abs(t)).toBeLessThan(MOST_T);
});

it('A6 a comparison that stops at the first difference would be found', async () => {
  const random = seededRandom(1);
  const t = await welchT((differs) => {
    const { token } = issueToken(random);
    const other = withOther(token, differs === 'first' ? 0 : 41);
    return () => {
      for (let index = 0; index < token.length; index += 1) if (token[index] !== other[index]) return false;
      return true;
    };
  });
  expect(Math.abs(t)).toBeGreaterThan(MOST_T);
});

/** The same text, but for one character. */
function withOther(text: string, at: number): string {
  return flat(text.slice(0, at) + (text[at] === 'A' ? 'B' : 'A') + text.slice(at + 1));
}
