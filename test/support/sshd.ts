// An OpenSSH server of the test's own, and what its clients are told: one key, and nothing of the user's own files.
import { chmod, copyFile, mkdir, writeFile } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { freePort, needs, run, type Scratch, type Server, startServer } from './programs.ts';

export interface Sshd extends Server {
  /** For ssh, scp, sftp and rsync alike. */
  readonly options: readonly string[];
}

export interface SshdOptions {
  readonly port?: number;
  readonly address?: string;
  /** In front of the command, such as `ip netns exec NAME`. */
  readonly prefix?: readonly string[];
}

export const USER: string = userInfo().username;

/** Its keys and its log are files of `scratch`; a second one there has the same keys. */
export async function startSshd(scratch: Scratch, settings: SshdOptions = {}): Promise<Sshd> {
  const { port = await freePort(), address = '127.0.0.1', prefix = [] } = settings;
  await makeKeys(scratch);
  const config = [
    `Port ${port}`,
    `ListenAddress ${address}`,
    `HostKey ${scratch.file('host')}`,
    `AuthorizedKeysFile ${scratch.file('authorized')}`,
    `PidFile ${scratch.file('pid')}`,
    'StrictModes no',
    'UsePAM no',
    'PasswordAuthentication no',
    'KbdInteractiveAuthentication no',
    'PermitRootLogin prohibit-password',
    'Subsystem sftp internal-sftp',
  ];
  await writeFile(scratch.file('sshd_config'), `${config.join('\n')}\n`);
  // As root it insists on an empty directory to lock itself into.
  if (userInfo().uid === 0) await mkdir('/run/sshd', { recursive: true });
  const sshd = needs('/usr/sbin/sshd', 'openssh-server');
  const [program, ...args] = [...prefix, sshd, '-D', '-E', scratch.file('sshd.log'), '-f', scratch.file('sshd_config')];
  return { ...(await startServer({ program, args, port })), options: clientOptions(scratch) };
}

async function makeKeys(scratch: Scratch): Promise<void> {
  const keygen = needs('/usr/bin/ssh-keygen', 'openssh-client');
  // It asks before it overwrites, and gets no answer.
  for (const name of ['host', 'id']) await run(keygen, ['-q', '-t', 'ed25519', '-N', '', '-f', scratch.file(name)]);
  await copyFile(scratch.file('id.pub'), scratch.file('authorized'));
  await chmod(scratch.file('authorized'), 0o600);
}

function clientOptions(scratch: Scratch): string[] {
  const settings = [
    'StrictHostKeyChecking=no',
    `UserKnownHostsFile=${scratch.file('known')}`,
    'LogLevel=ERROR',
    'IdentitiesOnly=yes',
    'BatchMode=yes',
  ];
  return ['-F', '/dev/null', '-i', scratch.file('id'), ...settings.flatMap((setting) => ['-o', setting])];
}
