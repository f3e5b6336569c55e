// What needs no process: which credential counts, which arguments are refused, what an error looks like, and every command's help.
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createError, ERRORS, parseServiceConnectionString, type WireCode } from '@streams/protocol/internal';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { deviceConnectionString, serviceConnectionString } from '../src/io/credentials.ts';
import { takePolicies, writeRunningHub } from '../src/io/data-directory.ts';
import { exitCodeOf, oneLine } from '../src/io/errors.ts';
import { hubNames, localAddress } from '../src/io/host-names.ts';
import { refuseSecrets } from '../src/io/refuse-secrets.ts';
import { createProgram, everyCommand } from '../src/program.ts';

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'streams-cli-io-'));
});
afterAll(() => rm(directory, { recursive: true }));

describe('credentials', () => {
  it('what an option names, then the environment, then the owner of the hub on this machine', async () => {
    const data = join(directory, 'hub');
    const [owner] = await (await takePolicies(data)).list();
    await writeRunningHub(data, { address: '127.0.0.1:8443', pid: 1, settings: [] });
    const connectionStringFile = join(directory, 'string');
    await writeFile(connectionStringFile, 'from the file\n');
    const environment = { STREAMS_CONNECTION_STRING: 'from the environment' };
    expect(await serviceConnectionString({ connectionStringFile }, environment)).toBe('from the file');
    expect(await serviceConnectionString({}, environment)).toBe('from the environment');
    const { policy, key, port } = parseServiceConnectionString(await serviceConnectionString({ data }, environment));
    expect([policy, key.reveal(), port]).toEqual(['owner', owner?.keys[0], 8443]);
    expect(await (await takePolicies(data)).list()).toEqual(await (await takePolicies(data)).list());
  });

  it('says what is missing', async () => {
    const data = join(directory, 'stopped');
    await expect(serviceConnectionString({ data }, {})).rejects.toThrow(
      `no hub has been started in ${data}; set STREAMS_CONNECTION_STRING, or give --connection-string-file, without --data`,
    );
    await takePolicies(data);
    await expect(serviceConnectionString({ data }, {})).rejects.toMatchObject({ code: 'STREAMS_CONNECT_FAILED' });
    await expect(deviceConnectionString({}, {})).rejects.toThrow('a device needs the string that `streams devices create` printed');
    await expect(serviceConnectionString({ connectionStringFile: join(directory, 'none') }, {})).rejects.toThrow('cannot be read (ENOENT)');
    await writeFile(join(data, 'policies.json'), '{"policies": "c2VjcmV0');
    await expect(serviceConnectionString({ data }, {})).rejects.toThrow(
      /policies\.json is no JSON; correct it, or restore it from a backup$/,
    );
  });
});

describe('arguments', () => {
  const key = Buffer.alloc(32, 7).toString('base64');
  it.each([
    ['echo', `HostName=a;DeviceId=b;SharedAccessKey=${key}`],
    ['echo', '--connection-string=x'],
    ['devices', 'list', '--connection-string', 'x'],
    ['devices', 'create', key],
    ['devices', 'rotate-key', 'a', `--key=${key}`],
    ['echo', Buffer.alloc(64, 7).toString('base64')],
  ])('C8 %s %s: a key is refused, and not repeated', (...args) => {
    expect(() => refuseSecrets(args)).toThrow(/^a key must not be an argument, since every user/);
  });

  it('all else is taken', () => {
    refuseSecrets(['devices', 'rotate-key', "-.%_*?!(),:=@$'", '--key', 'primary', '--connection-string-file', '/run/secrets/streams']);
  });
});

describe('errors', () => {
  it('have the exit codes of the table', () => {
    for (const code of Object.keys(ERRORS) as WireCode[]) expect(exitCodeOf(createError(code))).toBe(ERRORS[code].exitCode);
    expect(exitCodeOf(new TypeError('a bug'))).toBe(70);
  });

  it('are one line, without secrets and without what steers a terminal', () => {
    const error = createError('STREAM_REJECTED', { message: 'no\n\u001b[31m SharedAccessKey=c2VjcmV0; x' });
    expect(oneLine(error)).toBe(
      'streams: STREAMS_STREAM_REJECTED: no [31m SharedAccessKey=[redacted]; x; start that service on the device, or ask for one that it offers',
    );
    expect(oneLine(new Error('plain'))).toBe('streams: plain');
  });
});

it('every command has a help with an example, is in README.md, and prints JSON where it prints data', () => {
  const page = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
  const others = ['connect', 'ssh'];
  const names: string[] = [];
  everyCommand(createProgram(), (command) => {
    let help = '';
    command.configureOutput({ writeOut: (text) => void (help += text) });
    command.outputHelp();
    names.push(command.name());
    if (command.commands.length === 0) {
      const path = `streams ${command.parent?.parent ? `${command.parent.name()} ` : ''}${command.name()}`;
      expect(page).toMatch(new RegExp(`^\\| \\[?\`${path}[ \`].*\\| \`[^|]*${path}`, 'm'));
      expect([path, help.includes('--json')]).toEqual([path, !others.includes(command.name())]);
    }
    expect([command.name(), help]).toEqual([command.name(), expect.stringMatching(/\nExamples?:\n {2}\$ /)]);
  });
  expect(names.length).toBeGreaterThan(14);
});

describe('names of a hub', () => {
  it('what was given comes first, then the address, and each stands there once', async () => {
    const names = await hubNames({ hostName: ['Hub.example.com', 'localhost'], listen: '::1' });
    expect(names.slice(0, 3)).toEqual(['hub.example.com', 'localhost', '[::1]']);
    expect(names).toContain('127.0.0.1');
    expect(new Set(names).size).toBe(names.length);
  });

  it('from this machine it is reached by loopback, unless it listens elsewhere', () => {
    expect([undefined, '::', '0.0.0.0', '::1', '192.0.2.7'].map(localAddress)).toEqual([
      '127.0.0.1',
      '127.0.0.1',
      '127.0.0.1',
      '[::1]',
      '192.0.2.7',
    ]);
  });
});
