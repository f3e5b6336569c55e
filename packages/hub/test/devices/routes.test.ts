// REST of devices: created with keys, changed, shown to who may see, and cut off when disabled.
import { randomBytes } from 'node:crypto';
import { startTestHub, type TestHub } from '@streams/hub/testing';
import { leakCheck } from '@streams/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { rawLink } from '../support/raw.ts';
import { authorization, call, send } from '../support/rest.ts';

const leaks = leakCheck();
const key = (): string => randomBytes(32).toString('base64');
let test: TestHub;
beforeAll(async () => {
  test = await startTestHub({
    policies: [
      { name: 'test', keys: [key()], permissions: ['device:read', 'device:write'] },
      { name: 'reader', keys: [key()], permissions: ['device:read'] },
      { name: 'opener', keys: [key(), key()], permissions: ['stream:create'] },
    ],
  });
});
afterAll(async () => {
  await test.close();
  await leaks.settled();
});

it('makes a device with two keys, then changes it', async () => {
  const created = await call(test, 'PUT', '/v1/devices/a', { body: {} });
  expect(created).toMatchObject({ status: 201, body: { deviceId: 'a', enabled: true, connected: false } });
  const keys = created.body['keys'] as string[];
  expect(keys.map((text) => Buffer.from(text, 'base64').length)).toEqual([32, 32]);
  expect(await call(test, 'PUT', '/v1/devices/a', { body: { enabled: false } })).toMatchObject({
    status: 200,
    body: { enabled: false, keys },
  });
  const mine = key();
  const [first, second] = (await call(test, 'PUT', '/v1/devices/a', { body: { keys: [mine] } })).body['keys'] as string[];
  expect(first).toBe(mine);
  expect(keys).not.toContain(second);
});

it('names what is wrong with a body', async () => {
  expect(await call(test, 'PUT', '/v1/devices/a', { body: { enabled: 'yes' } })).toMatchObject({
    status: 400,
    body: { details: { path: 'enabled' } },
  });
  expect(await call(test, 'PUT', '/v1/devices/a', { body: { keys: ['short'] } })).toMatchObject({
    status: 400,
    body: { details: { path: 'keys[0]' } },
  });
});

it('B1 takes every id of the grammar, and no other', async () => {
  for (const id of ['a', 'A', "-.%_*?!(),:=@$'", 'x%2Fy', '...', 'y'.repeat(128)]) {
    expect(await call(test, 'PUT', `/v1/devices/${encodeURIComponent(id)}`)).toMatchObject({
      status: 201 - Number(id === 'a'),
      body: { deviceId: id },
    });
    expect(await call(test, 'GET', `/v1/devices/${encodeURIComponent(id)}`)).toMatchObject({ status: 200, body: { deviceId: id } });
  }
  for (const id of ['%2e', '%2e%2e', 'a%2fb', 'a%20b', 'y'.repeat(129), '%00', '%C3%BC']) {
    expect(await call(test, 'GET', `/v1/devices/${id}`)).toMatchObject({ status: 400, body: { code: 'INVALID_DEVICE_ID' } });
  }
});

it('shows keys only to who may write', async () => {
  await call(test, 'PUT', '/v1/devices/b');
  const reader = { headers: { authorization: await authorization(test, 'reader') } };
  expect((await call(test, 'GET', '/v1/devices/b')).body['keys']).toHaveLength(2);
  const seen = await send(test, 'GET', '/v1/devices/b', reader);
  expect(seen).toMatchObject({ status: 200, body: { deviceId: 'b', enabled: true, connected: false } });
  expect(seen.body['keys']).toBeUndefined();
  expect(await send(test, 'PUT', '/v1/devices/b', reader)).toMatchObject({
    status: 403,
    body: { code: 'FORBIDDEN', details: { permission: 'device:write' } },
  });
  const opener = { headers: { authorization: await authorization(test, 'opener') } };
  expect(await send(test, 'GET', '/v1/devices/b', opener)).toMatchObject({ status: 403 });
  expect(await send(test, 'GET', '/v1/devices/none', reader)).toMatchObject({ status: 404, body: { code: 'DEVICE_NOT_FOUND' } });
});

