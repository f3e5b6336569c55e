// Every ```ts block of the documentation compiles, and those that say what they print are run, and print it.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { format } from 'node:util';
import ts from 'typescript';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
/** Where the blocks seem to stand: from here all packages, and `ws`, can be imported. */
const SEAT = join(root, 'packages/hub');

/** A fenced block that is a whole program. */
interface Block {
  readonly file: string;
  /** Of its first line of code, from 1. */
  readonly line: number;
  readonly code: string;
  /** What the page says that it prints. */
  readonly prints: string | undefined;
}

function pages(): string[] {
  const inFolder = (folder: string): string[] => readdirSync(join(root, folder)).map((name) => `${folder}/${name}`);
  const folders = [...inFolder('packages'), ...inFolder('examples')].flatMap(inFolder);
  return ['README.md', ...inFolder('docs'), ...folders].filter((path) => path.endsWith('.md'));
}

function blocksOf(file: string, markdown: string): Block[] {
  const fences = [...markdown.matchAll(/^```(\w*)\n(.*?)^```$/gms)];
  return fences.flatMap((fence, index) => {
    const [, language, code = ''] = fence;
    const before = markdown.slice(0, fence.index);
    const next = fences[index + 1];
    const between = next && markdown.slice(fence.index + fence[0].length, next.index);
    const prints = next?.[1] === 'text' && /\bprints\s*$/.test(between ?? '') ? next[2] : undefined;
    return language === 'ts' ? [{ file, line: before.split('\n').length + 1, code, prints }] : [];
  });
}

function read(file: string): Block[] {
  return blocksOf(file, readFileSync(join(root, file), 'utf8'));
}

/** Compiles all blocks in one program, without writing any; gives the mistakes as `file:line: message`. */
function compile(blocks: readonly Block[]): string[] {
  const { config } = ts.readConfigFile(join(root, 'tsconfig.base.json'), (path) => ts.sys.readFile(path)) as { config: object };
  const json = { ...config, files: [], include: [] };
  const { options } = ts.parseJsonConfigFileContent(json, ts.sys, root);
  // `process.env.NAME` is what people write.
  Object.assign(options, { noEmit: true, skipLibCheck: true, noPropertyAccessFromIndexSignature: false, declaration: false });
  Object.assign(options, { declarationMap: false, isolatedDeclarations: false, types: ['node'] });
  const byPath = new Map(blocks.map((block, index) => [join(SEAT, `docs-block-${index}.ts`), block]));
  const host = ts.createCompilerHost(options);
  host.fileExists = (path) => byPath.has(path) || ts.sys.fileExists(path);
  host.readFile = (path) => byPath.get(path)?.code ?? ts.sys.readFile(path);
  const program = ts.createProgram([...byPath.keys()], options, host);
  return [...byPath].flatMap(([path, block]) => mistakes(program, path, block));
}

function mistakes(program: ts.Program, path: string, { file, line }: Block): string[] {
  const source = program.getSourceFile(path);
  const found = [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)];
  return found.map(({ start = 0, messageText }) => {
    const at = source?.getLineAndCharacterOfPosition(start).line ?? 0;
    return `${file}:${line + at}: ${ts.flattenDiagnosticMessageText(messageText, ' ')}`;
  });
}

interface Closable {
  close(): Promise<void>;
}

interface TestHub extends Closable {
  readonly records: readonly object[];
  deviceConnectionString(deviceId: string): Promise<string>;
  serviceConnectionString(): Promise<string>;
}

interface Maker {
  fromConnectionString(text: string): Closable;
}

const AsyncFunction = (async () => undefined).constructor as new (...source: string[]) => (...values: unknown[]) => Promise<void>;

/** A package's source: from here the packages cannot be imported by name. */
async function source(path: string): Promise<object> {
  return (await import(pathToFileURL(join(root, 'packages', path)).href)) as object;
}

