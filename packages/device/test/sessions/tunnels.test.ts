// Tunnels over a real hub: channels in both directions, yes and no, limits, and every way in which a tunnel ends.
import { ChannelResetError, type StreamRequest, type Tunnel, type TunnelRequest } from '@streams/device';
import { describe, expect, it } from 'vitest';
import { askForStream } from '../support/raw-service.ts';
import { DEVICE, echo, expectNoLeaks, isPending, MUTE, type Rig, roundTrip, startRig, until } from '../support/rig.ts';

expectNoLeaks();

interface Ends {
  readonly rig: Rig;
  readonly here: Tunnel;
  readonly there: Tunnel;
  readonly request: StreamRequest;
}

async function openTunnel(onChannel?: (request: TunnelRequest) => void | Promise<void>): Promise<Ends> {
  const rig = await startRig();
  const device = await rig.device();
  let found: { there: Tunnel; request: StreamRequest } | undefined;
  const take = async (request: StreamRequest): Promise<void> => {
    const there = await request.acceptTunnel();
    if (onChannel) there.onChannelRequest(onChannel);
    found = { there, request };
  };
  device.onStreamRequest(take, { tunnels: true });
  await device.connect();
  const service = await rig.service();
  const here = await service.openTunnel(DEVICE, { name: 'web', headers: { a: 'b' } });
  await until('the device has it too', () => found !== undefined);
  return { rig, here, ...(found as unknown as { there: Tunnel; request: StreamRequest }) };
}

/** What a device takes at once: docs/protocol.md section 18. */
const MOST_CHANNELS = 512;
const bytesOf = (text: string): Uint8Array => new Uint8Array(Buffer.from(text));

describe('a channel', () => {
  it('is accepted, with words both ways, in either direction', async () => {
    const asked: string[] = [];
    const take = (request: TunnelRequest): void => {
      asked.push(Buffer.from(request.metadata).toString());
      echo(request.accept('come in'));
    };
    const { here, there, request } = await openTunnel(take);
    here.onChannelRequest(take);
    expect([request.isTunnel, request.name, request.headers]).toEqual([true, 'web', { a: 'b' }]);
    expect([there.id, there.name, there.deviceId]).toEqual([here.id, 'web', DEVICE]);
    for (const tunnel of [here, there]) {
      const channel = tunnel.openChannel({ metadata: `from ${tunnel === here ? 'the service' : 'the device'}` });
      expect([channel.id, channel.name]).toEqual([here.id, 'web']);
      expect(await roundTrip(channel, 'hello')).toBe('hello');
      expect(new Uint8Array(await channel.accepted)).toEqual(bytesOf('come in'));
      expect(await channel.outcome).toMatchObject({ clean: true });
    }
    expect(asked).toEqual(['from the service', 'from the device']);
    expect([here.stats().channels, there.stats().channels]).toEqual([0, 0]);
  });

  it.each([
    ['is rejected with code and words', (request: TunnelRequest) => request.reject('busy', 'UNREACHABLE'), 'UNREACHABLE', 'busy'],
    ['is rejected without', (request: TunnelRequest) => request.reject(), 'REFUSED', ''],
    ['finds nobody', undefined, 'REFUSED', 'nobody takes channels here'],
    ['meets a callback that throws', () => Promise.reject(new Error('a secret')), 'INTERNAL', ''],
  ])('%s', async (_, take, resetCode, reason) => {
    const { here } = await openTunnel(take);
    const channel = here.openChannel();
    const failure: unknown = await channel.accepted.catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(ChannelResetError);
    expect(failure).toMatchObject({ code: 'STREAMS_CHANNEL_RESET', resetCode, reason });
    expect((await channel.outcome).clean).toBe(false);
    // The tunnel lives.
    expect(here.session.state).toBe('open');
  });

  it('beyond the limit is refused, and the others live', async () => {
    const { here, there } = await openTunnel((request) => void echo(request.accept()));
    const channels = Array.from({ length: MOST_CHANNELS }, () => here.openChannel());
    await Promise.all(channels.map(({ accepted }) => accepted));
    expect(there.stats().channels).toBe(MOST_CHANNELS);
    expect(() => here.openChannel()).toThrow(expect.objectContaining({ resetCode: 'LIMIT' }));
    const [first] = channels;
    expect(first && (await roundTrip(first, 'x'))).toBe('x');
    await here.openChannel().accepted;
  });

  it('that is aborted before its answer is gone on both sides', async () => {
    let asked: TunnelRequest | undefined;
    const { here, there } = await openTunnel((request) => void (asked = request));
    const abort = new AbortController();
    const channel = here.openChannel({ signal: abort.signal });
    await until('the device was asked', () => asked !== undefined);
    abort.abort();
    expect((await channel.outcome).clean).toBe(false);
    await until('the device knows', () => there.stats().channels === 0);
    expect(() => asked?.accept()).toThrow(expect.objectContaining({ code: 'STREAMS_CHANNEL_RESET' }));
  });
});

