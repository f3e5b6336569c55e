// Who sends a request: verifies its shared access signature, the same way and in the same time whoever it is (design section 5).
import { randomBytes } from 'node:crypto';
import {
  type Clock,
  isForResource,
  isInForce,
  isName,
  isSignedBy,
  parseSharedAccess,
  type ReceivedSignature,
} from '@streams/protocol/internal';
import type { DeviceRecord, Registry } from '../devices/registry.ts';
import { keyIdOf } from './key-id.ts';
import type { Policies, Policy } from './policies.ts';

/** An authenticated caller. `keyId` says which of a device's keys has signed. */
export type Identity =
  | { readonly kind: 'device'; readonly deviceId: string; readonly keyId: string; readonly expiresAtMs: number }
  | { readonly kind: 'service'; readonly policy: Policy; readonly expiresAtMs: number };

/** Why a credential was refused; only the log is told, the caller gets one and the same 401. */
export type Refusal = 'missing' | 'malformed' | 'expired' | 'unknown' | 'wrong-signature' | 'wrong-resource' | 'disabled';

/** Stands in for the keys of who does not exist, so that the answer takes as long. */
const NOBODYS_KEYS: readonly string[] = [randomBytes(32).toString('base64'), randomBytes(32).toString('base64')];
const DEVICE_PREFIX = /^\/devices\/|^%2[Ff]devices%2[Ff]/;

/** Verifies credentials. */
export class Authenticator {
  readonly #hostNames: readonly string[];
  readonly #policies: Policies;
  readonly #registry: Registry;
  readonly #clock: Clock;

  constructor(hostNames: readonly string[], policies: Policies, registry: Registry, clock: Clock) {
    this.#hostNames = hostNames;
    this.#policies = policies;
    this.#registry = registry;
    this.#clock = clock;
  }

  /** @param authorization Value of the one `Authorization` header. */
  async authenticate(authorization: string | undefined): Promise<Identity | Refusal> {
    if (authorization === undefined) return 'missing';
    const received = parseSharedAccess(authorization);
    if (received === undefined) return 'malformed';
    if (!isInForce(received, this.#clock.wallMs())) return 'expired';
    const expiresAtMs = Number(received.expiry) * 1_000;
    if (received.policy === undefined) return this.#device(received, expiresAtMs);
    return this.#service(received, received.policy, expiresAtMs);
  }

  #service(received: ReceivedSignature, name: string, expiresAtMs: number): Identity | Refusal {
    const policy = this.#policies.find(name);
    if (!isSignedBy(received, padded(policy?.keys))) return policy ? 'wrong-signature' : 'unknown';
    if (policy === undefined || !isForResource(received, this.#hostNames, '')) return 'wrong-resource';
    return { kind: 'service', policy, expiresAtMs };
  }

  async #device(received: ReceivedSignature, expiresAtMs: number): Promise<Identity | Refusal> {
    const candidates = await Promise.all(deviceIds(received.resource, this.#hostNames).map((id) => this.#registry.get(id)));
    const fitting = candidates.filter(
      (candidate) => candidate !== undefined && isForResource(received, this.#hostNames, `/devices/${candidate.deviceId}`),
    );
    if (fitting.length === 0) isSignedBy(received, NOBODYS_KEYS);
    for (const device of fitting) {
      const key = signingKey(received, device);
      if (device === undefined || key === undefined) continue;
      return device.enabled ? { kind: 'device', deviceId: device.deviceId, keyId: keyIdOf(key), expiresAtMs } : 'disabled';
    }
    return fitting.length === 0 ? 'unknown' : 'wrong-signature';
  }
}

/** The ids that `sr` can mean: as written, and percent-decoded once. The signature decides. */
function deviceIds(resource: string, hostNames: readonly string[]): string[] {
  const hosts = hostNames.flatMap((hostName) => [hostName, encodeURIComponent(hostName)]);
  const host = hosts.find((name) => resource.slice(0, name.length).toLowerCase() === name.toLowerCase());
  const path = resource.slice(host?.length ?? resource.length);
  const written = path.replace(DEVICE_PREFIX, '');
  return written === path ? [] : [...new Set([written, decodedOnce(written)])].filter(isName);
}

function decodedOnce(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** Which key of a device has signed; looks at both, whichever it is. */
function signingKey(received: ReceivedSignature, device: DeviceRecord | undefined): string | undefined {
  const keys = padded(device?.keys);
  return keys.filter((key) => isSignedBy(received, [key]))[0];
}

/** Always two keys to compare with. */
function padded(keys: readonly string[] | undefined): readonly string[] {
  return [...(keys ?? []), ...NOBODYS_KEYS].slice(0, 2);
}
