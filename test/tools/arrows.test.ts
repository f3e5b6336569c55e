// The lint rules know which package may import which.
import { expect, it } from 'vitest';
import { lint, type MadeUpFile } from './oxlint.ts';

const WRONG: [file: string, imported: string][] = [
  ['packages/protocol/src/index.ts', '@streams/device'],
  ['packages/protocol/src/net/dial.ts', '@streams/testkit'],
  ['packages/protocol/src/net/dial.ts', '../../../hub/src/index.ts'],
  ['packages/protocol/src/wire/frames.ts', 'node:buffer'],
  ['packages/protocol/src/wire/frames.ts', 'node:stream/web'],
  ['packages/protocol/src/wire/frames.ts', 'ws'],
  ['packages/protocol/src/wire/frames.ts', '../net/dial.ts'],
  ['packages/protocol/src/errors/codes.ts', 'node:util'],
  ['packages/protocol/src/errors/codes.ts', 'ws'],
  ['packages/device/src/client.ts', '@streams/service'],
  ['packages/device/src/client.ts', '@streams/hub/testing'],
  ['packages/device/src/client.ts', '../../protocol/src/internal.ts'],
  ['packages/device/src/link/link.ts', '../../../protocol/dist/index.js'],
  ['packages/device/src/client.ts', '@streams/protocol/src/internal.ts'],
  ['packages/device/src/client.ts', '@streams/cli'],
  ['packages/service/src/client.ts', '@streams/device'],
  ['packages/service/src/client.ts', '@streams/hub'],
  ['packages/hub/src/hub.ts', '@streams/device'],
  ['packages/hub/src/hub.ts', '@streams/service'],
  ['packages/hub/src/hub.ts', '@streams/testkit'],
  ['packages/hub/src/streams/relay.ts', '../../../../bench/src/main.ts'],
  ['packages/hub/test/hub.test.ts', '../../protocol/src/internal.ts'],
  ['packages/testkit/src/raw-peer.ts', '@streams/hub'],
  ['packages/cli/src/main.ts', '@streams/bench'],
  ['packages/cli/src/main.ts', '@streams/chaos'],
  ['packages/cli/src/main.ts', '@streams/example-echo'],
  ['packages/cli/src/main.ts', '@streams/testkit'],
  ['bench/src/main.ts', '../../packages/hub/src/index.ts'],
];

const RIGHT: [file: string, imported: string][] = [
  ['packages/protocol/src/net/dial.ts', 'node:tls'],
  ['packages/protocol/src/net/dial.ts', '../wire/frames.ts'],
  ['packages/protocol/src/wire/frames.ts', './limits.ts'],
  ['packages/protocol/src/wire/frames.ts', '../errors/base.ts'],
  ['packages/protocol/src/errors/kinds.ts', '../wire/close-codes.ts'],
  ['packages/device/src/client.ts', '@streams/protocol'],
  ['packages/service/src/client.ts', '@streams/protocol/internal'],
  ['packages/hub/src/streams/relay.ts', '../devices/registry.ts'],
  ['packages/hub/test/hub.test.ts', '@streams/device'],
  ['packages/hub/test/hub.test.ts', '../src/streams/relay.ts'],
  ['packages/testkit/src/raw-peer.ts', '@streams/protocol'],
  ['packages/cli/src/main.ts', '@streams/hub'],
  ['examples/echo/src/demo.ts', '@streams/service'],
  ['bench/src/main.ts', '@streams/protocol/internal'],
];

function madeUp([path, imported]: [file: string, imported: string]): MadeUpFile {
  return [path, `// Looks at an arrow.\nexport * from '${imported}';\n`];
}

const { broken } = lint(WRONG.map(madeUp));

it.each(WRONG.map((arrow, index) => [...arrow, broken[index]] as const))('%s must not import %s', (_file, _imported, rules) => {
  expect(rules).toEqual(['eslint(no-restricted-imports)']);
});

it('fails for a wrong arrow', () => {
  expect(lint(WRONG.slice(0, 1).map(madeUp)).exitCode).toBe(1);
});

it('lets the right arrows pass', () => {
  expect(lint(RIGHT.map(madeUp))).toEqual({ exitCode: 0, broken: RIGHT.map(() => []) });
});