it('lists devices page by page, without keys, for who may read', async () => {
  const others = await startTestHub();
  for (const id of ['c', 'a', 'b']) await others.hub.putDevice(id);
  const [link] = await rawLink(others, 'b');
  expect(await call(others, 'GET', '/v1/devices?limit=2')).toMatchObject({
    status: 200,
    body: {
      devices: [
        { deviceId: 'a', enabled: true, connected: false },
        { deviceId: 'b', enabled: true, connected: true },
      ],
      next: 'b',
    },
  });
  const last = await call(others, 'GET', '/v1/devices?limit=1&after=b');
  expect(last.body).toEqual({ devices: [{ deviceId: 'c', enabled: true, connected: false, etag: expect.any(String) }] });
  for (const query of ['limit=0', 'limit=101', 'limit=x'])
    expect(await call(others, 'GET', `/v1/devices?${query}`)).toMatchObject({ status: 400, body: { details: { path: 'limit' } } });
  expect(await call(others, 'GET', '/v1/devices?after=%20')).toMatchObject({ status: 400, body: { code: 'INVALID_DEVICE_ID' } });
  link.destroy();
  await others.close();
  const opener = { headers: { authorization: await authorization(test, 'opener') } };
  expect(await send(test, 'GET', '/v1/devices', opener)).toMatchObject({ status: 403, body: { details: { permission: 'device:read' } } });
});

it('changes only what is there, where the caller says so', async () => {
  const known = { headers: { 'if-match': '*' }, body: { enabled: false } };
  expect(await call(test, 'PUT', '/v1/devices/nobody', known)).toMatchObject({ status: 404, body: { code: 'DEVICE_NOT_FOUND' } });
  expect(await call(test, 'GET', '/v1/devices/nobody')).toMatchObject({ status: 404 });
  await call(test, 'PUT', '/v1/devices/somebody');
  expect(await call(test, 'PUT', '/v1/devices/somebody', known)).toMatchObject({ status: 200, body: { enabled: false } });
});

it('deletes a device, once, for who may write', async () => {
  await call(test, 'PUT', '/v1/devices/x%252Fy');
  const reader = { headers: { authorization: await authorization(test, 'reader') } };
  expect(await send(test, 'DELETE', '/v1/devices/x%252Fy', reader)).toMatchObject({ status: 403, body: { code: 'FORBIDDEN' } });
  expect(await call(test, 'DELETE', '/v1/devices/x%252Fy')).toMatchObject({ status: 204, body: {} });
  expect(await call(test, 'DELETE', '/v1/devices/x%252Fy')).toMatchObject({ status: 404, body: { code: 'DEVICE_NOT_FOUND' } });
  expect(await call(test, 'GET', '/v1/devices/x%252Fy')).toMatchObject({ status: 404 });
  expect(await call(test, 'DELETE', '/v1/devices/a%2fb')).toMatchObject({ status: 400, body: { code: 'INVALID_DEVICE_ID' } });
  await expect(test.hub.deleteDevice('x%2Fy')).rejects.toMatchObject({ code: 'STREAMS_DEVICE_NOT_FOUND' });
});

it('changes a device in the order of the calls: none brings back what another has just replaced', async () => {
  const mine = [key(), key()];
  await test.hub.putDevice('busy');
  await Promise.all([test.hub.putDevice('busy', { enabled: false }), test.hub.putDevice('busy', { keys: mine })]);
  expect(await call(test, 'GET', '/v1/devices/busy')).toMatchObject({ body: { enabled: false, keys: mine } });
  await Promise.allSettled([
    test.hub.putDevice('busy', { enabled: true }),
    test.hub.deleteDevice('busy'),
    test.hub.deleteDevice('busy'),
    test.hub.putDevice('busy'),
  ]);
  const fresh = await call(test, 'GET', '/v1/devices/busy');
  expect(fresh).toMatchObject({ status: 200, body: { enabled: true } });
  expect(fresh.body['keys']).not.toContain(mine[0]);
});

it('a device may do none of it', async () => {
  const { deviceAuthorization } = await import('../support/raw.ts');
  const device = { headers: { authorization: await deviceAuthorization(test, 'c') } };
  expect(await send(test, 'GET', '/v1/devices/c', device)).toMatchObject({ status: 403 });
  expect(await send(test, 'POST', '/v1/devices/c/streams', device)).toMatchObject({ status: 403 });
  expect(await send(test, 'GET', '/v1/hub', device)).toMatchObject({ status: 200 });
});

it('shows who is connected, and cuts off who is disabled', async () => {
  const [link] = await rawLink(test, 'd');
  expect((await call(test, 'GET', '/v1/devices/d')).body['connected']).toBe(true);
  await call(test, 'PUT', '/v1/devices/d', { body: { enabled: false } });
  expect(await link.readClose()).toEqual({ code: 1008, reason: 'REVOKED;retry=0' });
  expect((await call(test, 'GET', '/v1/devices/d')).body['connected']).toBe(false);
  link.destroy();
});

