// What a hub counts while it is used, as a scrape shows it.
import { randomBytes } from 'node:crypto';
import { startTestHub } from '@streams/hub/testing';
import { leakCheck } from '@streams/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseMetrics, samplesOf, scrape } from '../support/prometheus.ts';
import { call, send } from '../support/rest.ts';
import { hashOf, openPair, startTrio, type Trio, until } from '../support/streams.ts';

const leaks = leakCheck();
let trio: Trio;
beforeAll(async () => {
  trio = await startTrio();
});
afterAll(async () => {
  await trio.close();
  await leaks.settled();
});

/** How much the samples have grown while `work` ran; those that have not are left out. */
async function grown(work: () => Promise<unknown>): Promise<Record<string, number>> {
  const before = await samplesOf(trio.test);
  await work();
  const after = await samplesOf(trio.test);
  const own = Object.keys(after).filter((name) => name.startsWith('streams_hub_') && !/_(?:sum|bucket)\b|connections_open/.test(name));
  const changes = own.map((name) => [name.slice('streams_hub_'.length), (after[name] ?? 0) - (before[name] ?? 0)] as const);
  // The scrape before this one.
  return Object.fromEntries(changes.filter(([name, change]) => change !== 0 && name !== 'http_responses_total{status_class="2xx"}'));
}

describe('a scrape', () => {
  it('is text that Prometheus takes, with a help and a type for each metric', async () => {
    const { status, type, text } = await scrape(trio.test);
    expect({ status, type }).toEqual({ status: 200, type: 'text/plain; version=0.0.4; charset=utf-8' });
    const metrics = parseMetrics(text);
    for (const [name, { type: kind }] of metrics) expect([name, name.endsWith('_total')]).toEqual([name, kind === 'counter']);
    expect(metrics.get('streams_hub_devices_connected')?.samples.get('streams_hub_devices_connected')).toBe(1);
    expect(metrics.get('process_resident_memory_bytes')?.samples.get('process_resident_memory_bytes')).toBeGreaterThan(1e7);
  });

  it('shows nothing of who uses the hub', async () => {
    const [service, device] = await openPair(trio, 'my-secret-name');
    const { text } = await scrape(trio.test);
    for (const word of ['my-secret-name', 'pump-7', '"test"', service.id]) expect(text).not.toContain(word);
    service.destroy();
    device.destroy();
    await until(() => trio.test.hub.openStreams === 0);
  });

  it('of another hub in the same process counts that one alone', async () => {
    await using other = { hub: await startTestHub(), [Symbol.asyncDispose]: () => other.hub.close() };
    expect(await samplesOf(other.hub)).toMatchObject({ streams_hub_devices_connected: 0, streams_hub_control_links_opened_total: 0 });
  });
});

describe('what is counted', () => {
  it('a stream: its handshake, its bytes while it runs, its end', async () => {
    const changes = await grown(async () => {
      const [service, device] = await openPair(trio, 'echo', { resume: 'off' });
      service.write(randomBytes(1_000));
      device.write(randomBytes(10));
      await Promise.all([until(() => device.readableLength === 1_000), until(() => service.readableLength === 10)]);
      expect(await samplesOf(trio.test)).toMatchObject({
        streams_hub_streams_active: 1,
        streams_hub_handshakes_active: 0,
        'streams_hub_relayed_bytes_total{direction="to_device"}': expect.toSatisfy((bytes) => bytes >= 1_000),
      });
      service.end();
      device.end();
      await Promise.all([hashOf(service), hashOf(device)]);
      await until(() => trio.test.hub.openStreams === 0);
    });
    expect(changes).toEqual({
      'handshakes_total{outcome="established",code=""}': 1,
      'handshake_duration_seconds_count{outcome="established"}': 1,
      'http_responses_total{status_class="1xx"}': 2,
      'relayed_bytes_total{direction="to_device"}': 1_000,
      'relayed_bytes_total{direction="to_service"}': 10,
      [`streams_ended_total{result="clean",ended_by="${trio.test.records.at(-1)?.endedBy}"}`]: 1,
    });
  });

  it('handshakes that come to nothing, by outcome and code', async () => {
    const unregister = trio.device.onStreamRequest((request) => request.reject('no'));
    const changes = await grown(async () => {
      await trio.test.hub.putDevice('asleep');
      const failing = ['pump-7', 'asleep', 'nobody'].map((id) => trio.service.createStream(id).catch(() => undefined));
      await Promise.all(failing);
    });
    unregister();
    expect(changes).toEqual({
      'handshakes_total{outcome="rejected",code="STREAM_REJECTED"}': 1,
      'handshakes_total{outcome="failed",code="DEVICE_NOT_CONNECTED"}': 1,
      'handshakes_total{outcome="failed",code="DEVICE_NOT_FOUND"}': 1,
      'handshake_duration_seconds_count{outcome="rejected"}': 1,
      'handshake_duration_seconds_count{outcome="failed"}': 2,
      'http_responses_total{status_class="4xx"}': 3,
    });
  });

  it('a receiver that is slow', async () => {
    const changes = await grown(async () => {
      const [service, device] = await openPair(trio, 'slow', { resume: 'off' });
      const writing = setInterval(() => service.write(randomBytes(1_000_000)), 1);
      await until(() => service.writableLength > 4_000_000);
      clearInterval(writing);
      service.destroy();
      device.destroy();
      await until(() => trio.test.hub.openStreams === 0);
    });
    expect(changes['relay_stalls_total{direction="to_device"}']).toBeGreaterThan(0);
    expect(changes).not.toHaveProperty(['relay_stalls_total{direction="to_service"}']);
  });

  it('credentials that are refused, by cause', async () => {
    const changes = await grown(async () => {
      await send(trio.test, 'GET', '/v1/hub');
      await send(trio.test, 'GET', '/v1/hub', { headers: { authorization: 'Basic eDp5' } });
    });
    expect(changes).toEqual({
      'credentials_refused_total{cause="missing"}': 1,
      'credentials_refused_total{cause="malformed"}': 1,
      'http_responses_total{status_class="4xx"}': 2,
    });
  });

  it('control links, and why they ended', async () => {
    const changes = await grown(async () => {
      const disconnected = new Promise((resolve) => trio.device.on('disconnected', resolve));
      await trio.test.hub.deleteDevice('pump-7');
      await disconnected;
      await until(() => trio.test.hub.openStreams === 0);
    });
    expect(changes).toMatchObject({ 'control_links_closed_total{cause="revoked"}': 1, devices_connected: -1 });
  });
});

it('GET /v1/diagnostics/history answers columns of equal length', async () => {
  const { status, body } = await call(trio.test, 'GET', '/v1/diagnostics/history');
  const { endMs, stepMs, series } = body as { endMs: number; stepMs: number; series: Record<string, unknown[]> };
  expect({ status, stepMs, isNow: Math.abs(endMs - Date.now()) < 60_000 }).toEqual({ status: 200, stepMs: 10_000, isNow: true });
  for (const [name, column] of Object.entries(series)) expect([name, column.length]).toEqual([name, 360]);
});
