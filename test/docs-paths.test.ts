// What the documentation points at exists: files, headings, and the state machines of docs/architecture.md.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));
const read = (path: string): string => readFileSync(join(root, path), 'utf8');

function filesBelow(folder: string): string[] {
  const entries = readdirSync(join(root, folder), { withFileTypes: true }).filter(
    ({ name }) => !/^(node_modules|dist|api|\..*)$/.test(name),
  );
  return entries.flatMap((entry) => (entry.isDirectory() ? filesBelow(`${folder}/${entry.name}`) : [`${folder}/${entry.name}`]));
}

const top = readdirSync(root).filter((name) => name.endsWith('.md'));
const all = [...top, ...['docs', 'examples', 'packages', 'bench', 'test', 'scripts'].flatMap(filesBelow)];
const pages = all.filter((path) => path.endsWith('.md'));

/** The anchors of a page, as GitHub makes them. */
function anchorsOf(path: string): string[] {
  const headings = [
    ...read(path)
      .replaceAll(/^```.*?^```$/gms, '')
      .matchAll(/^#+ (.+)$/gm),
  ];
  return headings.map(([, text = '']) =>
    text
      .toLowerCase()
      .replaceAll(/[^\w\- ]/g, '')
      .replaceAll(' ', '-'),
  );
}

describe('links', () => {
  it.each(pages)('%s', (page) => {
    const targets = [
      ...read(page)
        .replaceAll(/^```.*?^```$/gms, '')
        .matchAll(/\]\(([^)\s]+)\)/g),
    ].map(([, target = '']) => target);
    for (const target of targets.filter((text) => !/^https?:/.test(text))) {
      const [path = '', anchor] = target.split('#');
      const file = path === '' ? page : join(dirname(page), path);
      expect([target, existsSync(join(root, file))]).toEqual([target, true]);
      if (anchor !== undefined) expect(anchorsOf(file)).toContain(anchor);
    }
  });
});

describe('docs/architecture.md', () => {
  const page = read('docs/architecture.md');

  it('names files and folders that exist', () => {
    const named = new Set([...page.matchAll(/(?<![\w./-])[\w-]+(?:\/[\w.-]+)*\.(?:ts|json|mjs)\b/g)].map(([path]) => path));
    expect(named.size).toBeGreaterThan(50);
    for (const path of named) expect([path, all.some((file) => `/${file}`.endsWith(`/${path}`))]).toEqual([path, true]);
  });

  it('shows a link and its text as the same file', () => {
    for (const [, text = '', target = ''] of page.matchAll(/\[`([\w./-]+\.ts)`\]\(([^)]+)\)/g))
      expect(target.endsWith(`/${text}`)).toBe(true);
  });

  it('leaves out no file of a request or a byte', () => {
    const helpers = /(?:index|testing)\.ts$/;
    const hub = filesBelow('packages/hub/src').filter((path) => /\/(?:control|streams)\//.test(path) && !helpers.test(path));
    const missing = hub.filter((path) => !page.includes(path.split('/').slice(-2).join('/')));
    expect(missing).toEqual([]);
  });
});

it('docs/deploy.md explains every name that its files leave open', () => {
  const open = (file: string): string[] => [
    ...new Set([...read(`docs/deploy/${file}`).matchAll(/\$\{([A-Z_]{2,})\}/g)].map(([, name = '']) => name)),
  ];
  const names = [...new Set(['nginx.conf', 'haproxy.cfg'].flatMap(open))].filter((name) => name !== 'NAMES').toSorted();
  const page = read('docs/deploy.md');
  const explained = [...page.matchAll(/^\| (`[A-Z].*?`) \|/gm)].flatMap(([, cell = '']) =>
    [...cell.matchAll(/[A-Z_]+/g)].map(([name]) => name),
  );
  expect(explained.toSorted()).toEqual(names);
  const substituted = [...(/^envsubst '(.*)'/m.exec(page)?.[1] ?? '').matchAll(/[A-Z_]+/g)].map(([name]) => name);
  expect(substituted.toSorted()).toEqual(
    open('nginx.conf')
      .filter((name) => name !== 'NAMES')
      .toSorted(),
  );
});

describe('the state machines of docs/architecture.md', () => {
  type State = { readonly name: string };
  type Machine = { readonly transition: (state: State, event: object) => State };
  const diagrams = [...read('docs/architecture.md').matchAll(/^```mermaid\n(.*?)^```$/gms)].map(([, code = '']) => arrows(code));

  /** `from event to`, sorted. */
  function arrows(code: string): string[] {
    return [...code.matchAll(/^ +([\w-]+) --> ([\w-]+): ([\w-]+)/gm)].map(([, from, to, event]) => `${from} ${event} ${to}`).toSorted();
  }

  async function machine(path: string): Promise<Machine> {
    return (await import(new URL(`../packages/${path}`, import.meta.url).href)) as Machine;
  }

  function arrowsOf({ transition }: Machine, states: readonly State[], events: readonly { type: string }[]): string[] {
    const moves = states.flatMap((state) => events.map((event) => ({ state, event, next: transition(state, event) })));
    const named = moves
      .filter(({ state, next }) => next.name !== state.name)
      .map(({ state, event, next }) => `${state.name} ${event.type} ${next.name}`);
    return [...new Set(named)].toSorted();
  }

  it('the handshake', async () => {
    const states = [
      { name: 'requested' },
      { name: 'offered', deviceLeg: false },
      { name: 'offered', deviceLeg: true },
      { name: 'accepted', protocol: 'p' },
      { name: 'pairing', protocol: 'p', held: 'device' },
      { name: 'pairing', protocol: 'p', held: 'service' },
      { name: 'established', protocol: 'p' },
      ...['ended', 'rejected', 'timed-out', 'cancelled', 'failed'].map((name) => ({ name })),
    ];
    const types = ['offer', 'accept', 'decline', 'leg-left', 'time-out', 'cancel', 'fail', 'end'];
    const legs = ['device', 'service'].map((role) => ({ type: 'leg-held', role }));
    expect(diagrams[0]).toEqual(
      arrowsOf(await machine('hub/src/streams/handshake.ts'), states, [...types.map((type) => ({ type })), ...legs]),
    );
  });

  it('the control link', async () => {
    const states = ['idle', 'connecting', 'connected', 'renewing', 'waiting', 'closed'].map((name) => ({ name }));
    const types = ['connect', 'welcome', 'setback', 'give-up', 'retry', 'renew', 'orphaned', 'keep', 'close'];
    expect(diagrams[1]).toEqual(
      arrowsOf(
        await machine('device/src/link/state.ts'),
        states,
        types.map((type) => ({ type })),
      ),
    );
  });

  it('the link of a session', async () => {
    const states = ['new', 'open', 'suspended', 'lingering', 'closed'].map((name) => ({ name }));
    const types = ['carried', 'lost', 'finished', 'released', 'failed'];
    expect(diagrams[2]).toEqual(
      arrowsOf(
        await machine('protocol/src/session/link/state.ts'),
        states,
        types.map((type) => ({ type })),
      ),
    );
  });
});
