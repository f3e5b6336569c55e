// Options that are wrong: each is named by its path, with the remedy and without the value.
import { createHub, type HubOptions, type JwtOptions, type PolicyOptions, StreamsError } from '@streams/hub';
import { certificateFor } from '@streams/testkit';
import { describe, expect, it } from 'vitest';

const KEY = Buffer.alloc(32, 7).toString('base64');
const GOOD: HubOptions & { readonly policies: readonly PolicyOptions[] } = {
  hostNames: ['hub.example'],
  tls: { dataDirectory: '/nowhere' },
  policies: [{ name: 'backend', keys: [KEY], permissions: ['stream:create'] }],
  logger: false,
};
const policy = GOOD.policies[0];
const JWT: JwtOptions = {
  issuer: 'https://issuer.example/',
  audience: 'streams',
  jwksUrl: 'https://issuer.example/keys',
  permissions: { operator: { permissions: ['stream:create'], devices: ['pump-*'] } },
};

function problemWith(change: object): { field: unknown; message: string } {
  try {
    createHub({ ...GOOD, ...change } as HubOptions);
  } catch (error) {
    if (StreamsError.is(error) && error.code === 'STREAMS_INVALID_ARGUMENT')
      return { field: error.details['field'], message: error.message };
    throw error;
  }
  throw new Error('the options were taken');
}

