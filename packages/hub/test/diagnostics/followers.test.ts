// Who follows the log, over real HTTP: signs of life, a reader that is too slow, as many as the hub takes, and nothing left behind.
import { once } from 'node:events';
import { createServer, type IncomingMessage, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { LOG_HEARTBEAT_MS, type LogRecord } from '@streams/protocol/internal';
import { FakeClock, leakCheck } from '@streams/testkit';
import { afterAll, afterEach, beforeEach, expect, it } from 'vitest';
import { LogFollowers } from '../../src/diagnostics/log/followers.ts';
import { until } from '../support/streams.ts';

const RECORD = { deviceId: 'a' } as LogRecord;
const leaks = leakCheck();
let clock: FakeClock;
let followers: LogFollowers;
let server: Server;
beforeEach(async () => {
  clock = new FakeClock();
  followers = new LogFollowers(clock);
  server = createServer((_, response) => {
    try {
      followers.admit();
      followers.add(response, {
        filter: {},
        trackingId: 't',
        follower: { policy: 'ops', keyId: 'first', untilMs: clock.wallMs() + 2 * LOG_HEARTBEAT_MS },
      });
    } catch {
      response.writeHead(503).end();
    }
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
});
afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  await until(() => clock.pendingTimers === 0);
});
afterAll(() => leaks.settled());

async function follow(): Promise<IncomingMessage> {
  const call = request({ host: '127.0.0.1', port: (server.address() as AddressInfo).port, agent: false }).end();
  const [response] = (await once(call, 'response')) as [IncomingMessage];
  return response.setEncoding('utf8').on('error', () => undefined);
}

async function lastLine(response: IncomingMessage): Promise<unknown> {
  const text = (await response.toArray()).join('');
  return JSON.parse(text.trimEnd().split('\n').at(-1) ?? '');
}

it('gets an empty line at once, and whenever nothing else has come for a while', async () => {
  const response = await follow();
  let text = '';
  response.on('data', (chunk: string) => (text += chunk));
  await until(() => text === '\n');
  await clock.advance(LOG_HEARTBEAT_MS);
  await until(() => text === '\n\n');
  followers.tell(RECORD, '{"n":1}');
  await until(() => text === '\n\n{"n":1}\n');
  expect(response.headers).toMatchObject({ 'content-type': 'application/x-ndjson', 'x-accel-buffering': 'no' });
  response.destroy();
  await until(() => clock.pendingTimers === 0);
});

it('that reads too slowly is cut with a line that says so, and the others are not', async () => {
  const [slow, fast] = [await follow(), await follow()];
  let read = 0;
  fast.on('data', (chunk: string) => (read += chunk.length));
  const line = JSON.stringify({ text: 'x'.repeat(300_000) });
  let told = 0;
  // The kernel takes some megabytes for itself.
  while (clock.pendingTimers < 2) {
    followers.tell(RECORD, line);
    told += 1;
    await until(() => read === told * (line.length + 1) + 1);
  }
  expect(told).toBeLessThan(100);
  expect(await lastLine(slow)).toMatchObject({ code: 'OVERLOADED', retryable: true, trackingId: 't' });
  followers.tell(RECORD, '{"n":2}');
  await until(() => read === told * (line.length + 1) + '\n{"n":2}\n'.length);
  fast.destroy();
});

it('that is too slow for its end too is cut off', async () => {
  const slow = await follow();
  const closed = new Promise((resolve) => slow.once('close', resolve));
  const line = 'x'.repeat(1_000_000);
  while (clock.pendingTimers !== 1 || followers.size > 0) {
    followers.tell(RECORD, line);
    await new Promise((resolve) => setImmediate(resolve));
  }
  await clock.advance(5_000);
  slow.resume();
  await closed;
  expect(slow.complete).toBe(false);
});

it('ends at the heartbeat after its time, and at once when its key is gone', async () => {
  const [late, revoked] = [await follow(), await follow()];
  followers.revoke(({ keyId }) => keyId !== 'first');
  await clock.advance(2 * LOG_HEARTBEAT_MS - 1);
  expect(followers.size).toBe(2);
  await clock.advance(1);
  expect(await lastLine(late)).toMatchObject({ code: 'FORBIDDEN' });
  expect(await lastLine(revoked)).toMatchObject({ code: 'FORBIDDEN' });
  const next = await follow();
  followers.revoke(({ policy, keyId }) => policy === 'ops' && keyId === 'first');
  expect(await lastLine(next)).toMatchObject({ code: 'FORBIDDEN' });
});

it('there are 16 at most', async () => {
  const responses = await Promise.all(Array.from({ length: 17 }, follow));
  expect(responses.map(({ statusCode }) => statusCode).filter((status) => status === 503)).toHaveLength(1);
  followers.close();
  const ends = await Promise.all(responses.filter(({ statusCode }) => statusCode === 200).map(lastLine));
  expect(ends).toHaveLength(16);
  expect(ends[0]).toMatchObject({ code: 'DRAINING' });
});
