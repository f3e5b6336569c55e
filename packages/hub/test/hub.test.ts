// The hub as a whole: a close that ends everything, and a record of each outcome.
import { leakCheck } from '@streams/testkit';
import { afterEach, describe, expect, it } from 'vitest';
import { call } from './support/rest.ts';
import { hashOf, openPair, startTrio, type Trio, until } from './support/streams.ts';

const leaks = leakCheck();
let trio: Trio;
afterEach(async () => {
  await trio.close();
  await leaks.settled();
});

describe('a record of the resource log', () => {
  it('has every field, and no secret', async () => {
    trio = await startTrio();
    const [service, device] = await openPair(trio, 'web', { resume: 'off' });
    service.end('12345');
    device.end('1234567');
    await Promise.all([hashOf(service), hashOf(device)]);
    await until(() => trio.test.records.length === 2);
    const [handshake, stream] = trio.test.records;
    const common = {
      category: 'DeviceStreams',
      deviceId: 'pump-7',
      streamName: 'web',
      streamId: service.id,
      policy: 'test',
      address: '127.0.0.1',
      code: null,
    };
    expect(handshake).toMatchObject({ ...common, operation: 'handshake', result: 'established', bytesToDevice: null, endedBy: null });
    expect(Object.keys(handshake?.stepsMs ?? {}).toSorted()).toEqual(['answer', 'device-leg', 'established', 'service-leg']);
    expect(stream).toMatchObject({
      ...common,
      operation: 'stream',
      result: 'clean',
      closeCode: 1000,
      bytesToDevice: 5,
      bytesToService: 7,
      stepsMs: null,
    });
    expect(stream?.trackingId).toBe(handshake?.trackingId);
    const fields =
      'address bytesToDevice bytesToService category closeCode code deviceId durationMs endedBy operation phase policy reason result resumeCount sessionId startTime stepsMs streamId streamName time traceparent trackingId';
    for (const record of trio.test.records) expect(Object.keys(record).toSorted().join(' ')).toBe(fields);
  });
});

it('of two trace contexts the log has the second: instrumentation of HTTP adds its own to that of the SDK', async () => {
  trio = await startTrio();
  const [first, second] = ['1', '2'].map((digit) => `00-${digit.repeat(32)}-${digit.repeat(16)}-01`);
  const ask = (traceparent: string): ReturnType<typeof call> =>
    call(trio.test, 'POST', '/v1/devices/nobody/streams', { body: { protocols: ['streams.v1'] }, headers: { traceparent } });
  expect(await ask(`${first}, ${second}`)).toMatchObject({ status: 404 });
  expect(trio.test.records.at(-1)?.traceparent).toBe(second);
  expect(await ask('abc')).toMatchObject({ status: 400, body: { details: { path: 'traceparent' } } });
});

describe('close', () => {
  it('ends handshakes, streams and links, says why, and resolves', async () => {
    trio = await startTrio();
    const [service, device] = await openPair(trio, 'test', { resume: 'off' });
    trio.device.onStreamRequest(() => undefined);
    const waiting = trio.service.createStream('pump-7');
    waiting.catch(() => undefined);
    await new Promise((resolve) => setTimeout(resolve, 30));
    const closed = trio.test.close();
    await expect(waiting).rejects.toMatchObject({ code: 'STREAMS_DRAINING', retryable: true });
    expect(await service.outcome).toEqual({ by: 'hub', reason: '', clean: false });
    expect(await device.outcome).toEqual({ by: 'hub', reason: '', clean: false });
    await closed;
    await trio.test.close();
    expect(trio.test.records.at(-1)).toMatchObject({ operation: 'stream', result: 'terminated', endedBy: 'hub' });
  });
});
