// After a run in which every kind of secret was used: none of them stands in anything that the run has left or shown.
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DeviceClient } from '@streams/device';
import { createLogger } from '@streams/hub';
import { parseDeviceConnectionString, parseServiceConnectionString } from '@streams/protocol/internal';
import { startTestHub, type TestHub } from '@streams/hub/testing';
import { ServiceClient } from '@streams/service';
import { leakCheck } from '@streams/testkit';
import { expect, it } from 'vitest';
import { deviceAuthorization, rawLeg } from '../../support/raw.ts';
import { rawHandshake } from '../../support/raw-handshake.ts';
import { scrape } from '../../support/prometheus.ts';
import { authorization, call, send } from '../../support/rest.ts';
import { echo } from '../../support/streams.ts';

const leaks = leakCheck();

/** Where a text stands. */
type Artefacts = Map<string, string>;

/** What the texts have of the secrets: as they are, and as a URL or JSON would have them. */
function hits(artefacts: Artefacts, secrets: ReadonlyMap<string, string>): string[] {
  const found: string[] = [];
  for (const [where, text] of artefacts) {
    for (const [what, secret] of secrets) {
      const bytes = Buffer.from(secret, 'base64');
      const spellings = [secret, encodeURIComponent(secret), bytes.toString('hex'), bytes.toString('base64url')];
      if (spellings.some((spelling) => text.includes(spelling))) found.push(`${what} in ${where}`);
    }
  }
  return found;
}

/** A directory's files, whatever is in them, byte for byte. */
function filesOf(directory: string): [string, string][] {
  const names = readdirSync(directory, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return names.map(({ parentPath, name }) => [`file ${name}`, readFileSync(join(parentPath, name), 'latin1')]);
}

/** Uses device keys, policy keys, signatures, stream tokens and what an application says for secrets; notes each, and each answer. */
async function useAll(test: TestHub, secrets: Map<string, string>, errors: string[], sdkLog: (line: string) => void): Promise<void> {
  const note = (level: string) => (fields: object, message: string) =>
    sdkLog(
      `${level} ${message} ${JSON.stringify(fields, (_key, value: unknown) => (value instanceof Error ? `${value.stack} ${JSON.stringify(value)}` : value))}`,
    );
  const logger = { debug: note('debug'), info: note('info'), warn: note('warn'), error: note('error') };
  const [deviceString, serviceString] = [await test.deviceConnectionString('pump-7'), await test.serviceConnectionString()];
  secrets.set('key of the device', parseDeviceConnectionString(deviceString).key.reveal());
  secrets.set('key of the policy', parseServiceConnectionString(serviceString).key.reveal());
  const { body } = await call(test, 'PUT', '/v1/devices/other', { body: {} });
  for (const [index, key] of (body['keys'] as string[]).entries()) secrets.set(`key ${index} of another device`, key);
  const device = DeviceClient.fromConnectionString(deviceString, { logger });
  const service = ServiceClient.fromConnectionString(serviceString, { logger });
  echo(device);
  await device.connect();
  const stream = await service.createStream('pump-7');
  stream.end('x');
  await stream.toArray();
  for (const header of [await authorization(test), await deviceAuthorization(test, 'pump-7')]) {
    const signature = decodeURIComponent(/sig=([^&]+)/.exec(header)?.[1] ?? '');
    secrets.set(`signature ${secrets.size}`, signature);
    const refused = [
      { headers: { authorization: header.replace(/se=\d+/, 'se=1') } },
      { headers: { authorization: `Bearer ${signature}` } },
      { headers: { authorization: header, origin: 'https://evil.example' } },
    ];
    for (const options of refused) errors.push(JSON.stringify((await send(test, 'GET', '/v1/hub', options)).body));
    errors.push(
      JSON.stringify((await send(test, 'GET', `/v1/hub?${header}`)).body),
      JSON.stringify((await send(test, 'GET', `/v1/devices/${encodeURIComponent(header)}`, { headers: { authorization: header } })).body),
    );
  }
  const { control, offer, ticket } = await rawHandshake(test, 'other');
  for (const [role, { token, url }] of Object.entries({ device: offer, service: ticket })) {
    secrets.set(`token of the ${role}`, token);
    const wrong = await rawLeg(test, url.replace(/(device|service)$/, role === 'device' ? 'service' : 'device'), token);
    await wrong.answer;
    errors.push(wrong.peer.unread.toString('latin1'));
    wrong.peer.destroy();
  }
  control.destroy();
  const wrongKey = DeviceClient.fromConnectionString(deviceString.replace('pump-7', 'other'), { logger });
  errors.push(
    await wrongKey.connect().then(
      () => '',
      (error: Error) => `${error.stack} ${JSON.stringify(error)}`,
    ),
  );
  const unknown = await service.createStream('nobody').catch((error: Error) => error);
  errors.push(`${(unknown as Error).stack} ${JSON.stringify(unknown)} ${String(device)} ${JSON.stringify([device, service])}`);
  await call(test, 'PUT', '/v1/devices/pump-7', { body: { keys: body['keys'] } });
  await Promise.all([service.close(), device.close(), wrongKey.close()]);
}

it('C7 no secret that was issued stands in logs, files, metrics, errors, URLs or command lines; one that is planted is found', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'streams-secrets-'));
  const lines: string[] = [];
  const secrets = new Map<string, string>();
  const errors: string[] = [];
  const test = await startTestHub({
    logger: createLogger(undefined, { write: (line) => void lines.push(line) }),
    resourceLog: { directory, format: 'azure' },
  });
  await useAll(test, secrets, errors, (line) => void lines.push(line));
  const artefacts: Artefacts = new Map();
  artefacts.set('/metrics', (await scrape(test)).text);
  artefacts.set('/v1/diagnostics/logs', JSON.stringify((await call(test, 'GET', '/v1/diagnostics/logs')).body));
  artefacts.set('GET /v1/devices', JSON.stringify((await call(test, 'GET', '/v1/devices')).body));
  artefacts.set('GET /v1/policies', JSON.stringify((await call(test, 'GET', '/v1/policies')).body));
  artefacts.set('command lines', execFileSync('ps', ['-eo', 'args', '--width', '10000'], { encoding: 'utf8' }));
  artefacts.set('the environment of this process', readFileSync('/proc/self/environ', 'latin1'));
  await test.close();
  for (const [name, text] of filesOf(directory)) artefacts.set(name, text);
  artefacts.set('logs', lines.join('\n'));
  artefacts.set('records', JSON.stringify(test.records));
  artefacts.set('errors', errors.join('\n'));

  expect(secrets.size).toBeGreaterThanOrEqual(8);
  expect(artefacts.get('logs')?.length).toBeGreaterThan(1_000);
  expect(artefacts.get('errors')).toContain('UNAUTHENTICATED');
  expect([...artefacts.keys()].filter((name) => name.startsWith('file '))).not.toEqual([]);
  expect(hits(artefacts, secrets)).toEqual([]);
  for (const [what, secret] of secrets) {
    const planted: Artefacts = new Map([['a log', `{"msg":"x","sr":"${encodeURIComponent(secret)}"}`]]);
    expect(hits(planted, secrets), what).toContain(`${what} in a log`);
  }
  await rm(directory, { recursive: true });
  await leaks.settled();
});
