// Where a service leg may lead: the hub itself, or a host that the hub has published; and nothing goes anywhere else.
import { certificateFor } from '@streams/testkit';
import { describe, expect, it } from 'vitest';
import { errorBody, FakeHub, STREAM_ID, trap } from './support/fake-hub.ts';
import { DEVICE, expectNoLeaks, roundTrip, startRig, startRigBehind, until } from './support/rig.ts';

expectNoLeaks();

describe('a stream URL that leads astray', () => {
  it.each<[what: string, url: (hub: number, other: number) => string]>([
    ['without TLS', (hub) => `ws://127.0.0.1:${hub}/v1/streams/x/service`],
    ['of another scheme', (hub) => `https://127.0.0.1:${hub}/v1/streams/x/service`],
    ['to another port', (_hub, other) => `wss://127.0.0.1:${other}/v1/streams/x/service`],
    ['to another host', (hub) => `wss://localhost:${hub}/v1/streams/x/service`],
    ['to the default port', () => 'wss://127.0.0.1/v1/streams/x/service'],
    ['with a user name', (hub) => `wss://user@127.0.0.1:${hub}/v1/streams/x/service`],
    ['with a password', (hub) => `wss://user:pass@127.0.0.1:${hub}/v1/streams/x/service`],
    ['with the hub as user name', (hub, other) => `wss://127.0.0.1:${hub}@127.0.0.1:${other}/`],
    ['with a fragment', (hub) => `wss://127.0.0.1:${hub}/v1/streams/x/service#fragment`],
    ['that is none', () => '/v1/streams/x/service'],
  ])('B10 is not followed, and the handshake is ended: %s', async (_what, url) => {
    const hub = await FakeHub.start();
    const { port, visits } = await trap();
    hub.onCall = ({ method, path, answer }) => {
      if (method === 'POST') answer(200, hub.acceptance(url(hub.port, port)));
      else if (path === '/v1/hub') answer(200, { hostName: '127.0.0.1', streamingEndpoints: [`http://127.0.0.1:${port}`], version: '1' });
      else answer(204);
    };
    await expect(hub.service().createStream(DEVICE)).rejects.toMatchObject({ code: 'STREAMS_UNTRUSTED_ENDPOINT', retryable: false });
    await until('the hub is told', () => hub.calls.some(({ method }) => method === 'DELETE'));
    expect(hub.calls.at(-1)).toMatchObject({ method: 'DELETE', path: `/v1/streams/${STREAM_ID}` });
    expect(hub.upgrades).toHaveLength(0);
    expect(visits()).toBe(0);
  });
});

describe('a published streaming endpoint', () => {
  it('is found by asking the hub, and used', async () => {
    const { rig, proxy: legs } = await startRigBehind((port) => ({
      hostNames: ['127.0.0.1', 'localhost'],
      streamingUrl: `https://localhost:${port}`,
    }));
    await rig.device();
    const stream = await (await rig.service()).createStream(DEVICE);
    expect(legs.connections).toHaveLength(2);
    expect(await roundTrip(stream, 'by another name')).toBe('by another name');
  });

  it('is not asked for where the stream URL leads to the hub', async () => {
    const hub = await FakeHub.start();
    const created = hub.service().createStream(DEVICE);
    (await hub.call()).answer(200, hub.acceptance());
    (await hub.upgrade()).refuse(410, errorBody('STREAM_GONE'));
    await expect(created).rejects.toMatchObject({ code: 'STREAMS_STREAM_GONE' });
    expect(hub.calls.filter(({ path }) => path === '/v1/hub')).toHaveLength(0);
  });

  it('B10 gets the stream token and no other credential', async () => {
    const hub = await FakeHub.start();
    const streaming = await FakeHub.start(hub.certificate);
    const endpoint = `127.0.0.1:${streaming.port}`;
    hub.onCall = ({ method, path, answer }) => {
      if (method === 'POST') answer(200, hub.acceptance(`wss://${endpoint}/leg`));
      else if (path === '/v1/hub') answer(200, { hostName: 'x', streamingEndpoints: [`https://${endpoint}`], version: '1' });
      else answer(204);
    };
    const created = hub.service().createStream(DEVICE);
    const { headers, refuse } = await streaming.upgrade();
    expect(headers.authorization).toBe(`Bearer ${'T'.repeat(43)}`);
    refuse(503, errorBody('OVERLOADED', { retryAfterMs: 2_000 }));
    await expect(created).rejects.toMatchObject({ code: 'STREAMS_OVERLOADED', retryable: true, retryAfterMs: 2_000 });
    expect(streaming.calls).toHaveLength(0);
  });

  it('is not believed without the trust that the hub itself has', async () => {
    const hub = await FakeHub.start();
    const streaming = await FakeHub.start(certificateFor('127.0.0.1'));
    const endpoint = `127.0.0.1:${streaming.port}`;
    hub.onCall = ({ method, path, answer }) => {
      if (method === 'POST') answer(200, hub.acceptance(`wss://${endpoint}/leg`));
      else if (path === '/v1/hub') answer(200, { hostName: 'x', streamingEndpoints: [`https://${endpoint}`], version: '1' });
      else answer(204);
    };
    await expect(hub.service().createStream(DEVICE)).rejects.toMatchObject({ code: 'STREAMS_TLS_FAILED' });
    expect(streaming.upgrades).toHaveLength(0);
  });

  it.each([
    ['is none', 200, 'hello'],
    ['lacks the endpoints', 200, { hostName: 'x', version: '1' }],
    ['is a refusal', 403, errorBody('FORBIDDEN')],
  ])('is not made up where the answer of the hub %s', async (_what, status, body) => {
    const hub = await FakeHub.start();
    const { port, visits } = await trap();
    hub.onCall = ({ method, path, answer }) => {
      if (method === 'POST') answer(200, hub.acceptance(`wss://127.0.0.1:${port}/leg`));
      else if (path === '/v1/hub') answer(status, body);
      else answer(204);
    };
    const code = status === 403 ? 'STREAMS_FORBIDDEN' : 'STREAMS_CONNECT_FAILED';
    await expect(hub.service().createStream(DEVICE)).rejects.toMatchObject({ code });
    expect(visits()).toBe(0);
  });

  it('leads a client that came over another port back to the hub', async () => {
    const rig = await startRig();
    await rig.device();
    const proxy = await rig.proxy();
    const stream = await (await rig.service({ port: proxy.port })).createStream(DEVICE);
    expect(await roundTrip(stream, 'round about')).toBe('round about');
  });
});
