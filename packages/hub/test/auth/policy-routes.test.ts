// REST of policies: made with keys, limited, changed under a tag, shown to who may see; and which permission opens which route.
import type { Permission } from '@streams/hub';
import { startTestHub, type TestHub } from '@streams/hub/testing';
import { leakCheck } from '@streams/testkit';
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { deviceAuthorization } from '../support/raw.ts';
import { authorization, call, type RestAnswer, type RestOptions, send } from '../support/rest.ts';

const leaks = leakCheck();
const key = (): string => randomBytes(32).toString('base64');
const ALL: readonly Permission[] = ['stream:create', 'device:read', 'device:write', 'hub:read', 'hub:write'];
let test: TestHub;
beforeAll(async () => {
  test = await startTestHub({
    policies: [
      { name: 'test', keys: [key()], permissions: ALL },
      { name: 'reader', keys: [key()], permissions: ['hub:read'] },
      { name: 'pumps', keys: [key()], permissions: ALL.slice(0, 3), devices: ['pump-*'], streams: ['ssh'] },
      ...ALL.map((permission) => ({ name: `only-${permission}`, keys: [key()], permissions: [permission] })),
    ],
  });
  for (const id of ['pump-1', 'pump-2', 'valve-1']) await test.hub.putDevice(id);
});
afterAll(async () => {
  await test.close();
  await leaks.settled();
});

async function as(policy: string, method: string, path: string, options: RestOptions = {}): Promise<RestAnswer> {
  return send(test, method, path, { ...options, headers: { authorization: await authorization(test, policy), ...options.headers } });
}

const put = (name: string, body: object, headers = {}): Promise<RestAnswer> => call(test, 'PUT', `/v1/policies/${name}`, { body, headers });

