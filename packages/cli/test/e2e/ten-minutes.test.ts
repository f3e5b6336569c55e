// The ten minutes of README.md, as its reader has them: its own commands, typed into shells with an empty home, up to a command that
// runs on the device over ssh, with a real sshd. Only the ports are others, since 22 and 8443 may be taken.
import { spawn } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { needs, run, type RunningServer, startSshd } from '../../../../test/support/programs.ts';
import { type Ended, Running } from '../support/command.ts';

const ROOT = fileURLToPath(new URL('../../../..', import.meta.url));
const SSH = needs('/usr/bin/ssh', 'openssh-client');
const terminals: Running[] = [];
let home: string;
let sshd: RunningServer;
let cafile: string;

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'streams-ten-minutes-'));
  sshd = await startSshd();
  // What the machine's administrator has told npm of its network; another prefix hides that.
  cafile = (await run('npm', ['config', 'get', 'cafile'])).stdout.trim();
  await mkdir(join(home, 'bin'));
  // ssh takes the home of the password file, so that of the test has to be told.
  const settings = ['-F', join(home, 'ssh_config')].map((word) => `'${word}'`).join(' ');
  await writeFile(join(home, 'bin/ssh'), `#!/bin/sh\nexec ${SSH} ${settings} "$@"\n`);
  await chmod(join(home, 'bin/ssh'), 0o755);
  const config = [
    'StrictHostKeyChecking accept-new',
    `UserKnownHostsFile ${join(home, 'known')}`,
    `IdentityFile ${join(sshd.directory, 'id')}`,
  ];
  await writeFile(join(home, 'ssh_config'), `${config.join('\n')}\nIdentitiesOnly yes\nBatchMode yes\n`);
});
afterAll(async () => {
  await Promise.all(terminals.map(interrupt));
  await sshd.stop();
  await rm(home, { recursive: true });
});

/** What a reader types: the blocks of the section, in their order. */
async function blocksOfReadme(): Promise<string[]> {
  const [, section = ''] = /^## SSH to a device in ten minutes\n(.*?)^## /ms.exec(await readFile(join(ROOT, 'README.md'), 'utf8')) ?? [];
  return [...section.matchAll(/^```sh\n(.*?)^```$/gms)].map(([, block = '']) => block);
}

/** Types into a new terminal, whose shell knows nothing but where programs are. */
function type(block: string, answers: Readonly<Record<string, string>> = {}): Running {
  const replace = (text: string, [from, to]: [string, string]): string => {
    expect(text).toContain(from);
    return text.replace(from, to);
  };
  const prefix = join(home, 'npm');
  const env = {
    HOME: home,
    PATH: `${home}/bin:${prefix}/bin:${process.env['PATH']}`,
    npm_config_prefix: prefix,
    npm_config_cafile: cafile,
  };
  // In a process group of its own, as a terminal's job is.
  const child = spawn('sh', ['-ec', Object.entries(answers).reduce(replace, block)], { cwd: ROOT, env, stdio: 'pipe', detached: true });
  terminals.push(new Running(child));
  return terminals.at(-1)!;
}

/** Ctrl-C. */
async function interrupt({ child, ended }: Running): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) process.kill(-child.pid!, 'SIGINT');
  await ended;
}

function typed(block: string, input = ''): Promise<Ended> {
  const terminal = type(block);
  terminal.child.stdin?.end(input);
  return terminal.ended;
}

it('from the tarballs to a shell on the device, with what README.md says and no more', { timeout: 120_000 }, async () => {
  const blocks = await blocksOfReadme();
  expect(blocks).toHaveLength(6);
  const [install, hubStart, create, deviceProxy, ssh, doctor] = blocks as [string, string, string, string, string, string];

  const installed = await typed(install);
  expect(installed, installed.stderr).toMatchObject({ code: 0 });
  const hub = type(hubStart, { 'hub start': 'hub start --port 0' });
  await hub.prints(/^the hub is ready: /m);
  const created = await typed(create);
  expect(created).toMatchObject({ code: 0, stdout: expect.stringMatching(/^HostName=\S+;DeviceId=pump-7;\S+\n$/), stderr: '' });
  const device = type(deviceProxy, { '<the line that was printed>': created.stdout.trim(), '127.0.0.1:22': `127.0.0.1:${sshd.port}` });
  await device.prints(/^pump-7 is connected$/m);

  const login = await typed(ssh, 'echo "as $(id -un) from $SSH_CONNECTION"; exit 7\n');
  expect(login).toMatchObject({
    code: 7,
    stdout: expect.stringMatching(`^as ${userInfo().username} from 127\\.0\\.0\\.1 \\d+ 127\\.0\\.0\\.1 ${sshd.port}\n$`),
  });
  const examined = await typed(doctor);
  expect(examined, examined.stdout).toMatchObject({ code: 0, stdout: expect.not.stringMatching(/^(?:failed|warn)/m), stderr: '' });

  await interrupt(device);
  const without = await typed(ssh);
  expect(without).toMatchObject({
    code: 255,
    stderr: expect.stringMatching(/^streams: STREAMS_DEVICE_NOT_CONNECTED: .*`streams device proxy`$/m),
  });
});
