// Checks what users get: packs each public package, judges the tarball, then installs all of them in a blank project
// and imports, requires, compiles and runs there. Prints `ok name` or `not ok name` per check, with the output of what failed.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const LIBRARIES = ['protocol', 'device', 'service', 'hub'];
const PACKAGES = [...LIBRARIES, 'cli'];

const USE = `import { DeviceClient } from '@streams/device';
import { ServiceClient, StreamsError } from '@streams/service';
import { createHub } from '@streams/hub';
import { enableOpenTelemetry } from '@streams/service/otel';

const all: ((...args: never[]) => unknown)[] = [DeviceClient.fromConnectionString, ServiceClient.fromConnectionString, createHub, enableOpenTelemetry];
if (!all.every((entry) => typeof entry === 'function')) throw new Error('an entry is missing');
try {
  DeviceClient.fromConnectionString('nonsense');
} catch (error: unknown) {
  if (!StreamsError.is(error)) throw error;
}
`;

const TSCONFIG = {
  compilerOptions: { module: 'nodenext', target: 'es2022', strict: true, skipLibCheck: false, types: ['node'] },
  include: ['use.mts', 'use.cts'],
};

const work = mkdtempSync(join(tmpdir(), 'streams-packages-'));
try {
  checkAll();
} finally {
  rmSync(work, { recursive: true });
}

function checkAll() {
  if (!check('pack', process.execPath, [join(root, 'scripts/pack.mjs'), work])) return;
  const tarballs = PACKAGES.map((name) => join(work, `streams-${name}-${manifestOf(name).version}.tgz`));
  PACKAGES.forEach((name, index) => {
    check(`publint ${name}`, tool('publint'), ['--strict', tarballs[index]]);
    // The command has no types, and nothing to import.
    if (LIBRARIES.includes(name)) check(`attw ${name}`, tool('attw'), ['--profile', 'node16', tarballs[index]]); // node10 knows no subpaths such as /internal
  });
  const project = blankProject();
  // Node's types are a user's own choice; ours must compile with those of the oldest supported Node.
  const types = `@types/node@${JSON.parse(textOf('node_modules/@types/node/package.json')).version}`;
  const peers = [`@opentelemetry/api@${JSON.parse(textOf('packages/protocol/node_modules/@opentelemetry/api/package.json')).version}`];
  if (!check('npm install', 'npm', ['install', '--ignore-scripts', '--no-audit', '--no-fund', ...tarballs, types, ...peers], project))
    return;
  for (const entry of LIBRARIES.flatMap(entriesOf)) {
    check(`import ${entry}`, process.execPath, ['--input-type=module', '--eval', `import ${JSON.stringify(entry)};`], project);
    check(`require ${entry}`, process.execPath, ['--input-type=commonjs', '--eval', `require(${JSON.stringify(entry)});`], project);
  }
  expectNone('nothing but the entry otel needs OpenTelemetry', filesThatNeedOpenTelemetry());
  check('run streams', join(project, 'node_modules/.bin/streams'), ['--version'], project);
  if (!check('compile use.mts and use.cts', process.execPath, [join(root, 'node_modules/typescript/bin/tsc')], project)) return;
  check('run use.mjs', process.execPath, ['use.mjs'], project);
  check('run use.cjs', process.execPath, ['use.cjs'], project);
}

function blankProject() {
  const folder = join(work, 'project');
  mkdirSync(folder);
  const files = { 'package.json': '{ "private": true }', 'tsconfig.json': JSON.stringify(TSCONFIG), 'use.mts': USE, 'use.cts': USE };
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
  return folder;
}

/** Where the optional peer is missing, everything but the entry for it has to work. */
function filesThatNeedOpenTelemetry() {
  const outputs = LIBRARIES.flatMap((name) =>
    readdirSync(join(root, `packages/${name}/dist`)).map((file) => `packages/${name}/dist/${file}`),
  );
  return outputs.filter((path) => /\.c?js$/.test(path) && !/\/otel\./.test(path) && /@opentelemetry|\/otel['"]/.test(textOf(path)));
}

/** What a user can import, such as `@streams/hub/testing`. */
function entriesOf(name) {
  const { exports } = manifestOf(name).publishConfig;
  const paths = Object.keys(exports).filter((path) => !path.endsWith('.json'));
  return paths.map((path) => `@streams/${name}${path.slice(1)}`);
}

function manifestOf(name) {
  return JSON.parse(textOf(`packages/${name}/package.json`));
}

function textOf(path) {
  return readFileSync(join(root, path), 'utf8');
}

/** Knip cannot see these two here: its config names them. */
function tool(name) {
  return join(root, 'node_modules/.bin', name);
}

function expectNone(name, found) {
  console.log(`${found.length === 0 ? 'ok' : 'not ok'} ${name}`);
  if (found.length === 0) return;
  console.log(found.join('\n'));
  process.exitCode = 1;
}

function check(name, command, args, cwd = work) {
  const env = { ...process.env };
  delete env.npm_config_package; // set by an outer `npx -p X`: npx would look for X only
  const { status, stdout, stderr, error } = spawnSync(command, args, { cwd, env, encoding: 'utf8' });
  const ok = status === 0;
  console.log(`${ok ? 'ok' : 'not ok'} ${name}`);
  if (!ok) {
    console.log(error ?? stdout + stderr);
    process.exitCode = 1;
  }
  return ok;
}
