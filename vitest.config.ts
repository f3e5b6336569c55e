// The tests run against the sources; with TEST_DIST=1 siblings come from their builds.
import { defineConfig, type ViteUserConfig } from 'vitest/config';
import { Summary } from './scripts/vitest-summary.ts';

// Setting conditions replaces Vite's own, hence the other two. Not `module`, which is for bundlers: what it leads to need not run in Node.
const conditions = [...(process.env['TEST_DIST'] ? [] : ['@streams/source']), 'node', 'development|production'];

/** TEST_SUITE names another suite than that of `npm test`, for CI. */
const suites = {
  /** The lint rules, the reporter, and the code of the documentation. */
  tools: ['test/tools/*.test.ts'],
  /** The compliance suite in memory, over a WebSocket, and through the hub, between our SDKs and with foreign clients: a minute of bytes. */
  interop: ['packages/*/test/interop/*.test.ts'],
  /** The builds, as processes of their own: the commands, the demo, registries that are killed, what measures. */
  processes: ['{packages,examples}/*/test/processes/*.test.ts', 'test/processes/*.test.ts'],
  /** What needs programs of Debian beside Node: nginx, HAProxy, squid, tinyproxy, openssl, systemd-analyze, Prometheus. */
  system: ['packages/*/test/system/**/*.test.ts'],
  /** The commands as a user runs them, between real programs: OpenSSH, Chromium, xrdp, PostgreSQL, network namespaces. */
  e2e: ['{packages,examples}/*/test/e2e/*.test.ts'],
  /** Faults and abuse, each test named by its case: docs/reliability.md. */
  faults: ['packages/*/test/faults/**/*.test.ts'],
  /** The cases that take long, or much memory. */
  soak: ['packages/*/test/soak/**/*.test.ts'],
};
const suite = process.env['TEST_SUITE'] as keyof typeof suites | undefined;

const config: ViteUserConfig = defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions, externalConditions: ['node'] } },
  test: {
    include: suite
      ? suites[suite]
      : ['packages/*/test/**/*.test.ts', 'examples/*/test/**/*.test.ts', 'chaos/test/*.test.ts', 'test/*.test.ts'],
    exclude: suite ? [] : ['**/node_modules/**', ...Object.values(suites).flat()],
    // Most tests wait for sockets; and each file keeps its own state, so that a worker need not load everything anew for it.
    // The end-to-end tests keep many programs busy, and measure.
    maxWorkers: suite === 'e2e' || suite === 'faults' ? 2 : suite === 'soak' ? 1 : 3,
    isolate: false,
    testTimeout: suite === 'soak' ? 600_000 : suite === 'e2e' ? 60_000 : 20_000,
    hookTimeout: suite === 'e2e' ? 60_000 : 20_000,
    allowOnly: false, // or a forgotten `.only` passes for the whole run
    reporters: ['default', new Summary()],
    coverage: { provider: 'v8', include: ['packages/*/src/**'], reporter: ['text', 'json-summary'] },
  },
});
export default config;
