// A7: signatures, tokens and connection strings, put together from parts that are right or wrong: taken exactly when each part is right.
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import fc from 'fast-check';
import { formatHost, parseDeviceConnectionString, parseServiceConnectionString, StreamsError } from '@streams/protocol/internal';
import { createLocalJWKSet, type JSONWebKeySet } from 'jose';
import { corpus, FakeClock, fuzz, FUZZ_SEED, observeFile, typed } from '@streams/testkit';
import { beforeAll, describe, expect, it } from 'vitest';
import { Authenticator } from '../../../src/auth/authenticate.ts';
import { MemoryPolicies } from '../../../src/auth/memory-policies.ts';
import { Tokens } from '../../../src/auth/tokens.ts';
import { MemoryRegistry } from '../../../src/devices/memory-registry.ts';
import { AUDIENCE, ISSUER, type IssuerKey, issuerKey, jwksOf, tokenOf } from '../../support/issuer.ts';

const FILE = 'packages/hub/test/faults/fuzz/credentials.test.ts';
observeFile();

/** A part, and whether it is right. */
type Part<T> = readonly [value: T, isRight: boolean];
/** What an arbitrary draws. */
type Drawn<Arbitrary> = Arbitrary extends fc.Arbitrary<infer Value> ? Value : never;

const NOW_S = 1_800_000_000;
const clock = new FakeClock(NOW_S * 1_000);
const KEYS = [1, 2, 3].map((byte) => Buffer.alloc(32, byte).toString('base64')) as [string, string, string];
const ID = "pump-7(a)'s%2f";
const registry = new MemoryRegistry();
let authenticator: Authenticator;
let issuer: IssuerKey;
let stranger: IssuerKey;

beforeAll(async () => {
  await registry.put({ deviceId: ID, enabled: true, keys: [KEYS[0], KEYS[1]] });
  await registry.put({ deviceId: 'pump-7', enabled: true, keys: [KEYS[2], KEYS[2]] });
  await registry.put({ deviceId: 'off', enabled: false, keys: [KEYS[0], KEYS[1]] });
  const policies = new MemoryPolicies([{ name: 'backend', keys: [KEYS[0], KEYS[1]], permissions: ['stream:create'] }]);
  [issuer, stranger] = [await issuerKey('one'), await issuerKey('one')];
  const find = createLocalJWKSet(JSON.parse(jwksOf(issuer)) as JSONWebKeySet);
  const tokens = new Tokens(
    { issuer: ISSUER, audience: AUDIENCE, jwksFile: 'unused', permissions: { operator: { permissions: ['stream:create'] } } },
    find,
    clock,
  );
  authenticator = new Authenticator({ hostNames: new Set(['hub.example']), policies, registry, tokens, clock });
});

