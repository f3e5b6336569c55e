// The commands that measure are no part of CI, since they take long: with little to do, each still runs to its end.
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../../', import.meta.url));
const LIMIT_MS = 120_000;

/** What it prints, whatever it thinks of its figures: so little to do says nothing of them. */
function outputOf(program: string, ...args: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile(process.execPath, [`${root}${program}`, ...args], { timeout: LIMIT_MS }, (error, stdout, stderr) => {
      if (error?.killed || stderr !== '') reject(new Error(`${program} was cut short:\n${stdout}${stderr}`));
      else resolve(stdout);
    });
  });
}

describe.concurrent('with little to do', { timeout: LIMIT_MS + 5_000 }, () => {
  it('bench restart', async () => {
    expect(await outputOf('bench/dist/main.js', 'restart', '--devices', '5', '--rounds', '1')).toMatch(/^backMs +[\d.]+ ms/m);
  });

  it('storm', async () => {
    const output = await outputOf('bench/dist/storm.js', '--devices', '8');
    expect(output).toMatch(/^kill -9: .* all after [\d.]+ s/m);
    expect(output).toMatch(/^canary: every byte$/m);
  });

  it('soak', async () => {
    expect(await outputOf('chaos/dist/soak.js', '--minutes', '0.1', '--streams', '5')).toMatch(/^soak: all as it should be$/m);
  });

  it('chaos', async () => {
    expect(await outputOf('chaos/dist/main.js', '--minutes', '0.1')).toMatch(/^chaos: all as it should be$/m);
  });
});
