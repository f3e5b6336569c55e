// docs/errors.md says of every code what the table says, and of no other; the same of close codes.
import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';

/** What the sources say, as far as it is looked at. */
interface Sources {
  readonly ERRORS: Readonly<Record<string, { httpStatus: number | undefined; retryable: boolean; exitCode: number }>>;
  readonly TLS_FAILURE_REASONS: readonly string[];
  createError(code: string): Error & { readonly code: string; readonly wireCode: string };
  readonly StreamTerminatedError: new (termination: object) => ReturnType<Sources['createError']>;
  endedBy(closeCode: number): string;
}

const page = readFileSync(new URL('../docs/errors.md', import.meta.url), 'utf8');
let sources: Sources;

beforeAll(async () => {
  // From here the packages cannot be imported by name.
  sources = (await import(new URL('../packages/protocol/src/internal.ts', import.meta.url).href)) as Sources;
});

/** The cells of a section's table rows, without the code marks; `from` and `to` are headings. */
function rows(from: string, to: string): string[][] {
  const section = page.slice(page.indexOf(`\n${from}\n`), to === '' ? undefined : page.indexOf(`\n${to}\n`));
  const lines = section.split('\n').filter((line) => line.startsWith('| '));
  const cells = lines.map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
  return cells.filter(([first]) => !/^(---|code|class|reason)$/.test(first ?? ''));
}

function bare(cell: string | undefined): string {
  return (cell ?? '').replaceAll('`', '');
}

describe('docs/errors.md', () => {
  it('has every code, its HTTP status, whether a retry helps, and its exit code', () => {
    const written = rows('## Codes', '## Close codes').map((cells) => cells.slice(0, 4).map(bare).join(' '));
    const real = Object.entries(sources.ERRORS).map(([code, { httpStatus = '-', retryable, exitCode }]) => {
      return [code, httpStatus, retryable ? 'yes' : 'no', exitCode].join(' ');
    });
    expect(written.toSorted()).toEqual(real.toSorted());
  });

  it('has what the hub says apart from what an SDK says', () => {
    const said = (from: string, to: string): string[] => rows(from, to).map(([, status]) => status ?? '');
    expect(said('### Said by the hub', '### Said by an SDK')).not.toContain('-');
    expect(new Set(said('### Said by an SDK', '## Close codes'))).toEqual(new Set(['-']));
  });

  it('says of every code what it means and what to do', () => {
    for (const [code, , , , meaning, remedy] of rows('## Codes', '## Close codes')) {
      expect([code, meaning?.length, remedy?.length]).toEqual([
        code,
        expect.toSatisfy((length) => length > 10),
        expect.toSatisfy((length) => length > 5),
      ]);
    }
  });

  it('has every class with its codes and fields', () => {
    const written = rows('## What an error carries', '## Codes').filter(([name]) => name?.startsWith('`') && name.endsWith('Error`'));
    const made = Object.keys(sources.ERRORS).map((code) => sources.createError(code));
    const terminated = [1012, 4412, 4413, 1013].map(
      (closeCode) => new sources.StreamTerminatedError({ by: 'hub', reason: '', closeCode, bytesRead: 0, bytesWritten: 0 }),
    );
    const known = new Set(Object.keys(sources.createError('INTERNAL')));
    const real = [...made.filter(({ name, code }) => name !== 'StreamsError' && code !== 'STREAMS_STREAM_TERMINATED'), ...terminated];
    const byName = new Map<string, { codes: string[]; fields: string[] }>();
    for (const error of real) {
      const entry = byName.get(error.name) ?? { codes: [], fields: Object.keys(error).filter((field) => !known.has(field)) };
      entry.codes.push(error.wireCode);
      byName.set(error.name, entry);
    }
    expect(written.map(([name]) => bare(name)).toSorted()).toEqual([...byName.keys()].toSorted());
    for (const [name, listed = '', fields = ''] of written) {
      const entry = byName.get(bare(name));
      expect(bare(listed).split(', ')).toEqual(entry?.codes);
      for (const field of entry?.fields ?? []) expect(fields).toContain(`\`${field}\``);
    }
  });

  it('has every reason of a failure of TLS', () => {
    const written = rows('## Why TLS failed', '## Codes').map(([reason]) => bare(reason));
    expect(written).toEqual(sources.TLS_FAILURE_REASONS);
  });

  it('has every close code, and who is said to have ended a stream with it', () => {
    const written = rows('## Close codes', '').map(([code, constant, , by]) => [bare(constant), code, by].join(' '));
    const real = Object.entries(sources).filter(([name]) => /^CLOSE_(?!TIMEOUT_MS$)/.test(name)) as [string, number][];
    expect(written.toSorted()).toEqual(real.map(([name, code]) => [name, code, sources.endedBy(code)].join(' ')).toSorted());
  });
});
