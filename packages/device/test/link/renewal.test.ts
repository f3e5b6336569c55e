// A control link that is replaced by its successor: when, why, and that no request falls between the two.
import type { LinkState, StreamRequest } from '@streams/device';
import { FakeClock, type FaultProxy, seededRandom } from '@streams/testkit';
import { describe, expect, it } from 'vitest';
import { FakeHub, type FakeLink } from '../support/fake-hub.ts';
import { DEVICE, echo, expectNoLeaks, MIDDLE, MUTE, type Rig, roundTrip, startRig, until } from '../support/rig.ts';

expectNoLeaks();

const MINUTE_MS = 60_000;
const STEPS = { stepMs: 1_000, realMs: 1 };

/** A device with its middle random whose links run through `proxy`. */
async function rigWithProxy(): Promise<{ rig: Rig; proxy: FaultProxy }> {
  const rig = await startRig();
  return { rig, proxy: await rig.proxy() };
}

describe('the successor of a link', () => {
  it.each([1, 2, 3, 4, 5])('is dialled between 45 and 51 minutes after it (%i)', async (seed) => {
    const { rig, proxy } = await rigWithProxy();
    const renewals: number[] = [];
    const info = (fields: object): void => {
      if ((fields as { link: LinkState }).link.name === 'renewing') renewals.push(rig.clock.monotonicMs() / MINUTE_MS);
    };
    const device = await rig.device({ port: proxy.port, random: seededRandom(seed), logger: { ...MUTE, info } });
    await device.connect();
    const [first] = proxy.connections;
    await rig.clock.advance(44 * MINUTE_MS);
    // In pieces that leave a dial the time that it has.
    while (renewals.length === 0 && rig.clock.monotonicMs() < 52 * MINUTE_MS) await rig.clock.advance(5_000);
    await until('the successor', () => device.state.name === 'connected');
    await rig.clock.advance(2_001, STEPS);
    await until('the older link is gone', () => proxy.connections.length === 1);
    expect(proxy.connections[0]).not.toBe(first);
    expect(renewals).toHaveLength(1);
    expect(renewals[0]).toBeGreaterThanOrEqual(45);
    expect(renewals[0]).toBeLessThan(51);
  });

  it('delivers the answer to a request that came over the older one', async () => {
    const { rig, proxy } = await rigWithProxy();
    const device = await rig.device({ port: proxy.port, random: MIDDLE });
    const requests: StreamRequest[] = [];
    device.onStreamRequest((request) => void requests.push(request));
    await device.connect();
    await rig.clock.advance(48 * MINUTE_MS - 5_000);
    const opened = (await rig.service()).createStream(DEVICE, { timeoutMs: 60_000 });
    await until('the request', () => requests.length === 1);
    await rig.clock.advance(5_000, STEPS);
    await until('the successor', () => proxy.connections.length === 2 && device.state.name === 'connected');
    await rig.clock.advance(3_000, STEPS);
    await until('the older link is gone', () => proxy.connections.length === 1);
    echo((await requests[0]?.accept()) ?? expect.unreachable());
    expect(await roundTrip(await opened, 'over the newer link')).toBe('over the newer link');
  });

  it('is tried again where it does not come about, while the link stands', async () => {
    const { rig, proxy } = await rigWithProxy();
    const device = await rig.echoDevice({ port: proxy.port, random: MIDDLE });
    const first = proxy.connections[0];
    const connected: unknown[] = [];
    await rig.clock.advance(48 * MINUTE_MS - 5_000);
    const watch = setInterval(() => {
      for (const connection of proxy.connections) {
        if (connection === first || connected.includes(connection)) continue;
        connected.push(connection);
        if (connected.length === 1) connection.reset();
      }
    }, 1);
    rig.onEnd(() => clearInterval(watch));
    await rig.clock.advance(6_000, STEPS);
    await until('the failed attempt', () => connected.length === 1 && device.state.name === 'connected');
    expect(proxy.connections).toEqual([first]);
    await roundTrip(await (await rig.service()).createStream(DEVICE), 'still served');
    // In the middle of the next three minutes.
    await rig.clock.advance(88_000);
    expect(connected).toHaveLength(1);
    await rig.clock.advance(5_000, STEPS);
    await until('the second attempt', () => connected.length === 2 && device.state.name === 'connected');
  });

  it('is dialled although the credential has ended before its time', async () => {
    const { rig, proxy } = await rigWithProxy();
    // The device's clock stands still, so that the hub's is the one to end the link.
    const device = await rig.echoDevice({ port: proxy.port, clock: new FakeClock(), random: { ...MIDDLE, uniform: () => 0 } });
    const first = proxy.connections[0];
    await rig.clock.advance(60 * MINUTE_MS + 59_000);
    expect(device.state.name).toBe('connected');
    await rig.clock.advance(2_000, STEPS);
    await until('the loss', () => device.state.name === 'waiting');
    expect(device.state).toMatchObject({ attempt: 1, cause: { details: { closeCode: 1008 } } });
    await first?.closed;
  });
});

