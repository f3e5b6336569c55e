// Which link of which instance of a device is asked, and what comes of links that are lost: on legs in memory and the fake clock.
import { type HubMessage, type Leg, type LegEnd, memoryLegPair, newId } from '@streams/protocol/internal';
import { FakeClock, seededRandom } from '@streams/testkit';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Presence } from '../../src/control/presence.ts';
import type { OfferAnswer, StreamOffer } from '../../src/control/session.ts';
import { Sessions } from '../../src/control/sessions.ts';
import { silentObserver } from '../../src/diagnostics/observer.ts';

const WELCOME: HubMessage = { type: 'welcome', hub: { name: 'hub', version: '0' }, streamingEndpoints: [], timeMs: 0, capabilities: [] };
const HOUR_MS = 3_600_000;
const random = seededRandom(1);
let clock: FakeClock;
let sessions: Sessions;
const lost: [deviceId: string, streamId: string][] = [];
beforeEach(() => {
  clock = new FakeClock();
  lost.length = 0;
  sessions = new Sessions({
    clock,
    welcome: () => WELCOME,
    onLost: (...what) => lost.push(what),
    presence: new Presence(clock, () => undefined),
    observer: silentObserver,
  });
});
afterEach(async () => {
  sessions.close(1012, 'DRAINING;retry=1', new Set());
  await clock.advance(1_000);
  expect(clock.pendingTimers).toBe(0);
});

/** The device's end of a link, and what came over it. */
interface DeviceEnd {
  readonly leg: Leg;
  readonly got: string[];
  end?: LegEnd;
}

function attach(instanceId: string, { expiresInMs = HOUR_MS, keyId = 'first', deviceId = 'a' } = {}): DeviceEnd {
  const [leg, hubLeg] = memoryLegPair(clock);
  const end: DeviceEnd = { leg, got: [] };
  leg.on('message', (text) => end.got.push((JSON.parse(String(text)) as { type: string }).type));
  leg.on('close', (how) => (end.end = how));
  leg.resume();
  sessions.attach({ deviceId, instanceId, leg: hubLeg, keyId, expiresInMs });
  return end;
}

function offer(signal = new AbortController().signal): { streamId: string; answer: Promise<OfferAnswer> } {
  const streamId = newId(random);
  const request: StreamOffer = {
    streamId,
    name: 'test',
    headers: {},
    protocols: ['streams.v1'],
    capabilities: [],
    requester: { policy: 'p' },
    timeoutMs: 1_000,
    url: 'wss://hub/',
    token: '',
  };
  const session = sessions.find('a');
  if (!session) throw new Error('not connected');
  const answer = session.offer(request, { signal });
  answer.catch(() => undefined);
  return { streamId, answer };
}

function accept({ leg }: DeviceEnd, streamId: string): void {
  leg.send(JSON.stringify({ type: 'accept', streamId, protocol: 'streams.v1' }));
}