const strict = (text: string): string =>
  encodeURIComponent(text).replace(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16)}`);
function part<T>(right: readonly T[], wrong: readonly T[]): fc.Arbitrary<Part<T>> {
  const ofRight = fc.constantFrom(...right).map((value): Part<T> => [value, true]);
  return fc.oneof(
    { weight: 12, arbitrary: ofRight },
    fc.constantFrom(...wrong).map((value): Part<T> => [value, false]),
  );
}

const host = part(['hub.example', 'HUB.Example'], ['hub.example.', 'hub.example:443', 'evil.example', '', 'hub', ' hub.example']);
const devicePath = part(
  [`/devices/${ID}`],
  [
    '/devices/pump-70',
    `/devices/${ID}/`,
    `/Devices/${ID}`,
    `//devices/${ID}`,
    `/devices/${ID.toUpperCase()}`,
    '/devices/',
    '',
    '/devices/off',
    '/devices/nobody',
    `/devices/../devices/${ID}`,
  ],
);
const servicePath = part([''], ['/', '/devices/pump-7', '?']);
const spelling = part<(text: string) => string>(
  [encodeURIComponent, strict],
  [
    (text) => encodeURIComponent(encodeURIComponent(text)).replace(/^[^%]*$/, '$&%00'),
    (text) => strict(text).toLowerCase().replace('hub', 'hvb'),
  ],
);
const expiry = part(
  ['3600', '-59', '86399', '86460', '1'].map((text) => String(NOW_S + Number(text))),
  [
    ...['-60', '-3600', '86461', '315360000'].map((text) => String(NOW_S + Number(text))),
    `${NOW_S}000`,
    '1e20',
    'NaN',
    '-1',
    `0${NOW_S + 60}`,
    `${NOW_S + 60}.0`,
    `+${NOW_S + 60}`,
    ` ${NOW_S + 60}`,
    'Infinity',
    `0x${NOW_S.toString(16)}`,
    '0',
  ],
);
const key = part([KEYS[0], KEYS[1]], [KEYS[2], Buffer.alloc(32, 9).toString('base64')]);
const spoil = part<(signature: Buffer) => string>(
  [(bytes) => encodeURIComponent(bytes.toString('base64')), (bytes) => bytes.toString('base64').replaceAll('+', '%2B')],
  [
    (bytes) => encodeURIComponent(flipped(bytes).toString('base64')),
    (bytes) => encodeURIComponent(bytes.subarray(1).toString('base64')),
    (bytes) => encodeURIComponent(Buffer.concat([bytes, bytes]).toString('base64')),
    (bytes) => `%${bytes.toString('base64')}`,
    () => '',
    (bytes) => bytes.toString('hex'),
  ],
);
const scheme = part(
  ['SharedAccessSignature '],
  ['sharedaccesssignature ', 'SharedAccessSignature', 'Bearer ', 'Basic ', '', 'SharedAccessSignature\t'],
);
/** What is done to the fields in the end; `skn` is there for a service. */
const arrange = part<(fields: string[]) => string[]>(
  [(fields) => fields, (fields) => fields.toReversed(), (fields) => [...fields, 'x=y']],
  [
    (fields) => [...fields, fields[0] ?? ''],
    (fields) => fields.slice(1),
    (fields) => [...fields, '=z'],
    (fields) => [...fields, ''],
    (fields) => fields.map((field) => field.replace('=', ':')),
  ],
);

const signature = fc.boolean().chain((isDevice) =>
  fc.record({
    isDevice: fc.constant(isDevice),
    parts: fc.tuple(host, isDevice ? devicePath : servicePath, spelling, expiry, key, spoil, scheme, arrange),
    name: part(['backend'], ['Backend', 'nobody', 'backend%00']),
  }),
);

function flipped(bytes: Buffer): Buffer {
  const other = Buffer.from(bytes);
  other[7] = (other[7] ?? 0) ^ 0x10;
  return other;
}

async function checkSignature({
  isDevice,
  parts,
  name,
}: {
  isDevice: boolean;
  parts: readonly Part<unknown>[];
  name: Part<string>;
}): Promise<void> {
  const [hostName, path, spell, se, base64, write, prefix, order] = parts.map(([value]) => value) as [
    string,
    string,
    (text: string) => string,
    string,
    string,
    (bytes: Buffer) => string,
    string,
    (fields: string[]) => string[],
  ];
  const sr = spell(`${hostName}${path}`);
  const bytes = createHmac('sha256', Buffer.from(base64, 'base64')).update(`${sr}\n${se}`).digest();
  const fields = [`sr=${sr}`, `sig=${write(bytes)}`, `se=${se}`, ...(isDevice ? [] : [`skn=${name[0]}`])];
  const header = `${prefix}${order(fields).join('&')}`;
  const identity = await authenticator.authenticate(header);
  const isRight = parts.every(([, right]) => right) && (isDevice || name[1]);
  const found = typeof identity === 'string' ? undefined : identity.kind === 'device' ? identity.deviceId : identity.policy.name;
  assert.equal(found, isRight ? (isDevice ? ID : 'backend') : undefined, header);
}

const claims = fc.record({
  iss: part<unknown>([ISSUER], ['https://issuer.example', undefined, [ISSUER], 7]),
  aud: part<unknown>([AUDIENCE, ['other', AUDIENCE]], ['other', undefined, [], {}]),
  sub: part<unknown>(['ada'], ['', undefined, 7, 'x'.repeat(200), ['ada']]),
  exp: part<unknown>([NOW_S + 60, NOW_S - 50], [NOW_S - 61, undefined, '9999999999', -1]),
  nbf: part<unknown>([NOW_S, NOW_S + 50, undefined], [NOW_S + 61, 'now']),
});
const token = fc.record({
  claims,
  isOurs: fc.integer({ min: 0, max: 9 }).map((n) => n > 0),
  cut: fc.nat(9),
  kid: part<string | undefined>(['one', undefined], ['two', '__proto__']),
});

