// The load processes of the storm: devices that stay, a few thousand in each, from an address of its own.
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type { FleetReport } from './fleet.ts';
import { NODE_FLAGS, start } from './rig.ts';

/** Far below the 20,000 descriptors that a process has here; and so many processes that a part of them can go. */
const MAX_DEVICES_PER_PROCESS = 4_500;
const MIN_PROCESSES = 4;
const POLL_MS = 20;
/** Thousands of devices in one heap, which no machine has: collecting it is not to take the hub's share of two cores. */
const FLEET_FLAGS = [...NODE_FLAGS, '--max-semi-space-size=64'];

/** A load process, and what it told last. */
interface Fleet {
  readonly child: ChildProcess;
  readonly devices: number;
  report: FleetReport;
}

/** All of them together. */
export class Fleets {
  readonly #connectionString: string;
  #fleets: Fleet[] = [];

  constructor(connectionString: string) {
    this.#connectionString = connectionString;
  }

  /** Starts load processes until there are `devices` devices; `bench-0` is somebody else's. */
  launch(devices: number): void {
    const most = Math.min(MAX_DEVICES_PER_PROCESS, Math.ceil(devices / MIN_PROCESSES));
    for (let from = this.#fleets.reduce((sum, fleet) => sum + fleet.devices, 1); from <= devices; from += most) {
      const to = Math.min(from + most, devices + 1);
      const address = `127.0.1.${this.#fleets.length + 1}`;
      const child = start('./fleet.js', [String(from), String(to), address], FLEET_FLAGS, this.#connectionString);
      const fleet: Fleet = { child, devices: to - from, report: { connected: 0, returned: 0 } };
      child.on('message', (report: FleetReport) => (fleet.report = report));
      this.#fleets.push(fleet);
    }
  }

  /** How many devices each process has. */
  get sizes(): readonly number[] {
    return this.#fleets.map((fleet) => fleet.devices);
  }

  /** Of all processes together. */
  count(what: keyof FleetReport): number {
    return this.#fleets.reduce((sum, { report }) => sum + report[what], 0);
  }

  /** Resolves once there are as many. */
  async reaches(what: keyof FleetReport, count: number): Promise<void> {
    while (this.count(what) < count) await sleep(POLL_MS);
  }

  /** Kills load processes with at least `devices` devices, all in one moment; gives how many these were. */
  async drop(devices: number): Promise<number> {
    const dropped: Fleet[] = [];
    const count = (): number => dropped.reduce((sum, fleet) => sum + fleet.devices, 0);
    while (count() < devices && this.#fleets.length > 0) dropped.push(...this.#fleets.splice(-1));
    await killAll(dropped.map(({ child }) => child));
    return count();
  }
}

/** All in one moment; resolves once they are gone. */
export async function killAll(children: readonly ChildProcess[]): Promise<void> {
  const exits = children.map((child) => once(child, 'exit'));
  for (const child of children) child.kill('SIGKILL');
  await Promise.all(exits);
}
