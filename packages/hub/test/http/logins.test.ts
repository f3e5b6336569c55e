// Failed logins per address, through the public interface: who is refused before anybody looks at a key, and who is not.
import { DeviceClient } from '@streams/device';
import { startTestHub, type TestHub } from '@streams/hub/testing';
import { ServiceClient } from '@streams/service';
import { FakeClock, leakCheck } from '@streams/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { limitReached } from '../support/prometheus.ts';
import { authorization, type RestAnswer, send } from '../support/rest.ts';
import { until } from '../support/streams.ts';

const leaks = leakCheck();
let clock: FakeClock;
let test: TestHub;
beforeAll(async () => {
  clock = new FakeClock();
  test = await startTestHub({
    clock,
    trustedProxies: ['127.0.0.1'],
    limits: { maxFailedLoginsPerAddress: 5, failedLoginBlockMs: 10_000, exemptAddresses: ['192.0.2.200'] },
  });
});
afterAll(async () => {
  await test.close();
  await until(() => clock.pendingTimers === 0);
  await leaks.settled();
});

/** A request of a client behind the proxy, with the right key or a wrong one. */
async function ask(client: string, key: 'right' | 'wrong' | 'expired' | 'none'): Promise<RestAnswer> {
  const right = await authorization(test);
  const value = { right, wrong: right.replace(/sig=.{4}/, 'sig=AAAA'), expired: right.replace(/se=\d+/, 'se=1000000000'), none: '' }[key];
  const headers = { 'x-forwarded-for': client, 'x-forwarded-proto': 'https', ...(value !== '' && { authorization: value }) };
  return send(test, 'GET', '/v1/hub', { headers });
}

async function fail(client: string, times: number): Promise<number[]> {
  const statuses: number[] = [];
  for (let time = 0; time < times; time += 1) statuses.push((await ask(client, 'wrong')).status);
  return statuses;
}

describe('an address with too many failed logins', () => {
  it('D10 gets 429 TOO_MANY_FAILED_LOGINS with the wait, whatever it sends; others do not', async () => {
    expect(await fail('192.0.2.1', 6)).toEqual([401, 401, 401, 401, 401, 429]);
    const answer = await ask('192.0.2.1', 'right');
    expect(answer).toMatchObject({
      status: 429,
      headers: { 'retry-after': '10', connection: 'close' },
      body: { code: 'TOO_MANY_FAILED_LOGINS', retryable: true, retryAfterMs: 10_000, details: { limit: 'maxFailedLoginsPerAddress' } },
    });
    expect((await ask('192.0.2.2', 'right')).status).toBe(200);
    await clock.advance(10_000);
    expect((await ask('192.0.2.1', 'right')).status).toBe(200);
  });

  it('is one /64 of IPv6', async () => {
    await fail('2001:db8:0:1::1', 5);
    expect((await ask('2001:db8:0:1:ffff::2', 'right')).status).toBe(429);
    expect((await ask('2001:db8:0:2::1', 'right')).status).toBe(200);
  });

  it('is never one that is exempt, the proxy itself, or one whose clock is wrong', async () => {
    expect(new Set(await fail('192.0.2.200', 10))).toEqual(new Set([401]));
    expect(new Set(await fail('127.0.0.1', 10))).toEqual(new Set([401]));
    for (let time = 0; time < 10; time += 1) expect((await ask('192.0.2.3', 'expired')).status).toBe(401);
    for (let time = 0; time < 10; time += 1) expect((await ask('192.0.2.3', 'none')).status).toBe(401);
    expect((await ask('192.0.2.3', 'right')).status).toBe(200);
  });
});

it('a client whose clock is wrong gets in with its second attempt; one with a wrong key is told typed, and waits', async () => {
  const plain = await startTestHub({ clock, limits: { maxFailedLoginsPerAddress: 3, failedLoginBlockMs: 60_000 } });
  const late = Object.assign(new FakeClock(clock.wallMs() - 7_200_000));
  const service = ServiceClient.fromConnectionString(await plain.serviceConnectionString(), { clock: late });
  for (let time = 0; time < 10; time += 1) await service.hub();
  const key = /SharedAccessKey=[^;]+/;
  const wrongKey = `SharedAccessKey=${Buffer.alloc(32).toString('base64')}`;
  const wrong = ServiceClient.fromConnectionString((await plain.serviceConnectionString()).replace(key, wrongKey));
  for (let time = 0; time < 3; time += 1) await expect(wrong.hub()).rejects.toMatchObject({ code: 'STREAMS_UNAUTHENTICATED' });
  await expect(wrong.hub()).rejects.toMatchObject({ code: 'STREAMS_TOO_MANY_FAILED_LOGINS', retryable: true, retryAfterMs: 60_000 });
  // Who has got in before keeps its connection, and is heard on it.
  await service.hub();
  const device = DeviceClient.fromConnectionString(await plain.deviceConnectionString('a'));
  const connecting = device.connect().catch(() => undefined);
  await until(() => device.state.name === 'waiting');
  expect(device.state).toMatchObject({ delayMs: 60_000, cause: { code: 'STREAMS_TOO_MANY_FAILED_LOGINS' } });
  expect(await limitReached(plain, 'maxFailedLoginsPerAddress')).toBe(2);
  for (const client of [service, wrong, device]) {
    client.destroy();
    await client.close();
  }
  await connecting;
  await plain.close();
});
