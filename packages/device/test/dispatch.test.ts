// onStreamRequest: each request gets one answer, whatever the application's callback does, and its errors stay on the device.
import { type DeviceStream, StreamsError } from '@streams/device';
import { StreamRejectedError } from '@streams/service';
import { describe, expect, it, onTestFinished } from 'vitest';
import { FakeHub } from './support/fake-hub.ts';
import { askForStream } from './support/raw-service.ts';
import { DEVICE, echo, expectNoLeaks, MUTE, type Rig, roundTrip, startRig, until } from './support/rig.ts';

expectNoLeaks();

const SECRET = 'the database password is hunter2';
const noHandler = { code: 'STREAMS_NO_HANDLER', reason: '', retryable: false };

/** How createStream ends for a service that only looks on. */
async function refusalOf(rig: Rig): Promise<unknown> {
  const service = await rig.service();
  return service.createStream(DEVICE).then(
    () => expect.unreachable(),
    (error: unknown) => error,
  );
}

describe('the callback', () => {
  it('can be given before the device connects, taken back, and given again', async () => {
    const rig = await startRig();
    const device = await rig.device();
    const unregister = device.onStreamRequest((request) => request.reject('the first'));
    await device.connect();
    expect(await refusalOf(rig)).toMatchObject({ reason: 'the first' });
    unregister();
    expect(await refusalOf(rig)).toBeInstanceOf(StreamRejectedError);
    expect(await refusalOf(rig)).toMatchObject(noHandler);
    device.onStreamRequest((request) => request.reject('the second'));
    unregister();
    expect(await refusalOf(rig)).toMatchObject({ reason: 'the second' });
  });

  it('can be given after the device has connected', async () => {
    const rig = await startRig();
    const device = await rig.device();
    await device.connect();
    expect(await refusalOf(rig)).toMatchObject(noHandler);
    device.onStreamRequest(async (request) => void echo(await request.accept()));
    expect(await roundTrip(await (await rig.service()).createStream(DEVICE), 'now')).toBe('now');
    expect(rig.hub.records[0]).toMatchObject({ result: 'rejected', code: 'NO_HANDLER' });
  });

  it('is the only one, and a function', async () => {
    const hub = await FakeHub.start();
    const device = hub.device();
    const handler = (): void => undefined;
    device.onStreamRequest(handler);
    const invalidState = expect.objectContaining({ code: 'STREAMS_INVALID_STATE' }) as Error;
    expect(() => device.onStreamRequest(() => undefined)).toThrow(invalidState);
    expect(() => device.onStreamRequest(handler)).toThrow(invalidState);
    const invalidArgument = expect.objectContaining({ code: 'STREAMS_INVALID_ARGUMENT' }) as Error;
    expect(() => device.onStreamRequest(undefined as never)).toThrow(invalidArgument);
  });

  it('keeps a request that it had when it was taken back', async () => {
    const rig = await startRig();
    const device = await rig.device();
    const unregister = device.onStreamRequest(async (request) => {
      unregister();
      echo(await request.accept());
    });
    await device.connect();
    expect(await roundTrip(await (await rig.service()).createStream(DEVICE), 'mine')).toBe('mine');
    expect(await refusalOf(rig)).toMatchObject(noHandler);
  });
});

