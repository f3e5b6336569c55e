// Streams whose both legs go through a real tinyproxy: many bytes both ways, half-close, abort, and the proxy's death.
import { randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { DeviceStream } from '@streams/device';
import { leakCheck, type LeakCheck } from '@streams/testkit';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type ForwardProxy, startTinyproxy } from './forward-proxies.ts';
import { hashOf, openPair, startTrio, type Trio } from '../../support/streams.ts';

const MIB = 2 ** 20;
let leaks: LeakCheck;
let tinyproxy: ForwardProxy;
let trio: Trio;

beforeAll(async () => {
  leaks = leakCheck();
  tinyproxy = await startTinyproxy();
  const proxy = `http://127.0.0.1:${tinyproxy.port}`;
  trio = await startTrio({}, { proxy }, { proxy });
});
afterAll(async () => {
  await trio.close();
  await tinyproxy.stop();
  await leaks.settled();
});

it('16 MiB both ways at once', async () => {
  const [a, b] = await openPair(trio);
  const data = Array.from({ length: 16 }, () => randomBytes(MIB));
  const expected = await hashOf(Readable.from(data));
  const hashes = [hashOf(a), hashOf(b)];
  Readable.from(data).pipe(a);
  Readable.from(data).pipe(b);
  expect(await Promise.all(hashes)).toEqual([expected, expected]);
  for (const stream of [a, b]) expect(await stream.outcome).toMatchObject({ clean: true });
  expect((await tinyproxy.connects()).length).toBeGreaterThanOrEqual(4);
});

it('half-close: one side has ended, the other answers', async () => {
  const [a, b] = await openPair(trio);
  a.end('question');
  expect((await b.toArray()).join('')).toBe('question');
  b.end('answer');
  expect((await a.toArray()).join('')).toBe('answer');
  expect(await a.outcome).toMatchObject({ clean: true });
});

it('abort, with its reason', async () => {
  const [a, b] = await openPair(trio);
  for (const stream of [a, b]) stream.on('error', () => undefined).resume();
  a.abort('enough');
  expect(await b.outcome).toEqual({ by: 'peer', reason: 'enough', clean: false });
});

it('the death of the proxy: both sides know at once', async () => {
  const [a, b] = await openPair(trio, 'test', { resume: 'off' });
  expect(a).toBeInstanceOf(DeviceStream);
  for (const stream of [a, b]) stream.on('error', () => undefined).resume();
  await tinyproxy.stop();
  for (const stream of [a, b]) expect(await stream.outcome).toMatchObject({ by: 'network', clean: false });
});
