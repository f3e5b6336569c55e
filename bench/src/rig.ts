// The processes of a measurement: the hub, the reference relay, and the far side of both; this process is the near side.
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { generate } from 'selfsigned';
import type { HubReady } from './hub.ts';

/** For the hub and for the reference alike; docs/performance.md says what it does. */
export const NODE_FLAGS: readonly string[] = ['--no-concurrent-array-buffer-sweeping', '--heap-growing-percent=300'];

/** What runs, and how to reach it. */
export interface Rig extends AsyncDisposable {
  readonly hub: ChildProcess;
  readonly relay: ChildProcess;
  readonly far: ChildProcess;
  readonly strings: HubReady;
  /** `wss://` of the reference relay. */
  readonly relayUrl: string;
  readonly ca: string;
  readonly caFile: string;
}

/** Starts the processes; the hub with `devices` devices. */
export async function startRig(devices = 1): Promise<Rig> {
  const certificate = await makeCertificate();
  const { key, cert, ca } = certificate;
  const hub = start('./hub.js', [key, cert, String(devices)], NODE_FLAGS);
  const [strings] = (await once(hub, 'message')) as [HubReady];
  const relay = start('./reference/relay.js', [key, cert], NODE_FLAGS);
  const [port] = (await once(relay, 'message')) as [number];
  const far = start('./far.js', [cert], NODE_FLAGS, strings.device);
  await once(far, 'message');
  const stop = async (): Promise<void> => {
    const exits = [hub, relay, far].map((child) => once(child, 'exit'));
    for (const child of [hub, relay, far]) child.kill();
    await Promise.all(exits);
    await certificate.remove();
  };
  return { hub, relay, far, strings, relayUrl: `wss://127.0.0.1:${port}`, ca, caFile: cert, [Symbol.asyncDispose]: stop };
}

/** Starts a program of the bench, which ends with this process. A connection string is a secret: not in argv. */
export function start(file: string, args: readonly string[], flags: readonly string[] = [], connectionString = ''): ChildProcess {
  const env = { ...process.env, STREAMS_CONNECTION_STRING: connectionString };
  const child = fork(fileURLToPath(new URL(file, import.meta.url)), args, { execArgv: [...flags], env });
  endWithThis(child);
  return child;
}

/** A signal ends this process as an `exit` does, and with it what {@link start} has started. */
export function exitOnSignals(): void {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));
}

/** The child ends with this process; where that is by a signal, see {@link exitOnSignals}. */
export function endWithThis(child: ChildProcess): void {
  const kill = (): void => void child.kill();
  process.once('exit', kill);
  child.once('exit', () => process.off('exit', kill));
}

/** CPU seconds that a process has used, all threads. */
export async function cpuSeconds(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
  // Fields 14 and 15, in ticks of 10 ms; the name in front may hold spaces.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

/** Resident memory of a process, in bytes. */
export async function residentBytes(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1]) * 1_024;
}

/** Of 127.0.0.1, in files. */
export interface Certificate {
  readonly key: string;
  readonly cert: string;
  /** What is in the file `cert`. */
  readonly ca: string;
  remove(): Promise<void>;
}

/** Makes one that signs itself. */
export async function makeCertificate(): Promise<Certificate> {
  const directory = await mkdtemp(join(tmpdir(), 'streams-bench-'));
  const [key, cert] = [join(directory, 'key.pem'), join(directory, 'cert.pem')];
  const extensions = [{ name: 'subjectAltName' as const, altNames: [{ type: 7 as const, ip: '127.0.0.1' }] }];
  const pair = await generate([{ name: 'commonName', value: 'bench' }], { keyType: 'ec', algorithm: 'sha256', extensions });
  await writeFile(key, pair.private, { mode: 0o600 });
  await writeFile(cert, pair.cert);
  return { key, cert, ca: pair.cert, remove: () => rm(directory, { recursive: true }) };
}
