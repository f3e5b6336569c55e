// A policy that is limited, and one that is taken away: the device hears nothing of what is forbidden, and what stood on it ends within a second.
import { randomBytes } from 'node:crypto';
import type { DeviceStream, StreamRequest } from '@streams/device';
import type { Permission, PolicyOptions } from '@streams/hub';
import { type CreateStreamOptions, ServiceClient } from '@streams/service';
import { FakeClock, leakCheck } from '@streams/testkit';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { MemoryPolicies } from '../../src/auth/memory-policies.ts';
import { call } from '../support/rest.ts';
import { startTrio, type Trio, until } from '../support/streams.ts';

const leaks = leakCheck();
const newKey = (): string => randomBytes(32).toString('base64');
const ALL: readonly Permission[] = ['stream:create', 'device:read', 'device:write', 'hub:read', 'hub:write'];
let clock: FakeClock;
let policies: MemoryPolicies;
let trio: Trio;
let field: PolicyOptions;
/** What the device was asked for. */
let asked: StreamRequest[];
/** Its end of the last stream. */
let accepted: DeviceStream | undefined;
const others: ServiceClient[] = [];

beforeEach(async () => {
  clock = new FakeClock();
  field = { name: 'field', keys: [newKey(), newKey()], permissions: ['stream:create'], devices: ['pump-*'], streams: ['ssh', 'web'] };
  policies = new MemoryPolicies([{ name: 'test', keys: [newKey()], permissions: ALL }, field]);
  trio = await startTrio({ clock, policies }, { clock }, { clock });
  asked = [];
  trio.device.onStreamRequest(async (request: StreamRequest) => {
    asked.push(request);
    if (request.headers['wait'] !== undefined) return;
    accepted = await request.accept();
    accepted.resume();
  });
});
afterEach(async () => {
  for (const service of others) service.destroy();
  await Promise.all([...others.splice(0).map((service) => service.close()), trio.close()]);
  expect(clock.pendingTimers).toBe(0);
  await leaks.settled();
});

/** A service with a key of the policy `field`. */
async function service(which: 0 | 1 = 0): Promise<ServiceClient> {
  const connectionString = await trio.test.serviceConnectionString('field');
  const client = ServiceClient.fromConnectionString(connectionString.replace(field.keys[0] ?? '', field.keys[which] ?? ''), { clock });
  others.push(client);
  return client;
}

async function open(which: 0 | 1 = 0, options: CreateStreamOptions = {}): Promise<DeviceStream> {
  return (await service(which)).createStream('pump-7', { name: 'ssh', resume: 'off', ...options });
}

/** How a stream ends, and after how many milliseconds. */
async function endOf(stream: DeviceStream): Promise<{ error: unknown; ms: number }> {
  const startMs = performance.now();
  const error = await new Promise((resolve) => stream.resume().once('error', resolve));
  return { error, ms: performance.now() - startMs };
}

const REVOKED = { code: 'STREAMS_STREAM_TERMINATED', by: 'hub', closeCode: 1008 };

async function change(body: object): Promise<void> {
  expect(await call(trio.test, 'PUT', '/v1/policies/field', { body })).toMatchObject({ status: 200 });
}

describe('a policy for pump-* and ssh', () => {
  it('A8 opens that; of all else the device hears nothing, and nobody learns what exists', async () => {
    await trio.test.deviceConnectionString('valve-1');
    const client = await service();
    (await client.createStream('pump-7', { name: 'ssh' })).destroy();
    for (const [deviceId, name] of [
      ['pump-7', 'shell'],
      ['pump-7', 'ssh2'],
      ['valve-1', 'ssh'],
      ['valve-2', 'ssh'],
    ] as const) {
      await expect(client.createStream(deviceId, { name })).rejects.toMatchObject({
        code: 'STREAMS_FORBIDDEN',
        details: { httpStatus: 403, permission: 'stream:create' },
      });
      expect(trio.test.records.at(-1)).toMatchObject({
        operation: 'handshake',
        result: 'failed',
        code: 'FORBIDDEN',
        deviceId,
        streamName: name,
        policy: 'field',
      });
    }
    await expect(client.createStream('pump-8', { name: 'ssh' })).rejects.toMatchObject({ code: 'STREAMS_DEVICE_NOT_FOUND' });
    expect(asked.map(({ name }) => name)).toEqual(['ssh']);
  });

  it('A8 resumes nothing that it may no longer open', async () => {
    const { body } = await call(trio.test, 'PUT', '/v1/policies/test', { body: { permissions: ALL, streams: ['web'] } });
    expect(body['streams']).toEqual(['web']);
    const resuming = { name: 'ssh', protocols: ['streams.session.v1'], resumes: 'A'.repeat(22), resumeCount: 1 };
    const refused = await call(trio.test, 'POST', '/v1/devices/pump-7/streams', { body: resuming });
    expect(refused).toMatchObject({ status: 403, body: { code: 'FORBIDDEN' } });
    expect(asked).toEqual([]);
  });
});

