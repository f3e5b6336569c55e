// The cases of the fault suite: each of the first wave has a test that bears its id, and docs/reliability.md says where.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
/** The cases that a release cannot do without, as far as what they are about exists: no clusters and no end-to-end encryption yet. */
const FIRST_WAVE = [
  'A1 A2 A3 A4 A5 A6 A7 A8 A9 A10 A11',
  'B1 B2 B4 B8 B10 B11',
  'C1 C3 C7 C10',
  'D1 D3 D4 D5 D6 D7 D8 D9 D11 D12 D13 D14',
  'E1 E3 E4 E5 E8 E9 E10',
  'F1 F2 F11 F12',
  'G1 G2 G5',
  'H6 H7',
  'I5 I6 I7',
].flatMap((ids) => ids.split(' '));
const ROW = /^\| ([A-I]\d+) \| .+ \| \[`([^`]+)`\]\(\.\.\/\2\) \| (\w+) \|$/;
/** A title begins with one id or more; some titles are the names of rows of a table. */
const TITLE = /(['"`])((?:[A-I]\d+ )+)/g;
/** Suites by the script of package.json that runs them, without its `test:`, and the folders whose files each takes. */
const SUITES: Readonly<Record<string, RegExp>> = {
  test: /^(?:packages|chaos)\/(?:\w+\/)?test\/(?!(?:faults|soak|processes|interop|system|e2e)\/)/,
  ...Object.fromEntries(
    ['faults', 'soak', 'processes', 'interop', 'system', 'e2e'].map((suite) => [suite, new RegExp(`^packages/\\w+/test/${suite}/`)]),
  ),
};

interface Row {
  readonly id: string;
  readonly file: string;
  readonly suite: string;
}

const rows: Row[] = readFileSync(`${ROOT}docs/reliability.md`, 'utf8')
  .split('\n')
  .flatMap((line) => {
    const [, id = '', file = '', suite = ''] = ROW.exec(line) ?? [];
    return id === '' ? [] : [{ id, file, suite }];
  });

function idsIn(file: string): Set<string> {
  return new Set([...readFileSync(ROOT + file, 'utf8').matchAll(TITLE)].flatMap(([, , ids = '']) => ids.trim().split(' ')));
}

/** Of a table: the ids of its last column. */
function casesOfRows(page: string): string[] {
  const cells = [...page.matchAll(/^\| .* \| ((?:[A-I]\d+ ?)+) \|$/gm)].map(([, ids = '']) => ids.trim());
  return cells.flatMap((ids) => ids.split(' '));
}

it('docs/security.md proves each control and each promise by cases that there are, and that run with each change', () => {
  const named = casesOfRows(readFileSync(`${ROOT}docs/security.md`, 'utf8'));
  expect(named.length).toBeGreaterThan(60);
  const known = new Set(rows.filter(({ suite }) => suite !== 'soak').map(({ id }) => id));
  expect(named.filter((id) => !known.has(id))).toEqual([]);
});

describe('docs/reliability.md', () => {
  it.each(FIRST_WAVE)('names the test of %s', (id) => {
    expect(rows.filter((row) => row.id === id)).not.toEqual([]);
  });

  it.each(rows.map(({ id, file, suite }) => [id, file, suite] as const))('%s is in %s, which %s runs', (id, file, suite) => {
    expect(idsIn(file)).toContain(id);
    expect(file).toMatch(SUITES[suite] ?? /^no such suite$/);
  });
});
