// Another certificate under 1,000 connections and 50 handshakes a second: none fails, none ends, and the new one is served within a second.
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { X509Certificate } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, createSecureContext, type TLSSocket } from 'node:tls';
import { startTestHub } from '@streams/hub/testing';
import { type Certificate, certificateFor, leakCheck } from '@streams/testkit';
import { expect, it } from 'vitest';

const leaks = leakCheck();
const CONNECTIONS = 1_000;
const [first, second] = [certificateFor('127.0.0.1'), certificateFor('127.0.0.1')];
const secureContext = createSecureContext({ ca: [first.cert, second.cert] });
const serialOf = ({ cert }: Certificate): string => new X509Certificate(cert).serialNumber;

async function open(port: number): Promise<TLSSocket> {
  const socket = connect({ port, host: '127.0.0.1', secureContext, ALPNProtocols: ['http/1.1'] });
  await once(socket, 'secureConnect');
  return socket;
}

/** Asks over a connection that stands, and keeps it. */
async function ask(socket: TLSSocket): Promise<number> {
  socket.write('GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n');
  const [text] = (await once(socket, 'data')) as [Buffer];
  return Number(/^HTTP\/1\.1 (\d{3})/.exec(text.toString('latin1'))?.[1]);
}

it('G5 under 1,000 connections and 50 handshakes a second a new certificate fails nothing and ends nothing', {
  timeout: 60_000,
}, async () => {
  const folder = await mkdtemp(join(tmpdir(), 'streams-rotation-'));
  const files = { keyFile: join(folder, 'tls.key'), certFile: join(folder, 'tls.crt') };
  const put = ({ key, cert }: Certificate): Promise<unknown> =>
    Promise.all([writeFile(files.keyFile, key, { mode: 0o600 }), writeFile(files.certFile, cert)]);
  await put(first);
  const test = await startTestHub({ tls: files });
  const standing: TLSSocket[] = [];
  while (standing.length < CONNECTIONS) {
    const batch = await Promise.all(Array.from({ length: 50 }, () => open(test.port)));
    // A request each: who has said nothing for 10 s is closed, rotation or not.
    expect(new Set(await Promise.all(batch.map(ask)))).toEqual(new Set([200]));
    standing.push(...batch);
  }
  const ended = standing.filter((socket) => socket.destroyed).length;
  let isOver = false;
  const served: { serial: string; atMs: number }[] = [];
  const storm = (async () => {
    const failures: unknown[] = [];
    while (!isOver) {
      const handshake = open(test.port).then((socket) => {
        served.push({ serial: socket.getPeerCertificate().serialNumber, atMs: performance.now() });
        socket.destroy();
      });
      await Promise.all([handshake.catch((error: unknown) => failures.push(error)), new Promise((resolve) => setTimeout(resolve, 20))]);
    }
    return failures;
  })();
  await new Promise((resolve) => setTimeout(resolve, 300));
  await put(second);
  const startMs = performance.now();
  await test.hub.reloadCertificate();
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  isOver = true;
  expect(await storm).toEqual([]);
  const newest = served.filter(({ serial }) => serial === serialOf(second));
  expect((newest[0]?.atMs ?? Infinity) - startMs).toBeLessThan(1_000);
  expect(served.filter(({ serial, atMs }) => serial === serialOf(first) && atMs > startMs + 1_000)).toEqual([]);
  expect(standing.filter((socket) => socket.destroyed)).toHaveLength(ended);
  expect(new Set(await Promise.all(standing.filter((socket) => !socket.destroyed).map(ask)))).toEqual(new Set([200]));
  for (const socket of standing) socket.destroy();
  await test.close();
  await rm(folder, { recursive: true });
  await leaks.settled();
});
