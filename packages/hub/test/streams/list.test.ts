// The list of live streams: what it says of each, its order, its pages, and who may see it.
import { randomBytes } from 'node:crypto';
import { leakCheck } from '@streams/testkit';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { authorization, call, send } from '../support/rest.ts';
import { openPair, startTrio, type Trio, until } from '../support/streams.ts';

const leaks = leakCheck();
const key = (): string => randomBytes(32).toString('base64');
let trio: Trio;
beforeAll(async () => {
  trio = await startTrio({
    policies: [
      { name: 'test', keys: [key()], permissions: ['stream:create', 'hub:read'] },
      { name: 'opener', keys: [key()], permissions: ['stream:create'] },
    ],
  });
});
afterAll(async () => {
  await trio.close();
  await leaks.settled();
});

interface Page {
  readonly streams: readonly Record<string, unknown>[];
  readonly next?: string;
}

async function list(query = ''): Promise<Page> {
  const { status, body } = await call(trio.test, 'GET', `/v1/streams${query}`);
  expect(status).toBe(200);
  return body as unknown as Page;
}

it('is empty while nothing runs', async () => {
  expect(await list()).toEqual({ streams: [] });
});

it('shows what a stream is, and what it has carried', async () => {
  const before = Date.now();
  const [atService, atDevice] = await openPair(trio, 'ssh', { resume: 'off' });
  atService.write('hello');
  atDevice.write('to you');
  await until(() => atService.bytesRead === 6 && atDevice.bytesRead === 5);
  const [stream] = (await list()).streams;
  expect(stream).toEqual({
    streamId: atService.id,
    deviceId: 'pump-7',
    name: 'ssh',
    policy: 'test',
    protocol: 'streams.v1',
    since: expect.any(String),
    bytesToDevice: 5,
    bytesToService: 6,
  });
  const since = Date.parse(String(stream?.['since']));
  expect(since).toBeGreaterThanOrEqual(before - 1);
  expect(since).toBeLessThanOrEqual(Date.now());
  atService.end();
  atDevice.end();
  await Promise.all([atService.resume().outcome, atDevice.resume().outcome]);
  await until(() => trio.test.hub.openStreams === 0);
  expect(await list()).toEqual({ streams: [] });
});

it('goes through pages in the order of their start, though streams end meanwhile', async () => {
  const names = ['a', 'b', 'c', 'd', 'e'];
  const pairs = [];
  for (const name of names) pairs.push(await openPair(trio, name));
  const first = await list('?limit=2');
  expect(first.streams.map(({ name }) => name)).toEqual(['a', 'b']);
  // The last one of the page is gone when the next page is asked for.
  pairs[1]?.[0].destroy();
  await until(() => trio.test.hub.openStreams === 4);
  const second = await list(`?limit=2&after=${first.next}`);
  expect(second.streams.map(({ name }) => name)).toEqual(['c', 'd']);
  expect(await list(`?limit=2&after=${second.next}`)).toEqual({ streams: [expect.objectContaining({ name: 'e' })] });
  expect((await list('?limit=4')).next).toBeUndefined();
  for (const [atService] of pairs) atService.destroy();
  await until(() => trio.test.hub.openStreams === 0);
});

it.each(['limit=0', 'limit=101', 'limit=x', 'after=-1', 'after=x'])('names what is wrong with ?%s', async (query) => {
  const { status, body } = await call(trio.test, 'GET', `/v1/streams?${query}`);
  expect([status, body['code']]).toEqual([400, 'BAD_REQUEST']);
  expect(body['details']).toMatchObject({ path: query.split('=')[0] });
});

it('takes the permission hub:read', async () => {
  const opener = { headers: { authorization: await authorization(trio.test, 'opener') } };
  expect(await send(trio.test, 'GET', '/v1/streams', opener)).toMatchObject({ status: 403, body: { details: { permission: 'hub:read' } } });
});
