// The commands end to end: the built program as child processes, a hub on a free port, real sockets between them.
import { randomBytes } from 'node:crypto';
import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DeviceClient } from '@streams/device';
import { ServiceClient } from '@streams/service';
import { leakCheck } from '@streams/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { serviceConnectionString } from '../../src/io/credentials.ts';
import { Home, type Running } from '../support/command.ts';

const HUB = ['hub', 'start', '--port', '0', '--listen', '127.0.0.1'];
const leaks = leakCheck();
let home: Home;
let hub: Running;
let serviceString: string;
let deviceString: string;
let device: Running;
/** What the commands of an administrator on this machine are. */
let owner: ServiceClient;

beforeAll(async () => {
  home = await Home.make();
  const startMs = performance.now();
  hub = home.start(HUB);
  serviceString = (await hub.prints(/^service: .*STREAMS_CONNECTION_STRING='(.+)' streams echo/m))[1] ?? '';
  console.log(`hub start on an empty directory: ready in ${(performance.now() - startMs).toFixed(0)} ms`);
  const created = await home.run(['devices', 'create', 'pump-7']);
  deviceString = created.stdout.trim();
  owner = ServiceClient.fromConnectionString(await serviceConnectionString({ data: join(home.directory, '.streams') }, {}));
  device = home.start(['device', 'echo'], deviceString);
  await device.prints(/pump-7 is connected/);
});
afterAll(async () => {
  await owner.close();
  await home.remove();
  await leaks.settled();
});

/** A device of this process. */
async function deviceNamed(deviceId: string): Promise<DeviceClient> {
  await owner.devices.create(deviceId);
  return DeviceClient.fromConnectionString(await owner.devices.connectionString(deviceId));
}

describe('hub start', () => {
  it('says what to type next, with the string of the service and not of the owner', () => {
    expect(hub.stdout).toMatch(/^device: +STREAMS_CONNECTION_STRING="\$\(streams devices create pump-7\)" streams device echo$/m);
    expect(serviceString).toMatch(/^HostName=127\.0\.0\.1:\d+;SharedAccessKeyName=service;SharedAccessKey=[^;]+;CaCertificate=[^;]+$/);
    expect(hub.stdout).not.toContain('SharedAccessKeyName=owner');
  });

  it('keeps its directory to its owner', async () => {
    const data = join(home.directory, '.streams');
    const mode = async (path: string): Promise<number> => (await stat(path)).mode & 0o777;
    expect(await mode(data)).toBe(0o700);
    for (const file of ['policies.json', 'hub.json', 'ca-key.pem', 'registry-key', 'registry.mdb'])
      expect([file, await mode(join(data, file))]).toEqual([file, 0o600]);
  });

  it('refuses a directory that another hub has, and a port that is taken', async () => {
    const { 1: port = '' } = /HostName=127\.0\.0\.1:(\d+)/.exec(serviceString) ?? [];
    const directory = join(home.directory, 'second');
    const [other, taken] = await Promise.all([
      home.run(HUB),
      home.run(['hub', 'start', '--listen', '127.0.0.1', '--port', port, '--data', directory]),
    ]);
    expect(other.code).toBe(70);
    expect(other.stderr).toMatch(new RegExp(`is in use by process ${hub.child.pid}, .*--data`));
    expect(taken).toMatchObject({ code: 64, stderr: expect.stringContaining('choose another port with --port') });
  });
});

