// createStream: what it takes, what it sends, and which error each refusal is.
import {
  AuthenticationError,
  DeviceNotConnectedError,
  DeviceStream,
  ServiceClient,
  StreamRejectedError,
  type StreamsError,
} from '@streams/service';
import { parseSharedAccess } from '@streams/protocol/internal';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FakeHub, STREAM_ID } from './support/fake-hub.ts';
import { RawDevice } from './support/raw-device.ts';
import { DEVICE, expectNoLeaks, roundTrip, startRig, until } from './support/rig.ts';

expectNoLeaks();

const long = 'a'.repeat(129);
const manyHeaders = Object.fromEntries(Array.from({ length: 65 }, (_, index) => [`h${index}`, '']));

describe('what createStream takes', () => {
  it.each<[what: string, field: string, options: object]>([
    ['no time', 'timeoutMs', { timeoutMs: 0 }],
    ['negative', 'timeoutMs', { timeoutMs: -1 }],
    ['more than a minute', 'timeoutMs', { timeoutMs: 60_001 }],
    ['not whole', 'timeoutMs', { timeoutMs: 1.5 }],
    ['no number', 'timeoutMs', { timeoutMs: Number.NaN }],
    ['endless', 'timeoutMs', { timeoutMs: Infinity }],
    ['text', 'timeoutMs', { timeoutMs: '10' }],
    ['a list', 'headers', { headers: ['a'] }],
    ['text', 'headers', { headers: 'a: b' }],
    ['too many', 'headers', { headers: manyHeaders }],
    ['too long', 'headers', { headers: { a: 'x'.repeat(8_192) } }],
    ['too long in bytes', 'headers', { headers: { a: 'é'.repeat(4_096) } }],
    ['of a name in capitals', 'headers', { headers: { Upper: 'x' } }],
    ['of too long a name', 'headers', { headers: { ['h'.repeat(65)]: 'x' } }],
    ['a number', 'headers.a', { headers: { a: 7 } }],
    ['missing', 'headers.a', { headers: { a: undefined } }],
    ['no signal', 'signal', { signal: 'stop' }],
  ])('is refused where it is %s: %s, before anything is sent', async (_what, field, options) => {
    const hub = await FakeHub.start();
    const created = hub.service().createStream(DEVICE, options);
    const error = (await created.catch((reason: unknown) => reason)) as StreamsError;
    expect(error).toMatchObject({ code: 'STREAMS_INVALID_ARGUMENT', retryable: false });
    expect(String(error.details['field'])).toMatch(new RegExp(`^${field}`));
    expect(error.message).toContain(`createStream: ${field}`);
    expect(hub.connections).toBe(0);
  });

  it.each(['', '.', '..', 'a/b', 'a b', 'ü', 'a\n', long, undefined, 7, null])('is no device id: %#', async (deviceId) => {
    const hub = await FakeHub.start();
    await expect(hub.service().createStream(deviceId as string)).rejects.toMatchObject({ code: 'STREAMS_INVALID_DEVICE_ID' });
    expect(hub.connections).toBe(0);
  });

  it.each(['', '.', '..', 'a/b', 'a b', 'ü', 'a\0', long, 7])('is no stream name: %#', async (name) => {
    const hub = await FakeHub.start();
    const created = hub.service().createStream(DEVICE, { name: name as string });
    await expect(created).rejects.toMatchObject({ code: 'STREAMS_INVALID_STREAM_NAME' });
    expect(hub.connections).toBe(0);
  });

  it('is any id and any name that the grammar has, and the hub reads them as they are', async () => {
    const rig = await startRig();
    const service = await rig.service();
    const letters = "-.%_*?!(),:=@$'aZ09".split('');
    const names = fc
      .string({ unit: fc.constantFrom(...letters), minLength: 1, maxLength: 128 })
      .filter((name) => name !== '.' && name !== '..');
    const isRead = fc.asyncProperty(names, names, async (deviceId, name) => {
      await expect(service.createStream(deviceId, { name })).rejects.toMatchObject({ code: 'STREAMS_DEVICE_NOT_FOUND' });
      expect(rig.records.at(-1)).toMatchObject({ deviceId, streamName: name, result: 'failed', code: 'DEVICE_NOT_FOUND' });
    });
    await fc.assert(isRead, {
      numRuns: 60,
      examples: [
        ['%2e%2E', '..%2f'],
        ["'()*!", '?#'.slice(0, 1)],
        ['%', 'a'.repeat(128)],
      ],
    });
  });
});

