// Keys that are replaced, devices that are disabled or deleted: what they have authenticated ends within a second, all else goes on.
import { DeviceClient, type DeviceStream, type StreamRequest } from '@streams/device';
import { type DeviceChange, type DeviceRecord, openRegistry, type Registry } from '@streams/hub';
import { FakeClock, leakCheck } from '@streams/testkit';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { MemoryRegistry } from '../../src/devices/memory-registry.ts';
import { deviceAuthorization, rawLink, rawPeer } from '../support/raw.ts';
import { call } from '../support/rest.ts';
import { echo, startTrio, type Trio, until } from '../support/streams.ts';

const leaks = leakCheck();
const newKey = (): string => randomBytes(32).toString('base64');
let clock: FakeClock;
let trio: Trio;
let dataDirectory: string;
let registry: Registry;
const others: DeviceClient[] = [];

beforeEach(async () => {
  clock = new FakeClock();
  dataDirectory = await mkdtemp(join(tmpdir(), 'streams-revocation-'));
  registry = await openRegistry({ dataDirectory });
  trio = await startTrio({ clock, registry }, { clock }, { clock });
});
afterEach(async () => {
  for (const device of others) device.destroy();
  await Promise.all(others.splice(0).map((device) => device.close()));
  await trio.close();
  await registry.close();
  await rm(dataDirectory, { recursive: true });
  await leaks.settled();
});

async function record(deviceId = 'pump-7'): Promise<DeviceRecord> {
  return (await registry.get(deviceId)) as DeviceRecord;
}

/** A device that echoes, connected with its first or its second key. */
async function deviceWithKey(deviceId: string, which: 0 | 1): Promise<DeviceClient> {
  const connectionString = await trio.test.deviceConnectionString(deviceId);
  const { keys } = await record(deviceId);
  const device = DeviceClient.fromConnectionString(connectionString.replace(keys[0], keys[which]), { clock });
  others.push(device);
  echo(device);
  await device.connect();
  return device;
}

/** Sends a byte to and fro. */
async function roundTrip(stream: DeviceStream, byte: string): Promise<void> {
  const back = new Promise((resolve) => stream.once('data', resolve));
  stream.write(byte);
  expect(String(await back)).toBe(byte);
}

/** How a stream ends, and after how many milliseconds. */
async function endOf(stream: DeviceStream): Promise<{ error: unknown; ms: number }> {
  const startMs = performance.now();
  const error = await new Promise((resolve) => stream.resume().once('error', resolve));
  return { error, ms: performance.now() - startMs };
}

const REVOKED = { code: 'STREAMS_STREAM_TERMINATED', by: 'hub', closeCode: 1008 };

describe('a key that is replaced', () => {
  it('A10 ends the link and the streams of who used it; who uses the other one notices nothing', async () => {
    echo(trio.device);
    const second = await deviceWithKey('pump-8', 1);
    const [lost, kept] = await Promise.all([trio.service.createStream('pump-7'), trio.service.createStream('pump-8')]);
    await Promise.all([roundTrip(lost, '1'), roundTrip(kept, '1')]);
    const end = endOf(lost);
    for (const deviceId of ['pump-7', 'pump-8']) {
      await trio.test.hub.putDevice(deviceId, { keys: [newKey(), (await record(deviceId)).keys[1]] });
    }
    const { error, ms } = await end;
    expect(error).toMatchObject(REVOKED);
    expect(ms).toBeLessThan(1_000);
    await until(() => trio.device.state.name === 'waiting');
    expect(trio.device.state).toMatchObject({ cause: { details: { closeCode: 1008 } } });
    for (let waited = 0; waited < 2_000; waited += 100) await clock.advance(100, { realMs: 1 });
    await until(() => trio.device.state.name === 'waiting' && trio.device.state.cause.code === 'STREAMS_UNAUTHENTICATED');
    expect(trio.device.state).toMatchObject({ name: 'waiting', delayMs: 300_000 });
    expect(second.state.name).toBe('connected');
    await roundTrip(kept, '2');
    await roundTrip(await trio.service.createStream('pump-8'), '3');
    await expect(trio.service.createStream('pump-7')).rejects.toMatchObject({ code: 'STREAMS_DEVICE_NOT_CONNECTED' });
  });

  it('disturbs nothing where it is not the one in use, nor where both change places', async () => {
    echo(trio.device);
    const stream = await trio.service.createStream('pump-7');
    const [first] = (await record()).keys;
    await trio.test.hub.putDevice('pump-7', { keys: [first, newKey()] });
    await trio.test.hub.putDevice('pump-7', { keys: [(await record()).keys[1], first] });
    await trio.test.hub.putDevice('pump-7', { enabled: true });
    await roundTrip(stream, '1');
    await roundTrip(await trio.service.createStream('pump-7'), '2');
    expect(trio.device.state.name).toBe('connected');
  });

  it('A10 closes the link on the wire with 1008', async () => {
    const [link] = await rawLink(trio.test, 'raw');
    await trio.test.hub.putDevice('raw', { keys: [newKey(), newKey()] });
    expect(await link.readClose()).toEqual({ code: 1008, reason: 'REVOKED;retry=0' });
    link.destroy();
  });
});