describe('the code of the documentation', () => {
  it('compiles', () => {
    const blocks = pages().flatMap(read);
    expect(blocks.length).toBeGreaterThan(12);
    expect(compile(blocks)).toEqual([]);
  });

  it('would be told by file and line if it did not', () => {
    const markdown =
      "# A\n\n```ts\nimport { once } from 'node:events';\nconsole.log(once);\nconst a: number = 'b';\n```\n\n```ts\nconst = 1;\n```\n";
    const [wrongType, unused, ...syntax] = compile(blocksOf('a.md', markdown));
    expect(wrongType).toBe("a.md:6: Type 'string' is not assignable to type 'number'.");
    expect(unused).toMatch(/^a\.md:6: 'a' is declared but/);
    expect(syntax[0]).toMatch(/^a\.md:10: /);
  });
});

describe('what the documentation says that programs print', () => {
  const modules = new Map<string, object>();
  const closers: (() => Promise<void>)[] = [];
  let hub: TestHub;

  beforeAll(async () => {
    const { startTestHub } = (await source('hub/src/testing.ts')) as { startTestHub: () => Promise<TestHub> };
    const { DeviceClient, ...device } = (await source('device/src/index.ts')) as { DeviceClient: Maker };
    const { createHub, ...others } = (await source('hub/src/index.ts')) as { createHub: (options: object) => Closable };
    modules.set('@streams/hub/testing', { startTestHub });
    modules.set('@streams/service', await source('service/src/index.ts'));
    modules.set('@streams/protocol', await source('protocol/src/index.ts'));
    modules.set('@streams/device', {
      ...device,
      DeviceClient: { fromConnectionString: (text: string) => keep(DeviceClient.fromConnectionString(text)) },
    });
    modules.set('@streams/hub', { ...others, createHub: (options: object) => keep(createHub(options)) });
    hub = await startTestHub();
  });

  afterAll(async () => {
    for (const close of closers.reverse()) await close();
    await hub.close();
  });

  function keep<T extends Closable>(resource: T): T {
    closers.push(() => resource.close());
    return resource;
  }

  /** Runs a block as a module of plain JavaScript, and gives what it prints. */
  async function run({ code }: Block): Promise<string> {
    const printed: string[] = [];
    const load = async (name: string): Promise<object> => modules.get(name) ?? ((await import(name)) as object);
    const body = code.replaceAll(
      /^import (\{.*?\}) from '(.+?)';$/gm,
      (_all, names: string, from: string) => `const ${names} = await load('${from}');`,
    );
    const credential = code.includes('DeviceClient') ? hub.deviceConnectionString('pump-7') : hub.serviceConnectionString();
    const process = { env: { STREAMS_CONNECTION_STRING: await credential } };
    const log = (...values: unknown[]): void => void printed.push(`${format(...values)}\n`);
    await new AsyncFunction('load', 'process', 'console', body)(load, process, { log });
    return printed.join('');
  }

  const [hubOfReadme, deviceOfReadme] = read('README.md') as [Block, Block];
  const printing = pages().filter((file) => read(file).some(({ prints }) => prints !== undefined));

  it.each(printing)('%s', async (file) => {
    // Each device takes the place of the one before.
    await run(deviceOfReadme);
    for (const block of read(file)) {
      if (block.code.includes('createHub')) continue;
      const printed = await run(block);
      if (block.prints !== undefined) expect(printed).toBe(block.prints);
    }
  });

  it('README.md, the hub', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'streams-docs-'));
    const code = hubOfReadme.code.replace("'.hub'", JSON.stringify(directory)).replace('port: 8443', 'port: 0');
    const [device = '', service = ''] = (await run({ ...hubOfReadme, code })).split('\n');
    rmSync(directory, { recursive: true });
    expect(device).toMatch(/^HostName=localhost:\d+;DeviceId=pump-7;SharedAccessKey=[^;]+;CaCertificate=[^;]+$/);
    expect(service).toMatch(/^HostName=localhost:\d+;SharedAccessKeyName=backend;SharedAccessKey=[^;]+;CaCertificate=[^;]+$/);
  });

  it('docs/protocol.md, the fields of the resource log', () => {
    const [, section = ''] = /\n## 15\.(.*?)\n## 16\./s.exec(readFileSync(join(root, 'docs/protocol.md'), 'utf8')) ?? [];
    const fields = [...section.matchAll(/^\| `(\w+)` \|/gm)].map(([, field]) => field);
    expect(hub.records.length).toBeGreaterThan(0);
    for (const record of hub.records) expect(Object.keys(record)).toEqual(fields);
  });
});
