// JSON Web Tokens, right and hostile: which are taken, as whom, and why the others are not.
import { createHmac } from 'node:crypto';
import { FakeClock } from '@streams/testkit';
import { CompactSign, createLocalJWKSet, exportSPKI, importJWK, type JSONWebKeySet, SignJWT, UnsecuredJWT } from 'jose';
import { beforeAll, describe, expect, it } from 'vitest';
import { Tokens } from '../../src/auth/tokens.ts';
import type { JwtOptions } from '../../src/config/jwt.ts';
import { AUDIENCE, ISSUER, type IssuerKey, issuerKey, jwksOf, tokenOf } from '../support/issuer.ts';

const clock = new FakeClock();
const OPTIONS: JwtOptions = {
  issuer: ISSUER,
  audience: AUDIENCE,
  jwksFile: 'unused',
  permissions: {
    operator: { permissions: ['stream:create'], devices: ['pump-*'], streams: ['ssh'] },
    viewer: { permissions: ['device:read'] },
  },
};
const base64url = (value: object | string): string =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');
let keys: Record<string, IssuerKey>;
let es: IssuerKey;
let tokens: Tokens;

beforeAll(async () => {
  const made = await Promise.all(['ES256', 'RS256', 'PS256', 'EdDSA', 'ES384'].map((alg) => issuerKey(alg.toLowerCase(), alg)));
  keys = Object.fromEntries(made.map((key) => [key.alg, key]));
  es = keys['ES256'] as IssuerKey;
  tokens = tokensWith({});
});

function tokensWith(options: Partial<JwtOptions>): Tokens {
  const find = createLocalJWKSet(JSON.parse(jwksOf(...Object.values(keys))) as JSONWebKeySet);
  return new Tokens({ ...OPTIONS, ...options }, find, clock);
}

const token = (claims = {}, header = {}, key = es): Promise<string> => tokenOf(key, clock.wallMs(), claims, header);

async function policyOf(jwt: string, with_ = tokens): Promise<unknown> {
  const identity = await with_.authenticate(jwt);
  return typeof identity === 'string' ? identity : identity.policy.name;
}

describe('a token', () => {
  it.each(['ES256', 'RS256', 'PS256', 'EdDSA', 'ES384'])('that is signed with %s is taken', async (alg) => {
    expect(await policyOf(await token({}, {}, keys[alg]))).toBe('jwt:ada');
  });

  it('names who asks, what it may do where, and until when', async () => {
    const identity = await tokens.authenticate(await token({ roles: ['operator', 'viewer', 'unknown', 7], exp: 2_000_000_000 }));
    expect(identity).toEqual({
      kind: 'service',
      policy: {
        name: 'jwt:ada',
        grants: [
          { permissions: new Set(['stream:create']), devices: ['pump-*'], streams: ['ssh'] },
          { permissions: new Set(['device:read']) },
        ],
      },
      keyId: undefined,
      expiresAtMs: 2_000_000_000_000,
    });
  });

  it.each([
    ['auth0|5f7c', 'jwt:auth0%7C5f7c'],
    ['ada@example.com', 'jwt:ada%40example.com'],
    ['~ü', 'jwt:%7E%C3%BC'],
    ['%7E', 'jwt:%257E'],
    ['x'.repeat(124), `jwt:${'x'.repeat(124)}`],
    ['x'.repeat(125), 'long-subject'],
    ['', 'no-subject'],
    [7, 'no-subject'],
    [undefined, 'no-subject'],
  ])('of the subject %s is %s', async (sub, expected) => {
    expect(await policyOf(await token({ sub: sub as string }))).toBe(expected);
  });

  it.each<[string, string, object, number]>([
    ['roles', 'a list', { roles: ['viewer'] }, 1],
    ['roles', 'one text', { roles: 'viewer' }, 1],
    ['scope', 'words', { scope: 'openid viewer operator viewer' }, 2],
    ['realm_access.roles', 'a list in an object', { realm_access: { roles: ['operator'] } }, 1],
    ['https://example.com/roles', 'a list under a URL', { 'https://example.com/roles': ['operator'] }, 1],
    ['roles', 'nothing', { roles: undefined }, 0],
    ['roles', 'names of every object', { roles: ['constructor', '__proto__', 'toString'] }, 0],
    ['constructor.name', 'what is no claim', {}, 0],
  ])('maps the claim %s: %s', async (permissionsClaim, _what, claims, count) => {
    const identity = await tokensWith({ permissionsClaim }).authenticate(await token(claims));
    expect(typeof identity === 'string' ? identity : identity.policy.grants.length).toBe(count);
  });

  it('is forgiven a clock that is a little off', async () => {
    const nowS = Math.floor(clock.wallMs() / 1_000);
    expect(await policyOf(await token({ exp: nowS - 59 }))).toBe('jwt:ada');
    expect(await policyOf(await token({ nbf: nowS + 59 }))).toBe('jwt:ada');
    expect(await policyOf(await token({ exp: nowS - 1 }), tokensWith({ clockToleranceMs: 0 }))).toBe('expired');
  });

  it('is for one of several audiences', async () => {
    expect(await policyOf(await token({ aud: ['other', AUDIENCE] }))).toBe('jwt:ada');
    expect(await policyOf(await token({ aud: 'b' }), tokensWith({ audience: ['a', 'b'] }))).toBe('jwt:ada');
  });
});

