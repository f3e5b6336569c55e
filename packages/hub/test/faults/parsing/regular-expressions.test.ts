// No text of 64 KiB keeps any regular expression of the packages busy: each is tried on what makes backtracking explode.
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { expect, it } from 'vitest';

const PACKAGES = fileURLToPath(new URL('../../../../', import.meta.url));
const CHARACTERS = 65_536;
/** A search that is quadratic takes a second or more for as much text. */
const LIMIT_MS = 25;
const RUNS = 3;
const PUMPS = ['a', 'A', '0', ' ', '\t', '\n', '-', '.', ':', '/', '%', '%2', '=', '+', '"', '{', 'é', 'a=', 'a.', 'a ', ' :', '""'];

function sourcesOf(name: string): string[] {
  const folder = `${PACKAGES}${name}/src/`;
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts'))
    .map((path) => folder + path);
}

/** Every literal of the sources, once. */
function literals(): RegExp[] {
  const found = new Map<string, RegExp>();
  for (const file of ['protocol', 'device', 'service', 'hub', 'cli'].flatMap(sourcesOf)) {
    const visit = (node: ts.Node): void => {
      if (ts.isRegularExpressionLiteral(node)) {
        const end = node.text.lastIndexOf('/');
        found.set(node.text, new RegExp(node.text.slice(1, end), node.text.slice(end + 1)));
      }
      ts.forEachChild(node, visit);
    };
    visit(ts.createSourceFile(file, readFileSync(file, 'utf8'), ts.ScriptTarget.Latest));
  }
  return [...found.values()];
}

/** A beginning that the expression may want, much of one thing, and an end that does not match. */
function* attacks({ source }: RegExp): Generator<string> {
  const words = (source.match(/[A-Za-z]{3,}/g) ?? []).slice(0, 3);
  for (const pump of [...PUMPS, ...words]) {
    const body = pump.repeat(Math.ceil(CHARACTERS / pump.length)).slice(0, CHARACTERS);
    for (const start of ['', ...words.slice(0, 1)]) yield `${start}${body}\0`;
  }
}

/** Quickest of a few runs: what else the machine does meanwhile does not count. */
function quickestMs(pattern: RegExp, text: string): number {
  let quickest = Infinity;
  for (let run = 0; run < RUNS && quickest > LIMIT_MS; run += 1) {
    pattern.lastIndex = 0;
    const startMs = performance.now();
    pattern.test(text);
    quickest = Math.min(quickest, performance.now() - startMs);
  }
  return quickest;
}

it('C9 every regular expression of the packages is linear', { timeout: 60_000 }, () => {
  const all = literals();
  const slow: string[] = [];
  for (const pattern of all) {
    for (const text of attacks(pattern)) {
      const ms = quickestMs(pattern, text);
      if (ms > LIMIT_MS) slow.push(`${ms.toFixed(0)} ms: ${String(pattern)} on ${JSON.stringify(text.slice(0, 20))}`);
    }
  }
  expect(slow).toEqual([]);
  expect(all.length).toBeGreaterThan(50);
});

it('C9 one that is quadratic would be found', () => {
  expect([...attacks(/a/)].some((text) => quickestMs(/ +$/, `${text.slice(0, 16_384)}\0`) > LIMIT_MS)).toBe(true);
});
