// Which TLS a hub speaks, asked with openssl; and what it answers who does not speak TLS, or another HTTP.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, type ConnectionOptions } from 'node:tls';
import { startTestHub, type TestHub } from '@streams/hub/testing';
import { certificateFor, leakCheck, RawPeer } from '@streams/testkit';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { bodyOf, rawPeer } from '../../support/raw.ts';
import { until } from '../../support/streams.ts';

const leaks = leakCheck();
let test: TestHub;
beforeAll(async () => {
  test = await startTestHub();
});
afterAll(async () => {
  await test.close();
  await leaks.settled();
});

/** `openssl s_client`: the version and cipher that came about, or that none did. */
async function agreed(options: readonly string[]): Promise<string> {
  const child = spawn('openssl', ['s_client', '-connect', `127.0.0.1:${test.port}`, ...options], { stdio: ['pipe', 'pipe', 'pipe'] });
  child.stdin.on('error', () => undefined).end();
  let text = '';
  for (const output of [child.stdout, child.stderr]) output.setEncoding('utf8').on('data', (part: string) => (text += part));
  await once(child, 'close');
  const [, version, cipher] = /^New, (\S+), Cipher is (\S+)$/m.exec(text) ?? [];
  if (/no cipher match|Cipher is \(NONE\)/i.test(text) || version === undefined)
    return text.includes('no cipher match') ? 'openssl has no such cipher' : 'nothing';
  return `${version} ${cipher}`;
}

// Security level 0: else openssl itself would refuse, and nothing would be shown of the hub.
const WEAK = 'ALL:@SECLEVEL=0';

it.each([
  ['TLS 1.0', ['-tls1', '-cipher', WEAK]],
  ['TLS 1.1', ['-tls1_1', '-cipher', WEAK]],
  ['CBC with SHA-1', ['-tls1_2', '-cipher', 'ECDHE-ECDSA-AES128-SHA:ECDHE-ECDSA-AES256-SHA:ECDHE-RSA-AES128-SHA:@SECLEVEL=0']],
  ['CBC with SHA-256', ['-tls1_2', '-cipher', 'ECDHE-ECDSA-AES128-SHA256:ECDHE-ECDSA-AES256-SHA384:@SECLEVEL=0']],
  ['RSA for the key, without forward secrecy', ['-tls1_2', '-cipher', 'AES128-GCM-SHA256:AES256-GCM-SHA384:AES128-SHA:@SECLEVEL=0']],
  ['DHE', ['-tls1_2', '-cipher', 'DHE-RSA-AES128-GCM-SHA256:DHE-RSA-AES256-GCM-SHA384:@SECLEVEL=0']],
  ['anonymous', ['-tls1_2', '-cipher', 'aNULL:@SECLEVEL=0']],
  ['no encryption', ['-tls1_2', '-cipher', 'eNULL:@SECLEVEL=0']],
  ['CCM', ['-tls1_2', '-cipher', 'ECDHE-ECDSA-AES128-CCM:ECDHE-ECDSA-AES128-CCM8:@SECLEVEL=0']],
])('G1 %s: no handshake', async (_what, options) => {
  expect(await agreed(options)).toBe('nothing');
});

it.each(['3DES', 'RC4'])('G1 %s: no handshake, if openssl has it at all', async (cipher) => {
  expect(['nothing', 'openssl has no such cipher']).toContain(await agreed(['-tls1_2', '-cipher', `${cipher}:@SECLEVEL=0`]));
});

it('G1 TLS 1.3 by itself, TLS 1.2 with forward secrecy and AEAD: both come about', async () => {
  expect(await agreed([])).toMatch(/^TLSv1\.3 TLS_AES_128_GCM_SHA256|^TLSv1\.3 TLS_/);
  expect(await agreed(['-tls1_2'])).toMatch(/^TLSv1\.2 ECDHE-ECDSA-(AES\d+-GCM-SHA\d+|CHACHA20-POLY1305)$/);
});

it.each([
  ['a request', 'GET /v1/hub HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n'],
  ['an upgrade', 'GET /v1/devices/a/control HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n'],
])('G3 without TLS %s gets no answer that leads anywhere, and is closed', async (_what, text) => {
  const peer = await RawPeer.connect({ port: test.port });
  peer.write(text);
  await peer.ended;
  expect(peer.unread.toString('latin1')).not.toMatch(/HTTP\/1\.1 [1-3]/);
  peer.destroy();
});

async function protocolFor(options: ConnectionOptions): Promise<string | false | null> {
  const socket = connect({ port: test.port, host: '127.0.0.1', rejectUnauthorized: false, ...options });
  await once(socket, 'secureConnect');
  const { alpnProtocol } = socket;
  socket.destroy();
  return alpnProtocol;
}

it('G8 HTTP/2 is not spoken: http/1.1 where that is offered too, else no handshake; the preface gets 400', async () => {
  expect(await protocolFor({ ALPNProtocols: ['h2', 'http/1.1'] })).toBe('http/1.1');
  await expect(protocolFor({ ALPNProtocols: ['h2'] })).rejects.toThrow(/no application protocol/);
  const peer = await rawPeer(test);
  peer.write('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
  expect((await peer.readHead()).status).toBe(400);
  await peer.ended;
  peer.destroy();
});

it('G8 h2c is no upgrade, and no 101', async () => {
  const peer = await rawPeer(test);
  const head = await peer.upgrade('/v1/hub', [
    ['Upgrade', 'h2c'],
    ['HTTP2-Settings', 'AAMAAABkAARAAAAAAAIAAAAA'],
    ['Connection', 'Upgrade, HTTP2-Settings'],
  ]);
  expect(head.status).toBe(404);
  expect((await bodyOf(peer, head))['code']).toBe('NOT_FOUND');
  peer.destroy();
});

it.each(['before a reload', 'after a reload'])('G1 a client cannot have the handshake renegotiated, %s', async (when) => {
  if (when.startsWith('after')) await test.hub.reload({ tls: certificateFor('127.0.0.1') });
  const child = spawn('openssl', ['s_client', '-connect', `127.0.0.1:${test.port}`, '-tls1_2'], { stdio: ['pipe', 'pipe', 'pipe'] });
  let text = '';
  for (const output of [child.stdout, child.stderr]) output.setEncoding('utf8').on('data', (part: string) => (text += part));
  await until(() => text.includes('Verify return code'));
  child.stdin.on('error', () => undefined).write('R\n');
  await once(child, 'close');
  expect(text).toMatch(/RENEGOTIATING[\s\S]*no renegotiation/);
});
