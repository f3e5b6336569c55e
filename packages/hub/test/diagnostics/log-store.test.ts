// Both stores of the resource log: pages that stay what they are while records come, filters, times, sizes.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type LogPage, type LogRecord, MAX_LOG_PAGE_BYTES, silentLogger } from '@streams/protocol/internal';
import { FakeClock, leakCheck } from '@streams/testkit';
import fc from 'fast-check';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { fileLogOptions } from '../../src/config/resource-log.ts';
import { FileLogStore } from '../../src/diagnostics/log/file-store.ts';
import type { LogCursor, LogQuery } from '../../src/diagnostics/log/query.ts';
import { type LogStore, MemoryLogStore } from '../../src/diagnostics/log/store.ts';
import { type LogEntry, ResourceLog } from '../../src/diagnostics/resource-log.ts';
import { ENTRY } from '../support/log-entries.ts';

const DAY_MS = 86_400_000;
const leaks = leakCheck();
const directories: string[] = [];
afterEach(() => Promise.all(directories.splice(0).map((directory) => rm(directory, { recursive: true }))));
afterAll(() => leaks.settled());

interface Log {
  readonly clock: FakeClock;
  write(changes?: Partial<LogEntry>): void;
  page(query?: Partial<LogQuery>): Promise<LogPage>;
  close(): Promise<void>;
}

function logIn(clock: FakeClock, store: LogStore): Log {
  const log = new ResourceLog({ clock, store, logger: undefined });
  return {
    clock,
    write: (changes) => log.write({ ...ENTRY, ...changes }),
    page: (query) => log.query({ filter: {}, ...query }, new AbortController().signal),
    close: () => log.close(),
  };
}

const stores: Record<string, () => Promise<Log>> = {
  memory: async () => {
    const clock = new FakeClock();
    return logIn(clock, new MemoryLogStore(clock));
  },
  files: async () => {
    const clock = new FakeClock();
    const directory = await mkdtemp(join(tmpdir(), 'streams-log-'));
    directories.push(directory);
    return logIn(clock, new FileLogStore({ options: fileLogOptions(directory, {}), hostName: 'h', clock, logger: silentLogger }));
  },
};

function cursorOf({ next }: LogPage): LogCursor | undefined {
  const [startMs = 0, position = 0] = next?.split('.').map(Number) ?? [];
  return next === undefined ? undefined : { startMs, position };
}

function ids(records: readonly LogRecord[]): string[] {
  return records.map(({ trackingId }) => trackingId);
}

describe.each(Object.entries(stores))('the log in %s', (_, open) => {
  type Step =
    | { readonly do: 'write'; readonly deviceId: string; readonly passMs: number }
    | { readonly do: 'page'; readonly limit: number };
  const step: fc.Arbitrary<Step> = fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({
        do: fc.constant('write' as const),
        deviceId: fc.constantFrom('a', 'b'),
        passMs: fc.constantFrom(0, 1, DAY_MS),
      }),
    },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('page' as const), limit: fc.integer({ min: 1, max: 5 }) }) },
  );

  it('pages of any size, with writes between them, have each record that was there at first once, newest first', async () => {
    const run = async (steps: readonly Step[], deviceId: string | undefined): Promise<void> => {
      const log = await open();
      const written: { readonly id: string; readonly deviceId: string }[] = [];
      const pages: LogPage[] = [];
      let expected: string[] | undefined;
      const read = async (limit: number): Promise<void> => {
        const last = pages.at(-1);
        if (last && last.next === undefined) return;
        expected ??= written
          .filter((record) => record.deviceId === (deviceId ?? record.deviceId))
          .map(({ id }) => id)
          .toReversed();
        pages.push(await log.page({ filter: { deviceId }, limit, cursor: last && cursorOf(last) }));
      };
      for (const each of steps) {
        if (each.do === 'page') await read(each.limit);
        else {
          log.clock.jumpWall(each.passMs);
          const id = String(written.length);
          written.push({ id, deviceId: each.deviceId });
          log.write({ trackingId: id, deviceId: each.deviceId });
        }
      }
      do await read(3);
      while (pages.at(-1)?.next !== undefined);
      await log.close();
      expect(ids(pages.flatMap(({ records }) => records))).toEqual(expected);
    };
    const anyCase = fc.asyncProperty(fc.array(step, { maxLength: 40 }), fc.constantFrom(undefined, 'a', 'c'), run);
    await fc.assert(anyCase, { numRuns: 60 });
  });

  it('filters by every field, and together', async () => {
    const log = await open();
    log.write({ trackingId: '0', streamName: 'ssh', deviceId: 'pump-7', policy: 'p1', operation: 'stream', result: 'clean' });
    log.write({ trackingId: '1', streamName: 'ssh', deviceId: 'pump-77', policy: 'p2', reason: '"deviceId":"pump-7"' });
    log.write({ trackingId: '2', streamName: 'web', deviceId: 'pump-7', policy: 'p2' });
    const found = async (filter: LogQuery['filter']): Promise<string[]> => ids((await log.page({ filter })).records);
    expect(await found({ deviceId: 'pump-7' })).toEqual(['2', '0']);
    expect(await found({ streamName: 'ssh' })).toEqual(['1', '0']);
    expect(await found({ policy: 'p2' })).toEqual(['2', '1']);
    expect(await found({ result: 'rejected', operation: 'handshake' })).toEqual(['2', '1']);
    expect(await found({ deviceId: 'pump-7', streamName: 'ssh' })).toEqual(['0']);
    expect(await found({ deviceId: 'pump-7', streamName: 'rdp' })).toEqual([]);
    expect(await found({ streamName: 'ssh', isVisible: ({ deviceId }) => deviceId === 'pump-77' })).toEqual(['1']);
    await log.close();
  });

  it('since takes its moment in, until leaves it out; also where somebody has set the clock back', async () => {
    const log = await open();
    const startMs = log.clock.wallMs();
    const at = (minutes: number): string => new Date(startMs + minutes * 60_000).toISOString();
    for (const [index, minutes] of [10, -5, 10, DAY_MS / 60_000].entries()) {
      log.clock.jumpWall(minutes * 60_000);
      log.write({ trackingId: String(index) });
    }
    const between = async (since?: string, until?: string): Promise<string[]> => ids((await log.page({ since, until })).records);
    expect(await between(at(10))).toEqual(['3', '2', '0']);
    expect(await between(at(5), at(15))).toEqual(['1', '0']);
    expect(await between(undefined, at(15))).toEqual(['1', '0']);
    expect(await between(at(16))).toEqual(['3']);
    await log.close();
  });

  it('a page is no larger than an answer, however many are wanted', async () => {
    const log = await open();
    for (let written = 0; written < 600; written += 1) log.write({ reason: '\u00e4\u20ac"'.repeat(85) });
    const first = await log.page({ limit: 1_000 });
    const second = await log.page({ limit: 1_000, cursor: cursorOf(first) });
    expect(Buffer.byteLength(JSON.stringify(first))).toBeLessThan(MAX_LOG_PAGE_BYTES);
    expect(first.records.length).toBeGreaterThan(200);
    expect(second.records.length).toBeGreaterThan(200);
    await log.close();
  });

  it('a cursor of another time leads nowhere, and harms nothing', async () => {
    const log = await open();
    log.write();
    expect(await log.page({ cursor: { startMs: 1, position: 5 } })).toEqual({ records: [] });
    await log.close();
  });
});