/** A device with one link to a fake hub. */
async function fakeLink(): Promise<{ hub: FakeHub; links: FakeLink[]; device: ReturnType<FakeHub['device']> }> {
  const hub = await FakeHub.start();
  const links: FakeLink[] = [];
  hub.onUpgrade = (upgrade) => void links.push(upgrade.grant(hub.welcome()));
  const device = hub.device();
  await device.connect();
  return { hub, links, device };
}

/** Lets `withinMs` pass, and a moment more for the dial, until there are two. */
async function passUntilSuccessor(hub: FakeHub, links: readonly unknown[], withinMs: number): Promise<void> {
  const endMs = hub.clock.monotonicMs() + withinMs + 500;
  while (links.length < 2 && hub.clock.monotonicMs() < endMs) await hub.clock.advance(withinMs / 50 + 1, { realMs: 1 });
  expect(links).toHaveLength(2);
}

describe('goaway', () => {
  it.each([0, 1_000, 20_000])('is honoured within its %i ms, and the older link closed cleanly', async (withinMs) => {
    const { hub, links, device } = await fakeLink();
    links[0]?.send({ type: 'goaway', withinMs });
    await passUntilSuccessor(hub, links, withinMs);
    await until('the successor', () => device.state.name === 'connected');
    expect(links[0]?.closeCode).toBeUndefined();
    await hub.clock.advance(2_000, STEPS);
    await until('the older link is closed', () => links[0]?.ended === true);
    expect(links[0]?.closeCode).toBe(1000);
    expect(links[1]?.closeCode).toBeUndefined();
  });

  it('takes requests on both links until the older one is gone', async () => {
    const { hub, links, device } = await fakeLink();
    device.onStreamRequest((request) => request.reject(`request ${request.id}`));
    links[0]?.send({ type: 'goaway', withinMs: 0 });
    await passUntilSuccessor(hub, links, 0);
    await until('the successor', () => device.state.name === 'connected');
    const url = `wss://127.0.0.1:${hub.port}/`;
    links[0]?.send(hub.request(url, 'old'.padEnd(22, '-')));
    links[1]?.send(hub.request(url, 'new'.padEnd(22, '-')));
    await until('two answers', () => links[1]?.messages.length === 2);
    expect(links[1]?.messages.map(({ reason }) => reason)).toEqual(
      expect.arrayContaining([`request ${'old'.padEnd(22, '-')}`, `request ${'new'.padEnd(22, '-')}`]),
    );
    expect(links[0]?.messages).toEqual([]);
  });

  it('counts in the packet of the welcome too', async () => {
    const hub = await FakeHub.start();
    hub.onUpgrade = (upgrade) => void upgrade.grant(hub.welcome(), { type: 'goaway', withinMs: 1_000 });
    const device = hub.device();
    await device.connect();
    hub.onUpgrade = (upgrade) => void upgrade.grant(hub.welcome());
    await hub.clock.advance(1_001, { realMs: 1 });
    await hub.upgrade(2);
  });

  it.each([
    ['no sooner than it is asked to', 503, { 'Retry-After': '15' }, 15_000, 3],
    ['with back-off where nobody says when', 502, {}, 0, 15],
  ])('is tried again where it is refused, %s, while the older link stands', async (_, status, headers, leastMs, most) => {
    const { hub, links, device } = await fakeLink();
    const dialledMs: number[] = [];
    hub.onUpgrade = (upgrade) => {
      dialledMs.push(hub.clock.monotonicMs());
      upgrade.refuse(status, headers);
    };
    links[0]?.send({ type: 'goaway', withinMs: 0 });
    await hub.clock.advance(40_000, { stepMs: 200, realMs: 1 });
    expect(dialledMs.length).toBeGreaterThan(2);
    expect(dialledMs.length).toBeLessThanOrEqual(most);
    const waitsMs = dialledMs.slice(1).map((ms, index) => ms - (dialledMs[index] ?? 0));
    expect(Math.min(...waitsMs)).toBeGreaterThanOrEqual(leastMs);
    expect([device.state.name, links[0]?.closeCode]).toEqual(['connected', undefined]);
  });

  it('does not lose the device whose link goes before the successor stands', async () => {
    const { hub, links, device } = await fakeLink();
    hub.onUpgrade = () => undefined;
    links[0]?.send({ type: 'goaway', withinMs: 0 });
    await passUntilSuccessor(hub, hub.upgrades, 0);
    const successor = await hub.upgrade(2);
    expect(device.state.name).toBe('renewing');
    links[0]?.cut();
    await until('the loss', () => device.state.name === 'connecting');
    const link = successor.grant(hub.welcome());
    await until('the successor', () => device.state.name === 'connected');
    device.onStreamRequest((request) => request.reject('here'));
    link.send(hub.request(`wss://127.0.0.1:${hub.port}/`));
    await until('the answer', () => link.messages.length === 1);
    expect(hub.upgrades).toHaveLength(2);
  });

  it.each([
    ['waits for its moment where the hub has closed', 1012, 6_000],
    ['does not where the link is lost otherwise', 1011, 2_000],
  ])('%s', async (_, code, mostMs) => {
    const { hub, links, device } = await fakeLink();
    // The clock stands still until the loss is known.
    links[0]?.send({ type: 'goaway', withinMs: 6_000 });
    links[0]?.close(code, 'DRAINING;retry=1');
    await until('the loss', () => device.state.name === 'waiting');
    const { delayMs, attempt } = device.state as LinkState & { name: 'waiting' };
    expect(attempt).toBe(1);
    expect(delayMs).toBeLessThanOrEqual(mostMs);
    // The same seed for both: without its moment it would be back within 2 s.
    if (code === 1012) expect(delayMs).toBeGreaterThan(2_000);
    await hub.clock.advance(delayMs + 1, { realMs: 1 });
    await hub.upgrade(2);
  });

  it('takes another moment where its own is past when the hub has closed', async () => {
    const { hub, links, device } = await fakeLink();
    hub.onUpgrade = (upgrade) => upgrade.refuse(503, { 'Retry-After': '20' });
    links[0]?.send({ type: 'goaway', withinMs: 6_000 });
    await passUntilSuccessor(hub, hub.upgrades, 6_000);
    await until('the refusal', () => device.state.name === 'connected');
    links[0]?.close(1012, 'DRAINING;retry=1');
    await until('the loss', () => device.state.name === 'waiting');
    const { delayMs } = device.state as LinkState & { name: 'waiting' };
    expect(delayMs).toBeGreaterThan(0);
    expect(delayMs).toBeLessThanOrEqual(6_000);
  });
});
