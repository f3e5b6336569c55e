// The portal as the hub serves it: files, headers, who may have them, and which web pages may ask the hub.
import { gunzipSync } from 'node:zlib';
import { request } from 'node:https';
import { parseServiceConnectionString } from '@streams/protocol/internal';
import { startTestHub, type TestHub } from '@streams/hub/testing';
import { leakCheck } from '@streams/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { rawPeer } from '../support/raw.ts';
import { call, send } from '../support/rest.ts';

const leaks = leakCheck();
let test: TestHub;
let ca: string;
beforeAll(async () => {
  test = await startTestHub({ hostNames: ['127.0.0.1', 'localhost'] });
  ca = parseServiceConnectionString(await test.serviceConnectionString()).caCertificate ?? '';
});
afterAll(async () => {
  await test.close();
  await leaks.settled();
});

interface File {
  readonly status: number;
  readonly headers: Record<string, string | string[] | undefined>;
  readonly bytes: Buffer;
}

function get(path: string, headers: Record<string, string> = {}, method = 'GET', port = test.port): Promise<File> {
  return new Promise((resolve, reject) => {
    const asked = request({ host: '127.0.0.1', port, method, path, headers, ca, servername: 'localhost', agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, bytes: Buffer.concat(chunks) }));
    });
    asked.on('error', reject).end();
  });
}

