// `streams hub install`: what the unit runs, may do and keeps. Systemd's own verdict is in system/.
import { stat } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { nextHubCommands, planHubInstall } from '../../src/install/hub-plan.ts';
import { hubUnitText } from '../../src/install/hub-unit.ts';
import { Home } from '../support/command.ts';

const PROGRAMS = { node: '/usr/bin/node', main: '/usr/lib/node_modules/@streams/cli/dist/main.js' };

describe('the unit of a hub', () => {
  const plan = planHubInstall({ port: 443, hostName: ['hub.example.com', '[::1]'], config: '/etc/streams/hub.json' }, PROGRAMS);
  const lines = hubUnitText(plan).split('\n');

  it('runs the hub on the data that systemd keeps for it', () => {
    const options = '--config /etc/streams/hub.json --port 443 --host-name hub.example.com "[::1]"';
    expect(lines).toContain(`ExecStart=/usr/bin/node ${PROGRAMS.main} hub start --quiet ${options} --data "\${STATE_DIRECTORY}"`);
    expect(lines).toContain('StateDirectory=streams');
    expect(lines).toContain('StateDirectoryMode=0700');
  });

  it('is hardened, and may listen on port 443', () => {
    for (const line of [
      'DynamicUser=yes',
      'AmbientCapabilities=CAP_NET_BIND_SERVICE',
      'CapabilityBoundingSet=CAP_NET_BIND_SERVICE',
      'NoNewPrivileges=yes',
      'ProtectSystem=strict',
      'ProtectHome=yes',
      'ProtectKernelTunables=yes',
      'SystemCallFilter=@system-service',
    ])
      expect(lines).toContain(line);
    // In a user namespace of its own it could not listen there.
    expect(lines).not.toContain('PrivateUsers=yes');
  });

  it('comes back at once, but not with a configuration that is wrong; and reloads', () => {
    for (const line of ['Restart=always', 'RestartSec=1', 'RestartPreventExitStatus=64 78', 'ExecReload=/bin/kill -HUP $MAINPID'])
      expect(lines).toContain(line);
  });

  it('comes with what to type next', () => {
    expect(nextHubCommands(plan).slice(0, 2)).toEqual(['sudo systemctl daemon-reload', 'sudo systemctl enable --now streams-hub.service']);
  });

  it.each(['/root/hub.json', '/tmp/hub.json', '/home/ada/hub.json'])('names no configuration that it hides: %s', (config) => {
    expect(() => planHubInstall({ config }, PROGRAMS)).toThrow(`${config} is in a place that a service of the system does not see`);
  });
});

describe('the command', () => {
  let home: Home;
  beforeEach(async () => (home = await Home.make()));
  afterEach(() => home.remove());

  it('says what is wrong, and writes nothing', async () => {
    const ended = await home.run(['hub', 'install', '--config', '/root/hub.json']);
    expect(ended).toMatchObject({
      code: 64,
      stdout: '',
      stderr: expect.stringContaining('in a place that a service of the system does not see'),
    });
    await expect(stat('/etc/systemd/system/streams-hub.service')).rejects.toThrow('ENOENT');
  });
});
