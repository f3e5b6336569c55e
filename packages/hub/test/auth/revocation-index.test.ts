// What a change of one device costs, however many others have streams: an import changes all devices, one after the other.
import { FakeClock, seededRandom } from '@streams/testkit';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { policyOf } from '../../src/auth/policies.ts';
import { Revocation } from '../../src/auth/revocation.ts';
import type { DeviceSession } from '../../src/control/session.ts';
import { MemoryRegistry } from '../../src/devices/memory-registry.ts';
import { Broker, type BrokerContext } from '../../src/streams/broker.ts';

const KEYS: [string, string] = [Buffer.alloc(32, 1).toString('base64'), Buffer.alloc(32, 2).toString('base64')];
const policy = policyOf({ name: 'backend', keys: [KEYS[0]], permissions: ['stream:create'] });
const deviceIds = Array.from({ length: 50 }, (_, index) => `pump-${index}`);
const clock = new FakeClock();
const registry = new MemoryRegistry();
/** The devices whose handshakes were looked at. */
let looked: string[];
let broker: Broker;
let revocation: Revocation;

/** Accepts at once; then nobody comes with a leg. */
function accepting(): DeviceSession {
  const answer = { accepted: true, protocol: 'streams.v1', capabilities: [], keyIds: new Set(['gone']) } as const;
  return { offer: () => Promise.resolve(answer) };
}

beforeEach(async () => {
  looked = [];
  const nothing = (): void => undefined;
  const context = {
    registry,
    clock,
    random: seededRandom(1),
    router: { find: () => Promise.resolve(accepting()) },
    limits: { admit: () => nothing },
    log: { settled: nothing, refused: nothing },
    streamingUrl: () => 'wss://hub.example',
    onHandshake: nothing,
  };
  broker = new Broker(context as unknown as BrokerContext);
  for (const deviceId of deviceIds) {
    await registry.put({ deviceId, enabled: true, keys: KEYS });
    const asked = { name: 'echo', headers: {}, protocols: ['streams.v1'], capabilities: [], timeoutMs: 30_000 };
    const from = { policy, keyId: undefined, address: '127.0.0.1', trackingId: deviceId };
    await broker.open({ deviceId, ...asked, ...from }, new AbortController().signal);
  }
  const revoke = broker.revoke.bind(broker);
  broker.revoke = (isRevoked, ...others) => {
    const watched: typeof isRevoked = (negotiation) => {
      looked.push(negotiation.request.deviceId);
      return isRevoked(negotiation);
    };
    revoke(watched, ...others);
  };
  const sessions = { revoke: nothing };
  revocation = new Revocation({ registry, broker, sessions, logger: console } as unknown as ConstructorParameters<typeof Revocation>[0]);
});
afterEach(() => revocation.stop());

it('a change looks at what the device has, and at nothing else', async () => {
  expect(broker.devices).toEqual(new Set(deviceIds));
  await registry.put({ deviceId: 'pump-7', enabled: true, keys: KEYS });
  expect(looked).toEqual(['pump-7']);
  expect(broker.devices).toEqual(new Set(deviceIds.filter((deviceId) => deviceId !== 'pump-7')));
  await registry.put({ deviceId: 'pump-7', enabled: false, keys: KEYS });
  expect(looked).toHaveLength(1);
  await clock.advance(30_000);
  expect([broker.size, broker.devices.size, clock.pendingTimers]).toEqual([0, 0, 0]);
});
