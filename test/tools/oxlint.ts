// Lints made-up files under the rules of this repository, in a folder of their own.
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
const binaries = join(root, 'node_modules/.bin');

/** A path, which tells the rules where the file stands, and a content. Several may have the same path. */
export type MadeUpFile = readonly [path: string, content: string];

/** What oxlint says of some files. */
export interface Verdict {
  readonly exitCode: number | null;
  /** The rules that each file broke, such as `eslint(max-lines)`. */
  readonly broken: readonly string[][];
}

/** Lints all `files` in one run, as `npm run lint` does. */
export function lint(files: readonly MadeUpFile[]): Verdict {
  const folder = mkdtempSync(join(tmpdir(), 'streams-lint-'));
  try {
    for (const path of ['.oxlintrc.json', 'scripts/oxlint-plugin.mjs']) cpSync(join(root, path), join(folder, path));
    writeFileSync(join(folder, 'tsconfig.json'), '{ "compilerOptions": { "strict": true, "types": [] } }');
    const paths = files.map(([path], index) => path.replace(/[^/]+$/, `${index}-$&`));
    files.forEach(([, content], index) => write(join(folder, paths[index] ?? ''), content));
    const { status, diagnostics } = run(folder);
    return {
      exitCode: status,
      broken: paths.map((path) => diagnostics.filter(({ filename }) => filename === path).map(({ code }) => code)),
    };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function write(path: string, content: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content);
}

function run(cwd: string): { status: number | null; diagnostics: { filename: string; code: string }[] } {
  // By PATH, since oxlint looks there for its type-aware half.
  const env = { ...process.env, PATH: binaries + delimiter + process.env['PATH'] };
  const { status, stdout } = spawnSync('oxlint', ['--type-aware', '--deny-warnings', '--format=json'], { cwd, env, encoding: 'utf8' });
  return { status, ...(JSON.parse(stdout) as { diagnostics: { filename: string; code: string }[] }) };
}
