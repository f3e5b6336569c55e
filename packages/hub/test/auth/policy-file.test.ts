// Policies on disk: for the owner's eyes alone, whole or not at all, and named but never shown where they are wrong.
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openPolicies, type PolicyChange, type PolicyOptions, StreamsError } from '@streams/hub';
import { readPolicies } from '@streams/hub/policies';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const key = (seed: number): string => Buffer.alloc(32, seed).toString('base64');
const FIELD: PolicyOptions = {
  name: 'field',
  keys: [key(1), key(2)],
  permissions: ['stream:create'],
  devices: ['pump-*'],
  streams: ['ssh'],
  expiresAt: '2099-01-01T00:00:00Z',
};
let dataDirectory: string;
let file: string;

beforeEach(async () => {
  dataDirectory = join(await mkdtemp(join(tmpdir(), 'streams-policies-')), 'data');
  file = join(dataDirectory, 'policies.json');
});
afterEach(() => rm(join(dataDirectory, '..'), { recursive: true }));

async function mode(path: string): Promise<number> {
  return (await stat(path)).mode & 0o777;
}

/** Writes the file as a person would. */
async function edit(content: unknown): Promise<void> {
  await writeFile(file, typeof content === 'string' ? content : JSON.stringify(content), { mode: 0o600 });
}

async function failure(work: Promise<unknown>): Promise<StreamsError> {
  const error: unknown = await work.then(
    () => expect.unreachable('it was taken'),
    (thrown: unknown) => thrown,
  );
  if (StreamsError.is(error)) return error;
  throw error;
}

describe('openPolicies', () => {
  it('makes a first policy, with keys of its own, that nobody else can read', async () => {
    const [owner] = await (await openPolicies({ dataDirectory })).list();
    expect(owner).toMatchObject({ name: 'owner', permissions: ['stream:create', 'device:read', 'device:write', 'hub:read', 'hub:write'] });
    expect(owner?.keys.map((text) => Buffer.from(text, 'base64').length)).toEqual([32, 32]);
    expect([await mode(dataDirectory), await mode(file)]).toEqual([0o700, 0o600]);
    expect(await readPolicies({ dataDirectory })).toEqual([owner]);
  });

  it('makes what it is told to, and completes the keys', async () => {
    await openPolicies({ dataDirectory, defaults: [{ name: 'a', permissions: ['hub:read'], keys: [key(1)] }] });
    const [policy] = (await readPolicies({ dataDirectory })) ?? [];
    expect(policy).toMatchObject({ name: 'a', keys: [key(1), expect.stringMatching(/^.{44}$/)] });
    const wrong = [{ name: 'a b', permissions: [] }];
    const other = join(dataDirectory, 'other');
    expect(await failure(openPolicies({ dataDirectory: other, defaults: wrong }))).toMatchObject({ code: 'STREAMS_INVALID_CONFIGURATION' });
    expect(await readPolicies({ dataDirectory: other })).toBeUndefined();
  });

  it('keeps what is put and deleted, in one file and nothing beside it', async () => {
    const policies = await openPolicies({ dataDirectory });
    const changes: PolicyChange[] = [];
    policies.changes((change) => changes.push(change));
    await Promise.all([policies.put(FIELD), policies.put({ ...FIELD, name: 'b' }), policies.delete('b')]);
    expect(await policies.delete('b')).toBe(false);
    expect(changes.map(({ name, policy }) => [name, policy?.name])).toEqual([
      ['field', 'field'],
      ['b', 'b'],
      ['b', undefined],
    ]);
    const again = await openPolicies({ dataDirectory });
    expect(await again.get('field')).toEqual(FIELD);
    expect((await again.list()).map(({ name }) => name)).toEqual(['field', 'owner']);
    expect([await mode(file), await readdir(dataDirectory)]).toEqual([0o600, ['policies.json']]);
  });

  it('overwrites what a crash has left half-written, whatever its mode', async () => {
    const policies = await openPolicies({ dataDirectory });
    await writeFile(`${file}.new`, '{"policies": [', { mode: 0o644 });
    await policies.put(FIELD);
    expect(await mode(file)).toBe(0o600);
    expect((await readPolicies({ dataDirectory }))?.length).toBe(2);
  });
});