describe('a hostile token', () => {
  const nowS = Math.floor(clock.wallMs() / 1_000);
  it.each<[string, object, object, string]>([
    ['expired', { exp: nowS - 61 }, {}, 'expired'],
    ['without an end', { exp: undefined }, {}, 'no-expiry'],
    ['with an end that is no number', { exp: 'never' }, {}, 'no-expiry'],
    ['not valid yet', { nbf: nowS + 120 }, {}, 'not-yet-valid'],
    ['of another issuer', { iss: 'https://issuer.example' }, {}, 'wrong-issuer'],
    ['of no issuer', { iss: undefined }, {}, 'wrong-issuer'],
    ['for somebody else', { aud: 'other' }, {}, 'wrong-audience'],
    ['for nobody', { aud: undefined }, {}, 'wrong-audience'],
    ['of an unknown key', {}, { kid: 'another' }, 'unknown-key'],
    ['of another key than it says', {}, { kid: 'rs256' }, 'unknown-key'],
  ])('%s', async (_what, claims, header, expected) => {
    expect(await policyOf(await token(claims, header))).toBe(expected);
  });

  it('with an algorithm that is not among those of the options', async () => {
    expect(await policyOf(await token(), tokensWith({ algorithms: ['RS256'] }))).toBe('wrong-algorithm');
  });

  it('that nobody has signed', async () => {
    const unsigned = new UnsecuredJWT({ iss: ISSUER, aud: AUDIENCE, sub: 'ada', exp: nowS + 300 }).encode();
    const [header = '', payload = '', signature = ''] = (await token()).split('.');
    const none = base64url({ alg: 'none', kid: es.kid });
    expect(await policyOf(unsigned)).toBe('malformed');
    expect(await policyOf(`${none}.${payload}.${signature}`)).toBe('wrong-algorithm');
    expect(await policyOf(`${header}.${payload}.`)).toBe('malformed');
    expect(await policyOf(`${header}.${payload}.${base64url('no signature of that length')}`)).toBe('wrong-signature');
  });

  it('that is signed with the public key as if that were a secret', async () => {
    const { jwk } = keys['RS256'] as IssuerKey;
    const [, payload = ''] = (await token()).split('.');
    const pem = await exportSPKI((await importJWK(jwk)) as Parameters<typeof exportSPKI>[0]);
    for (const secret of [pem, JSON.stringify(jwk), String(jwk.n)]) {
      const signed = `${base64url({ alg: 'HS256', kid: jwk.kid })}.${payload}`;
      expect(await policyOf(`${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`)).toBe('wrong-algorithm');
    }
  });

  it('that brings its own key', async () => {
    const own = await issuerKey('own');
    expect(await policyOf(await token({}, { kid: 'own', jwk: own.jwk, jku: 'https://evil.example/keys' }, own))).toBe('unknown-key');
    expect(await policyOf(await token({}, { kid: es.kid, jwk: own.jwk }, own))).toBe('wrong-signature');
  });

  it('whose claims were changed', async () => {
    const [header, , signature] = (await token()).split('.');
    const claims = { iss: ISSUER, aud: AUDIENCE, sub: 'root', exp: nowS + 300, roles: ['operator'] };
    expect(await policyOf(`${header}.${base64url(claims)}.${signature}`)).toBe('wrong-signature');
  });

  it('with an extension that must be understood', async () => {
    const claims = { iss: ISSUER, aud: AUDIENCE, sub: 'ada', exp: nowS + 300 };
    const signing = new SignJWT(claims).setProtectedHeader({ alg: es.alg, kid: es.kid, crit: ['x'], x: 1 });
    expect(await policyOf(await signing.sign(es.privateKey, { crit: { x: true } }))).toBe('malformed');
  });

  it('that is large, nested, or none', async () => {
    const inner = await token();
    const nested = await new CompactSign(new TextEncoder().encode(inner))
      .setProtectedHeader({ alg: es.alg, kid: es.kid, cty: 'JWT' })
      .sign(es.privateKey);
    const text = await new CompactSign(new TextEncoder().encode('"ada"'))
      .setProtectedHeader({ alg: es.alg, kid: es.kid })
      .sign(es.privateKey);
    const broken = ['', 'x', 'a.b', 'a.b.c', 'a.b.c.d.e', `${inner}.`, ` ${inner}`, `${base64url('{"alg":')}.e30.eA`, 'A'.repeat(43)];
    for (const jwt of [nested, text, ...broken, await token({ more: 'x'.repeat(8_192) })]) expect(await policyOf(jwt)).toBe('malformed');
  });
});
