// docs/protocol.md agrees with the sources: limits, defaults, the signed examples, the messages, the error bodies.
import { createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';

type Fields = Readonly<Record<string, unknown>>;

/** What the sources say, as far as it is looked at. */
interface Sources {
  readonly ERRORS: Readonly<Record<string, { httpStatus: number | undefined }>>;
  readonly Secret: new (value: string) => object;
  createError(code: unknown, options: object): { readonly wireCode: string; readonly message: string; readonly retryable: boolean };
  signSharedAccess(claims: object, key: object): string;
  parseSharedAccess(header: string): object;
  isSignedBy(received: object, keys: readonly string[]): boolean;
  decodeHubMessage(text: string): object;
  decodeDeviceMessage(text: string): object;
  asOpenStreamBody(fields: Fields): object;
  asOpenStreamAnswer(fields: Fields): object;
  asPutDeviceBody(fields: Fields): object;
  asHubView(fields: Fields): object;
  asErrorBody(fields: Fields): object;
}

const page = readFileSync(new URL('../docs/protocol.md', import.meta.url), 'utf8');
let protocol: Sources;

beforeAll(async () => {
  protocol = (await source('internal.ts')) as Sources;
});

/** From here the packages cannot be imported by name. */
async function source(path: string): Promise<object> {
  return (await import(new URL(`../packages/protocol/src/${path}`, import.meta.url).href)) as object;
}

/** The text of a numbered section. */
function section(number: number): string {
  return page.slice(page.indexOf(`\n## ${number}. `), page.indexOf(`\n## ${number + 1}. `));
}

function blocks(language: string, text: string = page): string[] {
  return [...text.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\`$`, 'gms'))].map(([, code = '']) => code);
}

describe('docs/protocol.md, limits and defaults', () => {
  it('has every one, with its value and unit, and no other', async () => {
    expect(written(14)).toEqual(rows({ ...(await source('wire/limits.ts')), ...(await source('wire/defaults.ts')) }));
  });

  it('has those of channels', async () => {
    expect(written(18)).toEqual(rows(await source('wire/channel-limits.ts')));
  });

  function written(number: number): string[] {
    return [...section(number).matchAll(/^\| `(\w+)` \| ([\d,.]+) \| (\w*) ?\|/gm)].map(([, ...cells]) => cells.join(' ')).toSorted();
  }

  function rows(constants: object): string[] {
    const entries = Object.entries(constants as Record<string, number>);
    return entries.map(([name, value]) => [name, value.toLocaleString('en'), unitOf(name)].join(' ')).toSorted();
  }

  function unitOf(name: string): string {
    if (name.endsWith('_MS')) return 'ms';
    return /_(BYTES|CHARACTERS)$/.exec(name)?.[1]?.toLowerCase() ?? '';
  }
});

describe('docs/protocol.md, signatures', () => {
  const examples = blocks('text', section(5)).filter((block) => block.startsWith('key '));
  const fields = examples.map((block) =>
    Object.fromEntries(
      block
        .trim()
        .split('\n')
        .map((line) => line.split(/ +(.*)/s).slice(0, 2) as [string, string]),
    ),
  );

  it.each(fields.map((example, index) => ({ ...example, name: ['a device', 'a service'][index] })))('$name, byte for byte', (example) => {
    const { key = '', sr = '', se = '', message = '', hmac = '', header = '' } = example as Record<string, string>;
    expect(message).toBe(`${sr}\\n${se}`);
    expect(createHmac('sha256', Buffer.from(key, 'base64')).update(`${sr}\n${se}`).digest('base64')).toBe(hmac);
    const [, policy] = /&skn=(\w+)$/.exec(header) ?? [];
    const claims = { resource: decodeURIComponent(sr), expiresAtMs: Number(se) * 1_000, policy };
    expect(protocol.signSharedAccess(claims, new protocol.Secret(key))).toBe(header);
    const received = protocol.parseSharedAccess(header);
    expect(protocol.isSignedBy(received, [key])).toBe(true);
  });

  it('there are two', () => {
    expect(fields.map((example) => 'skn' in example || /&skn=/.test(example['header'] ?? ''))).toEqual([false, true]);
  });
});

