// What is measured while it burns.
import type { Tunnel } from '@streams/service';
import type { Harm } from './cuts.ts';
import type { Lanes } from './lanes.ts';

const EVERY_MS = 5;

/** Samples the lanes until it is stopped. */
export class Figures {
  /** The most that a tunnel of each pair has kept for a replay. */
  readonly peaks: number[];
  readonly #lanes: readonly Lanes[];
  readonly #sampling: NodeJS.Timeout;
  #residentBytes = 0;

  constructor(lanes: readonly Lanes[]) {
    this.#lanes = lanes;
    this.peaks = lanes.map(() => 0);
    this.#sampling = setInterval(() => this.#sample(), EVERY_MS);
  }

  stop(): void {
    clearInterval(this.#sampling);
  }

  line({ cuts, stalls }: Harm, hubKills: number): string {
    const tunnels = this.#lanes.flatMap((lane) => lane.tunnels);
    const sum = (figure: (tunnel: Tunnel) => number): number => tunnels.reduce((total, tunnel) => total + figure(tunnel), 0);
    // Each is seen by both of its ends.
    const resumes = Math.floor(sum((tunnel) => tunnel.stats().resumes) / 2);
    const bytes = sum((tunnel) => tunnel.stats().bytesReceived);
    return (
      `${cuts} cuts, ${stalls} stalls, ${hubKills} hub kills; ${resumes} resumes of ${tunnels.length / 2} tunnels, ${mib(bytes)}; ` +
      `kept at most ${this.peaks.map((peak) => mib(peak)).join(', ')}; RSS at most ${mib(this.#residentBytes)}`
    );
  }

  #sample(): void {
    for (const [index, { tunnels }] of this.#lanes.entries()) {
      this.peaks[index] = Math.max(this.peaks[index] ?? 0, ...tunnels.map((tunnel) => tunnel.stats().retainedBytes));
    }
    this.#residentBytes = Math.max(this.#residentBytes, process.memoryUsage.rss());
  }
}

function mib(bytes: number): string {
  return `${(bytes / 2 ** 20).toFixed(1)} MiB`;
}
