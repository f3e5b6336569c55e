// A PostgreSQL server of the test's own.
import { existsSync, readdirSync } from 'node:fs';
import { chown } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { freePort, needs, run, type Scratch, type Server, startServer } from './programs.ts';

const VERSIONS = '/usr/lib/postgresql';

/** Where its programs are; a folder of a version may hold the client's alone. */
function programs(): string | undefined {
  const versions = existsSync(VERSIONS) ? readdirSync(VERSIONS) : [];
  return versions.map((version) => join(VERSIONS, version, 'bin')).find((bin) => existsSync(join(bin, 'postgres')));
}

/** Whether a server can be started here. */
export function hasPostgres(): boolean {
  return programs() !== undefined;
}

/** Its cluster is a folder of `scratch`; user `postgres`, no password. */
export async function startPostgres(scratch: Scratch): Promise<Server> {
  const program = (name: string): string => needs(join(programs() ?? VERSIONS, name), 'postgresql');
  const user = await unprivileged();
  const data = scratch.file('cluster');
  if (user) await chown(scratch.path, user.uid, user.gid);
  const initdb = await run(program('initdb'), ['-D', data, '-U', 'postgres', '-A', 'trust', '-N', '--no-locale', '-E', 'UTF8'], { user });
  if (initdb.code !== 0) throw new Error(`initdb: ${initdb.stderr}`);
  const port = await freePort();
  const args = ['-D', data, '-p', `${port}`, '-h', '127.0.0.1', '-k', scratch.path, '-F'];
  return startServer({ program: program('postgres'), args, port, user });
}

/** It refuses to run as root; its package has made a user for it. */
async function unprivileged(): Promise<{ uid: number; gid: number } | undefined> {
  if (userInfo().uid !== 0) return undefined;
  const id = async (flag: string): Promise<number> => Number((await run('/usr/bin/id', [flag, 'postgres'])).stdout);
  return { uid: await id('-u'), gid: await id('-g') };
}