describe('a device with one link', () => {
  it('is welcomed, asked and answers', async () => {
    const device = attach('one');
    const { streamId, answer } = offer();
    accept(device, streamId);
    expect(await answer).toEqual({ accepted: true, protocol: 'streams.v1', capabilities: [], keyIds: new Set(['first']) });
    expect(device.got).toEqual(['welcome', 'request']);
  });

  it('is told when its answer is no longer wanted, answered or not', async () => {
    const device = attach('one');
    const [early, late] = [new AbortController(), new AbortController()];
    const { answer: unanswered } = offer(early.signal);
    const { streamId, answer: answered } = offer(late.signal);
    accept(device, streamId);
    await answered;
    early.abort('STREAM_GONE');
    late.abort('HANDSHAKE_TIMEOUT');
    await expect(unanswered).rejects.toMatchObject({ wireCode: 'STREAM_GONE' });
    await clock.advance(1);
    expect(device.got).toEqual(['welcome', 'request', 'request', 'cancel', 'cancel']);
  });

  it('keeps its unanswered requests for 2 s without a link', async () => {
    const first = attach('one');
    const [kept, lost] = [offer(), offer()];
    first.leg.terminate();
    await clock.advance(1_900, { stepMs: 100 });
    expect(sessions.isConnected('a')).toBe(false);
    const second = attach('one');
    accept(second, kept.streamId);
    expect(await kept.answer).toMatchObject({ accepted: true });
    second.leg.terminate();
    await clock.advance(2_200, { stepMs: 100 });
    await expect(lost.answer).rejects.toMatchObject({ wireCode: 'DEVICE_NOT_CONNECTED', details: { phase: 'answer' } });
    expect(sessions.find('a')).toBeUndefined();
  });

  it('tells of a leg that it has lost, in its own name', async () => {
    const { leg } = attach('one');
    const streamId = newId(random);
    leg.send(JSON.stringify({ type: 'lost', streamId }));
    await clock.advance(1);
    expect(lost).toEqual([['a', streamId]]);
  });

  it('A11 is cut off when its credential ends', async () => {
    const device = attach('one', { expiresInMs: 60_000 });
    await clock.advance(59_000);
    expect(device.end).toBeUndefined();
    await clock.advance(2_000);
    expect(device.end).toMatchObject({ code: 1008, reason: 'TOKEN_EXPIRED;retry=1' });
  });
});

describe('a newer link', () => {
  it('of the same instance takes the requests; the older still answers, until the hub closes it after 10 s', async () => {
    const older = attach('one');
    const { streamId, answer } = offer();
    const newer = attach('one');
    const second = offer();
    accept(older, streamId);
    accept(newer, second.streamId);
    expect(await answer).toMatchObject({ accepted: true });
    expect(await second.answer).toMatchObject({ accepted: true });
    expect([older.got, newer.got]).toEqual([
      ['welcome', 'request'],
      ['welcome', 'request', 'request'],
    ]);
    await clock.advance(9_000);
    expect(older.end).toBeUndefined();
    await clock.advance(1_500);
    expect(older.end).toMatchObject({ code: 1000 });
    expect(sessions.isConnected('a')).toBe(true);
  });

  it('of the same instance is asked again what is not answered, with the time that is left for it', async () => {
    const first = attach('one');
    const [answered, open] = [offer(), offer()];
    accept(first, answered.streamId);
    await answered.answer;
    await clock.advance(100);
    first.leg.terminate();
    await clock.advance(300);
    const second = attach('one');
    const asked: unknown[] = [];
    second.leg.on('message', (text) => asked.push(JSON.parse(String(text))));
    await clock.advance(1);
    expect(asked).toMatchObject([WELCOME, { type: 'request', streamId: open.streamId, timeoutMs: 600, url: 'wss://hub/' }]);
    accept(second, open.streamId);
    expect(await open.answer).toMatchObject({ accepted: true });
  });

  it('that is lost leaves its requests to an older one that still lingers', async () => {
    const older = attach('one');
    const newer = attach('one');
    const { streamId, answer } = offer();
    newer.leg.terminate();
    await clock.advance(1);
    expect(older.got).toEqual(['welcome', 'request']);
    accept(older, streamId);
    expect(await answer).toMatchObject({ accepted: true });
  });

  it('of another instance replaces the older at once, and its requests fail', async () => {
    const older = attach('one');
    const { answer } = offer();
    const newer = attach('two');
    await expect(answer).rejects.toMatchObject({ wireCode: 'DEVICE_NOT_CONNECTED' });
    await clock.advance(1);
    expect(older.end).toMatchObject({ code: 4409, reason: 'REPLACED;retry=0' });
    await clock.advance(5_000);
    expect(sessions.isConnected('a')).toBe(true);
    expect(newer.end).toBeUndefined();
  });
});