describe('devices', () => {
  it('prints one string, again for a device that exists, and JSON where asked', async () => {
    expect(deviceString).toMatch(/^HostName=127\.0\.0\.1:\d+;DeviceId=pump-7;SharedAccessKey=[^;]+;CaCertificate=[^;]+$/);
    const [again, list, show] = await Promise.all([
      home.run(['devices', 'create', 'pump-7', '--json']),
      home.run(['devices', 'list', '--json'], serviceString),
      home.run(['devices', 'show', 'pump-7', '--json'], serviceString),
    ]);
    expect(JSON.parse(again.stdout)).toMatchObject({ deviceId: 'pump-7', created: false, connectionString: deviceString });
    const shown = { deviceId: 'pump-7', enabled: true, connected: true, etag: expect.any(String), connectedSince: expect.any(String) };
    expect(JSON.parse(list.stdout)).toContainEqual(shown);
    expect(JSON.parse(show.stdout)).toEqual(shown);
  });

  it('rotates the key that the device does not use, and disturbs nothing', async () => {
    const { stdout } = await home.run(['devices', 'rotate-key', 'pump-7', '--json']);
    const { connectionString, ...rotated } = JSON.parse(stdout) as { connectionString: string };
    expect(rotated).toMatchObject({ deviceId: 'pump-7', enabled: true, connected: true, key: 'secondary' });
    expect(rotated).not.toHaveProperty('keys');
    expect(connectionString).toBe(await owner.devices.connectionString('pump-7', 'secondary'));
    expect(await owner.devices.connectionString('pump-7')).toBe(deviceString);
    expect(await owner.devices.get('pump-7')).toMatchObject({ connected: true });
  });

  it('cuts off, lets in again, deletes', async () => {
    await owner.devices.create('b');
    const disabled = await home.run(['devices', 'disable', 'b', '--json']);
    expect(JSON.parse(disabled.stdout)).toEqual({ deviceId: 'b', enabled: false, connected: false, etag: expect.any(String) });
    const enabled = await home.run(['devices', 'enable', 'b', '--json']);
    expect(JSON.parse(enabled.stdout)).toMatchObject({ enabled: true });
    expect(await home.run(['devices', 'delete', 'b'])).toMatchObject({ code: 0, stdout: 'b is deleted\n' });
  });
});

describe('policies', () => {
  const LIMITS = ['--permission', 'stream:create', '--device', 'pump-*', '--stream', 'echo'];

  it('prints one string, with which a service may do that and nothing else', async () => {
    const created = await home.run(['policies', 'create', 'field', ...LIMITS]);
    const field = created.stdout.trim();
    expect(field).toMatch(/^HostName=127\.0\.0\.1:\d+;SharedAccessKeyName=field;SharedAccessKey=[^;]+;CaCertificate=[^;]+$/);
    await owner.devices.create('valve-1');
    const before = device.stderr;
    const [again, other, forbidden, name, list, allowed] = await Promise.all([
      home.run(['policies', 'create', 'field', ...LIMITS, '--json']),
      home.run(['policies', 'create', 'field', ...LIMITS, '--stream', 'web']),
      home.run(['echo', 'valve-1'], field),
      home.run(['connect', 'pump-7', 'ssh'], field),
      home.run(['policies', 'list', '--json']),
      home.run(['echo', 'pump-7', '--json', '--bytes', '1000'], field),
    ]);
    expect(JSON.parse(again.stdout)).toMatchObject({ name: 'field', created: false, connectionString: field });
    expect(other).toMatchObject({
      code: 75,
      stderr: expect.stringMatching(/CONFLICT: .*permits something else; `streams policies show field`/),
    });
    expect(forbidden).toMatchObject({ code: 77, stderr: expect.stringMatching(/FORBIDDEN: .*not for valve-1/) });
    expect(name).toMatchObject({ code: 77, stderr: expect.stringMatching(/FORBIDDEN: .*not for ssh/) });
    expect(list.stdout).not.toContain('keys');
    expect((JSON.parse(list.stdout) as { name: string }[]).map((policy) => policy.name)).toEqual(['field', 'owner', 'service']);
    expect(JSON.parse(allowed.stdout)).toMatchObject({ equal: true });
    expect(device.stderr.slice(before.length)).not.toMatch(/ssh|valve/);
  });

  it('changes what is given, exchanges one key, deletes, and keeps the last way in', async () => {
    const updated = await home.run(['policies', 'update', 'field', '--device', '*', '--expires', '2099-01-31', '--json']);
    expect(JSON.parse(updated.stdout)).toEqual({
      name: 'field',
      permissions: ['stream:create'],
      streams: ['echo'],
      expiresAt: '2099-01-31T00:00:00Z',
      etag: expect.any(String),
    });
    const rotated = JSON.parse((await home.run(['policies', 'rotate-key', 'field', '--json'])).stdout) as { connectionString: string };
    expect(rotated).toMatchObject({ key: 'secondary', connectionString: await owner.policies.connectionString('field', 'secondary') });
    const [show, last, wrong, gone] = await Promise.all([
      home.run(['policies', 'show', 'field']),
      home.run(['policies', 'delete', 'owner']),
      home.run(['policies', 'update', 'service', '--permission', 'root']),
      home.run(['policies', 'delete', 'nobody']),
    ]);
    expect(show.stdout).toMatch(/^POLICY +PERMISSIONS +DEVICES +STREAMS +EXPIRES\nfield +stream:create +\* +echo +2099-01-31T00:00:00Z\n$/);
    expect(last).toMatchObject({
      code: 75,
      stderr: expect.stringMatching(/owner is the last policy .*; give another policy hub:write first\n$/),
    });
    expect(wrong).toMatchObject({ code: 64, stderr: expect.stringMatching(/--permission .*expected one of stream:create, /) });
    expect(gone).toMatchObject({ code: 69, stderr: expect.stringMatching(/POLICY_NOT_FOUND: .*streams policies list/) });
    expect(await home.run(['policies', 'delete', 'field'])).toMatchObject({ code: 0, stdout: 'field is deleted\n' });
  });
});