describe('a callback that fails', () => {
  it.each([
    ['throws', () => throwing(new Error(SECRET))],
    ['rejects', () => Promise.reject(new Error(SECRET))],
    ['throws a string', () => throwing(SECRET)],
    ['throws nothing at all', () => throwing(undefined)],
    ['throws an error of ours', () => throwing(new StreamsError('FORBIDDEN', { message: SECRET, details: { SECRET } }))],
  ])('C10 rejects the request where it %s, and the text stays on the device', async (_what, fail) => {
    const hubLog: unknown[] = [];
    const note = (fields: object, message: string): void => void hubLog.push(fields, message);
    const rig = await startRig({ logger: { info: note, warn: note, error: note } });
    const deviceLog: { err: unknown; streamId: string }[] = [];
    const device = await rig.device({ logger: { ...MUTE, error: (fields) => void deviceLog.push(fields as never) } });
    device.onStreamRequest(fail as () => Promise<void>);
    await device.connect();
    const error = await refusalOf(rig);
    expect(error).toBeInstanceOf(StreamRejectedError);
    expect(error).toMatchObject({ code: 'STREAMS_HANDLER_FAILED', reason: '', retryable: false });
    expect(hubLog).toContainEqual(expect.objectContaining({ category: 'DeviceStreams', result: 'rejected', code: 'HANDLER_FAILED' }));
    const seen = `${JSON.stringify(error)} ${String(error)} ${JSON.stringify(hubLog)}`;
    expect(seen).not.toContain('hunter2');
    expect(deviceLog).toHaveLength(1);
    expect(deviceLog[0]?.streamId).toMatch(/^[\w-]{22}$/);
  });

  it('shows in a warning of the process where the client has no logger', async () => {
    const rig = await startRig();
    const device = await rig.device({ logger: undefined });
    device.onStreamRequest(() => throwing(new Error('the motor is stuck')));
    await device.connect();
    const warnings: Error[] = [];
    const listen = (warning: Error): void => void warnings.push(warning);
    process.on('warning', listen);
    onTestFinished(() => void process.off('warning', listen));
    await refusalOf(rig);
    await until('the warning', () => warnings.some(({ name }) => name === 'StreamsWarning'));
    expect(warnings.find(({ name }) => name === 'StreamsWarning')?.message).toContain('the motor is stuck');
  });

  it.each(['after the stream is established', 'while it is being established'])('C10 ends the stream it had accepted, %s', async (when) => {
    const rig = await startRig();
    const device = await rig.device();
    let accepted: Promise<DeviceStream> | undefined;
    device.onStreamRequest(async (request) => {
      accepted = request.accept();
      if (when.startsWith('after')) await accepted;
      throw new Error(SECRET);
    });
    await device.connect();
    const stream = await (await rig.service()).createStream(DEVICE);
    stream.resume();
    const outcome = await rig.passUntil(stream.outcome);
    expect(outcome).toEqual({ by: 'peer', reason: '', clean: false });
    expect((await accepted)?.destroyed).toBe(true);
    expect(rig.clock.monotonicMs()).toBeLessThan(2_000);
  });

  it('has answered all the same where it had rejected before', async () => {
    const rig = await startRig();
    const device = await rig.device();
    device.onStreamRequest((request) => {
      request.reject('busy');
      throw new Error(SECRET);
    });
    await device.connect();
    expect(await refusalOf(rig)).toMatchObject({ code: 'STREAMS_STREAM_REJECTED', reason: 'busy' });
  });

  it('serves the next request', async () => {
    const rig = await startRig();
    const device = await rig.device();
    let calls = 0;
    device.onStreamRequest(async (request) => {
      calls += 1;
      if (calls === 1) throw new Error(SECRET);
      echo(await request.accept());
    });
    await device.connect();
    expect(await refusalOf(rig)).toMatchObject({ code: 'STREAMS_HANDLER_FAILED' });
    expect(await roundTrip(await (await rig.service()).createStream(DEVICE), 'better')).toBe('better');
  });
});

describe('many requests at once', () => {
  it('each get their own answer and their own bytes', async () => {
    const rig = await startRig();
    const device = await rig.device();
    device.onStreamRequest(async (request) => {
      if (Number(request.headers['number']) % 5 === 0) return request.reject(`no ${request.name}`);
      const stream = await request.accept();
      const text = (await stream.toArray()).join('');
      stream.end(`${request.name} got ${text}`);
    });
    await device.connect();
    const service = await rig.service();
    const ask = async (number: number): Promise<string> => {
      const options = { name: `name-${number}`, headers: { number: String(number) } };
      const stream = await service.createStream(DEVICE, options).catch((error: unknown) => error as StreamRejectedError);
      return StreamsError.is(stream) ? stream.reason : roundTrip(stream, `text ${number}`.repeat(1_000));
    };
    const numbers = Array.from({ length: 50 }, (_, index) => index);
    const answers = await Promise.all(numbers.map(ask));
    const expected = numbers.map((n) => (n % 5 === 0 ? `no name-${n}` : `name-${n} got ${`text ${n}`.repeat(1_000)}`));
    expect(answers).toEqual(expected);
    expect(rig.clock.monotonicMs()).toBe(0);
  });
});