describe('keys that are no longer in force', () => {
  const inForce = (...keyIds: string[]): void => sessions.revoke('a', new Set(keyIds));

  it('end their links and what was asked over them, at once', async () => {
    const device = attach('one');
    const { answer } = offer();
    inForce('second');
    expect(sessions.isConnected('a')).toBe(false);
    await expect(answer).rejects.toMatchObject({ wireCode: 'DEVICE_NOT_CONNECTED', details: { phase: 'answer' } });
    await clock.advance(1);
    expect(device.end).toMatchObject({ code: 1008, reason: 'REVOKED;retry=0' });
    const back = attach('one', { keyId: 'second' });
    const { streamId, answer: later } = offer();
    accept(back, streamId);
    expect(await later).toMatchObject({ keyIds: new Set(['first', 'second']) });
  });

  it('disturb neither links nor requests of the other key', async () => {
    const device = attach('one', { keyId: 'second' });
    const { streamId, answer } = offer();
    inForce('second', 'third');
    await clock.advance(5_000);
    accept(device, streamId);
    expect(await answer).toMatchObject({ accepted: true, keyIds: new Set(['second']) });
    expect(device.end).toBeUndefined();
  });

  it('leave an instance that has proven another one all that it was asked and has answered, but not the links', async () => {
    const older = attach('one', { keyId: 'first' });
    const [answered, open] = [offer(), offer()];
    accept(older, answered.streamId);
    const { keyIds } = (await answered.answer) as OfferAnswer & { accepted: true };
    const newer = attach('one', { keyId: 'second' });
    inForce('second', 'third');
    await clock.advance(1);
    expect(older.end).toMatchObject({ code: 1008 });
    expect(keyIds).toEqual(new Set(['first', 'second']));
    accept(newer, open.streamId);
    expect(await open.answer).toMatchObject({ accepted: true });
  });

  it('end the requests of a link that was lost a moment ago; those of the other key wait on', async () => {
    const revoked = attach('one');
    const { answer } = offer();
    revoked.leg.terminate();
    await clock.advance(100);
    inForce('second');
    await expect(answer).rejects.toMatchObject({ wireCode: 'DEVICE_NOT_CONNECTED' });
    const lost = attach('one', { keyId: 'second' });
    const waiting = offer();
    lost.leg.terminate();
    await clock.advance(100);
    inForce('second');
    accept(attach('one', { keyId: 'second' }), waiting.streamId);
    expect(await waiting.answer).toMatchObject({ accepted: true });
  });
});

describe('nonsense', () => {
  it('answers of unknown streams and late answers change nothing', async () => {
    const device = attach('one');
    accept(device, 'A'.repeat(22));
    const { streamId, answer } = offer();
    accept(device, streamId);
    accept(device, streamId);
    await answer;
    await clock.advance(1);
    expect(device.end).toBeUndefined();
  });

  it('text that is no message ends the link', async () => {
    const device = attach('one');
    device.leg.send('{');
    await clock.advance(1);
    expect(device.end).toMatchObject({ code: 1007 });
  });
});

describe('the close', () => {
  /** What each device was told last before its link ended, and with which code. */
  async function closeWith(ids: readonly string[], busy: readonly string[]): Promise<Map<string, unknown>> {
    const last = new Map<string, unknown>();
    for (const deviceId of ids) {
      const { leg } = attach(deviceId, { deviceId });
      let told: unknown;
      leg.on('message', (text) => (told = JSON.parse(String(text))));
      leg.on('close', ({ code }) => last.set(deviceId, { ...(told as object), code }));
    }
    sessions.close(1012, 'DRAINING;retry=1', new Set(busy));
    await clock.advance(1_000);
    return last;
  }

  it('says when to come back: 2 s for a few', async () => {
    const told = await closeWith(['a', 'b'], ['b']);
    expect([...told]).toEqual(['a', 'b'].map((deviceId) => [deviceId, { type: 'goaway', withinMs: 2_000, code: 1012 }]));
  });

  it('has many come at the pace of the next hub, and first those that are waited for', async () => {
    const ids = Array.from({ length: 3_000 }, (_, index) => `device-${index}`);
    const told = await closeWith(ids, ids.slice(0, 1_500));
    expect(told.size).toBe(3_000);
    expect(told.get('device-0')).toEqual({ type: 'goaway', withinMs: 3_000, code: 1012 });
    expect(told.get('device-2999')).toEqual({ type: 'goaway', withinMs: 6_000, code: 1012 });
  });
});
