// Where a line of the log says its time: at its beginning, so that nobody has to read on. `{"time":"2026-11-29T10:15:00.123Z",…`

const START = 9;
const DAY_END = 19;
const END = 33;

/** ISO 8601 in UTC. */
export function timeOfLine(line: string): string {
  return line.slice(START, END);
}

/** The same of the line at the beginning of these bytes. */
export function timeOfFirstLine(lines: Buffer): string {
  return lines.toString('latin1', START, END);
}

/** Its UTC day. */
export function dayOfLine(line: string): string {
  return line.slice(START, DAY_END);
}