describe('what a hub may say', () => {
  it('is declined where there is no protocol in common', async () => {
    const rig = await startRig();
    await rig.echoDevice();
    const { status, body } = await askForStream(rig, { protocols: ['streams.v9'] });
    expect([status, body.code]).toEqual([409, 'PROTOCOL_MISMATCH']);
  });

  it('is answered with the first protocol that this device speaks', async () => {
    const rig = await startRig();
    const device = await rig.device();
    device.onStreamRequest((request) => void request.accept().catch(() => undefined)); // nobody comes for it
    await device.connect();
    expect(await askForStream(rig, { protocols: ['streams.v9', 'streams.v1'] })).toMatchObject({
      status: 200,
      body: { protocol: 'streams.v1' },
    });
  });

  it('calls the callback once for a request that came twice, and ignores what it does not know', async () => {
    const hub = await FakeHub.start();
    const request = hub.request(`wss://127.0.0.1:${hub.port}/`);
    const cancel = { type: 'cancel', streamId: 'Z'.repeat(22), code: 'STREAM_GONE' };
    let calls = 0;
    const device = hub.device();
    device.onStreamRequest(() => void (calls += 1));
    const connected = device.connect();
    const link = (await hub.upgrade()).grant(hub.welcome());
    await connected;
    link.send({ type: 'of a newer hub', more: 1 }, cancel, request, request, { ...request, type: 'also new' });
    link.send({ ...hub.request('wss://127.0.0.1/', 'B'.repeat(22)), protocols: ['other'] });
    await until('an answer', () => link.messages.length > 0);
    expect(link.messages).toEqual([{ type: 'reject', streamId: 'B'.repeat(22), code: 'PROTOCOL_MISMATCH', reason: '' }]);
    expect(calls).toBe(1);
    expect(device.state.name).toBe('connected');
  });

  it('is answered again in the same way where it comes again, also over the next link', async () => {
    const hub = await FakeHub.start();
    const device = hub.device();
    const asked: string[] = [];
    device.onStreamRequest((request) => {
      asked.push(request.name);
      request.reject('busy');
    });
    const connected = device.connect();
    const first = (await hub.upgrade()).grant(hub.welcome());
    await connected;
    const request = hub.request(`wss://127.0.0.1:${hub.port}/`);
    first.send(request, request);
    await until('two answers', () => first.messages.length === 2);
    first.cut();
    await until('the loss', () => device.state.name === 'waiting');
    await hub.clock.advance(2_000);
    const second = (await hub.upgrade(2)).grant(hub.welcome(), { ...request, timeoutMs: 28_000 });
    await until('the third', () => second.messages.length === 1);
    const answer = { type: 'reject', streamId: 'A'.repeat(22), code: 'STREAM_REJECTED', reason: 'busy' };
    expect([...first.messages, ...second.messages]).toEqual([answer, answer, answer]);
    expect(asked).toEqual(['echo']);
    // Nobody asks for so long; then it is forgotten.
    await hub.clock.advance(35_000);
    second.send(request);
    await until('the application is asked anew', () => asked.length === 2);
  });

  it.each([
    ['no JSON', 'nonsense'],
    ['a request without a token', '{"type":"request","streamId":"AAAAAAAAAAAAAAAAAAAAAA"}'],
  ])('ends the link with 1007 where it is %s, and the device connects anew', async (_what, text) => {
    const hub = await FakeHub.start();
    hub.onUpgrade = (upgrade) => void upgrade.grant(hub.welcome());
    const device = hub.device();
    const connected = device.connect();
    hub.onUpgrade = () => undefined;
    const link = (await hub.upgrade()).grant(hub.welcome());
    await connected;
    link.send(text);
    await until('the loss', () => device.state.name === 'waiting');
    expect(link.closeCode).toBe(1007);
    hub.onUpgrade = (upgrade) => void upgrade.grant(hub.welcome());
    await hub.clock.advance(2_000);
    await until('the new link', () => device.state.name === 'connected');
  });
});

function throwing(error: unknown): never {
  throw error;
}