it('finds what is rare among many, in pages that may not be full', async () => {
  const others = await startTestHub();
  const ids = Array.from({ length: 1_300 }, (_, index) => `f-${1_000 + index}`);
  for (const id of ids) await others.hub.putDevice(id, { enabled: id !== 'f-2299' });
  const links = await Promise.all(['f-1001', 'f-2200'].map(async (id) => (await rawLink(others, id))[0]));
  const page = async (query: string): Promise<[ids: unknown[], next: unknown]> => {
    const { devices, next } = (await call(others, 'GET', `/v1/devices?${query}`)).body as {
      devices: Record<string, unknown>[];
      next: unknown;
    };
    return [devices.map(({ deviceId }) => deviceId), next];
  };
  expect(await page('connected=true')).toEqual([['f-1001', 'f-2200'], undefined]);
  expect(await page('connected=true&limit=1')).toEqual([['f-1001'], 'f-1001']);
  expect(await page('connected=true&limit=1&after=f-1001')).toEqual([['f-2200'], undefined]);
  expect(await page('connected=true&prefix=f-22')).toEqual([['f-2200'], undefined]);
  expect(await page('enabled=false')).toEqual([['f-2299'], undefined]);
  expect(await page('enabled=false&connected=true')).toEqual([[], undefined]);
  expect(await page('prefix=f-2299&connected=false&enabled=true')).toEqual([[], undefined]);
  expect(await page('prefix=f-1&connected=false&limit=2')).toEqual([['f-1000', 'f-1002'], 'f-1002']);
  expect((await page('limit=100'))[1]).toBe('f-1099');
  for (const id of ids.slice(0, 1_290)) await others.hub.putDevice(id, { enabled: false });
  const [none, next] = await page('enabled=true');
  expect([none, next]).toEqual([[], 'f-2100']);
  expect(await page(`enabled=true&after=${String(next)}`)).toEqual([
    ['f-2290', 'f-2291', 'f-2292', 'f-2293', 'f-2294', 'f-2295', 'f-2296', 'f-2297', 'f-2298'],
    undefined,
  ]);
  for (const path of ['prefix', 'connected', 'enabled'])
    expect(await call(others, 'GET', `/v1/devices?${path}=%20`)).toMatchObject({ status: 400, body: { details: { path } } });
  for (const link of links) link.destroy();
  await others.close();
});

describe('the version of a device', () => {
  const etagOf = async (id: string): Promise<string> => String((await call(test, 'GET', `/v1/devices/${id}`)).headers['etag']);
  const conflict = { status: 409, body: { code: 'CONFLICT', retryable: false } };

  it('changes exactly when the device does, and is the same in the body and in the list', async () => {
    const created = await call(test, 'PUT', '/v1/devices/v');
    const etag = created.headers['etag'];
    expect(etag).toBe(`"${String(created.body['etag'])}"`);
    expect((await call(test, 'GET', '/v1/devices?prefix=v')).body['devices']).toMatchObject([{ etag: created.body['etag'] }]);
    await call(test, 'PUT', '/v1/devices/v', { body: { enabled: true, keys: created.body['keys'] } });
    expect(await etagOf('v')).toBe(etag);
    const disabled = await call(test, 'PUT', '/v1/devices/v', { body: { enabled: false } });
    const rekeyed = await call(test, 'PUT', '/v1/devices/v', { body: { enabled: true, keys: [key()] } });
    expect(new Set([etag, disabled.headers['etag'], rekeyed.headers['etag']]).size).toBe(3);
  });

  it('guards a change and a deletion; of two at once one is refused', async () => {
    await call(test, 'PUT', '/v1/devices/g');
    const headers = { 'if-match': await etagOf('g') };
    const both = await Promise.all([key(), key()].map((fresh) => call(test, 'PUT', '/v1/devices/g', { headers, body: { keys: [fresh] } })));
    expect(new Set(both.map(({ status }) => status))).toEqual(new Set([200, 409]));
    expect(both.find(({ status }) => status === 409)).toMatchObject({
      ...conflict,
      body: { details: { etag: (await etagOf('g')).slice(1, -1) } },
    });
    expect(await call(test, 'DELETE', '/v1/devices/g', { headers })).toMatchObject(conflict);
    expect(await call(test, 'DELETE', '/v1/devices/g', { headers: { 'if-match': `W/${await etagOf('g')}` } })).toMatchObject({
      status: 400,
    });
    expect(await call(test, 'DELETE', '/v1/devices/g', { headers: { 'if-match': await etagOf('g') } })).toMatchObject({ status: 204 });
    for (const method of ['PUT', 'DELETE'])
      expect(await call(test, method, '/v1/devices/g', { headers })).toMatchObject({ status: 404, body: { code: 'DEVICE_NOT_FOUND' } });
  });

  it('of a new device is none', async () => {
    const headers = { 'if-none-match': '*' };
    const both = await Promise.all([1, 2].map(() => call(test, 'PUT', '/v1/devices/n', { headers })));
    expect(new Set(both.map(({ status }) => status))).toEqual(new Set([201, 409]));
    expect(await call(test, 'PUT', '/v1/devices/n', { headers: { 'if-none-match': '"x"' } })).toMatchObject({
      status: 400,
      body: { details: { path: 'If-None-Match' } },
    });
  });
});
