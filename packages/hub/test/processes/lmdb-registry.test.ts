// The registry on disk: what stays, who may read it, and what it says when it cannot be opened.
import { chmod, mkdir, mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type DeviceRecord, type DurableRegistry, openRegistry } from '@streams/hub';
import { openStore } from '../../src/devices/lmdb-store.ts';
import { sealRecord, unsealRecord } from '../../src/devices/sealed-record.ts';
import { RegistryChild } from '../support/registry-child.ts';
import { LANES, stateAfter } from '../support/registry-steps.mjs';

const key = (seed: number): string => Buffer.alloc(32, seed).toString('base64');
const pump: DeviceRecord = { deviceId: 'pump-7', enabled: true, keys: [key(1), key(2)] };
let directory: string;
let dataDirectory: string;
const file = (name: string): string => join(dataDirectory, name);
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'streams-registry-'));
  dataDirectory = join(directory, 'deep', 'data');
});
afterEach(() => rm(directory, { recursive: true }));

/** Opens the registry for one action. */
async function opened<T>(action: (registry: DurableRegistry) => Promise<T>): Promise<T> {
  const registry = await openRegistry({ dataDirectory });
  return action(registry).finally(() => registry.close());
}

describe('what is on disk', () => {
  it('is there when the registry is opened again', async () => {
    await opened((registry) => registry.put(pump));
    expect(await opened((registry) => registry.get('pump-7'))).toEqual(pump);
    await opened((registry) => registry.delete('pump-7'));
    expect(await opened((registry) => registry.get('pump-7'))).toBeUndefined();
  });

  it('has who is disabled, and when devices were seen; a registry of an earlier version is looked through once', async () => {
    await opened(async (registry) => {
      for (const deviceId of ['a', 'b', 'c']) await registry.put({ ...pump, deviceId, enabled: deviceId !== 'b' });
      await registry.lastSeen?.put(new Map([['a', 7]]));
    });
    const store = await openStore(file('registry.mdb'));
    await Promise.all([store.remove(' has off'), store.remove(' off/b'), store.put(' off/c', Buffer.alloc(1))]);
    await store.close();
    await opened(async (registry) => {
      expect((await registry.list({ disabled: true, limit: 9 })).map(({ deviceId }) => deviceId)).toEqual(['b']);
      expect(await registry.lastSeen?.get(['a', 'b'])).toEqual(new Map([['a', 7]]));
    });
  });

  it.each(['000', '027', '077'])('is for the owner alone, with the umask %s', async (umask) => {
    const child = await RegistryChild.start(dataDirectory, { umask });
    await child.killed();
    expect((await stat(dataDirectory)).mode & 0o777).toBe(0o700);
    const modes = await Promise.all((await readdir(dataDirectory)).map(async (name) => [name, (await stat(file(name))).mode & 0o777]));
    expect(Object.fromEntries(modes)).toEqual({ 'registry-key': 0o600, 'registry.mdb': 0o600, 'registry.mdb-lock': 0o600 });
  });

  it('tightens a directory that was open to others', async () => {
    await opened(() => Promise.resolve());
    await chmod(dataDirectory, 0o755);
    await opened(() => Promise.resolve());
    expect((await stat(dataDirectory)).mode & 0o777).toBe(0o700);
  });

  it('shows no key of a device, in base64 or in bytes', async () => {
    await opened((registry) => registry.put(pump));
    const bytes = await readFile(file('registry.mdb'));
    expect(bytes.includes('pump-7')).toBe(true);
    for (const text of pump.keys) {
      expect(bytes.includes(text.slice(0, 16))).toBe(false);
      expect(bytes.includes(Buffer.from(text, 'base64').subarray(0, 12))).toBe(false);
    }
  });
});

describe('a sealed record', () => {
  const secret = Buffer.alloc(32, 7);

  it('opens under its own id and key alone, and is sealed anew each time', () => {
    const sealed = sealRecord(pump, secret);
    expect(unsealRecord(sealed, 'pump-7', secret)).toEqual(pump);
    expect(unsealRecord(sealed, 'pump-8', secret)).toBeUndefined();
    expect(unsealRecord(sealed, 'pump-7', Buffer.alloc(32, 8))).toBeUndefined();
    expect(sealRecord(pump, secret).equals(sealed)).toBe(false);
  });

  it('opens no longer after a change of any bit, or when it is cut', () => {
    const sealed = sealRecord(pump, secret);
    for (let bit = 0; bit < sealed.length * 8; bit += 1) {
      const changed = Buffer.from(sealed);
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(unsealRecord(changed, 'pump-7', secret)).toBeUndefined();
    }
    for (let length = 0; length < sealed.length; length += 1)
      expect(unsealRecord(sealed.subarray(0, length), 'pump-7', secret)).toBeUndefined();
  });
});