describe('what createStream sends', () => {
  it('has the defaults where nothing is given', async () => {
    const hub = await FakeHub.start();
    const created = hub.service().createStream('pump(7)%');
    const { method, path, headers, body, answer } = await hub.call();
    expect([method, path]).toEqual(['POST', '/v1/devices/pump(7)%25/streams']);
    expect(JSON.parse(body)).toEqual({
      name: 'default',
      headers: {},
      protocols: ['streams.session.v1', 'streams.v1', 'raw'],
      capabilities: [],
      timeoutMs: 30_000,
    });
    expect(headers).toMatchObject({ 'content-type': 'application/json', host: `127.0.0.1:${hub.port}` });
    const signature = parseSharedAccess(headers.authorization ?? '');
    expect(signature).toMatchObject({ resource: '127.0.0.1', policy: 'backend' });
    expect(signature?.expiry).toBe(String(Math.floor(hub.clock.wallMs() / 1_000) + 3_600));
    answer(500);
    await expect(created).rejects.toMatchObject({ details: { httpStatus: 500 } });
  });

  it('has what is given, up to the limits', async () => {
    const hub = await FakeHub.start();
    const headers = { a: 'x'.repeat(8_191) };
    const created = hub.service().createStream('d'.repeat(128), { name: 'n'.repeat(128), headers, timeoutMs: 60_000 });
    const { body, answer } = await hub.call();
    expect(JSON.parse(body)).toMatchObject({ name: 'n'.repeat(128), headers, timeoutMs: 60_000 });
    answer(500);
    await expect(created).rejects.toMatchObject({ details: { httpStatus: 500 } });
  });

  it('leads to a leg that bears the stream token alone', async () => {
    const hub = await FakeHub.start();
    const created = hub.service().createStream(DEVICE);
    (await hub.call()).answer(200, hub.acceptance(`wss://127.0.0.1:${hub.port}/v1/streams/${STREAM_ID}/service`));
    const { path, headers, refuse } = await hub.upgrade();
    const { 'sec-websocket-key': _key, ...others } = headers;
    expect(path).toBe(`/v1/streams/${STREAM_ID}/service`);
    expect(others).toEqual({
      authorization: `Bearer ${'T'.repeat(43)}`,
      host: `127.0.0.1:${hub.port}`,
      connection: 'Upgrade',
      upgrade: 'websocket',
      'sec-websocket-version': '13',
      'sec-websocket-protocol': 'streams.v1',
    });
    refuse(500);
    await expect(created).rejects.toMatchObject({ details: { httpStatus: 500 } });
  });

  it('gives a stream that knows what it is', async () => {
    const rig = await startRig();
    await rig.device();
    const stream = await (await rig.service()).createStream(DEVICE, { name: 'echo' });
    expect(stream).toBeInstanceOf(DeviceStream);
    expect(stream).toMatchObject({ name: 'echo', deviceId: DEVICE, id: rig.records[0]?.streamId });
    expect(await roundTrip(stream, 'hello')).toBe('hello');
    await expect(stream.outcome).resolves.toEqual({ by: 'local', reason: '', clean: true });
  });
});

