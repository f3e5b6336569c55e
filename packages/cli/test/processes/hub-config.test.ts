// `hub start --config` and `hub config`: what is refused, what is in force, and what SIGHUP changes.
import { execFileSync } from 'node:child_process';
import { chmod, mkdir, open, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { leakCheck } from '@streams/testkit';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Home, type Running } from '../support/command.ts';

const leaks = leakCheck();
let home: Home;
let file: string;
beforeAll(async () => {
  home = await Home.make();
  file = join(home.directory, 'hub.json');
});
afterAll(async () => {
  await home.remove();
  await leaks.settled();
});

const GOOD = { listen: { port: 0, host: '127.0.0.1' }, drain: { limitMs: 1_000 } };

function put(settings: object | string): Promise<void> {
  return writeFile(file, typeof settings === 'string' ? settings : JSON.stringify(settings), { mode: 0o600 });
}

/** The settings that `hub config` shows, and where each is from. */
async function inForce(args: readonly string[] = [], environment: Record<string, string> = {}): Promise<Record<string, unknown>> {
  const { stdout, stderr } = await home.run(['hub', 'config', '--origin', '--json', ...args], undefined, '', environment);
  expect(stderr).toBe('');
  const settings = JSON.parse(stdout) as Record<string, { value: unknown; from: string }>;
  return Object.fromEntries(Object.entries(settings).map(([name, { value, from }]) => [name, [value, from]]));
}

it('hub config shows what would be, without secrets', async () => {
  await put(GOOD);
  const shown = await inForce(['--config', file, '--port', '1'], { STREAMS_HUB_KEEP_ALIVE_MS: '5000' });
  expect(shown).toMatchObject({
    'listen.host': ['127.0.0.1', file],
    'listen.port': [1, '--port'],
    keepAliveMs: [5_000, 'STREAMS_HUB_KEEP_ALIVE_MS'],
    dataDirectory: [join(home.directory, '.streams'), 'default'],
  });
  const key = Buffer.alloc(32, 7).toString('base64');
  await put({ ...GOOD, policies: [{ name: 'backend', keys: [key], permissions: ['stream:create'] }] });
  const refused = await home.run(['hub', 'config', '--config', file]);
  expect(refused).toMatchObject({ code: 78, stdout: '', stderr: expect.stringContaining('`streams policies create`') });
  expect(refused.stderr).not.toContain(key);
});

it('H6 H7 a hub does not start with settings that are wrong, keys that others can read, or a debugger', async () => {
  const data = join(home.directory, 'exposed');
  await mkdir(data);
  await writeFile(join(data, 'policies.json'), JSON.stringify({ policies: [] }));
  await chmod(join(data, 'policies.json'), 0o640);
  await put({ ...GOOD, drain: { limtMs: 1 } });
  const [slips, exposed, debugged] = await Promise.all([
    home.run(['hub', 'start', '--config', file], undefined, '', { STREAMS_HUB_KEEP_ALIVE_MS: 'often' }),
    home.run(['hub', 'start', '--port', '0', '--data', data]),
    home.run(['hub', 'start', '--port', '0'], undefined, '', { NODE_OPTIONS: '--inspect=127.0.0.1:0' }),
  ]);
  expect(slips.code).toBe(78);
  expect(slips.stderr).toContain(`${file}: drain.limtMs: there is no such setting; did you mean drain.limitMs?; `);
  expect(slips.stderr).toContain('STREAMS_HUB_KEEP_ALIVE_MS: keepAliveMs: expected a whole number');
  expect(exposed).toMatchObject({ code: 78, stderr: expect.stringContaining(`chmod 600 ${data}/policies.json`) });
  expect(debugged).toMatchObject({ code: 78, stderr: expect.stringContaining('--allow-debugger') });
});

it('H7 SIGHUP takes what is right, keeps what is in force where anything is wrong, and SIGUSR1 opens no debugger', async () => {
  await put(GOOD);
  const hub: Running = home.start(['hub', 'start', '--config', file]);
  await hub.prints(/^service: /m);
  const hangUp = async (content: object | string, says: RegExp): Promise<void> => {
    await put(content);
    hub.stderr = '';
    hub.child.kill('SIGUSR1');
    hub.child.kill('SIGHUP');
    await hub.says(says);
  };
  await hangUp(
    { ...GOOD, drain: { limitMs: -1 } },
    /"level":50.*the hub keeps the settings that it has: \S+hub\.json: drain\.limitMs: expected/,
  );
  await hangUp('{ "drain"', /"level":50.*hub\.json: is no JSON/);
  await hangUp({ ...GOOD, keepAliveMs: 5_000, drain: { limitMs: 0 } }, /"level":40,.*these have changed and need a restart: keepAliveMs/);
  expect(hub.stderr).toMatch(/"changed":\["drain\.limitMs"\].*the hub has read its settings again/);
  expect(hub.stderr).not.toContain('Debugger');
  const { stdout } = await home.run(['hub', 'config']);
  const shown = JSON.parse(stdout) as object;
  expect(shown).toMatchObject({ drain: { limitMs: 0 }, listen: { host: '127.0.0.1', port: 0 } });
  expect(shown).not.toHaveProperty('keepAliveMs');
  expect(await hub.stop()).toMatchObject({ code: 0 });
});

it('a SIGHUP that comes while the hub starts does not end it, and is answered once it runs', async () => {
  const pipe = join(home.directory, 'hub.pipe');
  execFileSync('mkfifo', ['-m', '600', pipe]);
  const hub = home.start(['hub', 'start', '--config', pipe]);
  // Resolves when the hub opens the other end; it goes on with the end of this one.
  const settings = await open(pipe, 'w');
  hub.child.kill('SIGHUP');
  await settings.writeFile(JSON.stringify(GOOD));
  await settings.close();
  await hub.prints(/^service: /m);
  await writeFile(pipe, JSON.stringify({ ...GOOD, drain: { limitMs: 0 } }));
  await hub.says(/"changed":\["drain\.limitMs"\].*the hub has read its settings again/);
  expect(await hub.stop()).toMatchObject({ code: 0 });
});
