// Who may read /metrics, and under which circumstances without a credential.
import { randomBytes } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { startTestHub, type TestHub } from '@streams/hub/testing';
import { leakCheck } from '@streams/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isLocalRequest } from '../../src/http/guard.ts';
import { scrape } from '../support/prometheus.ts';
import { authorization } from '../support/rest.ts';

const leaks = leakCheck();
const key = (): string => randomBytes(32).toString('base64');
let open: TestHub;
let shut: TestHub;
beforeAll(async () => {
  open = await startTestHub({ trustedProxies: ['127.0.0.1'] });
  shut = await startTestHub({
    metrics: { openOnLoopback: false },
    policies: [
      { name: 'test', keys: [key()], permissions: ['hub:read'] },
      { name: 'other', keys: [key()], permissions: ['stream:create'] },
    ],
  });
});
afterAll(async () => {
  await Promise.all([open.close(), shut.close()]);
  await leaks.settled();
});

describe('from loopback', () => {
  it.each(['127.0.0.1', '127.0.0.1:9090', 'localhost:8443', 'LOCALHOST', '[::1]:8443'])('is open under the name %s', async (host) => {
    expect(await scrape(open, { host })).toMatchObject({ status: 200, text: expect.stringContaining('streams_hub_build_info') });
  });

  it('answers HEAD, and no other method', async () => {
    expect(await scrape(open, {}, 'HEAD')).toMatchObject({ status: 200, type: expect.stringContaining('text/plain'), text: '' });
    expect((await scrape(open, { authorization: await authorization(open) }, 'POST')).status).toBe(404);
  });

  it.each([
    { through: 'a trusted proxy', headers: { 'x-forwarded-for': '203.0.113.9', 'x-forwarded-proto': 'https' } },
    { through: 'a trusted proxy, from loopback', headers: { 'x-forwarded-for': '127.0.0.1', 'x-forwarded-proto': 'https' } },
    { through: 'any proxy that says so', headers: { via: '1.1 squid' } },
  ])('asks for a credential what came through $through', async ({ headers }) => {
    expect((await scrape(open, headers)).status).toBe(401);
    expect((await scrape(open, { ...headers, authorization: await authorization(open) })).status).toBe(200);
  });

  it('B12 is no way in for a web page whose name leads here', async () => {
    expect((await scrape(open, { host: 'evil.example' })).status).toBe(421);
    expect((await scrape(open, { origin: 'https://127.0.0.1' })).status).toBe(403);
  });

  it('asks for a credential where the configuration says so', async () => {
    expect((await scrape(shut)).status).toBe(401);
    expect((await scrape(shut, { authorization: await authorization(shut, 'other') })).status).toBe(403);
    expect((await scrape(shut, { authorization: await authorization(shut) })).status).toBe(200);
  });
});

it('from elsewhere is never open', () => {
  const from = (remoteAddress: string | undefined, host = 'localhost'): boolean =>
    isLocalRequest({ socket: { remoteAddress }, headers: { host } } as unknown as IncomingMessage, new Set(['hub.example']));
  expect(['127.0.0.1', '127.9.9.9', '::1', '::ffff:127.0.0.1'].map((address) => from(address))).toEqual([true, true, true, true]);
  expect(['192.0.2.1', '10.0.0.1', '::', '', undefined].map((address) => from(address))).toEqual([false, false, false, false, false]);
  expect(['hub.example', 'HUB.example:8443', 'hub.example.evil', 'a b', ''].map((host) => from('127.0.0.1', host))).toEqual([
    true,
    true,
    false,
    false,
    false,
  ]);
});
