// OpenSSH's client as if the test's own files were the user's: it takes the home of the password file, whatever HOME says.
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { needs } from './programs.ts';

/** Makes a program `ssh` in `bin`, which knows the key `id` of that directory and keeps its known hosts there. */
export async function putSshInto(bin: string, directory: string): Promise<void> {
  const ssh = needs('/usr/bin/ssh', 'openssh-client');
  const file = (name: string): string => join(directory, name);
  const config = [
    'StrictHostKeyChecking accept-new',
    `UserKnownHostsFile ${file('known')}`,
    `IdentityFile ${file('id')}`,
    'IdentitiesOnly yes',
    'BatchMode yes',
  ];
  await writeFile(file('ssh_config'), `${config.join('\n')}\n`);
  await mkdir(bin, { recursive: true });
  await writeFile(join(bin, 'ssh'), `#!/bin/sh\nexec ${ssh} -F '${file('ssh_config')}' "$@"\n`, { mode: 0o755 });
}
