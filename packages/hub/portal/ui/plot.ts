// A plot of the last hour: a picture for who sees it, a sentence and a table of figures for everybody.
import uPlot from 'uplot';
import { NOTHING, timeOfDay } from '../format.ts';
import { button, fill, h, newElementId, setAttributes, setText } from './dom.ts';

const HEIGHT_PX = 150;
/** One row of the table stands for so many minutes. */
const ROW_MINUTES = 5;
/** The names of the colours in the style sheet, and of how lines tell themselves apart without them. */
const LINES = [
  { colour: '--line-1', dash: [], key: 'line-1' },
  { colour: '--line-2', dash: [5, 4], key: 'line-2' },
] as const;

/** Equal steps of time; `undefined` where nothing is known. */
export interface PlotData {
  readonly endMs: number;
  readonly stepMs: number;
  readonly lines: readonly (readonly (number | null)[])[];
}

/** What is plotted. */
export interface PlotOptions {
  readonly title: string;
  /** One or two. */
  readonly lines: readonly string[];
  readonly format: (value: number) => string;
}

/** See the top of this file. */
export class Plot {
  readonly element: HTMLElement;
  readonly #options: PlotOptions;
  readonly #canvas: HTMLElement = h('div', { class: 'canvas', 'aria-hidden': 'true' });
  readonly #readout: HTMLElement = h('p', { class: 'readout', 'aria-hidden': 'true' });
  readonly #summaries: readonly HTMLElement[];
  readonly #table: HTMLElement = h('div', { class: 'figures', hidden: true });
  readonly #resized: ResizeObserver;
  readonly #dark: MediaQueryList = matchMedia('(prefers-color-scheme: dark)');
  #picture: uPlot | undefined;
  #data: PlotData | undefined;

  constructor(options: PlotOptions) {
    this.#options = options;
    const id = newElementId();
    // The sample of its line stands before what is said of it: the summary is the key, too.
    this.#summaries = options.lines.map((_, index) => h('p', { class: `summary ${options.lines.length > 1 ? LINES[index]?.key : ''}` }));
    const toggle = button('Figures', () => this.#toggleTable(toggle), {
      class: 'quiet',
      'aria-expanded': 'false',
      'aria-describedby': id,
    });
    this.element = h(
      'section',
      { class: 'plot', 'aria-labelledby': id },
      h('div', { class: 'plot-head' }, h('h3', { id }, options.title), this.#readout, toggle),
      this.#canvas,
      ...this.#summaries,
      this.#table,
    );
    this.#resized = new ResizeObserver(() => this.#fit());
    this.#resized.observe(this.#canvas);
    this.#dark.addEventListener('change', this.#redraw);
  }

