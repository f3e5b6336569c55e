// Secrets stay out of everything that prints.
import { format, inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { redact, Secret } from '../../src/credentials/redact.ts';

const VALUE = 'c2VjcmV0LWtleS1vZi1hLWRldmljZQ==';
const secret = new Secret(VALUE);

describe('Secret', () => {
  it('shows itself to who asks by name', () => expect(secret.reveal()).toBe(VALUE));

  it.each<[way: string, text: unknown]>([
    ['a template', `${secret as unknown as string}`],
    ['concatenation', 'key ' + String(secret)],
    ['toString', secret.toString()],
    ['JSON', JSON.stringify({ key: secret })],
    ['inspect', inspect(secret)],
    ['inspect, nested', inspect({ deep: [{ secret }] }, { depth: 9, showHidden: true })],
    ['format %s', format('%s', secret)],
    ['format %o', format('%o', secret)],
    ['format %O', format('%O', { secret })],
    ['format %j', format('%j', { secret })],
    ['format without a place', format('key', secret)],
    ['the text of an error', new Error(`wrong key ${secret as unknown as string}`).message],
    ['an error with a field', inspect(Object.assign(new Error('wrong key'), { secret }))],
  ])('%s', (_way, text) => {
    expect(text).toContain('[redacted]');
    expect(text).not.toContain(VALUE);
  });

  it.each<[way: string, text: unknown]>([
    ['inspect without its custom method', inspect({ secret }, { customInspect: false, showHidden: true, depth: 9 })],
    ['its keys', Reflect.ownKeys(secret).join()],
    ['a copy of its fields', JSON.stringify(Object.assign({}, secret))],
    ['a structured clone', inspect(structuredClone(secret))],
    ['its class', inspect(Secret, { showHidden: true, depth: 9 })],
  ])('%s shows nothing', (_way, text) => expect(text).not.toContain(VALUE));
});

describe('redact', () => {
  it.each([
    [`HostName=h;DeviceId=d;SharedAccessKey=${VALUE}`, 'HostName=h;DeviceId=d;SharedAccessKey=[redacted]'],
    [`sharedaccesskey=${VALUE};HostName=h`, 'sharedaccesskey=[redacted];HostName=h'],
    [`"SharedAccessKey=${VALUE}" and on`, '"SharedAccessKey=[redacted]" and on'],
    ['SharedAccessSignature sr=h&sig=a%2Bb%3D&se=5', 'SharedAccessSignature sr=h&sig=[redacted]&se=5'],
    ['sig=a+b/c==', 'sig=[redacted]'],
    ['Authorization: Bearer abc-_~.+/=', 'Authorization: Bearer [redacted]'],
    ['bearer  abc, bearer def', 'bearer  [redacted], bearer [redacted]'],
    ['{"token":"abc","key" : "def","Authorization":"x y"}', '{"token":"[redacted]","key" : "[redacted]","Authorization":"[redacted]"}'],
  ])('%s', (text, clean) => expect(redact(text)).toBe(clean));

  it.each(['', 'connect ECONNREFUSED 127.0.0.1:443', 'design=large', 'no bearer', 'SharedAccessKeyName=policy;x', '{"keyboard":"de"}'])(
    'leaves %j alone',
    (text) => expect(redact(text)).toBe(text),
  );

  it('hides each of a list of keys, and nothing behind it', () => {
    const clean = redact(`{"deviceId":"d","keys":["${VALUE}", "b3RoZXI="],"enabled":true}`);
    for (const key of [VALUE, 'b3RoZXI=']) expect(clean).not.toContain(key);
    expect(clean).toMatch(/^{"deviceId":"d",.*\[redacted\].*,"enabled":true}$/);
  });

  it('keeps no state between calls', () => {
    for (let i = 0; i < 3; i += 1) expect(redact('sig=abc')).toBe('sig=[redacted]');
  });

  it('is quick on hostile text', () => {
    const startMs = performance.now();
    for (const text of ['Bearer ', '"key"' + ' '.repeat(50_000), 'sig='.repeat(20_000), `Bearer${' '.repeat(50_000)}`])
      redact(text.repeat(2));
    expect(performance.now() - startMs).toBeLessThan(1_000);
  });
});
