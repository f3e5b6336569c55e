// What a ServiceClient is made from: each wrong field is named, no secret is shown, and trust comes from where it should.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { ServiceClient, type ServiceClientOptions, StreamsError } from '@streams/service';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { errorBody, FakeHub } from './support/fake-hub.ts';
import { DEVICE, expectNoLeaks, startRig } from './support/rig.ts';

expectNoLeaks();

const KEY = Buffer.from('a secret of thirty-two letters..').toString('base64');
const GOOD: ServiceClientOptions = { hostName: 'hub.example', sharedAccessKeyName: 'backend', sharedAccessKey: KEY };
const TEXT = `HostName=hub.example;SharedAccessKeyName=backend;SharedAccessKey=${KEY}`;

function thrownBy(action: () => unknown): StreamsError {
  try {
    action();
  } catch (error) {
    if (StreamsError.is(error)) return error;
    throw error;
  }
  expect.unreachable('nothing was thrown');
}

describe('the options', () => {
  it.each<[string, Partial<ServiceClientOptions>]>([
    ['hostName', { hostName: '' }],
    ['hostName', { hostName: 'https://hub.example' }],
    ['hostName', { hostName: 'hub.example:0' }],
    ['hostName', { hostName: 'hub.example:65536' }],
    ['hostName', { hostName: 'user@hub.example' }],
    ['sharedAccessKeyName', { sharedAccessKeyName: '' }],
    ['sharedAccessKeyName', { sharedAccessKeyName: 'a b' }],
    ['sharedAccessKey', { sharedAccessKey: '' }],
    ['sharedAccessKey', { sharedAccessKey: 'not base64!' }],
    ['ca', { ca: 'no certificate' }],
    ['closeTimeoutMs', { closeTimeoutMs: -1 }],
    ['closeTimeoutMs', { closeTimeoutMs: Number.NaN }],
    ['closeTimeoutMs', { closeTimeoutMs: 2 ** 31 }],
    ['maxReplayBytes', { maxReplayBytes: 65_535 }],
    ['maxReplayBytes', { maxReplayBytes: Number.NaN }],
    ['maxReplayBytes', { maxReplayBytes: Number.POSITIVE_INFINITY }],
    ['maxReplayBytes', { maxReplayBytes: '1 MB' as unknown as number }],
    ['ca', { ca: ['-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n'] }],
  ])('name the field that is wrong: %s (%#)', (field, wrong) => {
    const error = thrownBy(() => new ServiceClient({ ...GOOD, ...wrong }));
    expect(error).toMatchObject({ code: 'STREAMS_INVALID_ARGUMENT', details: { field } });
    expect(error.message).toContain(field);
    expect(inspect(error)).not.toContain(KEY);
  });

  it.each([
    ['connectionString', undefined],
    ['connectionString', ' '],
    ['HostName', TEXT.replace('HostName=hub.example;', '')],
    ['SharedAccessKeyName', `HostName=hub.example;SharedAccessKey=${KEY}`],
    ['DeviceId', `HostName=hub.example;DeviceId=pump-7;SharedAccessKey=${KEY}`],
    ['SharedAccessKey', TEXT.slice(0, -3)],
    ['CaCertificate', `${TEXT};CaCertificate=AAAA`],
  ])('name the field of the connection string that is wrong: %s (%#)', (field, text) => {
    const error = thrownBy(() => ServiceClient.fromConnectionString(text));
    expect(error).toMatchObject({ code: 'STREAMS_INVALID_ARGUMENT', details: { field } });
    expect(inspect(error)).not.toContain(KEY.slice(0, -3));
  });

  it('are shown by nobody', () => {
    const service = ServiceClient.fromConnectionString(TEXT);
    onTestFinished(() => service.destroy());
    expect(`${inspect(service, { depth: 9, showHidden: true })} ${JSON.stringify(service)}`).not.toContain(KEY);
  });

  it('are never in an error of a call', async () => {
    const hub = await FakeHub.start();
    hub.onCall = ({ headers, answer }) => answer(500, errorBody('INTERNAL', { message: `got ${headers['content-type']}` }));
    const error: unknown = await hub
      .service()
      .createStream(DEVICE)
      .catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'STREAMS_INTERNAL', message: 'got application/json' });
    expect(inspect(error, { depth: 9, showHidden: true })).not.toMatch(/SharedAccessSignature|sig=|BwcHBwcH/);
  });
});

describe('trust', () => {
  const notFound = { code: 'STREAMS_DEVICE_NOT_FOUND' };

  it('comes from the certificate of the connection string, unless the option says otherwise', async () => {
    const rig = await startRig();
    const text = await rig.hub.connectionString({ policy: 'test' });
    const create = (connectionString: string, ca?: string): Promise<unknown> =>
      rig.use(ServiceClient.fromConnectionString(connectionString, { clock: rig.clock, ca })).createStream(DEVICE);
    await expect(create(text)).rejects.toMatchObject(notFound);
    await expect(create(text.replace(/;CaCertificate=.*/, ''))).rejects.toMatchObject({ code: 'STREAMS_TLS_FAILED' });
    const other = await FakeHub.start();
    await expect(create(text, other.certificate.cert)).rejects.toMatchObject({ code: 'STREAMS_TLS_FAILED' });
  });

  it('takes several certificates', async () => {
    const [hub, other] = [await FakeHub.start(), await FakeHub.start()];
    hub.onCall = ({ answer }) => answer(404, errorBody('DEVICE_NOT_FOUND'));
    const service = hub.service({ ca: [other.certificate.cert, hub.certificate.cert] });
    await expect(service.createStream(DEVICE)).rejects.toMatchObject(notFound);
  });

  it('comes from STREAMS_CA_FILE where nothing else is given', async () => {
    const hub = await FakeHub.start();
    hub.onCall = ({ answer }) => answer(404, errorBody('DEVICE_NOT_FOUND'));
    const directory = await mkdtemp(join(tmpdir(), 'streams-ca-'));
    onTestFinished(() => rm(directory, { recursive: true }));
    const file = join(directory, 'ca.pem');
    vi.stubEnv('STREAMS_CA_FILE', file);
    onTestFinished(() => void vi.unstubAllEnvs());
    expect(thrownBy(() => hub.service({ ca: undefined }))).toMatchObject({ details: { field: 'STREAMS_CA_FILE' } });
    await writeFile(file, hub.certificate.cert);
    await expect(hub.service({ ca: undefined }).createStream(DEVICE)).rejects.toMatchObject(notFound);
  });
});
