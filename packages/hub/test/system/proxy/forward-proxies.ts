// The forward proxies of Debian, as they are found in companies: squid and tinyproxy, started for one test file.
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Certificate, freePort } from '@streams/testkit';

/** What squid knows of its only user; percent-encoded for a URL, and as its password file has it (`openssl passwd -apr1`). */
export const USER = { url: 'user:p%40ss%3A%20w%C3%B6rd%2F%25', file: 'user:$apr1$JetOCN8C$pnhgarZcaVMnrZzgBqhut1' } as const;

/** A proxy that runs. */
export interface ForwardProxy {
  readonly port: number;
  /** The port with TLS, of squid. */
  readonly tlsPort: number;
  /** Lines of the access log that hold a CONNECT. */
  connects(): Promise<string[]>;
  stop(): Promise<void>;
}

/** Wants Basic credentials, and finds the hub by names that nobody else knows. */
export async function startSquid(certificate: Certificate): Promise<ForwardProxy> {
  const directory = await mkdtemp(join(tmpdir(), 'streams-squid-'));
  await chmod(directory, 0o777); // started by root it goes on as another user
  const [port, tlsPort] = [await freePort(), await freePort()];
  const file = (name: string): string => join(directory, name);
  await writeFile(file('hosts'), '127.0.0.1 hub.invalid\n127.0.0.1 forbidden.invalid\n');
  await writeFile(file('users'), `${USER.file}\n`);
  await writeFile(file('tls.pem'), certificate.cert + certificate.key);
  const config = [
    `http_port 127.0.0.1:${port}`,
    `https_port 127.0.0.1:${tlsPort} tls-cert=${file('tls.pem')}`,
    `hosts_file ${file('hosts')}`,
    `auth_param basic program /usr/lib/squid/basic_ncsa_auth ${file('users')}`,
    'auth_param basic children 1 startup=1 idle=1',
    'acl known proxy_auth REQUIRED',
    'acl forbidden dstdomain forbidden.invalid',
    'http_access deny forbidden',
    'http_access allow known',
    'http_access deny all',
    `access_log stdio:${file('log')}`,
    `cache_log ${file('cache.log')}`,
    `pid_filename ${file('pid')}`,
    `coredump_dir ${directory}`,
    'cache deny all',
    'cache_mem 0 MB',
    'max_filedescriptors 256',
    'pinger_enable off',
    'netdb_filename none',
  ];
  await writeFile(file('conf'), config.join('\n'));
  return start('/usr/sbin/squid', ['-N', '-f', file('conf')], directory, port, tlsPort);
}

/** Lets everybody through. */
export async function startTinyproxy(): Promise<ForwardProxy> {
  const directory = await mkdtemp(join(tmpdir(), 'streams-tinyproxy-'));
  const port = await freePort();
  const config = [`Port ${port}`, 'Listen 127.0.0.1', `LogFile "${join(directory, 'log')}"`, 'LogLevel Connect', 'MaxClients 50'];
  await writeFile(join(directory, 'conf'), `${config.join('\n')}\n`);
  return start('/usr/bin/tinyproxy', ['-d', '-c', join(directory, 'conf')], directory, port, 0);
}

async function start(program: string, args: string[], directory: string, port: number, tlsPort: number): Promise<ForwardProxy> {
  assert(existsSync(program), `${program} is missing: apt-get install squid tinyproxy`);
  const child = spawn(program, args, { stdio: 'ignore' });
  const stop = async (): Promise<void> => {
    // Squid takes two seconds to end by itself.
    if (child.exitCode === null && child.kill('SIGKILL')) await once(child, 'exit');
    await rm(directory, { recursive: true, force: true });
  };
  try {
    await listens(child, port);
  } catch (error) {
    await stop();
    throw error;
  }
  const connects = async (): Promise<string[]> => {
    const log = await readFile(join(directory, 'log'), 'utf8').catch(() => '');
    return log.split('\n').filter((line) => line.includes('CONNECT ') && line.includes(':'));
  };
  return { port, tlsPort, connects, stop };
}

async function listens(child: ChildProcess, port: number): Promise<void> {
  for (const deadline = performance.now() + 10_000; ; ) {
    const socket = connect({ port, host: '127.0.0.1' });
    const isUp = await once(socket, 'connect').then(
      () => true,
      () => false,
    );
    socket.destroy();
    if (isUp) return;
    assert(child.exitCode === null && performance.now() < deadline, `${child.spawnfile} does not start`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
