// Builds everything in one process: half the time of one tsup per package.
// Plain JavaScript, since tsup's own types do not pass `skipLibCheck: false`.
import { existsSync, readdirSync } from 'node:fs';
import { defineConfig } from 'tsup';

const common = {
  target: 'node20',
  platform: 'node',
  sourcemap: true,
  clean: true, // each config has a dist of its own
  skipNodeModulesBundle: true, // the root package.json, which tsup reads, does not list the packages' dependencies
  removeNodeProtocol: false, // keeps `node:http` as it is
};

const library = (name, entries) => ({
  ...common,
  name,
  entry: entriesOf(`packages/${name}/src`, entries),
  outDir: `packages/${name}/dist`,
  tsconfig: `packages/${name}/tsconfig.json`,
  format: ['esm', 'cjs'],
  splitting: true, // for CommonJS too, so that what two entries of a package share exists once
  treeshake: true, // then Rollup writes the CommonJS; without, Sucrase does, and compiles `?.` and `??` to helpers
  dts: { compilerOptions: { ignoreDeprecations: '6.0' } }, // tsup sets baseUrl, which TypeScript 6 refuses without this
});

const program = (name, directory, entry, others = {}) => ({
  ...common,
  ...others,
  name,
  entry,
  outDir: `${directory}/dist`,
  tsconfig: `${directory}/tsconfig.json`,
  format: ['esm'],
});

/** One entry per file, without its extension: an array would put the folders below their common parent. */
function entriesOf(directory, names, prefix = '') {
  return Object.fromEntries(names.map((name) => [prefix + name, `${directory}/${name}.ts`]));
}

function sourcesIn(directory) {
  if (!existsSync(directory)) return [];
  return readdirSync(directory)
    .filter((file) => file.endsWith('.ts'))
    .map((file) => file.slice(0, -'.ts'.length));
}

export default defineConfig([
  library('protocol', ['index', 'internal', 'otel']),
  library('device', ['index', 'otel']),
  library('service', ['index', 'otel']),
  // The portal is built beside it, at the same time.
  { ...library('hub', ['index', 'testing', 'policies', 'otel']), shims: true, clean: ['!portal/**'] },
  {
    name: 'portal',
    entry: { main: 'packages/hub/portal/main.ts' },
    outDir: 'packages/hub/dist/portal',
    tsconfig: 'packages/hub/portal/tsconfig.json',
    publicDir: 'packages/hub/portal/public',
    format: ['esm'],
    platform: 'browser',
    target: 'es2022',
    minify: true,
    clean: true,
    noExternal: ['uplot'],
    external: ['/portal/icon.svg'],
    banner: { js: '/*! With uPlot, Copyright (c) Leon Sorokin, under the MIT License. */' },
  },
  program('cli', 'packages/cli', entriesOf('packages/cli/src', ['main'])),
  program('echo', 'examples/echo', entriesOf('examples/echo/src', ['hub', 'device', 'service', 'demo'])),
  program('restart', 'examples/restart', entriesOf('examples/restart/src', ['demo'])),
  program('ssh-proxy', 'examples/ssh-proxy', entriesOf('examples/ssh-proxy/src', ['device', 'service'])),
  program('http-over-stream', 'examples/http-over-stream', entriesOf('examples/http-over-stream/src', ['device', 'get', 'browser'])),
  // testkit has no build.
  program('chaos', 'chaos', entriesOf('chaos/src', ['main', 'hub', 'soak']), { noExternal: ['@streams/testkit'] }),
  program(
    'bench',
    'bench',
    {
      ...entriesOf('bench/src', sourcesIn('bench/src')),
      ...entriesOf('bench/reference', sourcesIn('bench/reference'), 'reference/'),
    },
    { noExternal: ['@streams/testkit'] },
  ),
]);
