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

/** Welch's t of two kinds, from as many samples of each. They are closures of one function: two are compiled each in its own time. */
async function welchT(kinds: readonly [Kind, Kind]): Promise<number> {
  await timesOf(kinds, SAMPLES / 10); // until everything is compiled
  const times = await timesOf(kinds, SAMPLES);
  const limit = times.flat().toSorted((a, b) => a - b)[Math.floor(KEPT * 2 * SAMPLES)] ?? 0;
  const [a, b] = times.map((all) => momentsOf(all.filter((ms) => ms < limit))) as [Moments, Moments];
  return (a.mean - b.mean) / Math.sqrt(a.variance / a.count + b.variance / b.count);
}

interface Moments {
  readonly count: number;
  readonly mean: number;
  readonly variance: number;
}

function momentsOf(values: readonly number[]): Moments {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1);
  return { count: values.length, mean, variance };
}

/** Signatures of the same claims that differ from the true one in their first byte, or in their last. */
function signatures(secret: string): readonly [Kind, Kind] {
  const header = signSharedAccess({ resource: 'hub.example', expiresAtMs: Date.now() + 3_600_000, policy: 'test' }, new Secret(secret));
  const [, signature = ''] = /&sig=([^&]*)/.exec(header) ?? [];
  const differing = (at: number): Kind => {
    const bytes = Buffer.from(decodeURIComponent(signature), 'base64');
    bytes[at] = (bytes[at] ?? 0) ^ 1;
    const received = parseSharedAccess(header.replace(signature, encodeURIComponent(bytes.toString('base64'))));
    return () => received && expect(isSignedBy(received, [secret, secret])).toBe(false);
  };
  return [differing(0), differing(31)];
}

it('A6 how long a comparison takes does not tell how much of a signature is right', async () => {
  const t = await welchT(signatures(key()));
  console.log(`A6: t = ${t.toFixed(2)} of signatures that are wrong in their first byte, and in their last`);
  expect(Math.abs(t)).toBeLessThan(MOST_T);
});

it('A6 nor how much of a stream token', async () => {
  const { token, hash } = issueToken(seededRandom(1));
  const differing = (at: number): Kind => {
    const other = flat(token.slice(0, at) + (token[at] === 'A' ? 'B' : 'A') + token.slice(at + 1));
    return () => isToken(other, hash);
  };
  const t = await welchT([differing(0), differing(41)]);
  console.log(`A6: t = ${t.toFixed(2)} of tokens that are wrong in their first character, and in their last`);
  expect(Math.abs(t)).toBeLessThan(MOST_T);
});

it('A6 a comparison that stops at the first difference would be found', async () => {
  const text = flat('x'.repeat(64));
  const differing = (at: number): Kind => {
    const other = flat(`${text.slice(0, at)}y${text.slice(at + 1)}`);
    return () => {
      for (let index = 0; index < text.length; index += 1) if (text[index] !== other[index]) return false;
      return true;
    };
  };
  expect(Math.abs(await welchT([differing(0), differing(63)]))).toBeGreaterThan(MOST_T);
});
