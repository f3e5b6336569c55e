// docs/limits.md has every limit of the hub as the schema has it. Write it anew with `UPDATE_DOCS=1 npx vitest run test/docs-limits.test.ts`.
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { generatedPart, type JsonSchema, markdownTable, optionRows } from '../scripts/schema-table.ts';

const PAGE = new URL('../docs/limits.md', import.meta.url);

interface Sources {
  readonly limitsSchema: { toJSONSchema(options: object): JsonSchema };
}

/** The table of the page. */
async function table(): Promise<string> {
  // From here the packages, and what they depend on, cannot be imported by name.
  const { limitsSchema } = (await import(new URL('../packages/hub/src/config/limits.ts', import.meta.url).href)) as Sources;
  const rows = optionRows(limitsSchema.toJSONSchema({ io: 'input' })).map(({ path, values, fallback, description, schema }) => {
    const { answer = '-' } = schema as { answer?: string };
    const shown = /^\d+$/.test(fallback) ? Number(fallback).toLocaleString('en') : `\`${fallback}\``;
    return [`\`${path}\``, description, shown, values, answer];
  });
  return markdownTable(['option', 'what it limits', 'default', 'values', 'what who exceeds it gets'], rows);
}

it('has every limit with its default, its bounds, and what who exceeds it gets', async () => {
  const { found, wanted } = generatedPart(PAGE, 'limits', await table());
  expect(found).toBe(wanted);
});

it('names in its text no limit that is none', async () => {
  const known = [...(await table()).matchAll(/^\| `(\w+)`/gm)].map(([, name]) => name);
  const named = [...readFileSync(PAGE, 'utf8').matchAll(/`((?:max|new|bytesPer|failedLogin|exempt)[A-Z]\w+)`/g)].map(([, name]) => name);
  expect(named.filter((name) => !known.includes(name))).toEqual([]);
});
