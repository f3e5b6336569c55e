// A hub with a fleet of devices is stopped by SIGTERM and started again: when it is ready, and when the devices are back.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { get } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { FleetReport } from './fleet.ts';
import { deviceString, fillRegistry } from './fleet-keys.ts';
import { endWithThis, start } from './rig.ts';

const STREAMS = fileURLToPath(new URL('../../packages/cli/dist/main.js', import.meta.url));
const POLL_MS = 10;

/** What a restart took, in milliseconds from the signal on. */
export interface Restart {
  readonly exitedMs: number;
  readonly readyMs: number;
  /** Of them that from the start of the program. */
  readonly startMs: number;
  readonly back95Ms: number;
  readonly backMs: number;
}

interface RunningHub {
  readonly child: ChildProcess;
  readonly port: number;
  readonly serviceConnectionString: string;
}

/** Measures one restart with so many devices, each connected. */
export async function restart(devices: number): Promise<Restart> {
  const dataDirectory = await mkdtemp(join(tmpdir(), 'streams-restart-'));
  await fillRegistry(dataDirectory, devices);
  const first = await startHub(dataDirectory, 0);
  const fleet = start('./fleet.js', ['0', String(devices)], [], deviceString(first.serviceConnectionString));
  try {
    await when(fleet, 'connected', devices);
    const signalMs = performance.now();
    first.child.kill('SIGTERM');
    const back = Promise.all([0.95, 1].map((part) => when(fleet, 'returned', devices * part)));
    await once(first.child, 'exit');
    const exitedMs = performance.now();
    const second = startHub(dataDirectory, first.port);
    await ready(first.port);
    const readyMs = performance.now();
    const [back95Ms = 0, backMs = 0] = await back;
    (await second).child.kill('SIGKILL');
    const from = { exitedMs, readyMs, back95Ms, backMs };
    return {
      ...(Object.fromEntries(Object.entries(from).map(([name, ms]) => [name, ms - signalMs])) as typeof from),
      startMs: readyMs - exitedMs,
    };
  } finally {
    fleet.kill();
    first.child.kill('SIGKILL');
    await rm(dataDirectory, { recursive: true });
  }
}

async function startHub(dataDirectory: string, port: number): Promise<RunningHub> {
  const args = [STREAMS, 'hub', 'start', '--port', String(port), '--listen', '127.0.0.1', '--data', dataDirectory, '--json'];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'ignore'] });
  endWithThis(child);
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  return { child, ...(JSON.parse(line.toString()) as Omit<RunningHub, 'child'>) };
}

/** When so many are, as the fleet tells from now on. */
async function when(fleet: ChildProcess, what: keyof FleetReport, count: number): Promise<number> {
  for (;;) {
    const [report] = (await once(fleet, 'message')) as [FleetReport];
    if (report[what] >= count) return performance.now();
  }
}

async function ready(port: number): Promise<void> {
  while (!(await answers(port))) await new Promise((resolve) => setTimeout(resolve, POLL_MS));
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const request = get({ host: '127.0.0.1', port, path: '/readyz', rejectUnauthorized: false }, (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    });
    request.on('error', () => resolve(false));
  });
}
