// `streams device install`: what the unit runs and may do, where it goes, and what is refused. Systemd's own verdict is in system/.
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { nextCommands, planInstall } from '../../src/install/device-plan.ts';
import { unitText } from '../../src/install/device-unit.ts';
import { Home } from '../support/command.ts';

const PROGRAMS = { node: '/usr/bin/node', main: '/usr/lib/node_modules/@streams/cli/dist/main.js' };
const SERVICE = { ssh: '127.0.0.1:22', web: 'plc.local:80' };
/** What only a manager with the rights of root can do: in that of a user it keeps the service from starting, or does nothing. */
const ROOT_ONLY =
  /^(?:DynamicUser|LoadCredential|User|Group|Protect\w+|Private\w+|DevicePolicy|CapabilityBoundingSet|AmbientCapabilities)=|network-online|multi-user/m;

describe('the unit of the system', () => {
  const unit = unitText(planInstall({ service: SERVICE }, PROGRAMS));

  it('runs the proxy with a copy of the key that is its own', () => {
    const main = PROGRAMS.main;
    const options = '--service ssh=127.0.0.1:22 --service web=plc.local:80';
    expect(unit).toContain(
      `\nExecStart=/usr/bin/node ${main} device proxy ${options} --connection-string-file "\${CREDENTIALS_DIRECTORY}/connection-string"\n`,
    );
    expect(unit).toContain('\nLoadCredential=connection-string:/etc/streams/connection-string\n');
  });

  it('is hardened, restarts for ever, and says why memory may be executed', () => {
    for (const line of [
      'DynamicUser=yes',
      'NoNewPrivileges=yes',
      'ProtectSystem=strict',
      'ProtectHome=yes',
      'PrivateTmp=yes',
      'PrivateDevices=yes',
      'RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX AF_NETLINK',
      'SystemCallFilter=@system-service',
      'CapabilityBoundingSet=',
      'Restart=always',
      'StartLimitIntervalSec=0',
    ])
      expect(unit.split('\n')).toContain(line);
    expect(unit).toMatch(/^# MemoryDenyWriteExecute=yes is not possible: V8/m);
  });

  it('quotes what systemd would read otherwise', () => {
    const service = { "100%$'": '[::1]:1' };
    const text = unitText(
      planInstall({ service, connectionStringFile: '/a b/100%' }, { node: '/opt/my node/$1', main: '/opt/"x"\\main.js' }),
    );
    expect(text).toContain(
      `\nExecStart="/opt/my node/$1" "/opt/\\"x\\"\\\\main.js" device proxy --service "100%%$$'=[::1]:1" --connection`,
    );
    expect(text).toContain('\nLoadCredential=connection-string:/a b/100%%\n');
    expect(() => unitText(planInstall({ config: '/etc/a\nb' }, PROGRAMS))).toThrow('control characters');
  });

  it.each([
    [{ node: '/home/ada/.nvm/node', main: PROGRAMS.main }, {}],
    [{ node: PROGRAMS.node, main: '/tmp/main.js' }, {}],
    [PROGRAMS, { service: undefined, config: '/root/proxy.json' }],
  ])('does not name what it hides: %o %o', (programs, options) => {
    expect(() => planInstall({ service: SERVICE, ...options }, programs)).toThrow(
      /is in a place that a service of the system does not see/,
    );
    expect(planInstall({ service: SERVICE, ...options, user: true }, programs)).toMatchObject({ user: true });
  });

  it('comes with what to type next', () => {
    const plan = planInstall({ service: SERVICE, connectionStringFile: '/etc/a b' }, PROGRAMS);
    expect(plan.file).toBe('/etc/systemd/system/streams-device.service');
    const [first, ...rest] = nextCommands(plan, false);
    expect(first).toMatch(/^sudo install -D -m 600 \/dev\/stdin '\/etc\/a b' /);
    expect(nextCommands(plan, true)).toEqual(["sudo chmod 600 '/etc/a b'", ...rest]);
    expect(rest.slice(0, 2)).toEqual(['sudo systemctl daemon-reload', 'sudo systemctl enable --now streams-device.service']);
  });

  it('cannot run a program that systemd refuses', () => {
    expect(() => planInstall({ service: SERVICE }, { ...PROGRAMS, node: "/opt/it's/node" })).toThrow('systemd runs no program');
  });
});

describe('the command', () => {
  let home: Home;
  beforeEach(async () => (home = await Home.make()));
  afterEach(() => home.remove());

  it('writes a unit for a user, without what a user cannot have, and says what to type', async () => {
    const { code, stdout, stderr } = await home.run(['device', 'install', '--user', '--service', 'ssh=127.0.0.1:22']);
    const file = join(home.directory, '.config/systemd/user/streams-device.service');
    expect(code).toBe(0);
    expect(stdout).toBe(await readFile(file, 'utf8'));
    expect((await stat(file)).mode & 0o777).toBe(0o644);
    expect(stdout).toContain(`ExecStart=${process.execPath} `);
    expect(stdout).toContain(` --connection-string-file ${home.directory}/.config/streams/connection-string\n`);
    expect(stdout).not.toMatch(ROOT_ONLY);
    expect(unitText(planInstall({ service: SERVICE }, PROGRAMS))).toMatch(ROOT_ONLY);
    expect(stderr).toMatch(
      /^wrote \S+; now type:\n {2}install -D -m 600 .*\n {2}systemctl --user daemon-reload\n {2}systemctl --user enable --now /,
    );
  });

  it('runs what `streams device proxy` takes, whatever a service is called', async () => {
    const { options } = planInstall({ service: { "-.%_*?!(),:=@$'": '[::1]:502' } }, PROGRAMS);
    const ended = await home.run(['device', 'proxy', ...options, '--connection-string-file', '/nowhere']);
    expect(ended).toMatchObject({ code: 64, stderr: expect.stringContaining('--connection-string-file: /nowhere cannot be read') });
  });

  it('looks at the configuration before it writes', async () => {
    const ended = await home.run(['device', 'install', '--user', '--config', join(home.directory, 'none.json')]);
    expect(ended).toMatchObject({ code: 64, stderr: expect.stringContaining('none.json') });
    await expect(stat(join(home.directory, '.config'))).rejects.toThrow('ENOENT');
  });

  it('writes nothing with --print', async () => {
    const config = join(home.directory, 'proxy.json');
    const ended = await home.run(['device', 'install', '--user', '--print', '--json', '--config', config]);
    const { file, written, unit } = JSON.parse(ended.stdout) as { file: string; written: boolean; unit: string };
    expect([ended.code, written]).toEqual([0, false]);
    expect(unit).toContain(` device proxy --config ${config} `);
    await expect(stat(file)).rejects.toThrow('ENOENT');
  });

  it.each([[[]], [['--service', 'a=b:1', '--config', 'c']]])('wants one kind of services: %j', async (args) => {
    const ended = await home.run(['device', 'install', '--user', ...args]);
    expect(ended).toMatchObject({ code: 64, stderr: expect.stringMatching(/either --service name=host:port.* or --config FILE\n$/) });
  });
});