describe('a refusal', () => {
  it.each([
    ['STREAM_REJECTED', 'the pump is busy'],
    ['NO_HANDLER', ''],
    ['HANDLER_FAILED', ''],
  ])('by the device is a StreamRejectedError: %s', async (code, reason) => {
    const rig = await startRig();
    const device = await RawDevice.connect(rig);
    const created = (await rig.service()).createStream(DEVICE);
    const { streamId } = await device.message();
    device.send({ type: 'reject', streamId, code, reason });
    const error: unknown = await created.catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(StreamRejectedError);
    expect(error).toMatchObject({ code: `STREAMS_${code}`, reason, retryable: false, trackingId: rig.records[0]?.trackingId });
    expect(rig.records).toMatchObject([{ streamId, result: 'rejected', code, reason }]);
  });

  it('for want of a common protocol is PROTOCOL_MISMATCH', async () => {
    const rig = await startRig();
    const device = await RawDevice.connect(rig);
    const created = (await rig.service()).createStream(DEVICE);
    device.send({ type: 'reject', streamId: (await device.message()).streamId, code: 'PROTOCOL_MISMATCH', reason: '' });
    await expect(created).rejects.toMatchObject({ code: 'STREAMS_PROTOCOL_MISMATCH', retryable: false });
  });

  it('for an answer that is none is BAD_DEVICE_ANSWER', async () => {
    const rig = await startRig();
    const device = await RawDevice.connect(rig);
    const created = (await rig.service()).createStream(DEVICE);
    device.accept(await device.message(), 'streams.v9');
    await expect(created).rejects.toMatchObject({ code: 'STREAMS_BAD_DEVICE_ANSWER', retryable: true });
  });

  it('tells an unknown device from one that is not connected', async () => {
    const rig = await startRig();
    const service = await rig.service();
    await expect(service.createStream(DEVICE)).rejects.toMatchObject({ code: 'STREAMS_DEVICE_NOT_FOUND', retryable: false });
    await rig.hub.putDevice(DEVICE);
    const error: unknown = await service.createStream(DEVICE).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(DeviceNotConnectedError);
    expect(error).toMatchObject({ code: 'STREAMS_DEVICE_NOT_CONNECTED', retryable: true });
    expect((error as StreamsError).trackingId).toMatch(/^[\w-]{22}$/);
  });

  it('of a device that leaves before its answer is DEVICE_NOT_CONNECTED too', async () => {
    const rig = await startRig();
    const device = await rig.device(() => device.destroy());
    const created = (await rig.service()).createStream(DEVICE);
    await expect(rig.passUntil(created)).rejects.toMatchObject({ code: 'STREAMS_DEVICE_NOT_CONNECTED', details: { phase: 'answer' } });
    expect(rig.clock.monotonicMs()).toBeLessThan(3_000);
  });

  it('of a policy without the permission is FORBIDDEN, and says which', async () => {
    const rig = await startRig();
    let requests = 0;
    await rig.device(() => void (requests += 1));
    const service = await rig.service({ policy: 'reader' });
    const expected = { code: 'STREAMS_FORBIDDEN', retryable: false, details: { permission: 'stream:create' } };
    await expect(service.createStream(DEVICE)).rejects.toMatchObject(expected);
    expect(requests).toBe(0);
  });

  it('of a wrong key is an AuthenticationError', async () => {
    const rig = await startRig();
    const connectionString = await rig.hub.connectionString({ policy: 'test' });
    const wrong = connectionString.replace(/SharedAccessKey=[^;]+/, `SharedAccessKey=${Buffer.alloc(32).toString('base64')}`);
    const service = rig.use(ServiceClient.fromConnectionString(wrong, { clock: rig.clock }));
    const error: unknown = await service.createStream(DEVICE).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(AuthenticationError);
    expect(error).toMatchObject({ code: 'STREAMS_UNAUTHENTICATED', retryable: false });
  });

  it('of a hub that shuts down can be tried again', async () => {
    const rig = await startRig();
    let asked = false;
    await rig.device(() => void (asked = true));
    const settled = (await rig.service()).createStream(DEVICE).catch((thrown: unknown) => thrown);
    await until('the request', () => asked);
    await rig.passUntil(rig.hub.close());
    expect(await settled).toMatchObject({ code: 'STREAMS_DRAINING', retryable: true });
  });
});

describe('resume', () => {
  it.each([
    ['required', ['streams.session.v1']],
    ['off', ['streams.v1', 'raw']],
    ['preferred', ['streams.session.v1', 'streams.v1', 'raw']],
  ] as const)('%s is what the device is offered, and nothing less', async (resume, protocols) => {
    const rig = await startRig();
    const device = await RawDevice.connect(rig);
    const service = await rig.service();
    const created = service.createStream(DEVICE, { resume });
    const request = await device.message();
    expect(request).toMatchObject({ protocols });
    device.send({ type: 'reject', streamId: request.streamId, code: 'PROTOCOL_MISMATCH', reason: '' });
    await expect(created).rejects.toMatchObject({ code: 'STREAMS_PROTOCOL_MISMATCH' });
  });

  it.each([
    [{ resume: 'always' }, 'resume'],
    [{ resume: 1n }, 'resume'],
    [{ resumeTimeoutMs: -1 }, 'resumeTimeoutMs'],
    [{ resumeTimeoutMs: 1n }, 'resumeTimeoutMs'],
    [{ resumeTimeoutMs: Number.NaN }, 'resumeTimeoutMs'],
    [{ resumeTimeoutMs: 65_535_001 }, 'resumeTimeoutMs'],
  ])('%o is no option', async (options, field) => {
    const service = await (await startRig()).service();
    const expected = { code: 'STREAMS_INVALID_ARGUMENT', details: { field } };
    await expect(service.createStream(DEVICE, options as object)).rejects.toMatchObject(expected);
  });
});
