// Who sends a request: verifies its shared access signature, the same way and in the same time whoever it is (design section 5). Tokens: tokens.ts.
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
import type { Registry } from '../devices/registry.ts';
import { keyIdOf } from './key-id.ts';
import { isExpired, type Policy, policyOf } from './policies.ts';
import type { PolicyStore } from './policy-store.ts';
import type { TokenRefusal, Tokens } from './tokens.ts';

/** An authenticated device. */
interface DeviceIdentity {
  readonly kind: 'device';
  readonly deviceId: string;
  /** Which of its keys has signed. */
  readonly keyId: string;
  readonly expiresAtMs: number;
}

/** An authenticated service. */
export interface ServiceIdentity {
  readonly kind: 'service';
  readonly policy: Policy;
  /** Which key of the policy has signed; undefined: it came with a JSON Web Token. */
  readonly keyId: string | undefined;
  readonly expiresAtMs: number;
}

/** An authenticated caller. */
export type Identity = DeviceIdentity | ServiceIdentity;

/** Why a credential was refused; only the log is told, the caller gets one and the same 401. */
export type Refusal =
  | 'missing'
  | 'malformed'
  | 'expired'
  | 'unknown'
  | 'wrong-signature'
  | 'wrong-resource'
  | 'disabled'
  | 'policy-expired'
  | TokenRefusal;

/** Stands in for the keys of who does not exist, so that the answer takes as long. */
const NOBODYS_KEYS: readonly string[] = [randomBytes(32).toString('base64'), randomBytes(32).toString('base64')];
const BEARER = /^Bearer +(\S+)$/i;
const DEVICE_PREFIX = /^\/devices\/|^%2[Ff]devices%2[Ff]/;

/** What credentials are compared with. */
export interface AuthenticatorContext {
  readonly hostNames: ReadonlySet<string>;
  readonly policies: PolicyStore;
  readonly registry: Registry;
  /** Undefined: the hub takes no JSON Web Tokens. */
  readonly tokens?: Tokens | undefined;
  readonly clock: Clock;
}

/** Verifies credentials. */
export class Authenticator {
  readonly #context: AuthenticatorContext;
  readonly #hostNames: readonly string[];

  constructor(context: AuthenticatorContext) {
    this.#context = context;
    this.#hostNames = [...context.hostNames];
  }

  /** @param authorization Value of the one `Authorization` header. */
  async authenticate(authorization: string | undefined): Promise<Identity | Refusal> {
    if (authorization === undefined) return 'missing';
    const { tokens, clock } = this.#context;
    const jwt = BEARER.exec(authorization)?.[1];
    if (tokens && jwt !== undefined) return tokens.authenticate(jwt);
    const received = parseSharedAccess(authorization);
    if (received === undefined) return 'malformed';
    if (!isInForce(received, clock.wallMs())) return 'expired';
    const expiresAtMs = Number(received.expiry) * 1_000;
    if (received.policy === undefined) return this.#device(received, expiresAtMs);
    return this.#service(received, received.policy, expiresAtMs);
  }

  async #service(received: ReceivedSignature, name: string, expiresAtMs: number): Promise<Identity | Refusal> {
    const policy = await this.#context.policies.get(name);
    const key = signingKey(received, policy?.keys);
    if (policy === undefined) return 'unknown';
    if (key === undefined) return 'wrong-signature';
    if (!isForResource(received, this.#hostNames, '')) return 'wrong-resource';
    if (isExpired(policy, this.#context.clock.wallMs())) return 'policy-expired';
    return { kind: 'service', policy: policyOf(policy), keyId: keyIdOf(key), expiresAtMs };
  }

  async #device(received: ReceivedSignature, expiresAtMs: number): Promise<Identity | Refusal> {
    const hosts = this.#hostNames;
    const ids = deviceIds(received.resource, hosts).filter((id) => isForResource(received, hosts, `/devices/${id}`));
    const devices = (await Promise.all(ids.map((id) => this.#context.registry.get(id)))).filter((device) => device !== undefined);
    if (devices.length === 0) signingKey(received, undefined);
    for (const device of devices) {
      const key = signingKey(received, device.keys);
      if (key === undefined) continue;
      return device.enabled ? { kind: 'device', deviceId: device.deviceId, keyId: keyIdOf(key), expiresAtMs } : 'disabled';
    }
    return devices.length === 0 ? 'unknown' : 'wrong-signature';
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

/** Which of the keys has signed; always compares with two, whichever it is and however many there are. */
function signingKey(received: ReceivedSignature, keys: readonly string[] | undefined): string | undefined {
  return padded(keys).filter((key) => isSignedBy(received, [key]))[0];
}

/** Always two keys to compare with. */
function padded(keys: readonly string[] | undefined): readonly string[] {
  return [...(keys ?? []), ...NOBODYS_KEYS].slice(0, 2);
}