describe('a tunnel', () => {
  it('close() waits for its channels, and ends both sides cleanly', async () => {
    const { rig, here, there } = await openTunnel((request) => void echo(request.accept()));
    const channel = here.openChannel();
    await channel.accepted;
    const closed = here.close();
    expect(() => here.openChannel()).toThrow(expect.objectContaining({ code: 'STREAMS_INVALID_STATE' }));
    expect(await isPending(closed)).toBe(true);
    expect(await roundTrip(channel, 'the last words')).toBe('the last words');
    expect(await rig.passUntil(Promise.all([closed, there.closed]))).toEqual([undefined, undefined]);
    await until('the hub knows', () => rig.hub.records.length === 2);
    expect(rig.hub.records.at(-1)).toMatchObject({ result: 'clean', sessionId: here.id });
  });

  it('close() waits so long, and no longer', async () => {
    const { rig, here } = await openTunnel((request) => void request.accept());
    const channel = here.openChannel();
    const startMs = rig.clock.monotonicMs();
    expect(await rig.passUntil(here.close())).toMatchObject({ code: 'STREAMS_SESSION_LOST', failure: 'ENDED' });
    expect(rig.clock.monotonicMs() - startMs).toBeLessThanOrEqual(5_200);
    expect((await channel.outcome).clean).toBe(false);
  });

  it('destroy() ends all at once, for both', async () => {
    const { here, there } = await openTunnel((request) => void echo(request.accept()));
    const channel = here.openChannel();
    await channel.accepted;
    here.destroy();
    expect(await there.closed).toMatchObject({ failure: 'ENDED' });
    expect((await channel.outcome).clean).toBe(false);
    expect(() => here.openChannel()).toThrow(expect.objectContaining({ resetCode: 'SESSION_LOST' }));
  });

  it('is no answer to who asked for a stream, nor the other way round', async () => {
    const rig = await startRig();
    const device = await rig.device({ logger: MUTE });
    const wrong: unknown[] = [];
    const note = (error: unknown): void => void wrong.push(error);
    device.onStreamRequest((request) => (request.isTunnel ? request.accept() : request.acceptTunnel()).then(() => undefined, note), {
      tunnels: true,
    });
    await device.connect();
    const service = await rig.service();
    const opening = [service.openTunnel(DEVICE, { timeoutMs: 1_000 }), service.createStream(DEVICE, { timeoutMs: 1_000 })];
    const outcomes = await rig.passUntil(Promise.allSettled(opening));
    expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(wrong).toMatchObject([{ code: 'STREAMS_INVALID_STATE' }, { code: 'STREAMS_INVALID_STATE' }]);
  });

  it('is refused for a device that takes streams only, whose callback hears nothing', async () => {
    const rig = await startRig();
    const device = await rig.device();
    let calls = 0;
    device.onStreamRequest(() => void (calls += 1));
    await device.connect();
    const service = await rig.service();
    await expect(service.openTunnel(DEVICE)).rejects.toMatchObject({ code: 'STREAMS_PROTOCOL_MISMATCH' });
    // A service that takes a stream as well is asked the same.
    const asked = { protocols: ['streams.session.v1', 'streams.v1'], capabilities: ['tunnel'] };
    expect((await askForStream(rig, asked)).body.code).toBe('PROTOCOL_MISMATCH');
    expect(calls).toBe(0);
  });
});
