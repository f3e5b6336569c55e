// A leg is dialled where the hub has said, with its token alone, for as long as the handshake may last.
import { encodeFrame } from '@streams/testkit';
import { describe, expect, it } from 'vitest';
import type { Leg } from '../../src/leg/leg.ts';
import { dialLeg, type LegContext, type LegTicket } from '../../src/net/dial-leg.ts';
import { createTrust } from '../../src/net/trust.ts';
import { answering, authority, Dialling, granting, PROTOCOL } from '../support/dialling.ts';
import { rejectionOf } from '../support/errors.ts';
import { eventually } from '../support/eventually.ts';
import { endOf, messagesOf } from '../support/legs.ts';
import type { TlsServer } from '../support/tls-server.ts';

const TOKEN = 'T'.repeat(43);

async function open(
  dialling: Dialling,
  server: TlsServer,
  ticket: Partial<LegTicket> = {},
  context: Partial<LegContext> = {},
): Promise<Leg> {
  const origin = `https://127.0.0.1:${server.port}`;
  const trust = createTrust({ ca: (await authority()).cert, env: {} });
  return await dialLeg(
    { url: `wss://127.0.0.1:${server.port}/v1/streams/x/device`, token: TOKEN, protocol: PROTOCOL, timeoutMs: 20_000, ...ticket },
    { trust, proxyFor: () => undefined, clock: dialling.clock, origins: ['https://hub.example', origin], phase: 'service-leg', ...context },
  );
}

describe('dialLeg', () => {
  it('shows the token and asks for the protocol of the ticket', async () => {
    const dialling = new Dialling();
    const server = await dialling.serve(granting());
    const leg = await open(dialling, server);
    const [request] = server.requests;
    expect(request?.url).toBe('/v1/streams/x/device');
    expect(request?.headers).toMatchObject({ authorization: `Bearer ${TOKEN}`, 'sec-websocket-protocol': PROTOCOL });
    leg.terminate();
    await endOf(leg);
  });

  it('takes the largest message of a leg, and none that is larger', async () => {
    const dialling = new Dialling();
    const frames = [262_144, 262_145].map((size) => encodeFrame({ payload: new Uint8Array(size), masked: false }));
    const server = await dialling.serve(granting(undefined, Buffer.concat(frames)));
    const leg = await open(dialling, server);
    const received = messagesOf(leg);
    const ended = endOf(leg);
    leg.resume();
    await eventually(() => received.map((message) => message.length)).toEqual([262_144]);
    await dialling.clock.advance(1_000);
    expect(await ended).toMatchObject({ violation: true });
  });

  it.each(['wss://evil.example/x', 'ws://hub.example/x', 'wss://hub.example:8443/x', 'wss://user@hub.example/x', 'nonsense'])(
    'goes nowhere else, such as %s',
    async (url) => {
      const dialling = new Dialling();
      const server = await dialling.serve(granting());
      const error = await rejectionOf(open(dialling, server, { url }));
      expect(error.code).toBe('STREAMS_UNTRUSTED_ENDPOINT');
      expect(error.message).not.toContain(TOKEN);
      expect(server.connections).toBe(0);
    },
  );

  it('waits five seconds longer than the hub', async () => {
    const dialling = new Dialling();
    let asked = false;
    const server = await dialling.serve(() => {
      asked = true;
    });
    let over = false;
    const attempt = rejectionOf(open(dialling, server)).finally(() => {
      over = true;
    });
    await eventually(() => asked).toBe(true);
    await dialling.clock.advance(24_999);
    expect(over).toBe(false);
    await dialling.clock.advance(1);
    expect((await attempt).wireCode).toBe('CONNECT_FAILED');
  });

  it('says that the stream is gone where the token is no longer held', async () => {
    const dialling = new Dialling();
    const body = JSON.stringify({ code: 'UNAUTHENTICATED', message: 'no such token', trackingId: 't', details: { a: 1 } });
    const server = await dialling.serve(answering('401 Unauthorized', {}, body));
    const error = await rejectionOf(open(dialling, server));
    expect(error).toMatchObject({ code: 'STREAMS_STREAM_GONE', retryable: false, details: { a: 1, httpStatus: 401 } });
    expect(error.cause).toMatchObject({ name: 'AuthenticationError', message: 'no such token' });
  });

  it.each([
    ['410 Gone', { code: 'STREAM_GONE', message: 'm' }, 'STREAM_GONE'],
    [
      '504 Gateway Timeout',
      { code: 'HANDSHAKE_TIMEOUT', message: 'm', details: { phase: 'device-leg', timeoutMs: 1 } },
      'HANDSHAKE_TIMEOUT',
    ],
    ['503 Service Unavailable', { code: 'DRAINING', message: 'm' }, 'DRAINING'],
  ])('leaves the other answers of the hub as they are: %s', async (status, body, wireCode) => {
    const dialling = new Dialling();
    const server = await dialling.serve(answering(status, {}, JSON.stringify(body)));
    expect(await rejectionOf(open(dialling, server))).toMatchObject({ wireCode, message: 'm' });
  });

  it('names whom it waited for, should a proxy cut it', async () => {
    const dialling = new Dialling();
    const server = await dialling.serve(answering('504 Gateway Timeout', {}));
    expect(await rejectionOf(open(dialling, server, {}, { phase: 'device-leg' }))).toMatchObject({
      wireCode: 'HANDSHAKE_TIMEOUT',
      phase: 'device-leg',
    });
  });

  it('heeds its signal', async () => {
    const dialling = new Dialling();
    const controller = new AbortController();
    const server = await dialling.serve(() => controller.abort(new TypeError('enough')));
    const error = await rejectionOf(open(dialling, server, {}, { signal: controller.signal }));
    expect(error).toMatchObject({ wireCode: 'ABORTED', cause: { message: 'enough' } });
    await eventually(() => server.open).toBe(0);
  });
});