describe('docs/protocol.md, messages', () => {
  const messages = blocks('json').map((text) => JSON.parse(text) as { type: string });

  it('shows each type once', () => {
    expect(messages.map(({ type }) => type)).toEqual(['welcome', 'request', 'cancel', 'goaway', 'accept', 'reject', 'lost']);
  });

  it.each(messages)('$type', (message) => {
    const text = JSON.stringify(message);
    const isFromDevice = ['accept', 'reject', 'lost'].includes(message.type);
    expect(isFromDevice ? protocol.decodeDeviceMessage(text) : protocol.decodeHubMessage(text)).toEqual(message);
  });

  it.each(['welcome', 'request'])('%s, its fields one by one', (type) => {
    const [, text = ''] = new RegExp(`^\`${type}\`.*?\\n\\n(.*?)\\n\\n`, 'ms').exec(section(6)) ?? [];
    const listed = [...text.matchAll(/^\| `(\w+)` \|/gm)].map(([, field]) => field);
    expect(['type', ...listed]).toEqual(Object.keys(messages.find((message) => message.type === type) ?? {}));
  });
});

describe('docs/protocol.md, HTTP', () => {
  const exchanges = blocks('http').map((text) => {
    const [head = '', body = ''] = text.split(/\n\n(.*)/s);
    const first = head.split('\n', 1)[0] ?? '';
    return { first, body: body.trim() === '' ? undefined : (JSON.parse(body) as Record<string, unknown>) };
  });

  it('the body of a stream request, and of its answer', () => {
    const bodyOf = (start: string): Record<string, unknown> => {
      return (
        exchanges.find(({ first, body }) => first.startsWith(start) && (start.startsWith('POST') || 'token' in (body ?? {})))?.body ?? {}
      );
    };
    expect(protocol.asOpenStreamBody(bodyOf('POST'))).toMatchObject(bodyOf('POST'));
    expect(protocol.asOpenStreamAnswer(bodyOf('HTTP/1.1 200'))).toEqual(bodyOf('HTTP/1.1 200'));
  });

  it('the bodies of devices and of the hub', () => {
    const device = exchanges.find(({ body }) => body && 'deviceId' in body)?.body ?? {};
    expect(protocol.asPutDeviceBody(device)).toEqual({ enabled: true, keys: device['keys'] });
    const hub = exchanges.find(({ body }) => body && 'hostName' in body)?.body ?? {};
    expect(protocol.asHubView(hub)).toEqual(hub);
  });

  it('errors have the status and the words of their code', () => {
    const errors = exchanges.filter(({ body }) => body && 'code' in body);
    expect(errors).not.toEqual([]);
    for (const { first, body = {} } of errors) {
      const error = protocol.createError(body['code'], { details: body['details'] });
      expect(protocol.asErrorBody(body)).toEqual(body);
      expect([Number(first.split(' ')[1]), body['retryable'], body['message']]).toEqual([
        protocol.ERRORS[error.wireCode]?.httpStatus,
        error.retryable,
        error.message,
      ]);
    }
  });

  it('every code that it names is one', () => {
    const named = [...page.matchAll(/\b[1-5]\d\d `([A-Z_]+)`|`[1-5]\d\d ([A-Z_]+)`/g)];
    expect(named.length).toBeGreaterThan(20);
    for (const [text, a, b] of named) {
      expect([text, String(protocol.ERRORS[a ?? b ?? '']?.httpStatus)]).toEqual([text, /\d{3}/.exec(text)?.[0]]);
    }
  });
});

describe('docs/protocol.md, close codes', () => {
  it('has every code that is sent', () => {
    const written = [...section(13).matchAll(/^\| (\d{4}) \|/gm)].map(([, code]) => Number(code));
    const real = Object.entries(protocol).filter(([name]) => name.startsWith('CLOSE_') && !/^CLOSE_(NO_CODE|LOST|TIMEOUT_MS)$/.test(name));
    expect(written).toEqual(real.map(([, code]) => code as number).toSorted((a, b) => a - b));
  });
});

describe('docs/protocol.md, session frames', () => {
  it('has every type and every reset code, and no other', async () => {
    const { SESSION_FRAME_TYPES } = (await source('wire/session-frames.ts')) as { SESSION_FRAME_TYPES: Record<string, number> };
    const { RESET_CODES } = (await source('wire/reset-codes.ts')) as { RESET_CODES: Record<string, number> };
    const types = Object.entries(SESSION_FRAME_TYPES).map(([name, type]) => [String(type), name.toUpperCase()]);
    const codes = Object.entries(RESET_CODES).map(([name, code]) => [String(code), name]);
    expect(written(/^\| (\d) \| ([A-Z]+) \|/gm)).toEqual(types);
    expect(written(/^\| (\d) \| `(\w+)` \|/gm)).toEqual(codes);
  });

  function written(rows: RegExp): string[][] {
    return [...section(18).matchAll(rows)].map(([, ...cells]) => cells);
  }
});
