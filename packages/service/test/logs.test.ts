// The resource log through the SDK: asked for page by page, and followed until one of the two ends it.
import { randomBytes } from 'node:crypto';
import { DeviceClient } from '@streams/device';
import { LOG_DEAD_MS, LOG_HEARTBEAT_MS } from '@streams/protocol/internal';
import { type LogRecord, ServiceClient } from '@streams/service';
import { startTestHub, type TestHub } from '@streams/hub/testing';
import { FakeClock, FaultProxy } from '@streams/testkit';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { expectNoLeaks } from './support/rig.ts';

expectNoLeaks();

/** With names as long as can be, more than one page has room for. */
const REFUSALS = 300;
const LONG = 'x'.repeat(120);
let clock: FakeClock;
let test: TestHub;
let service: ServiceClient;
beforeEach(async () => {
  clock = new FakeClock();
  const key = (): string => randomBytes(32).toString('base64');
  test = await startTestHub({
    clock,
    policies: [
      { name: 'test', keys: [key()], permissions: ['stream:create', 'hub:read'] },
      { name: 'opener', keys: [key()], permissions: ['stream:create'] },
    ],
  });
  service = ServiceClient.fromConnectionString(await test.serviceConnectionString(), { clock });
});
afterEach(async () => {
  await service.close();
  await test.close();
  expect(clock.pendingTimers).toBe(0);
});

/** Leaves a record, and is fast: the hub knows no device. */
async function refused(name: string): Promise<void> {
  await service.createStream(`none-${LONG}`, { name }).catch(() => undefined);
}

async function all(records: AsyncIterable<LogRecord>): Promise<LogRecord[]> {
  const found: LogRecord[] = [];
  for await (const record of records) found.push(record);
  return found;
}

function nameOf(step: IteratorResult<LogRecord, void>): string | undefined {
  return step.value?.streamName;
}

describe('query', () => {
  it('gives all, over more pages than one, newest first; and no more than asked for', async () => {
    // Few at once: each would make a connection of its own.
    const one = async (first: number): Promise<void> => {
      for (let index = first; index < REFUSALS; index += 4) await refused(`n${index}-${LONG}`);
    };
    await Promise.all([0, 1, 2, 3].map(one));
    await refused('n7');
    const names = (await all(service.logs.query())).map(({ streamName }) => streamName);
    expect(new Set(names).size).toBe(REFUSALS + 1);
    expect(names).toEqual(test.records.map(({ streamName }) => streamName).toReversed());
    expect(await all(service.logs.query({ limit: REFUSALS - 1 }))).toHaveLength(REFUSALS - 1);
    expect(await all(service.logs.query({ name: 'n7' }))).toMatchObject([{ streamName: 'n7', code: 'DEVICE_NOT_FOUND', policy: 'test' }]);
    expect(await all(service.logs.query({ name: 'n7', result: 'established' }))).toEqual([]);
  });

  it('of a time: a Date, a moment, a day', async () => {
    await refused('old');
    await clock.advance(60_000);
    const since = new Date(clock.wallMs());
    await refused('new');
    const names = async (query: object): Promise<string[]> => (await all(service.logs.query(query))).map(({ streamName }) => streamName);
    expect(await names({ since })).toEqual(['new']);
    expect(await names({ until: since.toISOString() })).toEqual(['old']);
    expect(await names({ since: '2020-01-01' })).toEqual(['new', 'old']);
  });

  it.each([
    ['since', { since: 'yesterday' }, /since: .*2026-11-28/],
    ['until', { until: new Date(Number.NaN) }, /until/],
    ['limit', { limit: 0 }, /limit/],
    ['result', { result: 'good' as 'clean' }, /result: .*established, rejected/],
  ])('says what is wrong with %s', async (field, query, message) => {
    await expect(all(service.logs.query(query))).rejects.toMatchObject({
      code: 'STREAMS_INVALID_ARGUMENT',
      message: expect.stringMatching(message),
      details: { field },
    });
  });

  it('and follow take hub:read', async () => {
    await using opener = ServiceClient.fromConnectionString(await test.serviceConnectionString('opener'), { clock });
    const forbidden = { code: 'STREAMS_FORBIDDEN', details: { permission: 'hub:read' } };
    await expect(all(opener.logs.query())).rejects.toMatchObject(forbidden);
    await expect(opener.logs.follow()).rejects.toMatchObject(forbidden);
  });
});

describe('follow', () => {
  it('gives what comes, as it comes, and what is asked for', async () => {
    await refused('before');
    const [every, some] = await Promise.all([service.logs.follow(), service.logs.follow({ name: 'b' })]);
    await refused('a');
    await refused('b');
    expect(nameOf(await every.next())).toBe('a');
    expect(nameOf(await every.next())).toBe('b');
    expect(nameOf(await some.next())).toBe('b');
    await every.return();
    await some.return();
  });

  it('ends by its signal, by the close of the client, and by that of the hub: each with its error', async () => {
    const abort = new AbortController();
    const aborted = (await service.logs.follow({ signal: abort.signal })).next();
    abort.abort();
    await expect(aborted).rejects.toMatchObject({ code: 'STREAMS_ABORTED' });
    await expect(service.logs.follow({ signal: abort.signal })).rejects.toMatchObject({ code: 'STREAMS_ABORTED' });

    const other = ServiceClient.fromConnectionString(await test.serviceConnectionString(), { clock });
    const [closed, drained] = [(await other.logs.follow()).next(), (await service.logs.follow()).next()];
    await other.logs.follow();
    const ends = Promise.all([
      expect(closed).rejects.toMatchObject({ code: 'STREAMS_CLOSED' }),
      expect(drained).rejects.toMatchObject({ code: 'STREAMS_DRAINING', retryable: true }),
    ]);
    await other.close();
    await test.close();
    await ends;
  });

  it('shows how everything ended before the hub is gone', async () => {
    const device = DeviceClient.fromConnectionString(await test.deviceConnectionString('pump-7'), { clock });
    device.onStreamRequest(async (request) => void (await request.accept()).on('error', () => undefined));
    await device.connect();
    const following = await service.logs.follow();
    const stream = await service.createStream('pump-7', { resume: 'off' });
    stream.on('error', () => undefined);
    const ends: unknown[] = [];
    const reading = (async () => {
      for await (const { result, closeCode } of following) ends.push([result, closeCode]);
    })().catch(({ code }: { code: string }) => ends.push(code));
    await test.close();
    await reading;
    expect(ends).toEqual([['established', null], ['terminated', 1012], 'STREAMS_DRAINING']);
    await device.close();
  });

  it('lives from signs of life, and ends without them', async () => {
    const proxy = await FaultProxy.listen({ port: test.port });
    const string = (await test.serviceConnectionString()).replace(/:\d+;/, `:${proxy.port};`);
    const far = ServiceClient.fromConnectionString(string, { clock });
    let outcome: unknown;
    const following = (await far.logs.follow()).next().catch((error: unknown) => (outcome = error));
    await clock.advance(10 * LOG_HEARTBEAT_MS, { stepMs: LOG_HEARTBEAT_MS, realMs: 5 });
    expect(outcome).toBeUndefined();
    proxy.inject({ down: { frozen: true } });
    await clock.advance(LOG_DEAD_MS + LOG_HEARTBEAT_MS, { stepMs: LOG_HEARTBEAT_MS, realMs: 5 });
    await following;
    expect(outcome).toMatchObject({ code: 'STREAMS_CONNECT_FAILED', message: expect.stringContaining('silent') });
    far.destroy();
    await far.closed;
    await proxy.close();
  });
});