describe('a policy', () => {
  it('is made with two keys, limited, widened again, and deleted', async () => {
    const limits = { permissions: ['stream:create'], devices: ['pump-*'], streams: ['ssh'], expiresAt: '2099-01-01T00:00:00Z' };
    const created = await put('field', limits);
    expect(created).toMatchObject({ status: 201, body: { name: 'field', ...limits } });
    const keys = created.body['keys'] as string[];
    expect(keys.map((text) => Buffer.from(text, 'base64').length)).toEqual([32, 32]);
    expect(created.headers['etag']).toBe(`"${created.body['etag'] as string}"`);
    const narrowed = await put('field', { permissions: ['stream:create', 'device:read'], streams: null, expiresAt: null });
    expect(narrowed.body).toEqual({
      name: 'field',
      permissions: ['stream:create', 'device:read'],
      devices: ['pump-*'],
      keys,
      etag: expect.any(String),
    });
    expect(narrowed.body['etag']).not.toBe(created.body['etag']);
    expect(await call(test, 'DELETE', '/v1/policies/field')).toMatchObject({ status: 204 });
    for (const method of ['GET', 'DELETE'])
      expect(await call(test, method, '/v1/policies/field')).toMatchObject({ status: 404, body: { code: 'POLICY_NOT_FOUND' } });
  });

  it('is changed by who has read it, and by nobody who has read another', async () => {
    const { body } = await put('tagged', { permissions: ['hub:read'] });
    const tag = `"${body['etag'] as string}"`;
    const changed = await put('tagged', { permissions: ['device:read'] }, { 'if-match': tag });
    expect(changed.status).toBe(200);
    expect(await put('tagged', { permissions: ['hub:read'] }, { 'if-match': tag })).toMatchObject({
      status: 409,
      body: { code: 'CONFLICT', message: 'it was changed by somebody else meanwhile; read it again, then decide' },
    });
    expect(await call(test, 'DELETE', '/v1/policies/tagged', { headers: { 'if-match': tag } })).toMatchObject({ status: 409 });
    expect(await put('tagged', {}, { 'if-match': '*' })).toMatchObject({ status: 200 });
    expect(await put('nobody', { permissions: ['hub:read'] }, { 'if-match': '*' })).toMatchObject({ status: 404 });
    expect(await call(test, 'GET', '/v1/policies/tagged')).toMatchObject({ body: { permissions: ['device:read'] } });
    const last = `"${changed.body['etag'] as string}"`;
    expect(await call(test, 'DELETE', '/v1/policies/tagged', { headers: { 'if-match': `"other", ${last}` } })).toMatchObject({
      status: 204,
    });
  });

  it.each<[string, string, object]>([
    ['permissions', 'new', {}],
    ['permissions', 'new', { permissions: [] }],
    ['permissions[1]', 'new', { permissions: ['hub:read', 'root'] }],
    ['devices', 'new', { permissions: ['hub:read'], devices: [] }],
    ['devices[0]', 'new', { permissions: ['hub:read'], devices: ['a b'] }],
    ['streams', 'new', { permissions: ['hub:read'], streams: Array.from({ length: 65 }, () => 'x') }],
    ['expiresAt', 'new', { permissions: ['hub:read'], expiresAt: '2027-02-29T00:00:00Z' }],
    ['expiresAt', 'new', { permissions: ['hub:read'], expiresAt: '2027-01-01T00:00:00+01:00' }],
    ['keys[0]', 'new', { permissions: ['hub:read'], keys: ['c2hvcnQ='] }],
    ['device', 'new', { permissions: ['hub:read'], device: ['pump-*'] }],
    ['name', 'jwt:ada', { permissions: ['hub:read'] }],
    ['name', 'a%20b', { permissions: ['hub:read'] }],
  ])('that is wrong is refused by its path: %s of %s (%#)', async (path, name, body) => {
    expect(await put(name, body)).toMatchObject({ status: 400, body: { details: { path } } });
    expect(await call(test, 'GET', '/v1/policies/new')).toMatchObject({ status: 404 });
  });

  it('shows its keys to who may write, and in no list', async () => {
    expect((await call(test, 'GET', '/v1/policies/reader')).body['keys']).toHaveLength(1);
    const seen = await as('reader', 'GET', '/v1/policies/reader');
    expect(seen).toMatchObject({ status: 200, body: { name: 'reader', permissions: ['hub:read'] } });
    expect(seen.body['keys']).toBeUndefined();
    const list = (await call(test, 'GET', '/v1/policies')).body['policies'] as object[];
    expect(list.length).toBeGreaterThan(5);
    for (const policy of list) expect(policy).not.toHaveProperty('keys');
  });

  it('is listed in order, page by page, none longer than a body may be', async () => {
    const long = Array.from({ length: 64 }, (_, index) => `${index}`.padEnd(127, 'x'));
    for (const name of ['zz-1', 'zz-2', 'zz-3', 'zz-4']) await put(name, { permissions: ['hub:read'], devices: long, streams: long });
    const names: string[] = [];
    for (let query = '?limit=3'; query !== ''; ) {
      const { body } = await call(test, 'GET', `/v1/policies${query}`);
      const page = body['policies'] as { name: string }[];
      expect(page.length).toBeGreaterThan(0);
      expect(JSON.stringify(body).length).toBeLessThanOrEqual(32_768);
      names.push(...page.map(({ name }) => name));
      query = body['next'] === undefined ? '' : `?limit=3&after=${body['next'] as string}`;
    }
    expect(names).toEqual(names.toSorted((a, b) => (a < b ? -1 : 1)));
    expect(names.slice(-4)).toEqual(['zz-1', 'zz-2', 'zz-3', 'zz-4']);
    for (const name of names.slice(-4)) await call(test, 'DELETE', `/v1/policies/${name}`);
  });
});

describe('the last way in', () => {
  it('stays: whoever has hub:write cannot leave nobody who has it', async () => {
    await call(test, 'DELETE', '/v1/policies/only-hub:write');
    const refused = { status: 409, body: { code: 'CONFLICT', message: expect.stringMatching(/^test is the last policy with hub:write/) } };
    expect(await call(test, 'DELETE', '/v1/policies/test')).toMatchObject(refused);
    expect(await put('test', { permissions: ['hub:read'] })).toMatchObject(refused);
    expect(await put('test', { expiresAt: '2099-01-01T00:00:00Z' })).toMatchObject(refused);
    // One that expires is no way in that lasts.
    await put('deputy', { permissions: ['hub:write'], expiresAt: '2099-01-01T00:00:00Z' });
    expect(await call(test, 'DELETE', '/v1/policies/test')).toMatchObject(refused);
    expect(await put('test', { permissions: ALL })).toMatchObject({ status: 200 });
    const both = await Promise.all([put('heir', { permissions: ['hub:write'] }), call(test, 'DELETE', '/v1/policies/deputy')]);
    expect(both.map(({ status }) => status)).toEqual([201, 204]);
    // Of two that go at the same time one stays.
    const gone = await Promise.all([put('test', { permissions: ALL.slice(0, 4) }), as('heir', 'DELETE', '/v1/policies/heir')]);
    expect(gone.map(({ status }) => status)).toEqual([200, 409]);
    expect(await as('heir', 'PUT', '/v1/policies/test', { body: { permissions: ALL } })).toMatchObject({ status: 200 });
    await put('only-hub:write', { permissions: ['hub:write'] });
  });
});

