// The demo passes, and notices each cause that is left out. Runs what `npm run demo` runs: the built programs.
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { SCENARIOS } from '../src/scenarios.ts';

const DEMO = fileURLToPath(new URL('../dist/demo.js', import.meta.url));

function demo(...args: string[]): Promise<{ exitCode: number; output: string }> {
  return new Promise((resolve) => {
    const child = execFile(process.execPath, [DEMO, '--mib', '1', ...args], (_error, stdout, stderr) => {
      resolve({ exitCode: child.exitCode ?? -1, output: stdout + stderr });
    });
  });
}

describe.concurrent('the demo', () => {
  it('passes, and prints the code of each failure', async () => {
    const { exitCode, output } = await demo();
    expect(output).toContain('1 MiB there and back');
    expect(output).toContain('SHA-256 equal');
    for (const { name, code } of SCENARIOS) expect(output).toContain(`ok ${name}: ${code}: `);
    expect(exitCode).toBe(0);
  }, 60_000);

  it.each(SCENARIOS)(
    'fails without the cause of $name',
    async ({ name }) => {
      const { exitCode, output } = await demo('--only', name, '--without', name);
      expect(output).toContain(`NOT OK ${name}: no error`);
      expect(exitCode).toBe(1);
    },
    60_000,
  );

  it('fails when the file is not the one that was hashed', async () => {
    const { exitCode, output } = await demo('--only', 'transfer', '--without', 'transfer');
    expect(output).toContain('SHA-256 DIFFERS');
    expect(exitCode).toBe(1);
  }, 60_000);
});
