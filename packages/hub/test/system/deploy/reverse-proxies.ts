// The real nginx and HAProxy with the files of docs/deploy/, unprivileged, in a directory of their own.
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The names that stand as `${NAME}` in the files, as docs/deploy.md lists them. */
export type Names = Readonly<
  Record<
    | 'HUB_NAME'
    | 'HUB_LISTEN'
    | 'HUB_ADDRESS'
    | 'STREAMING_NAME'
    | 'STREAMING_LISTEN'
    | 'STREAMING_ADDRESS'
    | 'CERTIFICATE'
    | 'CERTIFICATE_KEY',
    string
  >
>;

/** A proxy that runs. */
interface ReverseProxy {
  close(): Promise<void>;
}

/** Starts a proxy; resolves once it takes connections. */
export type StartProxy = (names: Names) => Promise<ReverseProxy>;

/** Runs docs/deploy/nginx.conf as a site of an nginx that is otherwise set to work in `directory`. */
export const startNginx: StartProxy = async (names) => {
  const directory = await mkdtemp(join(tmpdir(), 'streams-nginx-'));
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${directory}/${name};`);
  await writeFile(join(directory, 'streams.conf'), fillIn(await deployFile('nginx.conf'), names));
  const main = `worker_processes 1; pid ${directory}/pid; error_log stderr; events {}
    http { access_log off; ${temporary.join(' ')} include ${directory}/streams.conf; }`;
  await writeFile(join(directory, 'nginx.conf'), main);
  return run('nginx', ['-p', directory, '-c', join(directory, 'nginx.conf'), '-e', 'stderr', '-g', 'daemon off;'], directory, names);
};

/** Runs docs/deploy/haproxy.cfg as it is. */
export const startHaproxy: StartProxy = async (names) => {
  const directory = await mkdtemp(join(tmpdir(), 'streams-haproxy-'));
  await writeFile(join(directory, 'haproxy.cfg'), await deployFile('haproxy.cfg'));
  return run('haproxy', ['-db', '-f', join(directory, 'haproxy.cfg')], directory, names);
};

/** A file of docs/deploy/. */
export function deployFile(name: string): Promise<string> {
  return readFile(fileURLToPath(new URL(`../../../../../docs/deploy/${name}`, import.meta.url)), 'utf8');
}

/** What `envsubst` does. */
function fillIn(text: string, names: Names): string {
  return text.replaceAll(/\$\{([A-Z_]+)\}/g, (whole, name: string) => (names as Readonly<Record<string, string>>)[name] ?? whole);
}

async function run(program: string, args: readonly string[], directory: string, names: Names): Promise<ReverseProxy> {
  const path = `${process.env['PATH']}:/usr/sbin:/usr/local/sbin`;
  const child = spawn(program, args, { env: { ...names, PATH: path }, stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text));
  const ended = new Promise<string>((resolve) => {
    child.once('error', () => resolve(`${program} is missing: apt-get install -y --no-install-recommends ${program}`));
    child.once('close', (code) => resolve(`${program} ended with ${code}: ${said}`));
  });
  const close = async (): Promise<void> => {
    if (child.pid !== undefined) await stop(child);
    await rm(directory, { recursive: true });
  };
  try {
    for (const address of [names.HUB_LISTEN, names.STREAMING_LISTEN]) await takesConnections(address, ended);
  } catch (error) {
    await close();
    throw error;
  }
  return { close };
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, 'close');
  child.kill('SIGTERM');
  await exit;
}

async function takesConnections(address: string, ended: Promise<string>): Promise<void> {
  let failure: string | undefined;
  void ended.then((text) => (failure = text));
  const [host = '', port] = address.split(':');
  for (let left = 500; left > 0; left -= 1) {
    const socket = connect(Number(port), host);
    const connected = await new Promise((resolve) => socket.once('connect', () => resolve(true)).once('error', () => resolve(false)));
    socket.destroy();
    assert(failure === undefined, failure);
    if (connected) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  assert.fail(`nobody listens on ${address}`);
}
