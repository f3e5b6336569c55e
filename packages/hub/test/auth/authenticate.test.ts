// Who is who: signatures of devices and services, checked against what the registry and the policies hold.
import { createHmac } from 'node:crypto';
import { type Clock, Secret, type SignatureClaims, signSharedAccess } from '@streams/protocol/internal';
import { FakeClock } from '@streams/testkit';
import { beforeEach, describe, expect, it } from 'vitest';
import { Authenticator } from '../../src/auth/authenticate.ts';
import { MemoryPolicies } from '../../src/auth/memory-policies.ts';
import { MemoryRegistry } from '../../src/devices/memory-registry.ts';

const key = (seed: number): string => Buffer.alloc(32, seed).toString('base64');
const HOSTS = ['hub.example', '[::1]'];
const HOUR_MS = 3_600_000;
const clock: Clock = new FakeClock();
let authenticator: Authenticator;
let registry: MemoryRegistry;

beforeEach(async () => {
  registry = new MemoryRegistry();
  for (const deviceId of ['pump-7', 'pump', 'x%2Fy', 'x%252Fy']) await registry.put({ deviceId, enabled: true, keys: [key(1), key(2)] });
  await registry.put({ deviceId: 'off', enabled: false, keys: [key(1), key(2)] });
  const policies = new MemoryPolicies([
    { name: 'one', keys: [key(3)], permissions: ['hub:read'] },
    { name: 'two', keys: [key(4), key(5)], permissions: ['hub:read'] },
  ]);
  authenticator = new Authenticator({ hostNames: new Set(HOSTS), policies, registry, clock });
});

function signed(claims: Partial<SignatureClaims>, seed: number): string {
  return signSharedAccess({ resource: 'hub.example', expiresAtMs: clock.wallMs() + HOUR_MS, ...claims }, new Secret(key(seed)));
}

async function who(header: string): Promise<unknown> {
  const identity = await authenticator.authenticate(header);
  if (typeof identity === 'string') return identity;
  return identity.kind === 'device' ? identity.deviceId : `policy ${identity.policy.name}`;
}

describe('a device', () => {
  it('signs with either of its keys, for any host name of the hub', async () => {
    for (const host of HOSTS) {
      expect(await who(signed({ resource: `${host}/devices/pump-7` }, 1))).toBe('pump-7');
      expect(await who(signed({ resource: `${host.toUpperCase()}/devices/pump-7` }, 2))).toBe('pump-7');
    }
  });

  it('B4 is not another whose id begins or is encoded alike', async () => {
    expect(await who(signed({ resource: 'hub.example/devices/pump' }, 1))).toBe('pump');
    expect(await who(signed({ resource: 'hub.example/devices/pump-77' }, 1))).toBe('unknown');
    expect(await who(signed({ resource: 'hub.example/devices/x%2Fy' }, 1))).toBe('x%2Fy');
    expect(await who(signed({ resource: 'hub.example/devices/x%252Fy' }, 1))).toBe('x%252Fy');
    expect(await who(signed({ resource: 'hub.example/devices/x/y' }, 1))).toBe('unknown');
  });

  it('is the one that has signed, where the text of its id can mean two', async () => {
    await registry.put({ deviceId: 'a!', enabled: true, keys: [key(6), key(7)] });
    await registry.put({ deviceId: 'a%21', enabled: true, keys: [key(8), key(9)] });
    const strict = (seed: number): string => {
      const header = signed({ resource: 'hub.example/devices/a!' }, seed);
      const resource = 'hub.example%2Fdevices%2Fa%21';
      const expiry = /se=(\d+)/.exec(header)?.[1] ?? '';
      const signature = createHmac('sha256', Buffer.from(key(seed), 'base64'))
        .update(`${resource}\n${expiry}`)
        .digest('base64');
      return `SharedAccessSignature sr=${resource}&sig=${encodeURIComponent(signature)}&se=${expiry}`;
    };
    expect(await who(strict(6))).toBe('a!');
    expect(await who(signed({ resource: 'hub.example/devices/a%21' }, 8))).toBe('a%21');
    expect(await who(strict(1))).toBe('wrong-signature');
  });

  it('is refused with a wrong key, on a wrong host, disabled', async () => {
    expect(await who(signed({ resource: 'hub.example/devices/pump-7' }, 3))).toBe('wrong-signature');
    expect(await who(signed({ resource: 'other.example/devices/pump-7' }, 1))).toBe('unknown');
    expect(await who(signed({ resource: 'hub.example.evil/devices/pump-7' }, 1))).toBe('unknown');
    expect(await who(signed({ resource: 'hub.example/devices/off' }, 1))).toBe('disabled');
  });
});

describe('a service', () => {
  it('signs with any key of its policy', async () => {
    expect(await who(signed({ policy: 'one' }, 3))).toBe('policy one');
    expect(await who(signed({ policy: 'two' }, 4))).toBe('policy two');
    expect(await who(signed({ policy: 'two' }, 5))).toBe('policy two');
  });

  it("is refused with another policy's key, an unknown policy, a device's resource", async () => {
    expect(await who(signed({ policy: 'one' }, 4))).toBe('wrong-signature');
    expect(await who(signed({ policy: 'three' }, 3))).toBe('unknown');
    expect(await who(signed({ policy: 'one', resource: 'hub.example/devices/pump-7' }, 3))).toBe('wrong-resource');
    expect(await who(signed({}, 3))).toBe('unknown');
  });
});

describe('a credential', () => {
  it('A7 that is missing, malformed or not in force is told apart in the log alone', async () => {
    expect(await authenticator.authenticate(undefined)).toBe('missing');
    expect(await who('Bearer x')).toBe('malformed');
    expect(await who(signed({ policy: 'one', expiresAtMs: clock.wallMs() - 61_000 }, 3))).toBe('expired');
    expect(await who(signed({ policy: 'one', expiresAtMs: clock.wallMs() - 58_000 }, 3))).toBe('policy one');
    expect(await who(signed({ policy: 'one', expiresAtMs: clock.wallMs() + 25 * HOUR_MS }, 3))).toBe('expired');
  });
});