describe('permissions', () => {
  const ROUTES: [method: string, path: string, permission: Permission, status: number, body?: object][] = [
    ['GET', '/v1/devices', 'device:read', 200],
    ['GET', '/v1/devices/pump-1', 'device:read', 200],
    ['PUT', '/v1/devices/pump-1', 'device:write', 200],
    ['DELETE', '/v1/devices/nobody', 'device:write', 404],
    ['POST', '/v1/devices/pump-1/streams', 'stream:create', 404],
    ['DELETE', `/v1/streams/${'A'.repeat(22)}`, 'stream:create', 410],
    ['GET', '/v1/policies', 'hub:read', 200],
    ['GET', '/v1/policies/reader', 'hub:read', 200],
    ['PUT', '/v1/policies/reader', 'hub:write', 200],
    ['DELETE', '/v1/policies/nobody', 'hub:write', 404],
  ];

  it.each(ROUTES)('%s %s takes %s alone', async (method, path, permission, status) => {
    for (const held of ALL) {
      const answer = await as(`only-${held}`, method, path);
      if (held === permission) expect(answer.status).toBe(status);
      else expect(answer).toMatchObject({ status: 403, body: { code: 'FORBIDDEN', details: { permission } } });
    }
    const device = await send(test, method, path, { headers: { authorization: await deviceAuthorization(test, 'pump-2') } });
    expect(device).toMatchObject({ status: 403, body: { code: 'FORBIDDEN' } });
  });

  it('are for the devices of the patterns: of others not even their absence is told', async () => {
    for (const [method, path] of [
      ['GET', '/v1/devices/ID'],
      ['PUT', '/v1/devices/ID'],
      ['DELETE', '/v1/devices/ID'],
      ['POST', '/v1/devices/ID/streams'],
    ] as const) {
      const [known, unknown] = await Promise.all(['valve-1', 'valve-2'].map((id) => as('pumps', method, path.replace('ID', id))));
      expect(known).toMatchObject({ status: 403, body: { code: 'FORBIDDEN' } });
      const told = ({ body }: RestAnswer): string => JSON.stringify({ ...body, trackingId: '' }).replaceAll(/valve-\d/g, 'ID');
      expect(told(unknown as RestAnswer)).toBe(told(known as RestAnswer));
    }
    expect(await as('pumps', 'GET', '/v1/devices/pump-9')).toMatchObject({ status: 404 });
    const listed = await as('pumps', 'GET', '/v1/devices?limit=1');
    expect(listed.body).toMatchObject({ devices: [{ deviceId: 'pump-1' }], next: 'pump-1' });
    expect((await as('pumps', 'GET', '/v1/devices?after=pump-1')).body).toMatchObject({ devices: [{ deviceId: 'pump-2' }] });
    expect((await as('pumps', 'GET', '/v1/devices?after=pump-1')).body).not.toHaveProperty('next');
  });

  it('are found by who may see few among many, and no page ends at an id of others', async () => {
    const many = Array.from({ length: 1_400 }, (_, index) => `many-${1_000 + index}`);
    await Promise.all(many.map((id) => test.hub.putDevice(id)));
    const { body } = await as('pumps', 'GET', '/v1/devices');
    expect(body).toMatchObject({ devices: [{ deviceId: 'pump-1' }, { deviceId: 'pump-2' }] });
    expect(body).not.toHaveProperty('next');
    await Promise.all(many.map((id) => test.hub.deleteDevice(id)));
  });
});
