// OpenSSH over `streams connect` as ProxyCommand, and over `streams ssh`, to an sshd behind `streams device proxy`.
import { createHash, randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { leakCheck } from '@streams/testkit';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { needs, type RunningServer, startSshd } from '../../../../test/support/programs.ts';
import { type Ended, Home } from '../support/command.ts';

const SSH = needs('/usr/bin/ssh', 'openssh-client');
const leaks = leakCheck();
let home: Home;
let sshd: RunningServer;
let serviceString: string;
/** The test's key alone, and nothing of the user's own files. */
let settings: string[];

beforeAll(async () => {
  [home, sshd] = await Promise.all([Home.make(), startSshd()]);
  const hub = home.start(['hub', 'start', '--port', '0', '--listen', '127.0.0.1']);
  serviceString = (await hub.prints(/^service: .*STREAMS_CONNECTION_STRING='(.+)' streams echo/m))[1] ?? '';
  const { stdout } = await home.run(['devices', 'create', 'pump-7']);
  const device = home.start(['device', 'proxy', '--service', `ssh=127.0.0.1:${sshd.port}`], stdout.trim());
  await device.prints(/pump-7 is connected/);
  const known = `UserKnownHostsFile=${join(sshd.directory, 'known')}`;
  const options = ['StrictHostKeyChecking=accept-new', known, 'IdentitiesOnly=yes', 'BatchMode=yes', 'HashKnownHosts=no'];
  settings = ['-F', '/dev/null', '-i', join(sshd.directory, 'id'), ...options.flatMap((option) => ['-o', option])];
});
afterAll(async () => {
  await home.remove();
  await sshd.stop();
  await leaks.settled();
});

/** As a person would type it. */
async function proxyCommand(service: string, command: string, input: Buffer | string = ''): Promise<Ended> {
  const way = ['-o', `ProxyCommand=streams connect pump-7 ${service}`, `${userInfo().username}@pump-7`];
  return end(await home.startProgram([SSH, ...settings, ...way, command], serviceString), input);
}

/** Credentials come from the hub's data directory, since nothing else is given. */
async function streamsSsh(command: string, input: Buffer | string = ''): Promise<Ended> {
  return end(await home.startProgram(['streams', 'ssh', 'pump-7', '--', ...settings, '-l', userInfo().username, command]), input);
}

function end(running: Awaited<ReturnType<Home['startProgram']>>, input: Buffer | string): Promise<Ended> {
  running.child.stdin?.end(input);
  return running.ended;
}

for (const [way, login] of [
  ['ProxyCommand', (command: string, input?: Buffer) => proxyCommand('ssh', command, input)],
  ['streams ssh', streamsSsh],
] as const) {
  it(`${way}: a command, with its output, its errors and its exit code`, async () => {
    const ended = await login('echo out; echo err >&2; exit 7');
    expect(ended).toMatchObject({ code: 7, stdout: 'out\n', stderr: expect.stringContaining('err\n') });
    // By the device's id, so that no device is taken for another.
    expect(await readFile(join(sshd.directory, 'known'), 'utf8')).toMatch(/^pump-7 ssh-ed25519 \S+\n$/);
  });

  it(`${way}: 16 MiB of standard input into a file, and back`, async () => {
    const file = join(sshd.directory, `big of ${way}`);
    const bytes = randomBytes(2 ** 24);
    expect(await login(`cat > '${file}'`, bytes)).toMatchObject({ code: 0, stdout: '' });
    expect(sha256(await readFile(file))).toBe(sha256(bytes));
    const { code, stdout } = await login(`cat '${file}'`);
    expect([code, sha256(Buffer.from(stdout, 'latin1'))]).toEqual([0, sha256(bytes)]);
  });

  it(`${way}: two at once`, async () => {
    // Each waits for the file of the other, so neither can go first.
    const [a, b] = ['a', 'b'].map((name) => join(sshd.directory, `${name}-${way.replace(' ', '-')}`)) as [string, string];
    const meet = (own: string, other: string): string => `touch ${own}; while [ ! -e ${other} ]; do sleep 0.05; done; echo met`;
    const ended = await Promise.all([login(meet(a, b)), login(meet(b, a))]);
    expect(ended.map(({ code, stdout }) => [code, stdout])).toEqual([
      [0, 'met\n'],
      [0, 'met\n'],
    ]);
  });
}

it('a service that the device does not have: ssh ends with 255, and the reason is said', async () => {
  expect(await proxyCommand('telnet', 'true')).toMatchObject({
    code: 255,
    stderr: expect.stringMatching(/^streams: STREAMS_STREAM_REJECTED: .*no service telnet here; there are: ssh; /m),
  });
});

function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}
