// The builds of both SDKs in a process of their own: CommonJS beside ESM, NODE_DEBUG=streams, and without bufferutil.
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const programs = fileURLToPath(new URL('../programs/', import.meta.url));

interface Report {
  readonly intact: boolean;
  readonly known: readonly { readonly name: string; readonly is: number; readonly instanceOf: number }[];
  readonly kinds: readonly boolean[];
  readonly bufferutil: boolean;
  readonly secrets: readonly string[];
}

/** Runs `whole.mjs`; gives its report, and what stands on its stderr. */
function run(nodeOptions: readonly string[], env: Record<string, string>): Promise<{ report: Report; stderr: string }> {
  return new Promise((resolve, reject) => {
    const options = { env: { PATH: process.env['PATH'], ...env } };
    execFile(process.execPath, [...nodeOptions, `${programs}whole.mjs`], options, (error, stdout, stderr) => {
      if (error) reject(error);
      else resolve({ report: JSON.parse(stdout) as Report, stderr });
    });
  });
}

describe.concurrent('both SDKs in one process', () => {
  it('know the errors of every copy by is(), and say with NODE_DEBUG=streams what they do, but no secret', async () => {
    const { report, stderr } = await run([], { NODE_DEBUG: 'streams' });
    expect(report).toMatchObject({ intact: true, kinds: [true, true, false], bufferutil: true });
    // Two copies of the protocol: one for each module system.
    expect(report.known.map(({ is, instanceOf }) => [is, instanceOf])).toEqual([
      [4, 2],
      [4, 2],
      [4, 2],
      [4, 2],
    ]);
    const lines = stderr.trimEnd().split('\n');
    for (const line of lines) expect(line).toMatch(/^STREAMS \d+: [a-z][^{]+ \{".*\}$/);
    const steps = [
      'link is connecting',
      'link is connected',
      'asks the hub',
      'request has come',
      'accepts the',
      'has accepted',
      'declines',
    ];
    for (const step of [...steps, 'stream is open', 'stream has ended', 'was not established', 'link is closed'])
      expect([step, lines.some((line) => line.includes(step))]).toEqual([step, true]);
    expect(report.secrets.length).toBeGreaterThan(6);
    expect(report.secrets.filter((secret) => stderr.includes(secret))).toEqual([]);
  });

  it('work without bufferutil, and say nothing by themselves', async () => {
    const { report, stderr } = await run(['--require', `${programs}no-bufferutil.cjs`], {});
    expect(report).toMatchObject({ intact: true, bufferutil: false });
    // Once by ws, once by the program.
    expect(stderr.trimEnd().split('\n')).toEqual(['bufferutil was asked for', 'bufferutil was asked for']);
  });
});
