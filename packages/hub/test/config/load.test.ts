// A hub's configuration from file, environment and flags: which one counts, what is said of what is wrong, and what is never shown.
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ConfigSources, createHub, type FlagValue, type HubConfig, loadHubConfig } from '@streams/hub';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { variableOf } from '../../src/config/catalog.ts';
import { withoutSecrets } from '../../src/config/secrets.ts';
import { SETTINGS } from '../../src/config/settings.ts';

const KEY = Buffer.alloc(32, 7).toString('base64');
const POLICIES = [{ name: 'backend', keys: [KEY], permissions: ['stream:create'] }];
let folder: string;
let file: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'streams-config-'));
  file = join(folder, 'hub.json');
  await writeFile(file, '', { mode: 0o600 });
});
afterAll(() => rm(folder, { recursive: true }));

/** @param content Of the file; none: there is no file. */
async function load(content?: unknown, environment: Record<string, string> = {}, flags: FlagValue[] = []): Promise<HubConfig> {
  if (content !== undefined) await writeFile(file, typeof content === 'string' ? content : JSON.stringify(content));
  const sources: ConfigSources = content === undefined ? {} : { file };
  return loadHubConfig({ ...sources, environment, flags });
}

function flag(name: string, path: string, value: unknown): FlagValue {
  return { flag: name, path: path.split('.'), value };
}

async function refusal(loading: Promise<HubConfig>): Promise<{ code: string; message: string }> {
  return loading.then(
    () => expect.unreachable('it was taken'),
    (error: Error & { code: string }) => ({ code: error.code, message: error.message.replaceAll(file, 'hub.json') }),
  );
}

describe('a configuration', () => {
  it('is taken from file, environment and flags, the later ones above', async () => {
    const content = { hostNames: ['of-file'], listen: { port: 1, host: '127.0.0.1' }, drain: { limitMs: 1 }, keepAliveMs: 5_000 };
    const environment = {
      STREAMS_HUB_LISTEN_PORT: '2',
      STREAMS_HUB_DRAIN_LIMIT_MS: '2',
      STREAMS_HUB_HOST_NAMES: 'one.example, two.example',
      STREAMS_HUB_PUBLIC_URL: '',
    };
    const config = await load(content, environment, [flag('--port', 'listen.port', 3), flag('--drain', 'drain.limitMs', undefined)]);
    expect(config).toMatchObject({
      options: { hostNames: ['one.example', 'two.example'], keepAliveMs: 5_000 },
      listen: { port: 3, host: '127.0.0.1' },
      drain: { limitMs: 2 },
    });
    const from = Object.fromEntries(config.inForce.map((setting) => [setting.name, setting.from]));
    expect(from).toMatchObject({
      hostNames: 'STREAMS_HUB_HOST_NAMES',
      'listen.port': '--port',
      'listen.host': file,
      'drain.limitMs': 'STREAMS_HUB_DRAIN_LIMIT_MS',
    });
    expect(from).not.toHaveProperty('publicUrl');
  });

  it('may be empty, and has defaults then', async () => {
    const { options, listen, inForce } = await load();
    expect([options, listen]).toEqual([{}, {}]);
    expect(inForce).toContainEqual({ name: 'listen.port', value: 8443, from: 'default', isReloaded: false });
  });

  it('makes a hub', async () => {
    const { options } = await load({ hostNames: ['localhost'], policies: POLICIES, tls: { dataDirectory: folder } });
    await createHub({ hostNames: [], tls: false, policies: [], ...options }).close();
  });

  it('takes a file from STREAMS_HUB_CONFIG, JSON for lists of objects, and what Kubernetes says of a service `streams-hub` is none of it', async () => {
    await load({ keepAliveMs: 5_000 });
    const environment = {
      STREAMS_HUB_CONFIG: file,
      STREAMS_HUB_POLICIES: JSON.stringify(POLICIES),
      STREAMS_HUB_TLS: 'false',
      STREAMS_HUB_PUBLIC_URL: 'https://hub.example',
      STREAMS_HUB_SERVICE_HOST: '10.0.0.1',
      STREAMS_HUB_SERVICE_PORT_HTTPS: '443',
      STREAMS_HUB_PORT: 'tcp://10.0.0.1:443',
      STREAMS_HUB_PORT_443_TCP_ADDR: '10.0.0.1',
    };
    expect((await loadHubConfig({ environment })).options).toEqual({
      keepAliveMs: 5_000,
      policies: POLICIES,
      tls: false,
      publicUrl: 'https://hub.example',
    });
  });

  it('lets an alternative give way to another one above it', async () => {
    const environment = { STREAMS_HUB_TLS_KEY_FILE: 'key.pem' };
    const flags = [flag('--tls-cert', 'tls.certFile', 'cert.pem')];
    expect((await load({ tls: { dataDirectory: 'data' } }, environment, flags)).options.tls).toEqual({
      keyFile: 'key.pem',
      certFile: 'cert.pem',
    });
    const plain = await load({ tls: false, publicUrl: 'https://hub.example' }, environment, flags);
    expect(plain.options.tls).toEqual({ keyFile: 'key.pem', certFile: 'cert.pem' });
  });
});