describe.each([
  ['disabled', () => trio.test.hub.putDevice('pump-7', { enabled: false })],
  ['deleted', () => trio.test.hub.deleteDevice('pump-7')],
  ['deleted over REST', () => call(trio.test, 'DELETE', '/v1/devices/pump-7')],
])('a device that is %s', (_how, revoke) => {
  it('A10 loses its link and its streams, on both sides', async () => {
    let device: DeviceStream | undefined;
    trio.device.onStreamRequest(async (request: StreamRequest) => {
      device = await request.accept();
    });
    const stream = await trio.service.createStream('pump-7');
    await until(() => device !== undefined);
    const ends = [endOf(stream), endOf(device as DeviceStream)];
    await revoke();
    for (const { error, ms } of await Promise.all(ends)) {
      expect(error).toMatchObject(REVOKED);
      expect(ms).toBeLessThan(1_000);
    }
    await until(() => trio.device.state.name === 'waiting');
    expect(trio.test.hub.openStreams).toBe(0);
    expect(trio.test.records.at(-1)).toMatchObject({
      operation: 'stream',
      result: 'terminated',
      endedBy: 'hub',
      reason: 'REVOKED;retry=0',
    });
  });

  it('loses its handshakes, whichever step they are at', async () => {
    const requests: StreamRequest[] = [];
    trio.device.onStreamRequest((request: StreamRequest) => void requests.push(request));
    const unanswered = trio.service.createStream('pump-7');
    unanswered.catch(() => undefined);
    await until(() => requests.length === 1);
    const answered = call(trio.test, 'POST', '/v1/devices/pump-7/streams', { body: { protocols: ['streams.v1'] } });
    await until(() => requests.length === 2);
    const accepted = requests[1]?.accept();
    accepted?.catch(() => undefined);
    expect((await answered).status).toBe(200);
    await revoke();
    await expect(unanswered).rejects.toMatchObject({ code: 'STREAMS_DEVICE_NOT_CONNECTED' });
    await expect(accepted).rejects.toMatchObject({ code: expect.stringMatching(/^STREAMS_(DEVICE_NOT_CONNECTED|STREAM_GONE)$/) });
    expect(trio.test.hub.openStreams).toBe(0);
  });
});

describe('a change that comes between the look at a key and what it opens', () => {
  let late: LateRegistry;
  beforeEach(async () => {
    await trio.close();
    late = new LateRegistry();
    trio = await startTrio({ clock, registry: late }, { clock }, { clock });
  });

  it('ends the link', async () => {
    const authorization = await deviceAuthorization(trio.test, 'raw');
    const peer = await rawPeer(trio.test);
    const release = late.hold();
    const head = peer.upgrade('/v1/devices/raw/control', [
      ['Authorization', authorization],
      ['Sec-WebSocket-Protocol', 'streams.control.v1'],
    ]);
    await until(() => late.held);
    await late.put({ deviceId: 'raw', enabled: true, keys: [newKey(), newKey()] });
    release();
    expect((await head).status).toBe(101);
    expect(await peer.readClose()).toEqual({ code: 1008, reason: 'REVOKED;retry=0' });
    peer.destroy();
  });

  it('ends the stream', async () => {
    let ended: Promise<{ error: unknown }> | undefined;
    trio.device.onStreamRequest(async (request: StreamRequest) => {
      late.tells = false;
      await late.put({ deviceId: 'pump-7', enabled: true, keys: [newKey(), newKey()] });
      ended = endOf(await request.accept());
    });
    const { error } = await endOf(await trio.service.createStream('pump-7'));
    expect(error).toMatchObject(REVOKED);
    expect((await ended)?.error).toMatchObject(REVOKED);
  });
});

/** Answers late with what it had when it was asked, as one over a network may; or tells of no change. */
class LateRegistry extends MemoryRegistry {
  held = false;
  tells = true;
  #gate: Promise<void> | undefined;

  /** The answer of the next `get` waits until the returned function is called. */
  hold(): () => void {
    let open = (): void => undefined;
    this.#gate = new Promise((resolve) => (open = resolve));
    return () => open();
  }

  override async get(deviceId: string): Promise<DeviceRecord | undefined> {
    const answer = await super.get(deviceId);
    const gate = this.#gate;
    this.#gate = undefined;
    this.held = gate !== undefined;
    await gate;
    return answer;
  }

  override changes(listener: (change: DeviceChange) => void): () => void {
    return super.changes((change) => {
      if (this.tells) listener(change);
    });
  }
}
