// The last line of a test run tells the truth, however the run fails.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const fromRoot = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url));

const config = `import { Summary } from ${JSON.stringify(fromRoot('scripts/vitest-summary.ts'))};
export default { test: { globals: true, reporters: ['default', new Summary()] } };`;

function lastLine(test: string): string | undefined {
  const folder = mkdtempSync(join(tmpdir(), 'streams-summary-'));
  try {
    writeFileSync(join(folder, 'vitest.config.mjs'), config);
    writeFileSync(join(folder, 'some.test.js'), test);
    const run = spawnSync(process.execPath, [fromRoot('node_modules/vitest/vitest.mjs'), 'run'], { cwd: folder, encoding: 'utf8' });
    return run.stdout.trimEnd().split('\n').at(-1);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

it.each([
  ['tests', `it('a', () => {}); it('b', () => { throw 1; }); it.skip('c', () => {});`, '1 passed, 1 failed'],
  ['a broken hook', `it('a', () => {}); describe('s', () => { beforeAll(() => { throw 1; }); it('b', () => {}); });`, '1 passed, 1 failed'],
  ['a broken import', `import './missing.js'; it('a', () => {});`, '0 passed, 1 failed'],
  ['an unhandled rejection', `it('a', () => { Promise.reject(new Error('b')); });`, '1 passed, 1 failed'],
  ['an early exit', `it('a', () => { process.exit(0); });`, '0 passed, 1 failed'],
  ['no test at all', '', '0 passed, 1 failed'],
])('counts %s', (_what, test, line) => {
  expect(lastLine(test)).toBe(line);
});
