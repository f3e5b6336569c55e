// A line chart as SVG: few lines, straight axes, readable on light and on dark ground.
const [WIDTH, HEIGHT, LEFT, BOTTOM, TOP, RIGHT] = [720, 360, 64, 48, 40, 24];
const COLOURS = ['#2563eb', '#9ca3af', '#d97706'];
const TICKS = 5;

/** A line of the chart. */
export interface Line {
  readonly name: string;
  readonly points: readonly { readonly x: number; readonly y: number }[];
}

/** What to draw. */
export interface Chart {
  readonly title: string;
  readonly x: string;
  readonly y: string;
  readonly lines: readonly Line[];
}

/** The chart as the text of an SVG file; both axes start at 0. */
export function chart({ title, x, y, lines }: Chart): string {
  const points = lines.flatMap((line) => line.points);
  const [maxX, maxY] = [niceMax(points.map((point) => point.x)), niceMax(points.map((point) => point.y))];
  const left = (value: number): number => LEFT + (value / maxX) * (WIDTH - LEFT - RIGHT);
  const top = (value: number): number => HEIGHT - BOTTOM - (value / maxY) * (HEIGHT - TOP - BOTTOM);
  const parts = [text(WIDTH / 2, 22, title, 'middle', 'bold'), text(WIDTH / 2, HEIGHT - 10, x, 'middle'), text(8, TOP - 12, y, 'start')];
  for (let tick = 0; tick <= TICKS; tick += 1) {
    const [valueX, valueY] = [(maxX * tick) / TICKS, (maxY * tick) / TICKS];
    parts.push(`<path d="M${LEFT} ${top(valueY)}H${WIDTH - RIGHT}" stroke="#9ca3af" stroke-opacity=".35"/>`);
    parts.push(text(LEFT - 8, top(valueY) + 4, label(valueY), 'end'), text(left(valueX), HEIGHT - BOTTOM + 18, label(valueX), 'middle'));
  }
  lines.forEach((line, index) => {
    const colour = COLOURS[index % COLOURS.length] ?? '';
    const path = line.points.map((point, at) => `${at === 0 ? 'M' : 'L'}${left(point.x).toFixed(1)} ${top(point.y).toFixed(1)}`).join('');
    parts.push(`<path d="${path}" fill="none" stroke="${colour}" stroke-width="2"/>`);
    for (const point of line.points)
      parts.push(`<circle cx="${left(point.x).toFixed(1)}" cy="${top(point.y).toFixed(1)}" r="3" fill="${colour}"/>`);
    parts.push(`<rect x="${LEFT + 12}" y="${TOP + 6 + index * 20}" width="14" height="4" fill="${colour}"/>`);
    parts.push(text(LEFT + 34, TOP + 12 + index * 20, line.name, 'start'));
  });
  const style = 'font-family="system-ui, sans-serif" font-size="12" fill="#6b7280"';
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${title}" ${style}>\n${parts.join('\n')}\n</svg>\n`;
}

function text(x: number, y: number, content: string, anchor: string, weight = 'normal'): string {
  return `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" text-anchor="${anchor}" font-weight="${weight}">${content}</text>`;
}

/** The next of 1, 2, 5 times a power of ten above all values. */
function niceMax(values: readonly number[]): number {
  const max = Math.max(...values, 1);
  const power = 10 ** Math.floor(Math.log10(max));
  return ([1, 2, 5, 10].find((factor) => factor * power >= max) ?? 10) * power;
}

function label(value: number): string {
  return value >= 1_000 ? `${value / 1_000}k` : String(Math.round(value * 100) / 100);
}