describe('many devices', () => {
  it('are listed by what they are like, exported for the owner alone, and imported', async () => {
    const file = join(home.directory, 'devices.ndjson');
    await writeFile(file, '{"deviceId":"m-1"}\nnonsense\n{"deviceId":"m-2","enabled":false}\n', { mode: 0o644 });
    const imported = await home.run(['devices', 'import', file]);
    expect(imported).toEqual({
      code: 65,
      stdout: '3 lines: 2 created, 0 changed, 0 unchanged, 1 failed\n',
      stderr: 'line 2: STREAMS_BAD_REQUEST: line: expected JSON, found a string of 8 characters\n',
    });
    const [listed, exported] = await Promise.all([
      home.run(['devices', 'list', '--prefix', 'm-', '--disabled', '--disconnected', '--limit', '1'], serviceString),
      home.run(['devices', 'export', file, '--prefix', 'm-']),
    ]);
    expect(listed.stdout).toMatch(/^DEVICE +ENABLED +CONNECTED +LAST SEEN\nm-2 +no +no\n$/);
    expect(exported.stdout).toBe(`2 devices are in ${file}, with their keys: a secret\n`);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    const text = await readFile(file, 'utf8');
    expect(text.split('\n').map((line) => /"deviceId":"(m-\d)","enabled":\w+,"keys":\["/.exec(line)?.[1])).toEqual([
      'm-1',
      'm-2',
      undefined,
    ]);
    const [again, keyless] = await Promise.all([
      home.run(['devices', 'import', '-', '--json'], undefined, text),
      home.run(['devices', 'export', '--prefix', 'm-'], serviceString),
    ]);
    expect(again.code).toBe(0);
    expect(JSON.parse(again.stdout)).toEqual({ lines: 2, created: 0, changed: 0, unchanged: 2, failed: 0 });
    expect(keyless.stdout).toBe('{"deviceId":"m-1","enabled":true}\n{"deviceId":"m-2","enabled":false}\n');
    expect(keyless.stderr).toContain('without keys');
  });

  it('a device takes another key from its file while it runs', async () => {
    const file = join(home.directory, 'echo-string');
    await owner.devices.create('e-1');
    await writeFile(file, await owner.devices.connectionString('e-1'), { mode: 0o600 });
    const running = home.start(['device', 'echo', '--connection-string-file', file]);
    await running.prints(/e-1 is connected/);
    await writeFile(file, await owner.devices.connectionString('e-1', 'secondary'));
    await running.says(/echo-string was read again: e-1 goes on with its key/);
    await owner.devices.rotateKey('e-1', 'primary');
    expect(await home.run(['echo', 'e-1', '--bytes', '1000'])).toMatchObject({ code: 0, stdout: expect.stringContaining('equal') });
  });
});

it('hub show and echo print JSON', async () => {
  const [show, own, given] = await Promise.all([
    home.run(['hub', 'show']),
    home.run(['echo', 'pump-7', '--json', '--bytes', '300000'], serviceString),
    home.run(['echo', 'pump-7', '--json'], serviceString, 'hello'),
  ]);
  const host = /HostName=([^;]+)/.exec(serviceString)?.[1];
  expect(JSON.parse(show.stdout)).toEqual({ hostName: host, streamingEndpoints: [`https://${host}`] });
  expect(JSON.parse(own.stdout)).toMatchObject({ bytes: 300_000, equal: true, handshakeMs: expect.any(Number) });
  expect(JSON.parse(given.stdout)).toMatchObject({ bytes: 5, equal: true });
});

it('ends quietly when its reader has seen enough', async () => {
  const commands = [['--help'], ['devices', 'list'], ['devices', 'export'], ['policies', 'list', '--json'], ['hub', 'config']];
  const ends = commands.map((args) => {
    const running = home.start(args);
    // Gone before the first byte, as `head` is before the last.
    running.child.stdout?.destroy();
    return running.ended;
  });
  expect(await Promise.all(ends)).toEqual(commands.map(() => ({ code: 0, stdout: '', stderr: '' })));
});

it('doctor looks from either end, line by line or as JSON', async () => {
  const [service, owner, ofDevice] = await Promise.all([
    home.run(['doctor', '--device', 'pump-7'], serviceString),
    home.run(['doctor', '--json']),
    home.run(['doctor', '--json'], deviceString),
  ]);
  expect(service).toMatchObject({ code: 0, stderr: '' });
  expect(service.stdout).toMatch(/^(?:ok {7}\S.*\n){10}$/);
  expect(owner.code).toBe(0);
  const { ok, checks } = JSON.parse(ofDevice.stdout) as { ok: boolean; checks: object[] };
  expect([ofDevice.code, ok]).toEqual([0, true]);
  expect(checks[0]).toEqual({ name: 'connection string', outcome: 'ok', text: expect.stringMatching(/^of the device pump-7 at /) });
});

describe('connect', () => {
  it('carries every byte both ways, and the end of each direction by itself', async () => {
    await using client = await deviceNamed('half-closer');
    client.onStreamRequest(async (request) => {
      const stream = await request.accept();
      // Answers only what has ended, so a half-close that is lost hangs here.
      if (request.name === 'late') stream.end(Buffer.concat(await stream.toArray()));
      else stream.resume().end('first');
    });
    await client.connect();
    const bytes = randomBytes(1_000_000);
    const late = await home.run(['connect', 'half-closer', 'late'], serviceString, bytes);
    expect(late).toMatchObject({ code: 0, stderr: '' });
    expect(Buffer.from(late.stdout, 'latin1').equals(bytes)).toBe(true);
    const first = home.startPiped(['connect', 'half-closer', 'first'], serviceString);
    // While its own input is still open.
    await first.prints(/^first EOF$/m);
    first.child.stdin?.end();
    expect(await first.ended).toMatchObject({ code: 0, stderr: '' });
  });

  it('has the exit code of what ended the stream, though its input stays open', async () => {
    await using client = await deviceNamed('aborter');
    client.onStreamRequest(async (request) => void (await request.accept()).abort('the valve is stuck'));
    await client.connect();
    const ended = await home.start(['connect', 'aborter', 'web'], serviceString).ended;
    expect(ended).toMatchObject({
      code: 69,
      stderr: expect.stringMatching(/^streams: STREAMS_STREAM_TERMINATED: .*the valve is stuck.*\n$/),
    });
  });
});

describe('logs', () => {
  it('answers who, how long, how many bytes, from the files of the data directory', async () => {
    await home.run(['echo', 'pump-7', '--bytes', '1000'], serviceString);
    const files = await readdir(join(home.directory, '.streams/logs'));
    expect(files).toEqual([expect.stringMatching(/^streams-.*\.ndjson$/)]);
    const only = ['--device', 'pump-7', '--name', 'echo', '--policy', 'service', '--operation', 'stream', '--since', '1h', '--limit', '1'];
    const [table, json, forbidden, wrong] = await Promise.all([
      home.run(['logs', ...only]),
      home.run(['logs', ...only, '--json']),
      home.run(['logs'], serviceString),
      home.run(['logs', '--since', 'tomorrow']),
    ]);
    expect(table.stdout).toMatch(/^TIME \(.*\n.* pump-7 +echo +service +127\.0\.0\.1 +clean +.* kB +.* kB +(device|service) +-\n$/);
    expect(JSON.parse(json.stdout)).toMatchObject({ deviceId: 'pump-7', result: 'clean', bytesToDevice: expect.any(Number) });
    expect(forbidden).toMatchObject({ code: 77, stderr: expect.stringContaining('hub:read') });
    expect(wrong).toMatchObject({ code: 64, stderr: expect.stringContaining('2026-11-28') });
  });

  it('follows until Ctrl-C, which is no failure', async () => {
    const following = home.start(['logs', '--follow', '--since', '1h', '--json', '--result', 'failed']);
    const table = home.start(['logs', '--follow']);
    await table.prints(/^TIME/);
    await home.run(['echo', 'nobody'], serviceString);
    await Promise.all([following.prints(/"deviceId":"nobody".*"code":"DEVICE_NOT_FOUND"/), table.prints(/ nobody .* DEVICE_NOT_FOUND$/m)]);
    for (const running of [following, table]) expect(await running.stop('SIGINT')).toMatchObject({ code: 0, stderr: '' });
  });
});

describe('failures', () => {
  it('each has its exit code, and one line that says what to do', async () => {
    await owner.devices.create('offline');
    const wrongKey = serviceString.replace(/SharedAccessKey=[^;]+/, `SharedAccessKey=${Buffer.alloc(32).toString('base64')}`);
    const nowhere = serviceString.replace(/:\d+;/, ':1;');
    const cases: [args: string[], connectionString: string | undefined, code: number, says: RegExp][] = [
      [['echo', 'pump-7'], wrongKey, 77, /UNAUTHENTICATED: .*check the key and the clock$/],
      [['devices', 'disable', 'nobody'], undefined, 69, /DEVICE_NOT_FOUND: .*streams devices list/],
      [['echo', 'nobody'], serviceString, 69, /DEVICE_NOT_FOUND: .*streams devices list/],
      [['echo', 'offline'], serviceString, 75, /DEVICE_NOT_CONNECTED: .*streams device proxy/],
      [['connect', 'pump-7', 'ssh'], serviceString, 69, /STREAM_REJECTED: .*this device offers echo, not ssh/],
      [['devices', 'create', 'x'], serviceString, 77, /FORBIDDEN: /],
      [['devices', 'list'], nowhere, 69, /CONNECT_FAILED: .*streams hub start/],
      [['device', 'echo'], deviceString.replace(/SharedAccessKey=[^;]+/, 'SharedAccessKey=AAAA'), 77, /UNAUTHENTICATED: /],
      [['doctor'], nowhere, 69, /CONNECT_FAILED: not well: TCP; /],
      [['doctor', '--device', 'offline', '--json'], serviceString, 75, /DEVICE_NOT_CONNECTED: not well: control link; /],
      [['hub', 'start', '--keep-alive', '16'], undefined, 64, /--keep-alive .* expected a whole number of seconds from 1 to 15; --help/],
      [['hub', 'start', '--drain', '3601'], undefined, 64, /--drain .* expected a whole number of seconds from 0 to 3600; --help/],
      [
        ['devices', 'list', '--connection-string-file', 'x', '--data', 'x'],
        undefined,
        64,
        /'--connection-string-file <file>' cannot be used with option '--data/,
      ],
      [['echo'], undefined, 64, /missing required argument 'device'; --help shows/],
    ];
    const ended = await Promise.all(cases.map(([args, connectionString]) => home.run(args, connectionString)));
    for (const [index, [args, , code, says]] of cases.entries()) {
      expect([args, ended[index]?.code]).toEqual([args, code]);
      expect(ended[index]?.stderr).toMatch(/^streams: [^\n]*\n$/);
      expect(ended[index]?.stderr.trimEnd()).toMatch(says);
    }
  });
});

it('C7 shows no secret in a command line, in the log or in an error', async () => {
  for (const running of [hub, device]) expect(running.commandLine).not.toMatch(/SharedAccess|[A-Za-z0-9+/]{43}=/);
  for (const { stderr } of home.started) expect(stderr).not.toMatch(/SharedAccessKey=(?!\[redacted\])|[A-Za-z0-9+/]{43}=/);
  expect(hub.stderr).toContain('"category":"DeviceStreams"');
});

it('ends with SIGTERM and 0, says so to who asks, and has the same keys after a restart', async () => {
  expect(await device.stop()).toMatchObject({ code: 0 });
  expect(await hub.stop('SIGTERM')).toMatchObject({ code: 0 });
  expect(await home.run(['devices', 'list'])).toMatchObject({
    code: 69,
    stderr: expect.stringMatching(/is not running; start it with `streams hub start`/),
  });
  const again = home.start([...HUB, '--json', '--quiet']);
  const { 0: line } = await again.prints(/^\{.*\}\n/);
  expect(JSON.parse(line)).toEqual({
    url: expect.stringMatching(/^https:/),
    port: expect.any(Number),
    dataDirectory: join(home.directory, '.streams'),
  });
  const port = (JSON.parse(line) as { port: number }).port;
  expect(await home.run(['devices', 'show', 'pump-7'], serviceString.replace(/:\d+;/, `:${port};`))).toMatchObject({ code: 0 });
  expect(await again.stop('SIGINT')).toMatchObject({ code: 0 });
});
