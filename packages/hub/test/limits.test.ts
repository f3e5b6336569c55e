// The limits of streams as users meet them: the right error, told apart, while a stream beside them goes on byte for byte.
import { createHash, randomBytes } from 'node:crypto';
import { StreamsError, StreamTerminatedError, type StreamRequest } from '@streams/device';
import type { LimitOptions } from '@streams/hub';
import type { CreateStreamOptions, DeviceStream } from '@streams/service';
import { FakeClock, leakCheck } from '@streams/testkit';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { limitReached } from './support/prometheus.ts';
import { startTrio, type Trio, until } from './support/streams.ts';

const leaks = leakCheck();
let clock: FakeClock;
let trio: Trio;
let canary: Canary;
const opened: DeviceStream[] = [];
const accepted: DeviceStream[] = [];
beforeEach(async () => {
  clock = new FakeClock();
  trio = await startTrio({ clock });
  trio.device.onStreamRequest(serve);
  canary = await Canary.open(trio);
});
afterEach(async () => {
  expect(await canary.isUnharmed()).toBe(true);
  for (const stream of [...opened.splice(0), ...accepted.splice(0)]) stream.destroy();
  await trio.close();
  await until(() => clock.pendingTimers === 0);
  await leaks.settled();
});

/** What the device does with a request, by its name. */
async function serve(request: StreamRequest): Promise<void> {
  if (request.name === 'rejected') return request.reject('no');
  if (request.name === 'unanswered') return new Promise(() => undefined);
  const stream = await request.accept();
  if (request.name === 'canary') stream.pipe(stream);
  else accepted.push(stream.on('error', () => undefined));
}

/** A stream to the same device that echoes what it gets, all the while. */
class Canary {
  readonly #stream: DeviceStream;
  readonly #sent = createHash('sha256');
  readonly #received = createHash('sha256');
  #bytes = 0;

  private constructor(stream: DeviceStream) {
    this.#stream = stream;
    stream.on('data', (chunk: Buffer) => {
      this.#received.update(chunk);
      this.#bytes += chunk.length;
    });
    this.sing();
  }

  static async open({ service }: Trio): Promise<Canary> {
    return new Canary(await service.createStream('pump-7', { name: 'canary' }));
  }

  sing(): void {
    const song = randomBytes(10_000);
    this.#sent.update(song);
    this.#stream.write(song);
  }

