// Shared access policies as the REST interface has them: what one is made of, the bodies, and the guards for both sides.
import { asInteger, asObject, asString, asStrings, fail, type Fields, optional } from './guards.ts';
import { MAX_LISTED_POLICIES, MAX_NAME_CHARACTERS, MAX_PATTERNS } from './limits.ts';
import { isName } from './names.ts';
import { asKeys } from './rest.ts';

/** What a policy can permit. */
export type Permission = 'stream:create' | 'device:read' | 'device:write' | 'hub:read' | 'hub:write';

/** All of them. */
export const PERMISSIONS: readonly Permission[] = ['stream:create', 'device:read', 'device:write', 'hub:read', 'hub:write'];

/** In front of the names of those who come with a JSON Web Token; no configured policy begins so. */
export const TOKEN_POLICY_PREFIX = 'jwt:';

/** Body of `PUT /v1/policies/{name}`. What is left out stays as it is; `null` takes a limit away. */
export interface PutPolicyBody {
  /** Needed for a new policy. */
  readonly permissions?: readonly Permission[] | undefined;
  /** Patterns of device ids: the only devices that the policy may see and use. */
  readonly devices?: readonly string[] | null | undefined;
  /** Patterns of stream names: the only streams that it may ask for. */
  readonly streams?: readonly string[] | null | undefined;
  /** ISO 8601, UTC, such as `2027-01-31T12:00:00Z`: from then on its keys are refused, and its streams end. */
  readonly expiresAt?: string | null | undefined;
  /** One or two base64 keys; the hub makes what is missing. */
  readonly keys?: readonly string[] | undefined;
}

/** A policy as the hub shows it. */
export interface PolicyView {
  readonly name: string;
  readonly permissions: readonly Permission[];
  /** Absent: all devices. */
  readonly devices?: readonly string[] | undefined;
  /** Absent: all stream names. */
  readonly streams?: readonly string[] | undefined;
  /** Absent: never. */
  readonly expiresAt?: string | undefined;
  /** Of one policy, and only for callers with `hub:write`. */
  readonly keys?: readonly string[] | undefined;
  /** Another one after each change. */
  readonly etag: string;
}

/** Answer of `GET /v1/policies`: a page of the list, ordered by name. */
export interface PolicyListView {
  /** Without their keys. */
  readonly policies: readonly PolicyView[];
  /** `after` of the next page; absent on the last one. */
  readonly next?: string | undefined;
}

/** A policy with all that it has. */
export interface KeptPolicy {
  readonly name: string;
  readonly keys: readonly string[];
  readonly permissions: readonly Permission[];
  readonly devices: readonly string[] | undefined;
  readonly streams: readonly string[] | undefined;
  readonly expiresAt: string | undefined;
}

const FIELDS = ['permissions', 'devices', 'streams', 'expiresAt', 'keys'];
/** Of a name that somebody has made up. */
const MAX_SHOWN = 64;
const UTC_TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,3})?Z$/;
const ETAG = /^[\w-]{1,64}$/;

/** True for a name of a policy that somebody may make. */
export function isPolicyName(value: unknown): value is string {
  return isName(value) && !value.startsWith(TOKEN_POLICY_PREFIX);
}

export function asPolicyName(value: unknown, path: string): string {
  if (!isPolicyName(value))
    fail(path, `a policy name, which has the characters of a device id and does not begin with ${TOKEN_POLICY_PREFIX}`, value);
  return value;
}

/** True for a moment in ISO 8601, UTC, that is in the calendar. */
export function isUtcTime(value: unknown): value is string {
  if (typeof value !== 'string' || !UTC_TIME.test(value)) return false;
  const timeMs = Date.parse(value);
  // JavaScript takes the 31st of February for a day in March.
  return !Number.isNaN(timeMs) && new Date(timeMs).toISOString().slice(0, 19) === value.slice(0, 19);
}