describe('the files', () => {
  it.each([
    ['/portal', 'text/html; charset=utf-8'],
    ['/portal/', 'text/html; charset=utf-8'],
    ['/portal?from=a-bookmark', 'text/html; charset=utf-8'],
    ['/portal/main.js', 'text/javascript; charset=utf-8'],
    ['/portal/main.css', 'text/css; charset=utf-8'],
    ['/portal/icon.svg', 'image/svg+xml'],
  ])('%s is there, for anyone', async (path, type) => {
    const { status, headers, bytes } = await get(path);
    expect([status, headers['content-type'], headers['content-length']]).toEqual([200, type, String(bytes.length)]);
    expect(headers['x-content-type-options']).toBe('nosniff');
    expect(headers['cache-control']).toBe('no-cache');
  });

  it('a page names no file that is not there, and nothing elsewhere', async () => {
    const page = (await get('/portal')).bytes.toString();
    const named = [...page.matchAll(/(?:src|href)="([^"]*)"/g)].map(([, path]) => path ?? '');
    expect(named).toHaveLength(3);
    for (const path of named) expect([path, (await get(path)).status]).toEqual([path, 200]);
    // Neither scripts nor styles in the page itself: the policy would refuse them.
    expect(page).not.toMatch(/<style|style=|\son\w+=|<script(?![^>]*\ssrc=)/);
    const all = [page, (await get('/portal/main.css')).bytes.toString(), (await get('/portal/main.js')).bytes.toString()].join('\n');
    expect(all.match(/https?:\/\/(?!www\.w3\.org\/)[\w.-]+\.\w+/g) ?? []).toEqual([]);
    expect(all).not.toMatch(/innerHTML|outerHTML|insertAdjacentHTML|document\.write|localStorage|sessionStorage|\beval\(/);
  });

  it.each(['/portal/none.js', '/portal/../package.json', '/portal/%2e%2e/index.js', '/portal/a/b', '/portal/main.js/'])(
    '%s is not there',
    async (path) => {
      const { status, headers, bytes } = await get(path);
      expect([status, headers['content-type']]).toEqual([404, 'application/json']);
      expect(JSON.parse(bytes.toString())).toMatchObject({ code: 'NOT_FOUND' });
    },
  );

  it('takes GET and HEAD alone', async () => {
    const head = await get('/portal', {}, 'HEAD');
    expect([head.status, head.bytes.length]).toEqual([200, 0]);
    expect(Number(head.headers['content-length'])).toBeGreaterThan(0);
    expect((await get('/portal', {}, 'POST')).status).toBe(404);
  });

  it('come compressed to who takes it, and not again to who has them', async () => {
    const [plain, zipped] = [await get('/portal/main.js'), await get('/portal/main.js', { 'accept-encoding': 'br, gzip' })];
    expect(zipped.headers['content-encoding']).toBe('gzip');
    expect(zipped.headers['vary']).toBe('Accept-Encoding');
    expect(gunzipSync(zipped.bytes).equals(plain.bytes)).toBe(true);
    expect((await get('/portal/main.js', { 'accept-encoding': 'gzip;q=0, identity' })).headers['content-encoding']).toBeUndefined();
    const tag = String(plain.headers['etag']);
    for (const known of [tag, `W/${tag}`, `"other", ${tag}`]) {
      const again = await get('/portal/main.js', { 'if-none-match': known });
      expect([again.status, again.bytes.length, again.headers['etag']]).toEqual([304, 0, tag]);
    }
    expect((await get('/portal/main.js', { 'if-none-match': '"other"' })).status).toBe(200);
    expect((await get('/portal/main.js', { 'if-none-match': tag, 'accept-encoding': 'gzip' })).status).toBe(200);
  });

  it('run nothing but themselves', async () => {
    const { headers } = await get('/portal');
    const policy = String(headers['content-security-policy']).split('; ');
    expect(policy).toEqual(
      expect.arrayContaining([
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "connect-src 'self'",
        "frame-ancestors 'none'",
      ]),
    );
    expect(policy.join()).not.toMatch(/unsafe|\*|https?:/);
    expect(headers).toMatchObject({
      'referrer-policy': 'no-referrer',
      'cross-origin-opener-policy': 'same-origin',
      'cross-origin-resource-policy': 'same-origin',
    });
    expect(headers['set-cookie']).toBeUndefined();
  });

  it('are not for another host name', async () => {
    expect((await get('/portal', { host: 'attacker.example' })).status).toBe(421);
  });
});

describe('a web page', () => {
  const ask = async (origin: string): Promise<unknown> => {
    const { status, body } = await call(test, 'PUT', '/v1/devices/a', { headers: { origin } });
    return status < 300 ? 'taken' : body['code'];
  };

  it("of the hub's own may ask, under each of its names", async () => {
    expect(await ask(`https://127.0.0.1:${test.port}`)).toBe('taken');
    expect(await ask(`https://localhost:${test.port}`)).toBe('taken');
  });

  it.each([
    () => 'null',
    () => 'https://127.0.0.1',
    () => `http://127.0.0.1:${test.port}`,
    () => `https://127.0.0.1:${test.port + 1}`,
    () => `https://127.0.0.1:${test.port}/`,
    () => `https://127.0.0.1.evil.example:${test.port}`,
    () => `https://evil.example:${test.port}`,
    () => `https://127.0.0.1:${test.port}, https://evil.example`,
    () => '',
  ])('of others may not, whatever Host says (%#)', async (origin) => {
    expect(await ask(origin())).toBe('ORIGIN_DENIED');
  });

  it('still needs a credential, and gets no permission for other sites', async () => {
    const origin = `https://127.0.0.1:${test.port}`;
    expect((await send(test, 'GET', '/v1/hub', { headers: { origin } })).status).toBe(401);
    const preflight = await send(test, 'OPTIONS', '/v1/hub', { headers: { origin, 'access-control-request-method': 'PUT' } });
    expect(preflight.status).toBe(401);
    expect(Object.keys(preflight.headers).filter((name) => name.startsWith('access-control'))).toEqual([]);
  });

  it('opens no WebSocket, not even one of the hub', async () => {
    const peer = await rawPeer(test);
    const { status } = await peer.upgrade('/v1/devices/a/control', [['Origin', `https://127.0.0.1:${test.port}`]]);
    peer.destroy();
    expect(status).toBe(403);
  });
});

describe('elsewhere', () => {
  it('the configured address counts, and that of the port too', async () => {
    const proxied = await startTestHub({ publicUrl: 'https://hub.example.com', hostNames: ['127.0.0.1'] });
    const ask = async (origin: string): Promise<number> => (await call(proxied, 'GET', '/v1/hub', { headers: { origin } })).status;
    expect(await ask('https://hub.example.com')).toBe(200);
    expect(await ask(`https://127.0.0.1:${proxied.port}`)).toBe(200);
    expect(await ask('https://hub.example.com:444')).toBe(403);
    await proxied.close();
  });

  it('a hub without a portal serves none, and takes no web page', async () => {
    const bare = await startTestHub({ portal: false });
    const origin = `https://127.0.0.1:${bare.port}`;
    expect((await call(bare, 'GET', '/portal')).status).toBe(404);
    expect((await call(bare, 'GET', '/v1/hub', { headers: { origin } })).body['code']).toBe('ORIGIN_DENIED');
    await bare.close();
  });
});
