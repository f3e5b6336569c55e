// The hub's metrics in the real Prometheus, with the files of docs/deploy/: without a credential from loopback, and with one.
import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startTestHub, type TestHub } from '@streams/hub/testing';
import { freePort } from '@streams/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { run, type Server, startServer, until } from '../../../../test/support/programs.ts';
import { scrape } from '../support/prometheus.ts';
import { authorization } from '../support/rest.ts';
import { echo, startTrio, type Trio } from '../support/streams.ts';

const deploy = (name: string): string => fileURLToPath(new URL(`../../../../docs/deploy/${name}`, import.meta.url));

let directory: string;
let trio: Trio;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'streams-prometheus-'));
  trio = await startTrio({ tls: { dataDirectory: directory } });
  echo(trio.device);
});
afterAll(async () => {
  await trio.close();
  await rm(directory, { recursive: true });
});

/** Starts a Prometheus that scrapes a hub often. @param more What its job has besides. */
async function startPrometheus(test: TestHub, port: number, more = ''): Promise<Server> {
  const config = (await readFile(deploy('prometheus.yml'), 'utf8'))
    .replace('scrape_interval: 15s', 'scrape_interval: 200ms')
    .replace('/var/lib/streams/ca-cert.pem', join(directory, 'ca-cert.pem'))
    .replace('hub.example.com', '127.0.0.1')
    .replace('127.0.0.1:8443', `127.0.0.1:${test.port}`);
  await copyFile(deploy('alerts.yml'), join(directory, 'alerts.yml'));
  await writeFile(join(directory, 'prometheus.yml'), config + more);
  const checked = await run('promtool', ['check', 'config', join(directory, 'prometheus.yml')]);
  expect([checked.code, checked.stderr]).toEqual([0, '']);
  const args = [`--config.file=${directory}/prometheus.yml`, `--storage.tsdb.path=${directory}/tsdb-${port}`];
  const prometheus = await startServer({
    program: 'prometheus',
    args: [...args, `--web.listen-address=127.0.0.1:${port}`, '--log.level=error'],
    port,
  });
  // It listens, and answers 503, before it has read its own log.
  await until('Prometheus is ready', async () => (await fetch(`http://127.0.0.1:${port}/-/ready`)).ok);
  return prometheus;
}

/** What an expression gives now. */
async function query(port: number, expression: string): Promise<{ metric: Record<string, string>; value: number }[]> {
  const response = await fetch(`http://127.0.0.1:${port}/api/v1/query?query=${encodeURIComponent(expression)}`);
  const { data } = (await response.json()) as { data: { result: { metric: Record<string, string>; value: [number, string] }[] } };
  return data.result.map(({ metric, value }) => ({ metric, value: Number(value[1]) }));
}

it('promtool has nothing to say against a scrape', async () => {
  const { stdout, stderr, code } = await run('promtool', ['check', 'metrics'], { input: (await scrape(trio.test)).text });
  expect({ stdout, stderr, code }).toEqual({ stdout: '', stderr: '', code: 0 });
});

describe('Prometheus', () => {
  it('scrapes from loopback, and sees what happens', async () => {
    const port = await freePort();
    const prometheus = await startPrometheus(trio.test, port);
    try {
      await until('a first scrape', async () => (await query(port, 'up'))[0]?.value === 1);
      const stream = await trio.service.createStream('pump-7', { resume: 'off' });
      stream.end('hello');
      for await (const _ of stream);
      const ofEcho = 'sum(streams_hub_relayed_bytes_total)';
      await until('the bytes', async () => (await query(port, ofEcho))[0]?.value === 10);
      expect(await query(port, 'streams_hub_devices_connected')).toMatchObject([{ value: 1 }]);
      expect(await query(port, 'streams_hub_handshakes_total{outcome="established"}')).toMatchObject([{ value: 1 }]);
      expect(await query(port, 'ALERTS')).toEqual([]);
    } finally {
      await prometheus.stop();
    }
  });

  it('scrapes with a credential, read from a file', async () => {
    const test = await startTestHub({ tls: { dataDirectory: directory }, metrics: { openOnLoopback: false } });
    const port = await freePort();
    const [scheme, credentials = ''] = (await authorization(test)).split(' ');
    await writeFile(join(directory, 'token'), credentials, { mode: 0o600 });
    const job = `    authorization:\n      type: ${scheme}\n      credentials_file: ${directory}/token\n`;
    const prometheus = await startPrometheus(test, port, job);
    try {
      await until('a scrape', async () => (await query(port, 'up'))[0]?.value === 1);
      await writeFile(join(directory, 'token'), 'nonsense');
      await until('a refusal', async () => (await query(port, 'up'))[0]?.value === 0);
    } finally {
      await prometheus.stop();
      await test.close();
    }
  });
});
