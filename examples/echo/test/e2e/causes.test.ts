// The demo fails when one of its causes is left out.
import { describe, expect, it } from 'vitest';
import { SCENARIOS } from '../../src/scenarios.ts';
import { runDemo } from '../run-demo.ts';

describe.concurrent('the demo', () => {
  it.each(SCENARIOS)('fails without the cause of $name', async ({ name }) => {
    const { exitCode, output } = await runDemo('--only', name, '--without', name);
    expect(output).toContain(`NOT OK ${name}: no error`);
    expect(exitCode).toBe(1);
  });

  it('fails when the file is not the one that was hashed', async () => {
    const { exitCode, output } = await runDemo('--only', 'transfer', '--without', 'transfer');
    expect(output).toContain('SHA-256 DIFFERS');
    expect(exitCode).toBe(1);
  });
});
