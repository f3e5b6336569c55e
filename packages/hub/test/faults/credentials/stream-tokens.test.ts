// Stream tokens that are used twice, at once, too late, or beside another credential.
import { startTestHub, type TestHub } from '@streams/hub/testing';
import { FakeClock, leakCheck, type Observed, type RawPeer } from '@streams/testkit';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { observeHub } from '../../support/observe.ts';
import { bodyOf, rawLeg, rawPeer } from '../../support/raw.ts';
import { authorization } from '../../support/rest.ts';
import { until } from '../../support/streams.ts';
import { rawHandshake, type Ticket } from '../../support/raw-handshake.ts';

const leaks = leakCheck();
const peers: RawPeer[] = [];
let test: TestHub;

beforeEach(async () => {
  test = await startTestHub();
});
afterEach(async () => {
  for (const peer of peers.splice(0)) peer.destroy();
  await test.close();
  await leaks.settled();
});

/** Frees the peers, and looks at what is left. */
async function settled(watched: Observed): Promise<void> {
  for (const peer of peers.splice(0)) peer.destroy();
  await watched.settled();
}

async function redeem({ url, token }: Ticket, headers: readonly (readonly [string, string])[] = []): Promise<unknown> {
  const { peer, answer } = await rawLeg(test, url, token, headers);
  peers.push(peer);
  const head = await answer;
  return head.status === 101 ? 101 : { status: head.status, code: (await bodyOf(peer, head))['code'] };
}

const REFUSED = { status: 401, code: 'UNAUTHENTICATED' };

it('A1 a token that has opened its leg opens nothing more, nor does it once the stream has ended', async () => {
  const watched = await observeHub(test);
  const { control, offer, ticket } = await rawHandshake(test, 'pump-7');
  peers.push(control);
  expect(await Promise.all([redeem(offer), redeem(ticket)])).toEqual([101, 101]);
  expect([await redeem(offer), await redeem(ticket)]).toEqual([REFUSED, REFUSED]);
  for (const leg of peers.splice(1, 2)) leg.reset();
  await until(() => test.hub.openStreams === 1); // the canary's
  expect([await redeem(offer), await redeem(ticket)]).toEqual([REFUSED, REFUSED]);
  await settled(watched);
});

/** A connection that is kept open: its client has said who it is. */
async function knownPeer(header: string): Promise<RawPeer> {
  const peer = await rawPeer(test, 20_000);
  peers.push(peer);
  peer.write(`GET /v1/hub HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: ${header}\r\n\r\n`);
  await bodyOf(peer, await peer.readHead());
  return peer;
}

/** How many of so many clients, which all have a connection already, use a token with success, and how many do not. */
async function race(count: number): Promise<Record<number, number>> {
  const header = await authorization(test);
  const racers: RawPeer[] = [];
  while (racers.length < count) racers.push(...(await Promise.all(Array.from({ length: 50 }, () => knownPeer(header)))));
  const { control, offer, ticket } = await rawHandshake(test, 'pump-7', undefined, 60_000);
  peers.push(control);
  const { pathname } = new URL(ticket.url);
  const counts: Record<number, number> = { 101: 0, 401: 0 };
  const answers = racers.map(async (peer) => {
    const { status } = await peer.upgrade(pathname, [['Authorization', `Bearer ${ticket.token}`]]);
    counts[status] = (counts[status] ?? 0) + 1;
  });
  // The one that is held gets its 101 with the other leg, and no sooner.
  await until(() => counts[401] === count - 1);
  expect(await redeem(offer)).toBe(101);
  await Promise.all(answers);
  return counts;
}

it('A2 of 1,000 simultaneous uses of a token exactly one succeeds', { timeout: 60_000 }, async () => {
  // The 1,000 clients are in this process too, and use the token within one turn of its event loop.
  const watched = await observeHub(test, { maxLagMs: 3_000 });
  expect(await race(1_000)).toEqual({ 101: 1, 401: 999 });
  await settled(watched);
});

it('A5 a token in the query beside the header is refused, and not spent; a cookie is nothing', async () => {
  const { control, offer, ticket } = await rawHandshake(test, 'pump-7');
  peers.push(control);
  const ambiguous = { status: 400, code: 'AMBIGUOUS_CREDENTIALS' };
  const { pathname } = new URL(ticket.url);
  const ask = async (path: string, headers: readonly (readonly [string, string])[]): Promise<unknown> => {
    const peer = await rawPeer(test);
    peers.push(peer);
    const head = await peer.upgrade(path, headers);
    const body = await bodyOf(peer, head);
    expect(JSON.stringify(body)).not.toContain(ticket.token);
    return { status: head.status, code: body['code'] };
  };
  const bearer = ['Authorization', `Bearer ${ticket.token}`] as const;
  const cookie = ['Cookie', `token=${ticket.token}`] as const;
  expect(await ask(`${pathname}?token=${ticket.token}`, [bearer, cookie])).toEqual(ambiguous);
  expect(await ask(`${pathname}?access_token=${ticket.token}`, [])).toEqual(ambiguous);
  expect(await ask(pathname, [bearer, bearer])).toEqual(ambiguous);
  expect(await ask(pathname, [cookie])).toEqual(REFUSED);
  expect(await Promise.all([redeem(offer), redeem(ticket, [cookie])])).toEqual([101, 101]);
});

it('A3 a token is worth nothing after its time: 401, and 504 for the leg that waits', async () => {
  const clock = new FakeClock();
  const timed = await startTestHub({ clock });
  const { control, offer, ticket } = await rawHandshake(timed, 'pump-7', undefined, 60_000);
  const waiting = await rawLeg(timed, offer.url, offer.token);
  peers.push(control, waiting.peer);
  await clock.advance(61_000, { stepMs: 1_000, realMs: 2 });
  const head = await waiting.answer;
  expect(await bodyOf(waiting.peer, head)).toMatchObject({ code: 'HANDSHAKE_TIMEOUT', details: { phase: 'service-leg' } });
  expect(head.status).toBe(504);
  for (const { url, token } of [offer, ticket]) {
    const late = await rawLeg(timed, url, token);
    peers.push(late.peer);
    expect((await late.answer).status).toBe(401);
  }
  expect(timed.records.at(-1)).toMatchObject({ result: 'timed-out', code: 'HANDSHAKE_TIMEOUT', phase: 'service-leg' });
  for (const peer of peers.splice(0)) peer.destroy();
  await timed.close();
});
