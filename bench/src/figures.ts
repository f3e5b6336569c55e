// A figure and its reference: collected over rounds, in which the two go first in turn; shown as a table and as JSON.
import { createRequire } from 'node:module';
import { writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { NODE_FLAGS } from './rig.ts';

/** One line of the table. */
export interface Figure {
  readonly name: string;
  readonly unit: string;
  readonly ours: number[];
  readonly reference: number[];
}

/** All figures of a run, in the order in which they came. */
export class Figures {
  readonly #figures = new Map<string, Figure>();

  /** Adds what one round has measured. */
  add(side: 'ours' | 'reference', name: string, unit: string, value: number): void {
    const figure = this.#figures.get(name) ?? { name, unit, ours: [], reference: [] };
    this.#figures.set(name, figure);
    figure[side].push(value);
  }

  get(name: string): Figure | undefined {
    return this.#figures.get(name);
  }

  /** Forgets the values: those of the round that warms up. */
  reset(): void {
    this.#figures.clear();
  }

  /** @param reference What ours stand beside. */
  print(title: string, reference = 'reference'): void {
    console.log(`\n${title}: ${circumstances()}`);
    console.log(`${''.padEnd(56)}${'ours'.padStart(14)}${reference.padStart(14)}${'ratio'.padStart(8)}`);
    for (const figure of this.#figures.values()) console.log(line(figure));
  }

  /** Writes medians, ratios and all values. */
  async save(file: string): Promise<void> {
    const figures = [...this.#figures.values()].map((figure) => ({
      ...figure,
      median: { ours: median(figure.ours), reference: median(figure.reference) },
      ratio: median(figure.ours) / median(figure.reference),
    }));
    await writeFile(file, `${JSON.stringify({ circumstances: circumstances(), figures }, null, 2)}\n`);
  }
}

/** Measures one after the other; who goes first changes with the round. */
export async function inTurn(round: number, measures: readonly (() => Promise<void>)[]): Promise<void> {
  for (const measure of round % 2 === 0 ? measures : measures.toReversed()) await measure();
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** The value below which `part` of the values lie. */
export function quantile(values: readonly number[], part: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN;
}

function line({ name, unit, ours, reference }: Figure): string {
  const [a, b] = [median(ours), median(reference)];
  const [left, right, ratio] = [number(a, unit), number(b, unit), Number.isNaN(b) || b === 0 ? '-' : (a / b).toFixed(2)];
  return `${name.padEnd(56)}${left.padStart(14)}${right.padStart(14)}${ratio.padStart(8)}`;
}

function number(value: number, unit: string): string {
  if (Number.isNaN(value)) return '-';
  return `${value.toFixed(value < 10 ? 2 : value < 100 ? 1 : 0)} ${unit}`;
}

function circumstances(): string {
  return `Node ${process.version}, ${availableParallelism()} cores, bufferutil ${bufferutil()}, TLS on both legs, hub, proxies and reference with ${NODE_FLAGS.join(' ')}`;
}

function bufferutil(): string {
  try {
    createRequire(import.meta.url)('bufferutil');
    return 'loaded';
  } catch {
    return 'absent';
  }
}
