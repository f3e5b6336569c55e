// What a DeviceClient is made from: each wrong field is named, no secret is shown, and trust comes from where it should.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { DeviceClient, type DeviceClientOptions, StreamsError } from '@streams/device';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { FakeHub } from './support/fake-hub.ts';
import { DEVICE, expectNoLeaks, startRig } from './support/rig.ts';

expectNoLeaks();

const KEY = Buffer.from('a secret of thirty-two letters..').toString('base64');
const GOOD: DeviceClientOptions = { hostName: 'hub.example', deviceId: DEVICE, sharedAccessKey: KEY };
const TEXT = `HostName=hub.example;DeviceId=${DEVICE};SharedAccessKey=${KEY}`;

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
  it.each<[string, Partial<DeviceClientOptions>]>([
    ['hostName', { hostName: '' }],
    ['hostName', { hostName: 'https://hub.example' }],
    ['hostName', { hostName: 'hub.example:0' }],
    ['hostName', { hostName: 'hub.example:70000' }],
    ['hostName', { hostName: 'hub.example/path' }],
    ['deviceId', { deviceId: '' }],
    ['deviceId', { deviceId: '..' }],
    ['deviceId', { deviceId: 'a/b' }],
    ['deviceId', { deviceId: 'a'.repeat(129) }],
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
  ])('name the field that is wrong: %s (%o)', (field, wrong) => {
    const error = thrownBy(() => new DeviceClient({ ...GOOD, ...wrong }));
    expect(error).toMatchObject({ code: 'STREAMS_INVALID_ARGUMENT', details: { field } });
    expect(error.message).toContain(field);
    expect(inspect(error)).not.toContain(KEY);
  });

  it.each([
    ['connectionString', undefined],
    ['connectionString', ''],
    ['HostName', TEXT.replace('hub.example', 'hub/example')],
    ['DeviceId', `HostName=hub.example;SharedAccessKey=${KEY}`],
    ['DeviceId', `HostName=hub.example;SharedAccessKeyName=service;SharedAccessKey=${KEY}`],
    ['SharedAccessKey', TEXT.slice(0, -3)],
    ['CaCertificate', `${TEXT};CaCertificate=AAAA`],
  ])('name the field of the connection string that is wrong: %s', (field, text) => {
    const error = thrownBy(() => DeviceClient.fromConnectionString(text));
    expect(error).toMatchObject({ code: 'STREAMS_INVALID_ARGUMENT', details: { field } });
    expect(inspect(error)).not.toContain(KEY.slice(0, -3));
  });

  it('are shown by nobody', () => {
    const device = DeviceClient.fromConnectionString(TEXT);
    onTestFinished(() => device.destroy());
    expect(`${inspect(device, { depth: 9, showHidden: true })} ${JSON.stringify(device)}`).not.toContain(KEY);
    expect(device.deviceId).toBe(DEVICE);
  });
});

describe('trust', () => {
  it('comes from the certificate of the connection string', async () => {
    const rig = await startRig();
    const text = await rig.hub.deviceConnectionString(DEVICE);
    expect(text).toContain(';CaCertificate=');
    await rig.use(DeviceClient.fromConnectionString(text, { clock: rig.clock })).connect();
    const without = rig.use(DeviceClient.fromConnectionString(text.replace(/;CaCertificate=.*/, ''), { clock: rig.clock }));
    await expect(without.connect()).rejects.toMatchObject({ code: 'STREAMS_TLS_FAILED' });
  });

  it('comes from the option before the connection string, and takes several certificates', async () => {
    const rig = await startRig();
    const other = await FakeHub.start();
    const text = await rig.hub.deviceConnectionString(DEVICE);
    const wrong = rig.use(DeviceClient.fromConnectionString(text, { clock: rig.clock, ca: other.certificate.cert }));
    await expect(wrong.connect()).rejects.toMatchObject({ code: 'STREAMS_TLS_FAILED' });
    other.onUpgrade = (upgrade) => void upgrade.grant(other.welcome());
    const second = await FakeHub.start();
    await other.device({ ca: [second.certificate.cert, other.certificate.cert] }).connect();
  });

  it('comes from STREAMS_CA_FILE where nothing else is given', async () => {
    const hub = await FakeHub.start();
    hub.onUpgrade = (upgrade) => void upgrade.grant(hub.welcome());
    const directory = await mkdtemp(join(tmpdir(), 'streams-ca-'));
    onTestFinished(() => rm(directory, { recursive: true }));
    const file = join(directory, 'ca.pem');
    vi.stubEnv('STREAMS_CA_FILE', file);
    onTestFinished(() => void vi.unstubAllEnvs());
    expect(thrownBy(() => hub.device({ ca: undefined }))).toMatchObject({ details: { field: 'STREAMS_CA_FILE' } });
    await writeFile(file, hub.certificate.cert);
    const device = hub.device({ ca: undefined });
    await device.connect();
    expect(device.state.name).toBe('connected');
  });
});
