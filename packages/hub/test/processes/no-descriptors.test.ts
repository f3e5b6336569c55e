// A hub that has no file descriptor left goes on measuring.
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { parseMetrics } from '../support/prometheus.ts';

it('D11 a process without a free descriptor measures on, and leaves out what it cannot read', async () => {
  const program = fileURLToPath(new URL('../support/no-descriptors.mjs', import.meta.url));
  const { stdout } = await promisify(execFile)('sh', ['-c', 'ulimit -n 512; exec "$@"', 'sh', process.execPath, program]);
  const { thrown, before, after } = JSON.parse(stdout) as Record<string, string>;
  expect(thrown).toContain('EMFILE');
  const names = (text = ''): string[] => [...parseMetrics(text)].filter(([, { samples }]) => samples.size > 0).map(([name]) => name);
  const lost = ['process_resident_memory_bytes', 'nodejs_heap_size_used_bytes', 'nodejs_external_memory_bytes', 'process_max_fds'];
  // Linux before 6.2 does not tell their number without one more.
  const missing = names(before).filter((name) => !names(after).includes(name) && name !== 'process_open_fds');
  expect(missing).toEqual(lost);
});
