// The lint rules hold the limits and bans of CONTRIBUTING.md.
import { expect, it } from 'vitest';
import { lint } from './oxlint.ts';

const SOURCE = 'packages/hub/src/streams/relay.ts';
const PAGE = 'packages/hub/portal/views/view.ts';
const TEST = 'packages/hub/test/streams/relay.test.ts';

function fileOf(lines: number): string {
  return `${'// One of many lines.\n'.repeat(lines - 1)}export const a = 1;\n`;
}

function functionOf(lines: number): string {
  return `export function long(): void {\n${'  // One of many lines.\n'.repeat(lines - 2)}}\n`;
}

const REFUSED: [what: string, path: string, content: string, rule: string][] = [
  ['a file of 301 lines', SOURCE, fileOf(301), 'eslint(max-lines)'],
  ['a test of 401 lines', TEST, fileOf(401), 'eslint(max-lines)'],
  ['a function of 41 lines', SOURCE, functionOf(41), 'eslint(max-lines-per-function)'],
  ['a function of 41 lines in an example', 'examples/echo/src/demo.ts', functionOf(41), 'eslint(max-lines-per-function)'],
  ['a function of 41 lines in bench', 'bench/src/main.ts', functionOf(41), 'eslint(max-lines-per-function)'],
  ['a bare error', SOURCE, "throw new Error('no code');", 'streams(no-bare-error)'],
  ['the wall clock', SOURCE, 'export const now = Date.now();', 'eslint(no-restricted-properties)'],
  ['chance', SOURCE, 'export const chance = Math.random();', 'eslint(no-restricted-properties)'],
  ['a timer', SOURCE, 'setTimeout(() => undefined, 1);', 'eslint(no-restricted-globals)'],
  ['a timer of globalThis', SOURCE, 'globalThis.setInterval(() => undefined, 1);', 'eslint(no-restricted-globals)'],
  ['an imported timer', SOURCE, "export { setTimeout } from 'node:timers/promises';", 'eslint(no-restricted-imports)'],
  ['HTML in a page', PAGE, "document.body.innerHTML = '';", 'eslint(no-restricted-properties)'],
  ['storage in a page', PAGE, "localStorage.setItem('a', 'b');", 'eslint(no-restricted-globals)'],
  ["Node's code in a page", PAGE, "export { createError } from '@streams/protocol/internal';", 'eslint(no-restricted-imports)'],
  ['a default export', SOURCE, 'export default 1;', 'import(no-default-export)'],
  ['a type imported as a value', SOURCE, "import { A } from './a.ts';\nexport type B = A;", 'typescript(consistent-type-imports)'],
  ['a forgotten promise', SOURCE, 'async function later(): Promise<void> {}\nlater();', 'typescript(no-floating-promises)'],
];

const ACCEPTED: [what: string, path: string, content: string][] = [
  ['a file of 300 lines', SOURCE, fileOf(300)],
  ['a test of 400 lines', TEST, fileOf(400)],
  ['a long function in a test', TEST, functionOf(100)],
  ['a function of 40 lines', SOURCE, functionOf(40)],
  ['an error with a code', SOURCE, "import { createError } from '@streams/protocol';\nthrow createError('NOT_FOUND');"],
  ['a timer in a page', PAGE, 'setTimeout(() => Date.now(), 1);'],
  ["a type of Node's code in a page", PAGE, "export type { HubView } from '@streams/protocol/internal';"],
  ['setImmediate', SOURCE, 'setImmediate(() => undefined);'],
  ['timers and clock in their one place', 'packages/protocol/src/time/clock.ts', 'setTimeout(() => Date.now(), 1);'],
  ['the default export of a config', 'tsup.config.mjs', 'export default 1;'],
];

const refused = lint(REFUSED.map(([, path, content]) => [path, content]));
const accepted = lint(ACCEPTED.map(([, path, content]) => [path, content]));

it.each(REFUSED.map(([what, , , rule], index) => ({ what, rule, broken: refused.broken[index] })))('refuses $what', ({ rule, broken }) => {
  expect(broken).toEqual([rule]);
});

it.each(ACCEPTED.map(([what], index) => ({ what, broken: accepted.broken[index] })))('accepts $what', ({ broken }) => {
  expect(broken).toEqual([]);
});

it('fails for what it refuses alone', () => {
  expect([refused.exitCode, accepted.exitCode]).toEqual([1, 0]);
});
