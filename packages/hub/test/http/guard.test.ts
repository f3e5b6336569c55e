// What the hub's front door lets in: looked at from the wire, over TLS.
import { startTestHub, type TestHub } from '@streams/hub/testing';
import { leakCheck } from '@streams/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bodyOf, rawPeer } from '../support/raw.ts';
import { authorization, call, send } from '../support/rest.ts';

const leaks = leakCheck();
let test: TestHub;
beforeAll(async () => {
  test = await startTestHub();
});
afterAll(async () => {
  await test.close();
  await leaks.settled();
});

/** Sends a request head as it is, and gives status and code. */
async function ask(head: readonly string[]): Promise<{ status: number; code: unknown }> {
  const peer = await rawPeer(test);
  peer.write(`${head.join('\r\n')}\r\n\r\n`);
  const response = await peer.readHead();
  const body = response.headers['content-type'] === 'application/json' ? await bodyOf(peer, response) : {};
  peer.destroy();
  return { status: response.status, code: body['code'] };
}

describe('health', () => {
  it('needs no credential', async () => {
    expect(await send(test, 'GET', '/healthz')).toMatchObject({ status: 200, body: { status: 'ok' } });
    expect(await send(test, 'GET', '/readyz')).toMatchObject({ status: 200, body: { status: 'ready' } });
  });
});

describe('a request that is not what it seems', () => {
  it.each([
    { name: 'an absolute target', head: ['GET http://evil/v1/hub HTTP/1.1', 'Host: 127.0.0.1'], status: 400, code: 'BAD_REQUEST' },
    { name: 'two slashes', head: ['GET //v1/hub HTTP/1.1', 'Host: 127.0.0.1'], status: 400, code: 'BAD_REQUEST' },
    {
      name: 'A5 two credentials',
      head: ['GET /v1/hub HTTP/1.1', 'Host: 127.0.0.1', 'Authorization: a', 'Authorization: b'],
      status: 400,
      code: 'AMBIGUOUS_CREDENTIALS',
    },
    {
      name: 'A5 a credential in the query',
      head: ['GET /v1/hub?token=x HTTP/1.1', 'Host: 127.0.0.1', 'Authorization: a'],
      status: 400,
      code: 'AMBIGUOUS_CREDENTIALS',
    },
    { name: 'two hosts', head: ['GET /v1/hub HTTP/1.1', 'Host: 127.0.0.1', 'Host: 127.0.0.1'], status: 400, code: 'BAD_REQUEST' },
    { name: 'B12 another host', head: ['GET /v1/hub HTTP/1.1', 'Host: attacker.example'], status: 421, code: 'WRONG_HOST' },
    {
      name: 'B11 a web page',
      head: ['GET /v1/hub HTTP/1.1', 'Host: 127.0.0.1', 'Origin: https://evil.example'],
      status: 403,
      code: 'ORIGIN_DENIED',
    },
    {
      name: 'B11 a page of no origin',
      head: ['GET /v1/hub HTTP/1.1', 'Host: 127.0.0.1', 'Origin: null'],
      status: 403,
      code: 'ORIGIN_DENIED',
    },
    { name: 'a broken percent sign', head: ['GET /v1/devices/%zz HTTP/1.1', 'Host: 127.0.0.1'], status: 400, code: 'BAD_REQUEST' },
    {
      name: 'G8 another upgrade',
      head: ['GET /v1/hub HTTP/1.1', 'Host: 127.0.0.1', 'Connection: Upgrade', 'Upgrade: h2c'],
      status: 404,
      code: 'NOT_FOUND',
    },
  ])('$name: $status $code', async ({ head, status, code }) => {
    expect(await ask(head)).toEqual({ status, code });
  });

  it('C3 is refused by the parser where HTTP itself is broken', async () => {
    expect(await ask(['POST /v1/hub HTTP/1.1', 'Host: 127.0.0.1', 'Content-Length: 5', 'Transfer-Encoding: chunked'])).toMatchObject({
      status: 400,
    });
    expect(await ask(['GET /v1/hub HTTP/1.1', 'Host: 127.0.0.1', `X: ${'x'.repeat(9_000)}`])).toMatchObject({ status: 431 });
  });
});

describe('a request without a good credential', () => {
  it('gets one and the same 401, a Date, and no connection to keep', async () => {
    const good = await authorization(test);
    const texts = [
      undefined,
      '',
      'Bearer x',
      'SharedAccessSignature sr=x',
      good.replace('skn=test', 'skn=nobody'),
      good.replace(/se=\d+/, 'se=1'),
    ];
    const answers = await Promise.all(
      texts.map((text) => send(test, 'GET', '/v1/hub', { headers: text === undefined ? {} : { authorization: text } })),
    );
    for (const { status, headers, body } of answers) {
      expect(status).toBe(401);
      expect(headers['date']).toBeDefined();
      expect(headers['connection']).toBe('close');
      expect({ ...body, trackingId: '' }).toEqual({ ...answers[0]?.body, trackingId: '' });
    }
  });

  it('is refused when a device id of the signature is another than the key', async () => {
    const header = await authorization(test);
    const { status } = await send(test, 'GET', '/v1/hub', {
      headers: { authorization: header.replace(/sr=[^&]+/, 'sr=127.0.0.1%2Fdevices%2Fx') },
    });
    expect(status).toBe(401);
  });
});

describe('an authenticated request', () => {
  it('finds the hub', async () => {
    expect(await call(test, 'GET', '/v1/hub')).toMatchObject({
      status: 200,
      body: { hostName: `127.0.0.1:${test.port}`, streamingEndpoints: [`https://127.0.0.1:${test.port}`], version: '0.1.0' },
    });
  });

  it('for what is not there gets 404', async () => {
    expect(await call(test, 'GET', '/v2/hub')).toMatchObject({ status: 404, body: { code: 'NOT_FOUND', retryable: false } });
    expect(await call(test, 'PATCH', '/v1/hub')).toMatchObject({ status: 404, body: { code: 'NOT_FOUND' } });
  });

  it('for a WebSocket without an upgrade gets 426', async () => {
    expect(await call(test, 'GET', '/v1/devices/a/control')).toMatchObject({ status: 426, body: { code: 'UPGRADE_REQUIRED' } });
    expect(await send(test, 'GET', '/v1/streams/x/device')).toMatchObject({ status: 426 });
  });

  it('with a body that is none gets 400, with one that is too large 413', async () => {
    expect(await call(test, 'PUT', '/v1/devices/a', { body: 'not json' })).toMatchObject({ status: 400, body: { code: 'BAD_REQUEST' } });
    expect(await call(test, 'PUT', '/v1/devices/a', { body: '[1]' })).toMatchObject({ status: 400, body: { details: { path: 'body' } } });
    expect(await call(test, 'PUT', '/v1/devices/a', { body: `"${'x'.repeat(40_000)}"` })).toMatchObject({
      status: 413,
      body: { code: 'TOO_LARGE' },
    });
  });
});
