// What every registry does: one suite for all of them.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type DeviceChange, type DevicePage, type DeviceRecord, openRegistry, type Registry } from '@streams/hub';
import { MemoryRegistry } from '../../src/devices/memory-registry.ts';

const directories: string[] = [];
afterAll(() => Promise.all(directories.map((directory) => rm(directory, { recursive: true }))));

const key = (seed: number): string => Buffer.alloc(32, seed).toString('base64');
const pump: DeviceRecord = { deviceId: 'pump-7', enabled: true, keys: [key(1), key(2)] };

describe.each([
  ['in memory', () => Promise.resolve<Registry>(new MemoryRegistry())],
  ['on disk', openNew],
])('a registry %s', (_where, open) => {
  let registry: Registry;
  let changes: DeviceChange[];
  let forget: () => void;
  beforeEach(async () => {
    registry = await open();
    changes = [];
    forget = registry.changes((change) => changes.push(change));
  });
  afterEach(() => registry.close());

  it('gives what was put, to the letter, and nothing else', async () => {
    const ids = ["-.%_*?!(),:=@$'", 'x%2Fy', '...', 'y'.repeat(128), '%00', 'A', 'a'];
    for (const deviceId of ids) await registry.put({ ...pump, deviceId });
    for (const deviceId of ids) expect(await registry.get(deviceId)).toEqual({ ...pump, deviceId });
    expect(await registry.get('pump-7')).toBeUndefined();
    expect(await registry.get('aa')).toBeUndefined();
  });

  it('lists in the order of the ids, page by page', async () => {
    const ids = ['b', 'a', 'B', '...', 'aa', 'y'.repeat(128), '%00', 'pump-7'];
    for (const deviceId of ids) await registry.put({ ...pump, deviceId });
    await registry.delete('aa');
    const sorted = ids.filter((id) => id !== 'aa').toSorted((a, b) => (a < b ? -1 : 1));
    const all = await registry.list({ limit: 100 });
    expect(all.map(({ deviceId }) => deviceId)).toEqual(sorted);
    expect(all.at(-2)).toEqual(pump);
    expect((await registry.list({ after: sorted[1], limit: 2 })).map(({ deviceId }) => deviceId)).toEqual(sorted.slice(2, 4));
    // An id that is not there, and one between which and the next the key check of the file lies.
    expect((await registry.list({ after: 'aa', limit: 1 })).map(({ deviceId }) => deviceId)).toEqual(['b']);
    expect(await registry.list({ after: 'y'.repeat(128), limit: 9 })).toEqual([]);
  });

  it('lists by the beginning of the id, and the disabled alone, as they are now', async () => {
    for (const deviceId of ['key', 'key-1', 'pump-1', 'pump-2', 'pump-3', 'q']) await registry.put({ ...pump, deviceId });
    for (const deviceId of ['key-1', 'pump-1', 'pump-3', 'q']) await registry.put({ ...pump, deviceId, enabled: false });
    await registry.put({ ...pump, deviceId: 'pump-1' });
    await registry.delete('q');
    await registry.put({ ...pump, deviceId: 'q' });
    const list = async (page: DevicePage): Promise<string[]> => (await registry.list(page)).map(({ deviceId }) => deviceId);
    expect(await list({ prefix: 'pump-', limit: 9 })).toEqual(['pump-1', 'pump-2', 'pump-3']);
    expect(await list({ prefix: 'pump-', after: 'pump-1', limit: 1 })).toEqual(['pump-2']);
    expect(await list({ prefix: 'key', limit: 9 })).toEqual(['key', 'key-1']);
    expect(await list({ prefix: 'pump-', after: 'key', limit: 9 })).toEqual(['pump-1', 'pump-2', 'pump-3']);
    expect(await list({ prefix: 'key', after: 'pump-1', limit: 9 })).toEqual([]);
    expect(await list({ disabled: true, limit: 9 })).toEqual(['key-1', 'pump-3']);
    expect(await list({ disabled: true, prefix: 'pump-', limit: 9 })).toEqual(['pump-3']);
    expect(await list({ disabled: true, after: 'key-1', limit: 1 })).toEqual(['pump-3']);
  });

  it('keeps when devices were seen for as long as they exist, and tells of no change', async () => {
    await registry.put(pump);
    changes.length = 0;
    await registry.lastSeen?.put(
      new Map([
        ['pump-7', 5.5],
        ['nobody', 6],
      ]),
    );
    expect(await registry.lastSeen?.get(['pump-7', 'nobody'])).toEqual(new Map([['pump-7', 5.5]]));
    expect(await registry.list({ limit: 9 })).toEqual([pump]);
    expect(changes).toEqual([]);
    await registry.put({ ...pump, enabled: false });
    expect(await registry.lastSeen?.get(['pump-7'])).toEqual(new Map([['pump-7', 5.5]]));
    await registry.delete('pump-7');
    await registry.put(pump);
    expect(await registry.lastSeen?.get(['pump-7'])).toEqual(new Map());
  });

  it('replaces as a whole', async () => {
    const later: DeviceRecord = { deviceId: 'pump-7', enabled: false, keys: [key(3), key(4)] };
    await registry.put(pump);
    await registry.put(later);
    expect(await registry.get('pump-7')).toEqual(later);
    expect(changes).toEqual([
      { deviceId: 'pump-7', device: pump },
      { deviceId: 'pump-7', device: later },
    ]);
  });

  it('deletes, and says whether there was anything', async () => {
    await registry.put(pump);
    expect(await registry.delete('pump-7')).toBe(true);
    expect(await registry.get('pump-7')).toBeUndefined();
    expect(await registry.delete('pump-7')).toBe(false);
    expect(changes).toEqual([{ deviceId: 'pump-7', device: pump }, { deviceId: 'pump-7' }]);
  });

  it('carries out calls in their order, and tells of them in that order, also when nobody waits', async () => {
    const records = Array.from({ length: 50 }, (_, index) => ({ ...pump, enabled: index % 2 === 0 }));
    const all = records.flatMap((record) => [registry.put(record), registry.delete('pump-7'), registry.put(record)]);
    const deleted = await Promise.all(all);
    expect(deleted.filter((result) => result === true)).toHaveLength(50);
    expect(changes).toHaveLength(150);
    expect(changes.map(({ device }) => device?.enabled)).toEqual(records.flatMap(({ enabled }) => [enabled, undefined, enabled]));
    expect(await registry.get('pump-7')).toEqual(records.at(-1));
  });

  it('has carried out a change when it tells of it', async () => {
    const seen: Promise<DeviceRecord | undefined>[] = [];
    registry.changes(({ deviceId }) => seen.push(registry.get(deviceId)));
    await registry.put(pump);
    await registry.delete('pump-7');
    expect(await Promise.all(seen)).toEqual([pump, undefined]);
  });

  it('tells nothing to who no longer listens', async () => {
    forget();
    await registry.put(pump);
    expect(changes).toEqual([]);
  });

  it('closes twice', async () => {
    await registry.close();
    await registry.close();
  });
});

async function openNew(): Promise<Registry> {
  const dataDirectory = await mkdtemp(join(tmpdir(), 'streams-registry-'));
  directories.push(dataDirectory);
  return openRegistry({ dataDirectory });
}
