// docs/observability.md has each metric of the hub with its type and labels, and no other; the alerts use no other either.
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';

/** A metric as prom-client shows it. */
interface Metric {
  readonly name: string;
  readonly type: string;
  readonly help: string;
  readonly labelNames?: readonly string[];
}

/** What the sources say, as far as it is looked at. */
interface Sources {
  readonly Measurements: new (levels: object, clock: object) => { readonly metrics: object; stop(): void };
}

const read = (path: string): string => readFileSync(new URL(`../docs/${path}`, import.meta.url), 'utf8');

/** Every metric that a hub has, with its labels. */
async function metrics(): Promise<Metric[]> {
  // From here the packages cannot be imported by name.
  const source = new URL('../packages/hub/src/diagnostics/measurements.ts', import.meta.url).href;
  const { Measurements } = (await import(source)) as Sources;
  const clock = { wallMs: () => 0, monotonicMs: () => 0, every: () => () => undefined };
  const measurements = new Measurements({}, clock);
  measurements.stop();
  return (measurements.metrics as { registry: { getMetricsAsArray(): Metric[] } }).registry.getMetricsAsArray();
}

function rows(): string[][] {
  const section = read('observability.md').split('\n## 6. ')[1]?.split('\n## 7. ')[0] ?? '';
  const lines = section.split('\n').filter((line) => line.startsWith('| `'));
  return lines.map((line) => line.split('|').map((cell) => cell.trim().replaceAll('`', '')));
}

it('has every metric with its type and labels', async () => {
  const real = (await metrics()).map(({ name, type, labelNames = [] }) => [name, type, labelNames.join(', ')].join(' | '));
  const written = rows().map((cells) => cells.slice(1, 4).join(' | '));
  expect(written.toSorted()).toEqual(real.toSorted());
});

it('says of each what it means', () => {
  for (const [, name, , , meaning = ''] of rows()) expect([name, meaning.length > 0]).toEqual([name, true]);
});

it('has alerts of metrics that there are', async () => {
  const names = (await metrics()).flatMap(({ name, type }) => (type === 'histogram' ? [`${name}_bucket`, `${name}_count`] : [name]));
  const used = [...read('deploy/alerts.yml').matchAll(/\b(?:streams_hub|process|nodejs)_\w+/g)].map(([name]) => name);
  expect(used.length).toBeGreaterThan(8);
  expect(used.filter((name) => !names.includes(name))).toEqual([]);
});