/** Strict, unlike other bodies: a limit that is misspelt would be none. @param at In front of the paths, such as `policies[0].`. */
export function asPutPolicyBody(fields: Fields, at = ''): PutPolicyBody {
  const unknown = Object.keys(fields).find((name) => !FIELDS.includes(name));
  if (unknown !== undefined) fail(at + unknown.slice(0, MAX_SHOWN), `one of ${FIELDS.join(', ')} as the name of a field`, fields[unknown]);
  return {
    permissions: optional(fields['permissions'], (value) => asPermissions(value, `${at}permissions`)),
    devices: unlessNull(fields['devices'], (value) => asPatterns(value, `${at}devices`)),
    streams: unlessNull(fields['streams'], (value) => asPatterns(value, `${at}streams`)),
    expiresAt: unlessNull(fields['expiresAt'], (value) => asUtcTime(value, `${at}expiresAt`)),
    keys: optional(fields['keys'], (value) => asKeys(value, `${at}keys`)),
  };
}

/** A policy as it is kept: complete, and as strict. */
export function asPolicy(value: unknown, path: string): KeptPolicy {
  const { name, ...fields } = asObject(value, path);
  const { permissions, devices, streams, expiresAt, keys } = asPutPolicyBody(fields, `${path}.`);
  return {
    name: asPolicyName(name, `${path}.name`),
    keys: keys ?? fail(`${path}.keys`, 'one or two keys', keys),
    permissions: permissions ?? fail(`${path}.permissions`, 'at least one permission', permissions),
    devices: devices ?? undefined,
    streams: streams ?? undefined,
    expiresAt: expiresAt ?? undefined,
  };
}

export function asPolicyView(fields: Fields): PolicyView {
  return {
    name: asString(fields['name'], 'name', MAX_NAME_CHARACTERS),
    permissions: asPermissions(fields['permissions'], 'permissions'),
    devices: optional(fields['devices'], (value) => asPatterns(value, 'devices')),
    streams: optional(fields['streams'], (value) => asPatterns(value, 'streams')),
    expiresAt: optional(fields['expiresAt'], (value) => asUtcTime(value, 'expiresAt')),
    keys: optional(fields['keys'], asKeys),
    etag: asString(fields['etag'], 'etag', 64, ETAG),
  };
}

export function asPolicyListView(fields: Fields): PolicyListView {
  const { policies } = fields;
  if (!Array.isArray(policies)) fail('policies', 'a list', policies);
  asInteger(policies.length, 'policies.length', 0, MAX_LISTED_POLICIES);
  return {
    policies: policies.map((policy, index) => asPolicyView(asObject(policy, `policies[${index}]`))),
    next: optional(fields['next'], (value) => asString(value, 'next', MAX_NAME_CHARACTERS)),
  };
}

function asPermissions(value: unknown, path: string): Permission[] {
  const texts = asStrings(value, path, PERMISSIONS.length, MAX_NAME_CHARACTERS);
  if (texts.length === 0) fail(path, 'at least one permission', value);
  return texts.map((text, index) => {
    if (!isPermission(text)) fail(`${path}[${index}]`, `one of ${PERMISSIONS.join(', ')}`, text);
    return text;
  });
}

function unlessNull<T>(value: unknown, guard: (present: unknown) => T): T | null | undefined {
  return value === null ? null : optional(value, guard);
}

function isPermission(text: string): text is Permission {
  return (PERMISSIONS as readonly string[]).includes(text);
}

/** An empty list would permit nothing, and read as if there were no limit. */
function asPatterns(value: unknown, path: string): string[] {
  const patterns = asStrings(value, path, MAX_PATTERNS, MAX_NAME_CHARACTERS);
  if (patterns.length === 0) fail(path, 'at least one pattern', value);
  const wrong = patterns.findIndex((pattern) => !isName(pattern));
  if (wrong >= 0) fail(`${path}[${wrong}]`, 'a name, or the beginning of names with a * behind it', patterns[wrong]);
  return patterns;
}

function asUtcTime(value: unknown, path: string): string {
  if (!isUtcTime(value)) fail(path, 'a moment in UTC such as 2027-01-31T12:00:00Z', value);
  return value;
}
