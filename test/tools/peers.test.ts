// The table of hostile and unlucky peers in docs/architecture.md names tests that exist.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const docs = new URL('../../docs/', import.meta.url);
const read = (path: string): string => readFileSync(fileURLToPath(new URL(path, docs)), 'utf8');

/** At least as many as the design has found; it calls for a test of each. */
const LEAST = 32;

const section = /^## Hostile and unlucky peers\n(.*?)^## /ms.exec(read('architecture.md'))?.[1] ?? '';
const rows = section.split('\n').filter((line) => line.startsWith('|') && !/^\| (?:---|.* \| what happens \|)/.test(line));
const cases = rows.map((row) => {
  const [, what = '', happens = '', path = '', name = ''] = /^\| (.+?) \| (.+?) \| \[`[\w./-]+`\]\(([\w./-]+)\): (.+) \|$/.exec(row) ?? [];
  return { row, what, happens, path, name };
});

/** The name of a test, or of a case of one: the first argument of a call, or the first entry of a list. In JSON, a `name`. */
function names(text: string, name: string): boolean {
  const literal = name.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);
  return new RegExp(String.raw`(?:[([]|"name":)\s*(['"\x60])${literal}\1\s*[,\]}]`).test(text);
}

it('has a test for each case, and enough of them', () => {
  expect(cases.length).toBeGreaterThanOrEqual(LEAST);
  expect(cases.filter(({ name }) => name === '').map(({ row }) => row)).toEqual([]);
  expect(cases.filter(({ path, name }) => !names(read(path), name)).map(({ what }) => what)).toEqual([]);
});

it('has each case once, with a test of its own', () => {
  expect(new Set(cases.map(({ what }) => what)).size).toBe(cases.length);
  expect(new Set(cases.map(({ path, name }) => `${path} ${name}`)).size).toBe(cases.length);
});

it('would see a test that is gone', () => {
  const text = "it('is there', async () => {});\nit.each([['a case', 1]])('each', () => {});\n// it used to be gone";
  expect(['is there', 'a case', 'each', 'gone', 'there', 'is'].map((name) => names(text, name))).toEqual([
    true,
    true,
    true,
    false,
    false,
    false,
  ]);
});