async function checkToken({ claims: given, isOurs, cut, kid }: Drawn<typeof token>): Promise<void> {
  const values = Object.fromEntries(Object.entries(given).map(([name, [value]]) => [name, value]));
  const whole = await tokenOf(isOurs ? issuer : stranger, NOW_S * 1_000, values, { kid: kid[0] }).catch(() => undefined);
  if (whole === undefined) return;
  const text = cut === 0 ? whole.slice(0, -9) : cut === 1 ? `${whole}.x` : whole;
  const identity = await authenticator.authenticate(`Bearer ${text}`);
  const isRight = isOurs && cut > 1 && kid[1] && Object.values(given).every(([, right]) => right);
  assert.equal(typeof identity !== 'string', isRight, text);
}

const SECRET = KEYS[0];
const connection = fc.record({
  host: part(
    ['hub.example', 'hub.example:8443', '[::1]:9', '127.0.0.1'],
    ['', 'hub example', 'hub:0', 'hub:65536', '-hub', 'https://hub', 'user@hub', '1.2', 'hub/x'],
  ),
  id: part(['pump-7', 'a', "(it's)"], ['', '.', '..', 'a b', 'a/b', 'x'.repeat(129), 'a;b']),
  key: part([SECRET], ['', 'AAA', `${SECRET}=`, ` ${SECRET}`, SECRET.replace('A', '-')]),
  isDevice: fc.boolean(),
  order: part<(fields: string[]) => string>(
    [
      (fields) => fields.join(';'),
      (fields) => fields.toReversed().join(';'),
      (fields) => `${fields.join(';')};`,
      (fields) => `${fields.join(';')};X=1`,
      (fields) => ` ${fields.join(';')}\n`,
    ],
    [
      (fields) => [...fields, fields[0]].join(';'),
      (fields) => fields.slice(1).join(';'),
      (fields) => fields.join(','),
      (fields) => [...fields, 'x'].join(';'),
      (fields) => `${fields.join(';')};CaCertificate=AAAA`,
    ],
  ),
});

function checkConnectionString({
  host: [hostName, isHost],
  id: [id, isId],
  key: [secret, isKey],
  isDevice,
  order: [order, isOrder],
}: Drawn<typeof connection>): void {
  const text = order([`HostName=${hostName}`, `${isDevice ? 'DeviceId' : 'SharedAccessKeyName'}=${id}`, `SharedAccessKey=${secret}`]);
  let found: string | undefined;
  try {
    const credentials = isDevice ? parseDeviceConnectionString(text) : parseServiceConnectionString(text);
    found = `${formatHost(credentials)} ${'deviceId' in credentials ? credentials.deviceId : credentials.policy} ${credentials.key.reveal()}`;
  } catch (error) {
    if (!StreamsError.is(error)) throw error;
    assert(error.code === 'STREAMS_INVALID_ARGUMENT' && !error.message.includes(SECRET), error.code);
  }
  assert.equal(found, isHost && isId && isKey && isOrder ? `${hostName} ${id} ${secret}` : undefined, text);
}

async function each<T>(all: readonly T[], check: (one: T) => unknown): Promise<void> {
  for (const one of all) await check(one);
}

describe(`credentials, seed ${FUZZ_SEED}`, () => {
  it.each(corpus(new URL('corpus/credentials/', import.meta.url)))('A7 %s', async (_, bytes) => {
    const text = bytes.toString();
    expect(typeof (await authenticator.authenticate(text))).toBe('string');
    for (const parse of [parseDeviceConnectionString, parseServiceConnectionString]) expect(typed(() => parse(text))).toBeUndefined();
  });

  it('A7 32,000 signatures are taken exactly when all of it is right', { timeout: 120_000 }, async () => {
    await fuzz({ file: FILE, inputs: 32_000, batch: 20, input: signature, check: (all) => each(all, checkSignature) });
  });

  it('A7 3,000 JSON Web Tokens are taken exactly when all of it is right', { timeout: 120_000 }, async () => {
    await fuzz({ file: FILE, inputs: 3_000, batch: 10, input: token, check: (all) => each(all, checkToken) });
  });

  it('A7 15,000 connection strings are taken exactly when all of it is right', { timeout: 120_000 }, async () => {
    await fuzz({ file: FILE, inputs: 15_000, batch: 20, input: connection, check: (all) => each(all, checkConnectionString) });
  });
});