describe('what is wrong', () => {
  it.each<[problem: string, content: unknown, says: string]>([
    ['a slip in a path', { listen: { prot: 1 } }, 'hub.json: listen.prot: there is no such setting; did you mean listen.port?'],
    ['a slip in a section', { lisen: {} }, 'hub.json: lisen: there is no such setting; did you mean listen?'],
    ['another place', { port: 1 }, 'hub.json: port: there is no such setting; did you mean listen.port?'],
    [
      'a stranger',
      { listen: { colour: 1 } },
      'hub.json: listen.colour: there is no such setting; there are listen.host, listen.port, listen.streaming',
    ],
    ['a type', { listen: { port: '1' } }, 'hub.json: listen.port: expected a whole number from 0 to 65,535'],
    ['a bound', { drain: { limitMs: -1 } }, 'hub.json: drain.limitMs: expected a whole number from 0 to 3,600,000'],
    ['an entry', { hostNames: ['ok', 5] }, 'hub.json: hostNames[1]: expected text'],
    ['no entry', { hostNames: [] }, 'hub.json: hostNames: expected >=1 items'],
    ['what a rule says', { hostNames: ['https://x'] }, 'hub.json: hostNames[0]: expected a host name without a port'],
    [
      'a choice',
      { policies: [{ ...POLICIES[0], permissions: ['all'] }] },
      'hub.json: policies[0].permissions[0]: expected one of stream:create, ',
    ],
    [
      'a choice of sections',
      { tls: { keyFile: 'k', certFil: 'c' } },
      'hub.json: tls.certFile: is missing; hub.json: tls.certFil: there is no such setting; did you mean tls.certFile?',
    ],
    ['no choice at all', { tls: 'yes' }, 'hub.json: tls: expected { key, cert, ca? }, '],
    ['two that belong together', { tls: false }, 'hub.json: publicUrl: is needed with tls: false'],
    ['a section that is none', { listen: 8443 }, 'hub.json: listen: expected an object'],
    ['a file that is none', [1], 'hub.json: options: expected an object'],
    ['no JSON', '{\n  "listen": {\n    "port": 1,\n  }\n}', 'hub.json: is no JSON: look at line 4, column 3'],
  ])('in a file: %s', async (_, content, says) => {
    const { code, message } = await refusal(load(content));
    expect(code).toBe('STREAMS_INVALID_CONFIGURATION');
    expect(message).toContain(says);
  });

  it('in variables and flags is said together, each with its own name', async () => {
    const environment = { STREAMS_HUB_LISTEN_PROT: '1', STREAMS_HUB_KEEP_ALIVE_MS: '5 s', STREAMS_HUB_POLICIES: '[x' };
    const { code, message } = await refusal(load({ drain: 7 }, environment, [flag('--host-name', 'hostNames', ['a b'])]));
    expect(code).toBe('STREAMS_INVALID_CONFIGURATION');
    expect(message.split('; ').filter((part) => part.includes(':'))).toEqual([
      'STREAMS_HUB_LISTEN_PROT: there is no such variable',
      'STREAMS_HUB_POLICIES: policies: expected a list as JSON',
      'hub.json: drain: expected an object',
      '--host-name: hostNames[0]: expected a host name without a port',
      'STREAMS_HUB_KEEP_ALIVE_MS: keepAliveMs: expected a whole number from 1000 to 15000',
    ]);
    expect(message).toContain('did you mean STREAMS_HUB_LISTEN_PORT?');
  });

  it('in flags alone is a wrong argument', async () => {
    const { code } = await refusal(load(undefined, {}, [flag('--host-name', 'hostNames', ['a b'])]));
    expect(code).toBe('STREAMS_INVALID_ARGUMENT');
  });

  it('is a file that is not there', async () => {
    const { message } = await refusal(loadHubConfig({ file: `${file}.none`, environment: {} }));
    expect(message).toBe('hub.json.none: cannot be read (ENOENT)');
  });
});

describe('a secret', () => {
  it('is refused in a file that others can read', async () => {
    await chmod(file, 0o644);
    expect((await refusal(load({ policies: POLICIES }))).message).toMatch(
      /can be read by others .*; run: chmod 640 .*hub\.json; it holds secrets$/,
    );
    await chmod(file, 0o640);
    expect((await load({ policies: POLICIES })).options.policies).toEqual(POLICIES);
  });

  it('is shown neither among what is in force nor in errors', async () => {
    const { inForce } = await load({ policies: POLICIES });
    expect(inForce.find(({ name }) => name === 'policies')?.value).toEqual([{ ...POLICIES[0], keys: ['***'] }]);
    const wrong = { policies: [{ ...POLICIES[0], keys: `${KEY}-as-text`, name: KEY }] };
    for (const content of [wrong, `{"policies": [{"keys": ["${KEY}" "x"]}]}`, `{"policies": ${KEY}}`]) {
      expect((await refusal(load(content))).message).not.toContain(KEY.slice(0, 8));
    }
    expect((await refusal(load(undefined, { STREAMS_HUB_POLICIES: `["${KEY}"`, STREAMS_HUB_TLS: KEY }))).message).not.toContain(
      KEY.slice(0, 8),
    );
  });

  it('is known by its name', () => {
    expect(SETTINGS.filter(({ isSecret }) => isSecret).map(({ name }) => name)).toEqual(
      expect.arrayContaining(['tls.key', 'policies[].keys']),
    );
    expect(withoutSecrets({ tls: { key: 'PEM', cert: 'PEM' } })).toEqual({ tls: { key: '***', cert: 'PEM' } });
  });
});

it('each setting says what it is, and has a variable of its own', () => {
  expect(SETTINGS.filter(({ takes, description }) => takes.length > 0 && !/^\S.*\.$/.test(description)).map(({ name }) => name)).toEqual(
    [],
  );
  const variables = SETTINGS.flatMap(({ path }) => (path ? [variableOf(path)] : []));
  expect(new Set(variables).size).toBe(variables.length);
});