  update(data: PlotData): void {
    this.#data = data;
    if (this.#picture) this.#picture.setData(aligned(data));
    else this.#redraw();
    for (const [index, summary] of this.#summaries.entries()) setText(summary, this.#summarise(data.lines[index] ?? [], index));
    if (!this.#table.hidden) this.#fillTable(data);
  }

  close(): void {
    this.#resized.disconnect();
    this.#dark.removeEventListener('change', this.#redraw);
    this.#picture?.destroy();
  }

  /** Anew in the colours of the scheme. */
  readonly #redraw = (): void => {
    this.#picture?.destroy();
    this.#picture = undefined;
    const width = this.#canvas.clientWidth;
    if (this.#data && width > 0) this.#picture = new uPlot(this.#settings(width), aligned(this.#data), this.#canvas);
  };

  #fit(): void {
    const width = this.#canvas.clientWidth;
    if (width === 0) return;
    if (this.#picture) this.#picture.setSize({ width, height: HEIGHT_PX });
    else this.#redraw();
  }

  #settings(width: number): uPlot.Options {
    const { lines, format } = this.#options;
    const style = getComputedStyle(this.element);
    const colour = (name: string): string => style.getPropertyValue(name).trim();
    const axis: uPlot.Axis = {
      stroke: colour('--muted'),
      font: `11px ${style.fontFamily}`,
      grid: { stroke: colour('--grid'), width: 1 },
      ticks: { show: false },
    };
    return {
      width,
      height: HEIGHT_PX,
      padding: [8, 26, 0, 0],
      legend: { show: false },
      cursor: { drag: { x: false, y: false }, points: { size: 6 } },
      scales: { y: { range: (_, low, high) => [Math.min(0, low), high > 0 ? high * 1.1 : 1] } },
      axes: [
        { ...axis, space: 60, size: 24, gap: 4, values: (_, seconds) => seconds.map((each) => timeOfDay(new Date(each * 1_000))) },
        { ...axis, space: 32, size: 62, gap: 6, values: (_, values) => values.map(format) },
      ],
      series: [
        {},
        ...lines.map((label, index) => ({
          label,
          stroke: colour(LINES[index]?.colour ?? ''),
          width: 1.75,
          dash: [...(LINES[index]?.dash ?? [])],
          ...(lines.length === 1 ? { fill: colour('--line-1-soft') } : {}),
          // Of a single step there is no line.
          points: { show: ({ data }: uPlot, series: number) => (data[series] ?? []).filter((value) => value !== null).length === 1 },
        })),
      ],
      hooks: { setCursor: [({ cursor }) => this.#showAt(cursor.idx)] },
    };
  }

  /** What is under the pointer. */
  #showAt(index: number | null | undefined): void {
    const data = this.#data;
    if (!data || index === null || index === undefined) return setText(this.#readout, '');
    const values = data.lines.map((line) => this.#formatted(line[index]));
    setText(this.#readout, `${timeOfDay(timeAt(data, index))}  ${values.join(' / ')}`);
  }

  #summarise(line: readonly (number | null)[], index: number): string {
    const { lines, format } = this.#options;
    const known = line.filter((value) => value !== null);
    const said =
      known.length === 0
        ? 'nothing is known yet'
        : `now ${this.#formatted(line.at(-1))}, at most ${format(known.reduce((a, b) => Math.max(a, b)))}`;
    return `${lines.length > 1 ? `${lines[index]}: ${said}` : said.replace(/^./, (first) => first.toUpperCase())}.`;
  }

  #formatted(value: number | null | undefined): string {
    return value === null || value === undefined ? NOTHING : this.#options.format(value);
  }

  #toggleTable(toggle: HTMLButtonElement): void {
    const isShown = this.#table.hidden;
    setAttributes(this.#table, { hidden: !isShown });
    setAttributes(toggle, { 'aria-expanded': String(isShown) });
    if (isShown && this.#data) this.#fillTable(this.#data);
  }

  #fillTable(data: PlotData): void {
    const { title, lines } = this.#options;
    const steps = Math.max(1, Math.round((ROW_MINUTES * 60_000) / data.stepMs));
    const length = data.lines[0]?.length ?? 0;
    const rows: HTMLElement[] = [];
    for (let end = length; end > 0; end -= steps) {
      const means = data.lines.map((line) => this.#formatted(meanOf(line.slice(Math.max(0, end - steps), end))));
      rows.push(
        h(
          'tr',
          {},
          h('th', { scope: 'row' }, timeOfDay(timeAt(data, end - 1))),
          ...means.map((mean) => h('td', { class: 'number' }, mean)),
        ),
      );
    }
    const heads = lines.map((line) => h('th', { scope: 'col', class: 'number' }, line));
    const caption = h('caption', {}, `${title}: means of ${ROW_MINUTES} minutes up to each time`);
    fill(
      this.#table,
      h('table', {}, caption, h('thead', {}, h('tr', {}, h('th', { scope: 'col' }, 'Until'), ...heads)), h('tbody', {}, ...rows)),
    );
  }
}

function timeAt({ endMs, stepMs, lines }: PlotData, index: number): Date {
  return new Date(endMs - ((lines[0]?.length ?? 0) - 1 - index) * stepMs);
}

function meanOf(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null);
  return known.length === 0 ? null : known.reduce((a, b) => a + b) / known.length;
}

/** As uPlot wants it: seconds, then the lines. */
function aligned(data: PlotData): uPlot.AlignedData {
  const seconds = (data.lines[0] ?? []).map((_, index) => timeAt(data, index).getTime() / 1_000);
  return [seconds, ...data.lines.map((line) => [...line])];
}
