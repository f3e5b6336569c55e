// Options that are wrong: each is named by its path, with the remedy and without the value.
import { createHub, type HubOptions, StreamsError } from '@streams/hub';
import { certificateFor } from '@streams/testkit';
import { describe, expect, it } from 'vitest';

const KEY = Buffer.alloc(32, 7).toString('base64');
const GOOD: HubOptions = {
  hostNames: ['hub.example'],
  tls: { dataDirectory: '/nowhere' },
  policies: [{ name: 'backend', keys: [KEY], permissions: ['stream:create'] }],
  logger: false,
};
const policy = GOOD.policies[0];

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
    { change: { policies: [policy, policy] }, field: 'policies' },
    { change: { tls: {} }, field: 'tls' },
    { change: { tls: undefined }, field: 'tls' },
    { change: { tls: { keyFile: 'tls.key' } }, field: 'tls' },
    { change: { tls: false }, field: 'publicUrl' },
    { change: { tls: true }, field: 'tls' },
    { change: { trustedProxies: ['127.0.0.1', '10.0.0.0/99'] }, field: 'trustedProxies[1]' },
    { change: { keepAliveMs: 500 }, field: 'keepAliveMs' },
    { change: { keepAliveMs: 20_000 }, field: 'keepAliveMs' },
    { change: { hostnames: ['x'] }, field: 'options' },
    { change: { resourceLog: { directory: '' } }, field: 'resourceLog.directory' },
    { change: { resourceLog: { days: 0 } }, field: 'resourceLog.days' },
    { change: { resourceLog: { maxBytes: 1_000 } }, field: 'resourceLog.maxBytes' },
    { change: { resourceLog: { format: 'azure' } }, field: 'resourceLog.directory' },
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