describe('a file that is wrong', () => {
  const SECRET = 'bm90LWEtZ29vZC1rZXk';
  beforeEach(() => openPolicies({ dataDirectory }));

  it.each<[string, unknown, RegExp]>([
    ['is no JSON', `{"policies": "${SECRET}`, /is no JSON; correct it, or restore it from a backup$/],
    ['is something else', [], /: the whole: expected an object/],
    ['has something else', { policies: [FIELD], more: 1 }, /: more: expected policies, and nothing else/],
    ['has no keys', { policies: [{ ...FIELD, keys: undefined }] }, /: policies\[0\]\.keys: expected one or two keys/],
    ['has no policy', { policies: [] }, /: policies: expected a list of at least one policy/],
    ['has half a key', { policies: [{ ...FIELD, keys: [key(1), SECRET] }] }, /: policies\[0\]\.keys\[1\]: expected base64/],
    ['has three keys', { policies: [{ ...FIELD, keys: [key(1), key(2), SECRET] }] }, /: policies\[0\]\.keys/],
    [
      'has an unknown permission',
      { policies: [{ ...FIELD, permissions: ['root'] }] },
      /: policies\[0\]\.permissions\[0\]: expected one of stream:create, /,
    ],
    [
      'has a limit that is misspelt',
      { policies: [{ ...FIELD, device: ['pump-*'] }] },
      /: policies\[0\]\.device: expected one of permissions, devices, .* as the name of a field/,
    ],
    ['has an empty limit', { policies: [{ ...FIELD, devices: [] }] }, /: policies\[0\]\.devices: expected at least one pattern/],
    [
      'has a day that is none',
      { policies: [{ ...FIELD, expiresAt: '2027-02-30T00:00:00Z' }] },
      /: policies\[0\]\.expiresAt: expected a moment/,
    ],
    ['has a name twice', { policies: [FIELD, FIELD] }, /: policies\[1\]\.name: expected another name than those before/],
    ["has a token's name", { policies: [{ ...FIELD, name: 'jwt:ada' }] }, /: policies\[0\]\.name: .*does not begin with jwt:/],
  ])('%s: the file and the path are named, and nothing is shown', async (_what, content, says) => {
    await edit(content);
    for (const take of [openPolicies, readPolicies]) {
      const error = await failure(take({ dataDirectory }));
      expect(error.code).toBe('STREAMS_INVALID_CONFIGURATION');
      expect(error.message).toMatch(says);
      expect(error.message).toContain(file);
      expect(JSON.stringify([error.message, error.details, String(error.cause)])).not.toContain(SECRET);
    }
  });

  it.each([0o640, 0o604, 0o660])('can be read or written by others (%o)', async (permissions) => {
    await chmod(file, permissions);
    expect((await failure(openPolicies({ dataDirectory }))).message).toContain(`run: chmod 600 ${file}, and replace the keys`);
  });

  it('cannot be read at all', async () => {
    await rm(file);
    await mkdir(file);
    await chmod(file, 0o700);
    expect((await failure(openPolicies({ dataDirectory }))).message).toBe(`${file} cannot be read (EISDIR)`);
  });
});

describe('a file that somebody edits', () => {
  it('counts from the reload on; one that is wrong changes nothing', async () => {
    const policies = await openPolicies({ dataDirectory });
    const before = await policies.list();
    const changes: string[] = [];
    policies.changes(({ name, policy }) => changes.push(`${name} ${policy === undefined ? 'gone' : 'set'}`));
    await edit({ policies: [...before, { ...FIELD, keys: ['half'] }] });
    await expect(policies.reload()).rejects.toThrow('policies[1].keys[0]');
    expect(await policies.list()).toEqual(before);
    await edit({ policies: [FIELD] });
    expect(await policies.list()).toEqual(before);
    await policies.reload();
    expect(await policies.list()).toEqual([FIELD]);
    expect(changes.toSorted()).toEqual(['field set', 'owner gone']);
    await policies.reload();
    expect(changes.length).toBe(2);
    await rm(file);
    await expect(policies.reload()).rejects.toThrow('is missing; restore it from a backup');
  });

  it('is not overwritten', async () => {
    const policies = await openPolicies({ dataDirectory });
    await edit({ policies: [FIELD] });
    expect(await failure(policies.put({ ...FIELD, name: 'b' }))).toMatchObject({
      code: 'STREAMS_CONFLICT',
      details: { remedy: 'let the hub read it again first: send it SIGHUP, or restart it' },
    });
    expect(JSON.parse(await readFile(file, 'utf8'))).toEqual({ policies: [FIELD] });
    await policies.reload();
    await policies.put({ ...FIELD, name: 'b' });
    expect((await policies.list()).map(({ name }) => name)).toEqual(['b', 'field']);
  });
});
