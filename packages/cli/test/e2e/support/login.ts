// A login by ssh that stays, as that of a person at work.
import { spawn } from 'node:child_process';
import { Running } from '../../support/command.ts';
import { needs } from '../../../../../test/support/programs.ts';
import { type Sshd, USER } from '../../../../../test/support/sshd.ts';

/** Its command gives back what it is sent. Resolves once it has done so. */
export async function startLogin(sshd: Sshd, port: number, prefix: readonly string[] = []): Promise<Running> {
  const ssh = needs('/usr/bin/ssh', 'openssh-client');
  const [program, ...args] = [...prefix, ssh, ...sshd.options, '-p', `${port}`, `${USER}@127.0.0.1`, 'cat; exit 7'];
  const login = new Running(spawn(program, args));
  login.child.stdin?.write('before\n');
  await login.prints(/before\n/);
  return login;
}
