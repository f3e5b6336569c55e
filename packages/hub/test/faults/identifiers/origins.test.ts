// Web pages and foreign host names at the door for upgrades: a browser lends nobody its place in the network.
import { startTestHub, type TestHub } from '@streams/hub/testing';
import { leakCheck, type RawPeer, type RequestHeader } from '@streams/testkit';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { bodyOf, deviceAuthorization, rawPeer } from '../../support/raw.ts';
import { rawHandshake, type RawHandshake } from '../../support/raw-handshake.ts';

const leaks = leakCheck();
const peers: RawPeer[] = [];
let test: TestHub;
let device: RequestHeader;
let handshake: RawHandshake;

beforeAll(async () => {
  test = await startTestHub();
  device = ['Authorization', await deviceAuthorization(test, 'pump-7')];
  handshake = await rawHandshake(test, 'busy', undefined, 60_000);
});
afterEach(() => {
  for (const peer of peers.splice(0)) peer.destroy();
});
afterAll(async () => {
  handshake.control.destroy();
  await test.close();
  await leaks.settled();
});

/** What a control link and a leg get, with good credentials and these headers. */
async function upgrades(headers: readonly RequestHeader[]): Promise<unknown[]> {
  const answers: unknown[] = [];
  const bearer: RequestHeader = ['Authorization', `Bearer ${handshake.offer.token}`];
  for (const [path, credential] of [
    ['/v1/devices/pump-7/control', device],
    [new URL(handshake.offer.url).pathname, bearer],
  ] as const) {
    const peer = await rawPeer(test);
    peers.push(peer);
    const head = await peer.upgrade(path, [credential, ['Sec-WebSocket-Protocol', 'streams.control.v1, streams.v1'], ...headers]);
    answers.push(head.status === 101 ? 101 : `${head.status} ${String((await bodyOf(peer, head))['code'])}`);
  }
  return answers;
}

const DENIED = ['403 ORIGIN_DENIED', '403 ORIGIN_DENIED'];

it.each<[string, RequestHeader[]]>([
  ['a foreign page', [['Origin', 'https://evil.example']]],
  ['a page of no origin', [['Origin', 'null']]],
  ['an empty origin', [['Origin', '']]],
  ['a page that claims to be the hub', [['Origin', 'https://127.0.0.1']]],
  ['a page whose name begins like the hub', [['Origin', 'https://127.0.0.1.evil.example']]],
])('B11 %s opens no WebSocket, and spends no token', async (_what, headers) => {
  expect(await upgrades(headers)).toEqual(DENIED);
});

it.each<[string, RequestHeader[]]>([
  ['another name', [['Host', 'attacker.example']]],
  ['a name that ends like the hub', [['Host', 'evil-127.0.0.1']]],
  ['the hub as a user name', [['Host', '127.0.0.1@attacker.example']]],
  ['an empty one', [['Host', '']]],
])('B12 Host of %s: 421, whatever the credential', async (_what, headers) => {
  expect(await upgrades(headers)).toEqual(['421 WRONG_HOST', '421 WRONG_HOST']);
});

it('B12 what a proxy may say, nobody else may: X-Forwarded-Host and Forwarded count for nothing', async () => {
  const [link] = await upgrades([
    ['Host', 'attacker.example'],
    ['X-Forwarded-Host', '127.0.0.1'],
    ['Forwarded', 'host=127.0.0.1'],
  ]);
  expect(link).toBe('421 WRONG_HOST');
});

it('B11 without an origin, as our clients are, both open', async () => {
  const peer = await rawPeer(test);
  peers.push(peer);
  const { url, token } = handshake.ticket;
  const service = peer.upgrade(new URL(url).pathname, [['Authorization', `Bearer ${token}`]]);
  expect(await upgrades([])).toEqual([101, 101]);
  expect((await service).status).toBe(101);
});