describe('a stream ends within a second, on both sides, when its policy', () => {
  it.each<[string, () => Promise<unknown>]>([
    ['is deleted', () => call(trio.test, 'DELETE', '/v1/policies/field')],
    ['loses the device', () => change({ devices: ['valve-*'] })],
    ['loses the stream name', () => change({ streams: ['web'] })],
    ['loses the permission', () => change({ permissions: ['device:read'] })],
    ['loses the key', () => change({ keys: [newKey(), field.keys[1] ?? ''] })],
    ['is over', () => change({ expiresAt: '2020-01-01T00:00:00Z' })],
  ])('%s', async (_how, revoke) => {
    const client = await service();
    const stream = await client.createStream('pump-7', { name: 'ssh', resume: 'off' });
    const ends = [endOf(stream), endOf(accepted as DeviceStream)];
    await revoke();
    for (const { error, ms } of await Promise.all(ends)) {
      expect(error).toMatchObject(REVOKED);
      expect(ms).toBeLessThan(1_000);
    }
    await until(() => trio.test.hub.openStreams === 0);
    expect(trio.test.records.at(-1)).toMatchObject({ operation: 'stream', result: 'terminated', endedBy: 'hub', policy: 'field' });
    await expect(client.createStream('pump-7', { name: 'ssh' })).rejects.toMatchObject({
      code: expect.stringMatching(/FORBIDDEN|UNAUTHENTICATED/),
    });
    expect(trio.device.state.name).toBe('connected');
  });

  it('comes to its end', async () => {
    await change({ expiresAt: new Date(clock.wallMs() + 61_000).toISOString() });
    const stream = await open();
    await clock.advance(60_000);
    expect(trio.test.hub.openStreams).toBe(1);
    const end = endOf(stream);
    await clock.advance(1_500);
    expect((await end).error).toMatchObject(REVOKED);
    await expect((await service()).createStream('pump-7', { name: 'ssh' })).rejects.toMatchObject({ code: 'STREAMS_UNAUTHENTICATED' });
  });

  it('comes to another end than was said first: not before', async () => {
    await change({ expiresAt: new Date(clock.wallMs() + 61_000).toISOString() });
    await open();
    await change({ expiresAt: new Date(clock.wallMs() + 100_000).toISOString() });
    await clock.advance(70_000, { stepMs: 10_000 });
    expect(trio.test.hub.openStreams).toBe(1);
    await change({ expiresAt: null });
    await clock.advance(60_000, { stepMs: 10_000 });
    expect(trio.test.hub.openStreams).toBe(1);
  });
});

describe('a change that leaves a stream its right', () => {
  it('disturbs nothing', async () => {
    const stream = await open();
    await change({
      permissions: ['stream:create', 'device:read'],
      devices: ['pump-7'],
      streams: ['ssh'],
      keys: [newKey(), field.keys[0] ?? ''],
    });
    await change({ devices: null, streams: null });
    await call(trio.test, 'PUT', '/v1/policies/another', { body: { permissions: ['hub:read'] } });
    await call(trio.test, 'DELETE', '/v1/policies/another');
    stream.write('still here');
    await clock.advance(2_000);
    expect(trio.test.hub.openStreams).toBe(1);
  });

  it('rotates both keys under streams that go on, those of the old key until it is gone', async () => {
    const [old, young] = [await open(0), await open(1)];
    await change({ keys: [newKey(), field.keys[1] ?? ''] });
    expect((await endOf(old)).error).toMatchObject(REVOKED);
    young.write('still here');
    await until(() => trio.test.hub.openStreams === 1);
    const end = endOf(young);
    await change({ keys: [newKey()] });
    expect((await end).error).toMatchObject(REVOKED);
  });
});

describe('a session', () => {
  it('of a policy that is deleted ends at once, and is not resumed', async () => {
    const stream = await open(0, { resume: 'required' });
    const end = endOf(stream);
    await call(trio.test, 'DELETE', '/v1/policies/field');
    expect((await end).error).toMatchObject(REVOKED);
    await clock.advance(10_000);
    expect([asked.length, trio.test.hub.openStreams]).toEqual([1, 0]);
  });
});

describe('a handshake', () => {
  it('ends with its policy, whichever step it is at', async () => {
    const client = await service();
    const unanswered = client.createStream('pump-7', { name: 'ssh', headers: { wait: '1' } });
    unanswered.catch(() => undefined);
    await until(() => asked.length === 1);
    const cancelled = new Promise((resolve) => asked[0]?.signal.addEventListener('abort', resolve));
    await call(trio.test, 'DELETE', '/v1/policies/field');
    await expect(unanswered).rejects.toMatchObject({ code: 'STREAMS_FORBIDDEN' });
    await cancelled;
    expect(trio.test.hub.openStreams).toBe(0);
    expect(trio.test.records.at(-1)).toMatchObject({ operation: 'handshake', result: 'failed', code: 'FORBIDDEN' });
  });

  it('that begins while its policy goes ends too', async () => {
    const client = await service();
    const known = policies.get.bind(policies);
    let looks = 0;
    // After the look at the credential, and told of to nobody.
    policies.get = (name) => (name === 'field' && (looks += 1) > 1 ? Promise.resolve(undefined) : known(name));
    await expect(client.createStream('pump-7', { name: 'ssh', headers: { wait: '1' } })).rejects.toMatchObject({
      code: 'STREAMS_FORBIDDEN',
    });
    expect(looks).toBe(2);
    expect(trio.test.hub.openStreams).toBe(0);
  });
});