  async isUnharmed(): Promise<boolean> {
    this.sing();
    await until(() => this.#bytes === this.#stream.bytesWritten);
    this.#stream.end();
    await this.#stream.outcome;
    return this.#sent.digest('hex') === this.#received.digest('hex');
  }
}

function limitTo(limits: LimitOptions): Promise<void> {
  return trio.test.hub.reload({ limits });
}

async function open(options: CreateStreamOptions = {}): Promise<DeviceStream> {
  const stream = await trio.service.createStream('pump-7', { resume: 'off', ...options });
  opened.push(stream.on('error', () => undefined));
  return stream;
}

async function refusal(): Promise<StreamsError> {
  const error = await open().catch((thrown: unknown) => thrown);
  if (!StreamsError.is(error)) throw new Error('it was opened');
  return error;
}

describe('streams', () => {
  it.each(['maxStreams', 'maxStreamsPerPolicy', 'maxStreamsPerDevice'])('%s: 429 TOO_MANY_STREAMS, until one ends', async (limit) => {
    await limitTo({ [limit]: 2 });
    const stream = await open();
    const error = await refusal();
    expect(error).toMatchObject({
      code: 'STREAMS_TOO_MANY_STREAMS',
      retryable: true,
      details: { limit, max: 2, httpStatus: 429 },
      message: expect.stringMatching(/^the (hub|policy|device) has 2 streams/),
    });
    expect(error.retryAfterMs).toBeGreaterThanOrEqual(1_000);
    expect(trio.test.records.at(-1)).toMatchObject({ operation: 'handshake', result: 'failed', code: 'TOO_MANY_STREAMS' });
    expect(await limitReached(trio.test, limit)).toBe(1);
    await stream.destroy().outcome;
    await until(() => trio.test.hub.openStreams === 1);
    await open();
  });

  it.each(['newStreamsPerSecond', 'newStreamsPerSecondPerPolicy', 'newStreamsPerSecondPerDevice'])('%s: 429 THROTTLED', async (limit) => {
    await limitTo({ [limit]: 1 });
    await Promise.all([open(), open()]);
    const error = await refusal();
    expect(error).toMatchObject({ code: 'STREAMS_THROTTLED', retryable: true, details: { limit, max: 1, httpStatus: 429 } });
    expect(await limitReached(trio.test, limit)).toBe(1);
    await clock.advance(error.retryAfterMs ?? 0);
    await open();
  });

  it('that are rejected, or that nobody answers, give their place back', async () => {
    await limitTo({ maxStreams: 2 });
    for (let attempt = 0; attempt < 3; attempt += 1) {
      await expect(open({ name: 'rejected' })).rejects.toMatchObject({ code: 'STREAMS_STREAM_REJECTED' });
    }
    const unanswered = expect(open({ name: 'unanswered', timeoutMs: 500 })).rejects.toMatchObject({ code: 'STREAMS_HANDSHAKE_TIMEOUT' });
    await until(() => trio.test.hub.openStreams === 2);
    expect(await refusal()).toMatchObject({ code: 'STREAMS_TOO_MANY_STREAMS' });
    await clock.advance(500);
    await unanswered;
    await open();
  });

  it('limits that are wrong change nothing, and the error names the field', async () => {
    await expect(limitTo({ maxStreams: 0 })).rejects.toMatchObject({
      code: 'STREAMS_INVALID_ARGUMENT',
      details: { field: 'limits.maxStreams' },
    });
    await expect(limitTo({ exemptAddresses: ['x'] })).rejects.toThrow('limits.exemptAddresses[0]: expected an IP address');
    await open();
  });
});

describe('a stream that runs', () => {
  it('lives no longer than maxStreamLifeMs: 4412 and STREAM_EXPIRED on both sides', async () => {
    const { errors } = await errorsOfPair();
    expect(await canary.isUnharmed()).toBe(true);
    await clock.advance(30_000, { stepMs: 1_000, realMs: 1 });
    canary = await Canary.open(trio);
    await limitTo({ maxStreamLifeMs: 60_000 });
    await clock.advance(29_000, { stepMs: 1_000, realMs: 1 });
    expect(ended('test')).toEqual([]);
    await clock.advance(2_000, { stepMs: 1_000, realMs: 1 });
    await expectEnd(await errors, 'STREAM_EXPIRED', 4412, 'maxStreamLifeMs');
  });

  it('carries nothing no longer than maxStreamIdleMs: 4413 and STREAM_IDLE on both sides', async () => {
    const { errors } = await errorsOfPair();
    await limitTo({ maxStreamIdleMs: 5_000 });
    for (let second = 0; second < 4; second += 1) await pass(1_000);
    expect(ended('test')).toEqual([]);
    for (let second = 0; second < 3; second += 1) await pass(1_000);
    await expectEnd(await errors, 'STREAM_IDLE', 4413, 'maxStreamIdleMs');
  });

  it('is read at bytesPerSecondPerStream, in each direction, and every byte arrives', async () => {
    const [here, there] = await plainPair();
    const [song, echoed] = [randomBytes(300_000), randomBytes(300_000)];
    const got = { here: createHash('sha256'), there: createHash('sha256') };
    here.on('data', (chunk: Buffer) => got.here.update(chunk));
    there.on('data', (chunk: Buffer) => got.there.update(chunk));
    await limitTo({ bytesPerSecondPerStream: 100_000 });
    here.end(song);
    there.end(echoed);
    await clock.advance(2_000, { stepMs: 20, realMs: 1 });
    // 64 KiB are one message.
    for (const stream of [here, there]) expect(Math.abs(stream.bytesRead - 200_000)).toBeLessThan(66_000 + 20_000);
    await clock.advance(2_000, { stepMs: 20, realMs: 1 });
    expect(await Promise.all([here.outcome, there.outcome])).toMatchObject([{ clean: true }, { clean: true }]);
    const hashes = [echoed, song].map((bytes) => createHash('sha256').update(bytes).digest('hex'));
    expect([got.here.digest('hex'), got.there.digest('hex')]).toEqual(hashes);
    await limitTo({});
    expect(await limitReached(trio.test, 'bytesPerSecondPerStream')).toBeGreaterThan(5);
  });

  it('that is held back for a minute is not taken for dead', async () => {
    const [here, there] = await plainPair();
    await limitTo({ bytesPerSecondPerStream: 4_096 });
    there.resume();
    here.end(randomBytes(300_000));
    await clock.advance(60_000, { stepMs: 1_000, realMs: 1 });
    expect(there.bytesRead).toBeLessThan(300_000);
    await limitTo({});
    there.end();
    expect(await there.outcome).toMatchObject({ clean: true });
    expect(there.bytesRead).toBe(300_000);
  });

  async function pass(ms: number): Promise<void> {
    canary.sing();
    await clock.advance(ms, { realMs: 5 });
  }

  async function plainPair(): Promise<[DeviceStream, DeviceStream]> {
    const here = await open({ name: 'test' });
    await until(() => accepted.length > 0);
    return [here, accepted[0] as DeviceStream];
  }

  /** The errors with which both ends of a stream will end. */
  async function errorsOfPair(): Promise<{ errors: Promise<unknown[]> }> {
    const pair = await plainPair();
    return { errors: Promise.all(pair.map((stream) => new Promise((resolve) => stream.once('error', resolve)))) };
  }

  function ended(streamName: string): object[] {
    return trio.test.records.filter((record) => record.operation === 'stream' && record.streamName === streamName);
  }

  async function expectEnd(errors: unknown[], code: string, closeCode: number, limit: string): Promise<void> {
    for (const error of errors) {
      expect(error).toBeInstanceOf(StreamTerminatedError);
      expect(error).toMatchObject({ code: `STREAMS_${code}`, by: 'hub', closeCode, retryable: true, details: { limit } });
    }
    expect(ended('test')).toMatchObject([{ result: 'terminated', code, endedBy: 'hub' }]);
    expect(await limitReached(trio.test, limit)).toBe(1);
  }
});
