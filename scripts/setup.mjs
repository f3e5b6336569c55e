// Installs with the pinned pnpm when node_modules does not match pnpm-lock.yaml;
// with --build, also builds when a source is newer than the last build. Says nothing when there is nothing to do.
// Uses Node's built-ins only: it runs before node_modules exists.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const stamp = join(root, 'node_modules/.built');

if (!isInstalled()) install();
if (process.argv.includes('--build') && !isBuilt()) build();

/** After a full install pnpm keeps a copy of the lockfile, equal to the byte. */
function isInstalled() {
  const wanted = textOf('pnpm-lock.yaml');
  return wanted !== undefined && wanted === textOf('node_modules/.pnpm/lock.yaml');
}

function install() {
  const pnpm = JSON.parse(textOf('package.json')).packageManager;
  // npx is a .cmd file on Windows, which only a shell starts.
  run('npx', ['-y', pnpm, 'install', '--frozen-lockfile'], { shell: process.platform === 'win32' });
}

function isBuilt() {
  const lastBuild = existsSync(stamp) ? statSync(stamp).mtimeMs : 0;
  const { outputs, sources } = buildPaths();
  return (
    outputs.every(existsSync) && newest([...sources, ...inRoot('tsup.config.mjs', 'tsconfig.base.json', 'pnpm-lock.yaml')]) < lastBuild
  );
}

function build() {
  const started = new Date(); // a source written while the build runs is newer than that
  run(process.execPath, [join(root, 'node_modules/tsup/dist/cli-default.js'), '--silent']);
  writeFileSync(stamp, '');
  utimesSync(stamp, started, started);
}

/** What the build reads and writes. Testkit has no build: like the programs' support it becomes part of what uses it. */
function buildPaths() {
  const folders = [...foldersIn('packages'), ...foldersIn('examples'), ...inRoot('bench', 'chaos')];
  const built = folders.filter((path) => existsSync(join(path, 'src')) && !path.endsWith('testkit'));
  const sources = built.flatMap((path) => ['src', 'portal', 'reference', 'package.json'].map((name) => join(path, name)));
  sources.push(...inRoot('packages/testkit/src', 'test/support'));
  return { outputs: built.map((path) => join(path, 'dist')), sources: sources.filter(existsSync) };
}

/** The time of the latest change below `paths`. That of a folder counts too: it shows what was deleted. */
function newest(paths) {
  let latest = 0;
  for (const path of paths) {
    const stat = statSync(path);
    const below = stat.isDirectory() ? newest(readdirSync(path).map((name) => join(path, name))) : 0;
    latest = Math.max(latest, stat.mtimeMs, below);
  }
  return latest;
}

function foldersIn(folder) {
  const entries = readdirSync(join(root, folder), { withFileTypes: true });
  return entries.filter((entry) => entry.isDirectory()).map((entry) => join(root, folder, entry.name));
}

function inRoot(...names) {
  return names.map((name) => join(root, name));
}

function textOf(name) {
  const path = join(root, name);
  return existsSync(path) ? readFileSync(path, 'utf8') : undefined;
}

function run(command, args, options = {}) {
  const env = { ...process.env };
  delete env.npm_config_package; // set by an outer `npx -p X`: npx would look for X only
  delete env.npm_config_loglevel; // pnpm would obey it and hide its own errors
  const result = spawnSync(command, args, { cwd: root, stdio: 'inherit', env, ...options });
  if (result.error) throw result.error;
  if (result.status !== 0) process.exit(result.status ?? 1);
}
