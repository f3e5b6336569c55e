// The demo passes, and prints what it promises.
import { expect, it } from 'vitest';
import { SCENARIOS } from '../../src/scenarios.ts';
import { runDemo } from '../run-demo.ts';

it('the demo passes, and prints the code of each failure', async () => {
  const { exitCode, output } = await runDemo();
  expect(output).toContain('1 MiB there and back');
  expect(output).toContain('SHA-256 equal');
  for (const { name, code } of SCENARIOS) expect(output).toContain(`ok ${name}: ${code}: `);
  expect(exitCode).toBe(0);
}, 60_000);
