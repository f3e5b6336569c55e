// A service with a token: asked for when one is needed, kept while it is good, replaced once when the hub refuses it.
import { inspect } from 'node:util';
import { ServiceClient, type StreamsError, type TokenSource } from '@streams/service';
import { describe, expect, it, onTestFinished } from 'vitest';
import { errorBody, FakeHub } from './support/fake-hub.ts';
import { expectNoLeaks, until } from './support/rig.ts';

expectNoLeaks();

const HUB = { hostName: 'hub.example', streamingEndpoints: ['https://hub.example'], version: '0.1.0' };

/** What looks like a token; nobody verifies it here. */
function tokenUntil(expiresAtMs: number | undefined, id = 1): string {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  return `${part({ alg: 'ES256' })}.${part({ id, exp: expiresAtMs === undefined ? undefined : expiresAtMs / 1_000 })}.c2ln`;
}

function clientOf(hub: FakeHub, token: TokenSource): ServiceClient {
  const service = new ServiceClient({ hostName: `127.0.0.1:${hub.port}`, ca: hub.certificate.cert, clock: hub.clock, token });
  onTestFinished(() => service.destroy());
  return service;
}

const sent = (hub: FakeHub): (string | undefined)[] => hub.calls.map(({ headers }) => headers.authorization);

describe('a token', () => {
  it('that is a text goes with each request, and is not repeated where it is refused', async () => {
    const hub = await FakeHub.start();
    hub.onCall = ({ answer }) => (hub.calls.length < 3 ? answer(200, HUB) : answer(401, errorBody('UNAUTHENTICATED')));
    const service = clientOf(hub, 'a.b.c');
    await service.hub();
    await service.hub();
    await expect(service.hub()).rejects.toMatchObject({ code: 'STREAMS_UNAUTHENTICATED', name: 'AuthenticationError' });
    expect(sent(hub)).toEqual(['Bearer a.b.c', 'Bearer a.b.c', 'Bearer a.b.c']);
  });

  it('that a function gives is kept until half a minute before its end', async () => {
    const hub = await FakeHub.start();
    hub.onCall = ({ answer }) => answer(200, HUB);
    const given: string[] = [];
    const service = clientOf(hub, async () => {
      given.push(tokenUntil(hub.clock.wallMs() + 300_000, given.length));
      return given.at(-1) ?? '';
    });
    await Promise.all([service.hub(), service.hub()]);
    await hub.clock.advance(269_000);
    await service.hub();
    expect(given.length).toBe(1);
    await hub.clock.advance(2_000);
    await service.hub();
    expect(sent(hub)).toEqual([given[0], given[0], given[0], given[1]].map((token) => `Bearer ${token}`));
  });

  it('that the hub refuses is replaced once', async () => {
    const hub = await FakeHub.start();
    let calls = 0;
    const service = clientOf(hub, () => `opaque-${(calls += 1)}`);
    hub.onCall = ({ headers, answer }) =>
      headers.authorization === 'Bearer opaque-2' ? answer(200, HUB) : answer(401, errorBody('UNAUTHENTICATED'));
    await service.hub();
    expect(sent(hub)).toEqual(['Bearer opaque-1', 'Bearer opaque-2']);
    await service.hub();
    expect(calls).toBe(2);
    hub.onCall = ({ answer }) => answer(401, errorBody('UNAUTHENTICATED'));
    await expect(service.hub()).rejects.toMatchObject({ code: 'STREAMS_UNAUTHENTICATED' });
    expect(hub.calls.length).toBe(5);
  });

  it('C10 that does not come: the function fails, or gives no token, or never ends', async () => {
    const hub = await FakeHub.start();
    let answer: () => Promise<string> = () => Promise.reject(new Error('the issuer is down'));
    const service = clientOf(hub, () => answer());
    await expect(service.hub()).rejects.toMatchObject({
      code: 'STREAMS_CONNECT_FAILED',
      retryable: true,
      message: 'ServiceClient: token: the function failed: the issuer is down',
    });
    answer = () => Promise.resolve(undefined as unknown as string);
    await expect(service.hub()).rejects.toMatchObject({ code: 'STREAMS_INVALID_ARGUMENT', details: { field: 'token' } });
    answer = () => new Promise(() => undefined);
    const abort = new AbortController();
    const opening = service.createStream('pump-7', { signal: abort.signal });
    const waiting = service.hub();
    waiting.catch(() => undefined);
    abort.abort();
    await expect(opening).rejects.toMatchObject({ code: 'STREAMS_ABORTED' });
    await until('the call waits', () => hub.clock.pendingTimers > 0);
    await hub.clock.advance(6_000);
    await expect(waiting).rejects.toMatchObject({ code: 'STREAMS_CONNECT_FAILED' });
    expect(hub.calls).toEqual([]);
  });

  it.each<[string, object]>([
    ['token', { token: '' }],
    ['token', { token: 'a b' }],
    ['token', { token: 'a\r\nHost: evil' }],
    ['token', { token: 'x'.repeat(8_193) }],
    ['token', { token: 7 }],
    ['token', { token: 'a.b.c', sharedAccessKeyName: 'x', sharedAccessKey: 'AAAA' }],
    ['sharedAccessKeyName', {}],
    ['hostName', { hostName: 'https://hub.example', token: 'a.b.c' }],
  ])('that is wrong is named and not shown: %s (%#)', (field, options) => {
    let thrown: unknown;
    try {
      new ServiceClient({ hostName: 'hub.example', ...options } as never);
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toMatchObject({ code: 'STREAMS_INVALID_ARGUMENT', details: { field } });
    expect(inspect(thrown)).not.toContain('evil');
    expect((thrown as StreamsError).message).toContain(field);
  });
});