describe('createHub', () => {
  it('takes good options, and opens nothing', async () => {
    const hub = createHub({ ...GOOD, publicUrl: 'https://hub.example:8443', streamingUrl: 'https://streams.example' });
    await hub.close();
  });

  it('takes tokens in the place of policies, and keys of this machine without TLS', async () => {
    for (const jwksUrl of ['http://localhost:8080/keys', 'http://127.0.0.1/keys', 'http://[::1]:1/keys']) {
      await createHub({ ...GOOD, policies: [], jwt: { ...JWT, jwksUrl } }).close();
    }
  });

  it.each([
    { change: { hostNames: [] }, field: 'hostNames' },
    { change: { hostNames: ['hub.example:8443'] }, field: 'hostNames[0]' },
    { change: { hostNames: ['https://hub.example'] }, field: 'hostNames[0]' },
    { change: { publicUrl: 'http://hub.example' }, field: 'publicUrl' },
    { change: { streamingUrl: 'https://hub.example/path' }, field: 'streamingUrl' },
    { change: { policies: [] }, field: 'policies' },
    { change: { policies: [{ ...policy, keys: [] }] }, field: 'policies[0].keys' },
    { change: { policies: [{ ...policy, keys: ['c2hvcnQ='] }] }, field: 'policies[0].keys[0]' },
    { change: { policies: [{ ...policy, permissions: ['everything'] }] }, field: 'policies[0].permissions[0]' },
    { change: { policies: [{ ...policy, name: 'a b' }] }, field: 'policies[0].name' },
    { change: { policies: [policy, policy] }, field: 'policies[1].name' },
    { change: { tls: {} }, field: 'tls' },
    { change: { tls: undefined }, field: 'tls' },
    { change: { tls: { keyFile: 'tls.key' } }, field: 'tls.certFile' },
    { change: { tls: false }, field: 'publicUrl' },
    { change: { tls: true }, field: 'tls' },
    { change: { trustedProxies: ['127.0.0.1', '10.0.0.0/99'] }, field: 'trustedProxies[1]' },
    { change: { keepAliveMs: 500 }, field: 'keepAliveMs' },
    { change: { keepAliveMs: 20_000 }, field: 'keepAliveMs' },
    { change: { resourceLog: { directory: '' } }, field: 'resourceLog.directory' },
    { change: { resourceLog: { days: 0 } }, field: 'resourceLog.days' },
    { change: { resourceLog: { maxBytes: 1_000 } }, field: 'resourceLog.maxBytes' },
    { change: { resourceLog: { format: 'azure' } }, field: 'resourceLog.directory' },
    { change: { policies: [{ ...policy, devices: [] }] }, field: 'policies[0].devices' },
    { change: { policies: [{ ...policy, streams: ['a b'] }] }, field: 'policies[0].streams[0]' },
    { change: { policies: [{ ...policy, expiresAt: '2027-01-01' }] }, field: 'policies[0].expiresAt' },
    { change: { policies: [{ ...policy, name: 'jwt:ada' }] }, field: 'policies[0].name' },
    { change: { jwt: {} }, field: 'jwt.issuer' },
    { change: { jwt: { ...JWT, jwksUrl: undefined } }, field: 'jwt.jwksUrl' },
    { change: { jwt: { ...JWT, jwksFile: 'both' } }, field: 'jwt.jwksUrl' },
    { change: { jwt: { ...JWT, jwksUrl: 'http://issuer.example/keys' } }, field: 'jwt.jwksUrl' },
    { change: { jwt: { ...JWT, jwksUrl: 'https://user:password@issuer.example/keys' } }, field: 'jwt.jwksUrl' },
    { change: { jwt: { ...JWT, audience: [] } }, field: 'jwt.audience' },
    { change: { jwt: { ...JWT, permissions: {} } }, field: 'jwt.permissions' },
    { change: { jwt: { ...JWT, permissions: { ops: { permissions: ['root'] } } } }, field: 'jwt.permissions.ops.permissions[0]' },
    {
      change: { jwt: { ...JWT, permissions: { ops: { permissions: ['hub:read'], device: ['x'] } } } },
      field: 'jwt.permissions.ops.device',
    },
    { change: { jwt: { ...JWT, algorithms: ['HS256'] } }, field: 'jwt.algorithms[0]' },
    { change: { jwt: { ...JWT, algorithms: ['none'] } }, field: 'jwt.algorithms[0]' },
    { change: { jwt: { ...JWT, clockToleranceMs: 300_001 } }, field: 'jwt.clockToleranceMs' },
    { change: { hostnames: ['x'] }, field: 'hostnames' },
    { change: { policies: [{ ...policy, key: KEY }] }, field: 'policies[0].key' },
    { change: { limits: { maxStreams: 0 } }, field: 'limits.maxStreams' },
    { change: { limits: { maxStreams: 1.5 } }, field: 'limits.maxStreams' },
    { change: { limits: { maxStreamIdleMs: true } }, field: 'limits.maxStreamIdleMs' },
    { change: { limits: { failedLoginBlockMs: false } }, field: 'limits.failedLoginBlockMs' },
    { change: { limits: { exemptAddresses: ['127.0.0.1', '10.0.0.0/99'] } }, field: 'limits.exemptAddresses[1]' },
    { change: { limits: { maxStream: 1 } }, field: 'limits.maxStream' },
  ])('names $field', ({ change, field }) => {
    expect(problemWith(change).field).toBe(field);
  });

  it('never shows a key', () => {
    const secret = 'bm90LWEtZ29vZC1rZXk';
    expect(problemWith({ policies: [{ ...policy, keys: [secret] }] }).message).not.toContain(secret);
  });
});

describe('listen', () => {
  const pair = certificateFor('127.0.0.1');
  it.each([
    { tls: { ...pair, cert: 'no certificate' }, field: 'tls.cert' },
    { tls: { ...pair, key: 'no key' }, field: 'tls.key' },
    { tls: { ...pair, key: certificateFor('127.0.0.1').key }, field: 'tls.key' },
    { tls: { ...pair, ca: 'no certificate' }, field: 'tls.ca' },
  ])('says what is wrong with $field', async ({ tls, field }) => {
    const hub = createHub({ ...GOOD, tls });
    await expect(hub.listen({ port: 0 })).rejects.toMatchObject({ code: 'STREAMS_INVALID_ARGUMENT', details: { field } });
    await hub.close();
  });

  it('is needed before a connection string', async () => {
    const hub = createHub(GOOD);
    await expect(hub.connectionString({ policy: 'backend' })).rejects.toMatchObject({ code: 'STREAMS_INVALID_STATE' });
    await hub.close();
    await expect(hub.listen({ port: 0 })).rejects.toMatchObject({ code: 'STREAMS_INVALID_STATE' });
  });
});
