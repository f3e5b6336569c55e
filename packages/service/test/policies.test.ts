// The policies of a hub, through the SDK: made, limited, listed beyond one page, changed under a tag, their keys exchanged, deleted.
import { randomBytes } from 'node:crypto';
import { parseServiceConnectionString } from '@streams/protocol/internal';
import { type Policy, ServiceClient } from '@streams/service';
import { startTestHub, type TestHub } from '@streams/hub/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { expectNoLeaks } from './support/rig.ts';

expectNoLeaks();

const key = (): string => randomBytes(32).toString('base64');
const MANY = Array.from({ length: 101 }, (_, index) => `many-${1_000 + index}`);
let test: TestHub;
let service: ServiceClient;
let reader: ServiceClient;
beforeAll(async () => {
  test = await startTestHub({
    policies: [
      { name: 'test', keys: [key()], permissions: ['hub:read', 'hub:write'] },
      { name: 'reader', keys: [key()], permissions: ['hub:read'] },
      ...MANY.map((name) => ({ name, keys: [key()], permissions: ['hub:read' as const] })),
    ],
  });
  service = ServiceClient.fromConnectionString(await test.serviceConnectionString());
  reader = ServiceClient.fromConnectionString(await test.serviceConnectionString('reader'));
});
afterAll(async () => {
  await Promise.all([service.close(), reader.close()]);
  await test.close();
});

it('creates a policy, and gives the string that is all a service needs', async () => {
  const limits = { permissions: ['device:read'], devices: ['pump-*'], streams: ['ssh'], expiresAt: '2099-01-01T00:00:00Z' } as const;
  const created = await service.policies.create('field', limits);
  expect(created).toMatchObject({ name: 'field', ...limits, etag: expect.any(String) });
  expect(created.keys?.length).toBe(2);
  expect(await service.policies.get('field')).toEqual(created);
  expect(await reader.policies.get('field')).toEqual({ ...created, keys: undefined });
  await using field = ServiceClient.fromConnectionString(await service.policies.connectionString('field'));
  await expect(field.devices.get('pump-7')).rejects.toMatchObject({ code: 'STREAMS_DEVICE_NOT_FOUND' });
  await expect(field.devices.get('valve-7')).rejects.toMatchObject({ code: 'STREAMS_FORBIDDEN' });
  await expect(field.policies.list().next()).rejects.toMatchObject({ code: 'STREAMS_FORBIDDEN' });
  await expect(reader.policies.connectionString('field')).rejects.toMatchObject({ code: 'STREAMS_FORBIDDEN' });
});

it('lists more than one page, without keys', async () => {
  const listed: Policy[] = [];
  for await (const policy of reader.policies.list()) listed.push(policy);
  expect(listed.map(({ name }) => name).filter((name) => name.startsWith('many-'))).toEqual(MANY);
  expect(listed.every(({ keys }) => keys === undefined)).toBe(true);
});

it('changes a policy, under its tag if wanted, but makes none', async () => {
  const { etag } = await service.policies.create('changed', { permissions: ['device:read'], devices: ['a'] });
  const narrowed = await service.policies.update('changed', { devices: ['b'] }, { etag });
  expect(narrowed).toMatchObject({ permissions: ['device:read'], devices: ['b'] });
  await expect(service.policies.update('changed', { devices: null }, { etag })).rejects.toMatchObject({ code: 'STREAMS_CONFLICT' });
  await expect(service.policies.delete('changed', { etag })).rejects.toMatchObject({ code: 'STREAMS_CONFLICT' });
  expect((await service.policies.update('changed', { devices: null })).devices).toBeUndefined();
  await expect(service.policies.update('typo', { devices: null })).rejects.toMatchObject({ code: 'STREAMS_POLICY_NOT_FOUND' });
  await expect(service.policies.update('changed', { streams: [] })).rejects.toMatchObject({
    code: 'STREAMS_INVALID_ARGUMENT',
    details: { field: 'streams' },
  });
  for (const name of ['a/b', 'jwt:ada', ''])
    await expect(service.policies.get(name)).rejects.toMatchObject({ code: 'STREAMS_INVALID_ARGUMENT', details: { field: 'name' } });
});

it('exchanges one key, and leaves the other', async () => {
  const { keys: [primary, secondary] = [] } = await service.policies.create('rotated', { permissions: ['device:read'] });
  const { keys: second = [] } = await service.policies.rotateKey('rotated', 'secondary');
  expect([second[0], second[1] === secondary]).toEqual([primary, false]);
  const { keys: third = [] } = await service.policies.rotateKey('rotated', 'primary');
  expect([third[0] === primary, third[1]]).toEqual([false, second[1]]);
  const found = parseServiceConnectionString(await service.policies.connectionString('rotated', 'secondary'));
  expect([found.policy, found.key.reveal()]).toEqual(['rotated', third[1]]);
  // Of one that has a single key that one goes, and two are there afterwards.
  const { keys: only = [] } = await service.policies.get('reader');
  const { keys: fresh = [] } = await service.policies.rotateKey('reader', 'primary');
  expect([only.length, fresh.length, fresh.includes(only[0] ?? '')]).toEqual([1, 2, false]);
});

it('deletes a policy, once, and never the last way in', async () => {
  await service.policies.create('gone', { permissions: ['hub:read'] });
  await service.policies.delete('gone');
  await expect(service.policies.delete('gone')).rejects.toMatchObject({ code: 'STREAMS_POLICY_NOT_FOUND' });
  await expect(service.policies.delete('test')).rejects.toMatchObject({
    code: 'STREAMS_CONFLICT',
    retryable: false,
    details: { remedy: 'give another policy hub:write first' },
  });
});
