// The files of the resource log: rotated by day and size, removed by age and size, private, and what becomes of a disk that fails.
import { appendFile, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { LogRecord } from '@streams/protocol/internal';
import { FakeClock, leakCheck } from '@streams/testkit';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fileLogOptions, type ResourceLogOptions } from '../../src/config/resource-log.ts';
import { FileLogStore } from '../../src/diagnostics/log/file-store.ts';
import type { LogQuery } from '../../src/diagnostics/log/query.ts';
import { type LogEntry, ResourceLog } from '../../src/diagnostics/resource-log.ts';
import { keepingLogger } from '../support/certificates.ts';
import { ENTRY } from '../support/log-entries.ts';

const DAY_MS = 86_400_000;
const NOON = Date.parse('2026-11-28T12:00:00Z');
const never = new AbortController().signal;
const leaks = leakCheck();
let clock: FakeClock;
let directory: string;
let logger: ReturnType<typeof keepingLogger>;
let log: ResourceLog;
beforeEach(async () => {
  clock = new FakeClock(NOON);
  logger = keepingLogger();
  directory = join(await mkdtemp(join(tmpdir(), 'streams-log-')), 'logs');
  log = open();
});
afterEach(async () => {
  await log.close();
  expect(clock.pendingTimers).toBe(0);
  await rm(join(directory, '..'), { recursive: true });
});
afterAll(() => leaks.settled());

function open(options: ResourceLogOptions = {}): ResourceLog {
  const store = new FileLogStore({ options: fileLogOptions(directory, options), hostName: 'hub.example', clock, logger });
  return new ResourceLog({ clock, store, logger: undefined });
}

function write(trackingId: string, changes: Partial<LogEntry> = {}): void {
  log.write({ ...ENTRY, trackingId, ...changes });
}

async function found(query: Partial<LogQuery> = {}): Promise<string[]> {
  const { records } = await log.query({ filter: {}, ...query }, never);
  return records.map(({ trackingId }: LogRecord) => trackingId);
}

const sizes = async (): Promise<number[]> =>
  Promise.all((await readdir(directory)).map(async (name) => (await stat(join(directory, name))).size));
/** What real disks bring about. */
const soon = async (read: () => Promise<unknown>, expected: unknown): Promise<void> =>
  expect.poll(() => read().catch(() => undefined), { timeout: 15_000 }).toEqual(expected);
const said = (): string[] => logger.lines.map(({ level, message }) => `${level}: ${message}`);

describe('files', () => {
  it('are written within a second, named by their time, and their owner alone reads them', async () => {
    await log.open();
    write('0');
    await clock.advance(1_000);
    const name = 'streams-2026-11-28T12-00-00-000Z.ndjson';
    await soon(() => readFile(join(directory, name), 'utf8'), expect.stringMatching(/^\{"time":"2026-11-28T12:00:00.000Z",.*\}\n$/));
    expect(await readdir(directory)).toEqual([name]);
    expect((await stat(join(directory, name))).mode & 0o777).toBe(0o600);
    expect((await stat(directory)).mode & 0o777).toBe(0o700);
  });

  it('begin anew with each day, and go when their day is longer past than asked', async () => {
    log = open({ days: 2 });
    await log.open();
    for (let day = 0; day < 5; day += 1) {
      write(String(day));
      await found();
      clock.jumpWall(DAY_MS);
    }
    expect(await readdir(directory)).toEqual(
      [30, 1, 2].map((day) => expect.stringContaining(`-${String(day).padStart(2, '0')}T12-00-00-000Z`)),
    );
    expect(await found()).toEqual(['4', '3', '2']);
    clock.jumpWall(DAY_MS * 9);
    // Without a single new record.
    await clock.advance(3_600_000);
    await soon(() => readdir(directory), []);
    write('new');
    expect(await found()).toEqual(['new']);
  });

  it('together are never larger than asked, and the oldest go first', async () => {
    const maxBytes = 4_194_304;
    log = open({ maxBytes });
    for (let batch = 0; batch < 14; batch += 1) {
      for (let index = 0; index < 500; index += 1) write(`${batch}-${index}`, { reason: 'x'.repeat(256) });
      await found();
      expect((await sizes()).reduce((sum, size) => sum + size, 0)).toBeLessThanOrEqual(maxBytes);
    }
    expect((await sizes()).length).toBeGreaterThan(7);
    expect(Math.max(...(await sizes()))).toBeLessThanOrEqual(maxBytes / 8);
    expect((await found())[0]).toBe('13-499');
    expect(log.lostRecords).toBe(0);
  });

  it('go on after a restart, past half a line that a crash has left', async () => {
    write('0');
    await log.close();
    const [name = ''] = await readdir(directory);
    await appendFile(join(directory, name), '{"time":"2026-11-28T12:00:00.000Z","category":"DeviceStreams","tracki');
    log = open();
    expect(await found()).toEqual(['0']);
    write('1');
    expect(await found()).toEqual(['1', '0']);
    expect(await readdir(directory)).toEqual([name]);
  });

  it('of others in the directory are left alone', async () => {
    await mkdir(directory);
    await writeFile(join(directory, 'streams-notes.ndjson'), 'mine');
    log = open({ days: 1 });
    write('0');
    expect(await found()).toEqual(['0']);
    clock.jumpWall(9 * DAY_MS);
    write('1');
    expect(await found()).toEqual(['1']);
    expect(await readdir(directory)).toEqual(['streams-2026-12-07T12-00-00-000Z.ndjson', 'streams-notes.ndjson']);
  });

  it('a question that finds nothing in much ends soon, with where to go on', async () => {
    write('oldest', { deviceId: 'rare' });
    for (let index = 0; index < 200; index += 1) write(String(index));
    await log.close();
    const [name = ''] = await readdir(directory);
    const lines = await readFile(join(directory, name));
    for (let size = lines.length; size < 35_000_000; size += lines.length * 100)
      await appendFile(join(directory, name), Buffer.concat(Array(100).fill(lines.subarray(lines.indexOf('\n') + 1))));
    log = open();
    const first = await log.query({ filter: { deviceId: 'rare' } }, never);
    expect(first).toEqual({ records: [], next: expect.any(String) });
    const [startMs = 0, position = 0] = first.next?.split('.').map(Number) ?? [];
    expect(await found({ filter: { deviceId: 'rare' }, cursor: { startMs, position } })).toEqual(['oldest']);
  });
});