describe('a key file', () => {
  beforeEach(() => opened((registry) => registry.put(pump)));
  const refused = (file: string, ...remedies: string[]): object => ({
    code: 'STREAMS_INVALID_ARGUMENT',
    details: { field: 'dataDirectory', file },
    message: expect.stringMatching(new RegExp([file, ...remedies].map((text) => `(?=.*${text})`).join(''))),
  });

  it('that is missing is not made anew', async () => {
    await rename(file('registry-key'), file('moved'));
    await expect(openRegistry({ dataDirectory })).rejects.toMatchObject(
      refused(file('registry-key'), 'is missing', 'restore it', 'move .*mdb away'),
    );
    await rename(file('moved'), file('registry-key'));
    expect(await opened((registry) => registry.get('pump-7'))).toEqual(pump);
  });

  it('that is another one is refused, and nothing is written under it', async () => {
    const right = await readFile(file('registry-key'));
    await writeFile(file('registry-key'), Buffer.alloc(32, 1));
    await expect(openRegistry({ dataDirectory })).rejects.toMatchObject(
      refused(file('registry-key'), 'is not the key of .*mdb', 'restore the one'),
    );
    await writeFile(file('registry-key'), right);
    expect(await opened((registry) => registry.get('pump-7'))).toEqual(pump);
  });

  it('that is no key is refused', async () => {
    await writeFile(file('registry-key'), Buffer.alloc(31, 1));
    await expect(openRegistry({ dataDirectory })).rejects.toMatchObject(refused(file('registry-key'), 'expected 32 bytes'));
  });

  it('that cannot be read is named', async () => {
    await rm(file('registry-key'));
    await mkdir(file('registry-key'), 0o700);
    await expect(openRegistry({ dataDirectory })).rejects.toMatchObject(refused(file('registry-key'), 'cannot be read or made'));
  });

  it.each(['640', '604', '620'])('that others can use is refused, mode %s', async (mode) => {
    await chmod(file('registry-key'), Number.parseInt(mode, 8));
    await expect(openRegistry({ dataDirectory })).rejects.toMatchObject({
      ...refused(file('registry-key'), 'chmod 600 .*registry-key'),
      code: 'STREAMS_INVALID_CONFIGURATION',
    });
  });
});

describe('a registry that cannot be opened', () => {
  it('because it is open here says so, by whichever path, and leaves the other alone', async () => {
    await opened(async (registry) => {
      const path = join(dataDirectory, '..', 'data', '.');
      await expect(openRegistry({ dataDirectory: path })).rejects.toMatchObject({
        code: 'STREAMS_INVALID_STATE',
        message: expect.stringContaining(String(process.pid)),
      });
      await registry.put(pump);
      // The one that was refused must not have let go of the locks of this one.
      const child = await RegistryChild.start(dataDirectory);
      expect(await child.exited()).toContain('STREAMS_INVALID_STATE');
    });
  });

  it('because another process has it open says which, until that one is dead', async () => {
    const child = await RegistryChild.start(dataDirectory);
    await child.acknowledged(20);
    await expect(openRegistry({ dataDirectory })).rejects.toMatchObject({
      code: 'STREAMS_INVALID_STATE',
      details: { field: 'dataDirectory', file: file('registry.mdb'), pid: child.pid },
      message: expect.stringContaining(`process ${child.pid}`),
    });
    await child.acknowledged(40);
    await child.killed();
    await opened((registry) => registry.put(pump));
  });

  it('because the directory is a file, or the database is none, names it', async () => {
    await writeFile(join(directory, 'file'), '');
    await expect(openRegistry({ dataDirectory: join(directory, 'file') })).rejects.toMatchObject({
      code: 'STREAMS_INVALID_ARGUMENT',
      message: expect.stringContaining(join(directory, 'file')),
    });
    await opened((registry) => registry.put(pump));
    await writeFile(file('registry.mdb'), 'x'.repeat(8_192));
    for (let time = 1; time <= 2; time += 1) {
      await expect(openRegistry({ dataDirectory })).rejects.toMatchObject({
        code: 'STREAMS_INVALID_ARGUMENT',
        message: expect.stringContaining(file('registry.mdb')),
      });
    }
  });
});

describe('a registry that is closed', () => {
  it('has written what was asked for before, and takes nothing more', async () => {
    const registry = await openRegistry({ dataDirectory });
    const written = registry.put(pump);
    await registry.close();
    await written;
    for (const call of [registry.get('pump-7'), registry.put(pump), registry.delete('pump-7')]) {
      await expect(call).rejects.toMatchObject({ code: 'STREAMS_CLOSED' });
    }
    expect(await opened((again) => again.get('pump-7'))).toEqual(pump);
  });
});

describe('a disk that is full', () => {
  it('F3 fails the write with a typed error that says why, and keeps what was acknowledged', async () => {
    const child = await RegistryChild.start(dataDirectory, { maxBlocks: 48 });
    expect(await child.exited()).toMatch(
      /STREAMS_(INTERNAL .*registry\.mdb could not be written: .*too large|OVERLOADED the disk .* fails)/,
    );
    expect(child.lastSteps.size).toBe(LANES.length);
    await opened(async (registry) => {
      for (const [lane, step] of child.lastSteps) expect(await registry.get(`device-${lane}`)).toEqual(stateAfter(lane, step));
      await registry.put(pump);
    });
  });
});