describe('a disk that fails', () => {
  it('F3 is said once, and the records that wait are written when it is well again', async () => {
    // Its directory cannot be made: there is a file.
    await writeFile(directory, '');
    await log.open();
    for (let index = 0; index < 10; index += 1) {
      write(String(index));
      await clock.advance(1_000, { realMs: 2 });
    }
    expect(said()).toEqual(['error: the resource log cannot be written; records wait, up to 4 MB of them']);
    await rm(directory);
    expect(await found()).toHaveLength(10);
    expect(said().slice(1)).toEqual(['warn: the resource log is written again']);
    expect(log.lostRecords).toBe(0);
  });

  it('keeps 4 MB waiting, and counts what is left out', async () => {
    await writeFile(directory, '');
    for (let index = 0; index < 12_000; index += 1) write(String(index));
    expect(log.lostRecords).toBeGreaterThan(1_000);
    expect(log.lostRecords).toBeLessThan(11_000);
    await rm(directory);
    const page = await log.query({ filter: {}, limit: 1 }, never);
    expect(page.records[0]?.trackingId).toBe(String(12_000 - log.lostRecords - 1));
  });

  it('says what it could not write by the end', async () => {
    await writeFile(directory, '');
    write('never');
    await log.close();
    expect(log.lostRecords).toBe(1);
    expect(said().at(-1)).toBe('error: the hub closes, and could not write all of its resource log');
  });

  it('a directory that somebody has removed is made again', async () => {
    write('0');
    expect(await found()).toEqual(['0']);
    await rm(directory, { recursive: true });
    write('1');
    expect(await found()).toEqual(['1']);
    expect(logger.lines).toEqual([]);
  });
});

describe("Azure's records", () => {
  const records = async (prefix: string): Promise<Record<string, unknown>[]> => {
    const names = (await readdir(directory)).filter((name) => name.startsWith(prefix));
    const texts = await Promise.all(names.map((name) => readFile(join(directory, name), 'utf8')));
    return texts.flatMap((text) => text.trim().split('\n')).map((line) => JSON.parse(line) as Record<string, unknown>);
  };
  const stream = { operation: 'stream', streamId: 's', code: undefined } as const;

  it('stand beside our own, one for each request, once it is over', async () => {
    log = open({ format: 'azure', resourceId: '/SUBSCRIPTIONS/1/HUBS/H', location: 'eu' });
    write('0', { result: 'established', code: undefined });
    write('0', { ...stream, result: 'clean', durationMs: 74, bytesToDevice: 3, bytesToService: 5, endedBy: 'service', closeCode: 1000 });
    write('1', { reason: 'not today' });
    write('2', { result: 'failed', code: 'DEVICE_NOT_CONNECTED', streamName: '' });
    expect(await found()).toEqual(['2', '1', '0', '0']);
    await log.close();
    const written = await records('azure-');
    expect(written.map((columns) => ({ ...columns, properties: undefined }))).toEqual(
      [
        { resultType: '', resultDescription: '', level: 'Information', durationMs: '74' },
        { resultType: 'STREAM_REJECTED', resultDescription: 'not today', level: 'Error', durationMs: '3' },
        {
          resultType: 'DEVICE_NOT_CONNECTED',
          resultDescription: 'the device is not connected to the hub',
          level: 'Error',
          durationMs: '3',
        },
      ].map((columns) => ({
        time: '2026-11-28T12:00:00.000Z',
        resourceId: '/SUBSCRIPTIONS/1/HUBS/H',
        operationName: 'invoke',
        category: 'DeviceStreams',
        location: 'eu',
        ...columns,
      })),
    );
    expect(Object.keys(written[0] ?? {}).join(' ')).toBe(
      'time resourceId operationName category resultType resultDescription level durationMs properties location',
    );
    const common = { deviceId: 'a', moduleId: null, sdkVersion: expect.any(String), direction: 'c2d', policy: 'p', address: '192.0.2.7' };
    expect(written.map(({ properties }) => JSON.parse(properties as string) as unknown)).toEqual([
      expect.objectContaining({ ...common, requestSize: '3', responseSize: '5', statusCode: null, requestName: 'web', trackingId: '0' }),
      expect.objectContaining({ ...common, requestSize: '0', responseSize: '0', statusCode: 403, requestName: 'web', trackingId: '1' }),
      expect.objectContaining({ ...common, requestSize: '0', responseSize: '0', statusCode: 404, requestName: '', trackingId: '2' }),
    ]);
    expect(await records('streams-')).toHaveLength(4);
  });

  it('have a resource without being told', async () => {
    log = open({ format: 'azure' });
    write('0');
    await log.close();
    expect(await records('azure-')).toMatchObject([{ resourceId: '/HUBS/HUB.EXAMPLE', location: '' }]);
  });
});
