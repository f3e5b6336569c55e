// Shared access signatures: made as Azure makes them, read in any order, and verified as received.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Secret } from '../../src/credentials/redact.ts';
import {
  isForResource,
  isInForce,
  isSignedBy,
  parseSharedAccess,
  type ReceivedSignature,
  signSharedAccess,
} from '../../src/credentials/shared-access-signature.ts';
import { azureHeader, azureSignature } from '../support/azure-signature.ts';
import { forAll } from '../support/for-all.ts';
import { names } from '../support/messages.ts';

const KEY = Buffer.from(Array.from({ length: 32 }, (_, index) => index)).toString('base64');
const OTHER_KEY = Buffer.alloc(32, 9).toString('base64');
const SE = 1_900_000_000;
const NOW_MS = SE * 1_000 - 3_600_000;
const HOSTS = ['hub.example', '[2001:db8::1]'];
const PUMP = 'hub.example/devices/pump-7';

function read(header: string): ReceivedSignature {
  const received = parseSharedAccess(header);
  expect(received).toBeDefined();
  return received as ReceivedSignature;
}

/** All that a hub asks of a signature. */
function isAccepted(header: string, path: string, keys: readonly string[] = [KEY], nowMs = NOW_MS): boolean {
  const received = parseSharedAccess(header);
  return received !== undefined && isForResource(received, HOSTS, path) && isSignedBy(received, keys) && isInForce(received, nowMs);
}

const keys = fc.uint8Array({ minLength: 16, maxLength: 100 }).map((bytes) => Buffer.from(bytes).toString('base64'));

describe('the reference of these tests', () => {
  it.each([
    ['hub.example%2Fdevices%2Fpump-7', 'Lurh5Ut9F4xUDSK5EppwFuXLYwyMnZ2PHvKM/OFr8/A='],
    ['hub.example', '4yHUoDizEHleHwfc1RA2XVS8gerNXePFe3WttrzjkyI='],
    ['HUB.Example/devices/50%_*!', 'SsaNW+fQSoBVlOMW176WIyb5fDFyBOnNxq4yi4rob2g='],
  ])('%s is signed as OpenSSL does', (sr, signature) => {
    expect(azureSignature({ sr, se: SE, key: KEY })).toBe(signature);
    expect(
      isAccepted(azureHeader({ sr, se: SE, key: KEY }), sr.includes('pump') ? '/devices/pump-7' : sr.slice('hub.example'.length)),
    ).toBe(true);
  });
});

describe('signing', () => {
  it('is byte for byte what Azure’s format asks for', () => {
    forAll(fc.tuple(names, keys, fc.option(names)), ([id, key, policy]) => {
      const resource = `hub.example/devices/${id}`;
      const skn = policy === null ? undefined : encodeURIComponent(policy);
      const header = signSharedAccess({ resource, expiresAtMs: SE * 1_000 + 999, policy: policy ?? undefined }, new Secret(key));
      expect(header).toBe(azureHeader({ sr: encodeURIComponent(resource), se: SE, skn, key }));
    });
  });

  it('is accepted back, for its own resource and by its own key alone', () => {
    forAll(fc.tuple(names, keys), ([id, key]) => {
      const header = signSharedAccess({ resource: `hub.example/devices/${id}`, expiresAtMs: SE * 1_000 }, new Secret(key));
      expect(isAccepted(header, `/devices/${id}`, [key])).toBe(true);
      expect(isAccepted(header, `/devices/${id}x`, [key])).toBe(false);
      expect(isAccepted(header, '', [key])).toBe(false);
      expect(isAccepted(header, `/devices/${id}`, [OTHER_KEY])).toBe(false);
    });
  });
});

describe('reading', () => {
  const SIG = encodeURIComponent(azureSignature({ sr: 'hub.example', se: SE, key: KEY }));
  const FIELDS = ['sr=hub.example', `sig=${SIG}`, `se=${SE}`, 'skn=a%20policy'];

  it('takes the fields in any order, and others beside them', () => {
    const expected = { resource: 'hub.example', expiry: String(SE), signature: decodeURIComponent(SIG), policy: 'a policy' };
    forAll(fc.shuffledSubarray([...FIELDS, 'later=1'], { minLength: 5 }), (fields) => {
      expect(parseSharedAccess(`SharedAccessSignature ${fields.join('&')}`)).toEqual(expected);
    });
    expect(read(`SharedAccessSignature   ${FIELDS.slice(0, 3).join('&')} `)).toEqual({ ...expected, policy: undefined });
  });

  it('leaves sr and se as sent', () => {
    const received = read('SharedAccessSignature sr=Hub%2fX%2FY&sig=s&se=007');
    expect(received).toMatchObject({ resource: 'Hub%2fX%2FY', expiry: '007' });
  });

  it('keeps a + of the signature', () => {
    expect(read('SharedAccessSignature sr=h&se=1&sig=a+b/c==').signature).toBe('a+b/c==');
    const ids = Array.from({ length: 50 }, (_, index) => `d${index}`);
    const raw = ids.map((id) => ({ id, sig: azureSignature({ sr: `hub.example/devices/${id}`, se: SE, key: KEY }) }));
    const plus = raw.filter(({ sig }) => sig.includes('+'));
    expect(plus.length).toBeGreaterThan(5);
    for (const { id, sig } of plus) {
      expect(isAccepted(`SharedAccessSignature sr=hub.example/devices/${id}&sig=${sig}&se=${SE}`, `/devices/${id}`)).toBe(true);
    }
  });

  it.each<[what: string, header: string]>([
    ['nothing', ''],
    ['another scheme', `Bearer ${FIELDS.join('&')}`],
    ['the scheme in lower case', `sharedaccesssignature ${FIELDS.join('&')}`],
    ['the scheme alone', 'SharedAccessSignature '],
    ['no space', `SharedAccessSignature${FIELDS.join('&')}`],
    ...[0, 1, 2].map((left): [string, string] => [
      `no ${FIELDS[left]?.split('=')[0]}`,
      `SharedAccessSignature ${FIELDS.filter((_, index) => index !== left).join('&')}`,
    ]),
    ...FIELDS.map((field): [string, string] => [`two of ${field.split('=')[0]}`, `SharedAccessSignature ${[...FIELDS, field].join('&')}`]),
    ...FIELDS.map((field): [string, string] => [
      `an empty ${field.split('=')[0]}`,
      `SharedAccessSignature ${FIELDS.map((each) => (each === field ? `${each.split('=')[0]}=` : each)).join('&')}`,
    ]),
    ['two of a field that is unknown', `SharedAccessSignature ${FIELDS.join('&')}&x=1&x=2`],
    ['a part without =', `SharedAccessSignature ${FIELDS.join('&')}&x`],
    ['a part without a name', `SharedAccessSignature ${FIELDS.join('&')}&=x`],
    ['an & at the end', `SharedAccessSignature ${FIELDS.join('&')}&`],
    ['a sig that is cut in a %', `SharedAccessSignature sr=h&se=1&sig=abc%2`],
    ['a skn that is no UTF-8', `SharedAccessSignature sr=h&se=1&sig=abc&skn=%ff`],
    ['two credentials', `SharedAccessSignature ${FIELDS.join('&')}, SharedAccessSignature ${FIELDS.join('&')}`],
    ['too much', `SharedAccessSignature ${FIELDS.join('&')}&x=${'x'.repeat(2_048)}`],
  ])('not: %s', (_what, header) => expect(parseSharedAccess(header)).toBeUndefined());

  it('never throws', () => {
    const parts = fc.array(fc.tuple(fc.constantFrom('sr', 'se', 'sig', 'skn', 'x'), fc.string({ maxLength: 20 })), { maxLength: 6 });
    forAll(
      parts,
      (pairs) => {
        const received = parseSharedAccess(`SharedAccessSignature ${pairs.map(([name, value]) => `${name}=${value}`).join('&')}`);
        const verdicts = received && [isSignedBy(received, [KEY]), isInForce(received, NOW_MS) && isForResource(received, HOSTS, '')];
        if (verdicts) expect(verdicts).toEqual([false, false]);
      },
      500,
    );
  });
});

describe('who signed', () => {
  const sign = (sr: string): ReceivedSignature => read(azureHeader({ sr, se: SE, key: KEY }));

  it.each<[verdict: boolean, what: string, keys: string[]]>([
    [true, 'the first key', [KEY, OTHER_KEY]],
    [true, 'the second key', [OTHER_KEY, KEY]],
    [true, 'the same key twice', [KEY, KEY]],
    [false, 'another key', [OTHER_KEY]],
    [false, 'other keys', [OTHER_KEY, OTHER_KEY]],
    [false, 'no key', []],
    [false, 'an empty key', ['']],
  ])('%s: %s', (verdict, _what, given) => expect(isSignedBy(sign(PUMP), given)).toBe(verdict));

  it('A7 any flipped bit, of the signature or of what is signed, makes it none', () => {
    const genuine = sign(PUMP);
    const signature = Buffer.from(genuine.signature, 'base64');
    const flip = (bytes: Buffer, bit: number): Buffer => {
      const flipped = Buffer.from(bytes);
      const at = (bit >> 3) % bytes.length;
      flipped[at] = (flipped[at] ?? 0) ^ (1 << (bit & 7));
      return flipped;
    };
    expect(isSignedBy(genuine, [KEY])).toBe(true);
    for (let bit = 0; bit < 256; bit += 1) {
      expect(isSignedBy({ ...genuine, signature: flip(signature, bit).toString('base64') }, [KEY])).toBe(false);
      expect(isSignedBy({ ...genuine, resource: flip(Buffer.from(PUMP), bit).toString('latin1') }, [KEY])).toBe(false);
      expect(isSignedBy({ ...genuine, expiry: flip(Buffer.from(String(SE)), bit).toString('latin1') }, [KEY])).toBe(false);
      expect(isSignedBy(genuine, [flip(Buffer.from(KEY, 'base64'), bit).toString('base64')])).toBe(false);
    }
  });

  it.each(['', '=', 'AA==', `AAAA${azureSignature({ sr: PUMP, se: SE, key: KEY })}`, Buffer.alloc(32).toString('base64'), '\0'.repeat(44)])(
    'a signature of %j is none',
    (signature) => expect(isSignedBy({ ...sign(PUMP), signature }, [KEY, ''])).toBe(false),
  );

  it('the line feed between sr and se cannot move', () => {
    const moved = { ...sign(PUMP), resource: `${PUMP}\n1`, expiry: String(SE).slice(1) };
    expect(isSignedBy(moved, [KEY])).toBe(false);
  });
});

describe('in force', () => {
  const at = (expiry: string | number, nowMs = NOW_MS): boolean =>
    isInForce({ ...read(azureHeader({ sr: PUMP, se: SE, key: KEY })), expiry: String(expiry) }, nowMs);
  const nowS = NOW_MS / 1_000;

  it.each([
    [true, 'an hour ahead', nowS + 3_600],
    [true, 'now', nowS],
    [true, '59 s past', nowS - 59],
    [false, '60 s past', nowS - 60],
    [false, '61 s past', nowS - 61],
    [true, '24 h ahead', nowS + 86_400],
    [true, '24 h and 59 s ahead', nowS + 86_459],
    [false, '24 h and 61 s ahead', nowS + 86_461],
    [false, 'a year ahead', nowS + 31_536_000],
    [false, 'in milliseconds', NOW_MS],
    [false, 'zero', 0],
    [false, 'negative', -nowS],
    [false, 'NaN', 'NaN'],
    [false, 'Infinity', 'Infinity'],
    [false, '1e20', '1e20'],
    [false, 'an exponent that fits', `${nowS / 10}e1`],
    [false, 'a fraction', `${nowS}.5`],
    [false, 'hexadecimal', `0x${nowS.toString(16)}`],
    [false, 'a zero before', `0${nowS}`],
    [false, 'a plus before', `+${nowS}`],
    [false, 'a space before', ` ${nowS}`],
    [false, 'a line feed after', `${nowS}\n`],
    [false, 'twenty digits', '9'.repeat(20)],
    [false, 'digits of another script', '١٩٠٠٠٠٠٠٠٠'],
    [false, 'words', 'never'],
  ])('%s: %s', (verdict, _what, expiry) => expect(at(expiry)).toBe(verdict));

  it('A7 goes by the milliseconds of the clock', () => {
    expect([at(nowS, NOW_MS + 59_999), at(nowS, NOW_MS + 60_000)]).toEqual([true, false]);
  });
});

describe('for which resource', () => {
  const isFor = (sr: string, path: string): boolean =>
    isForResource({ resource: sr, expiry: '1', signature: 's', policy: undefined }, HOSTS, path);

  it.each([
    ['raw', 'hub.example/devices/pump-7'],
    ['percent-encoded', 'hub.example%2Fdevices%2Fpump-7'],
    ['percent-encoded in lower-case hex', 'hub.example%2fdevices%2fpump-7'],
    ['host in upper case', 'HUB.EXAMPLE/devices/pump-7'],
    ['host in mixed case, encoded', 'Hub.Example%2Fdevices%2Fpump-7'],
    ['an address', '[2001:DB8::1]/devices/pump-7'],
    ['an address, encoded', '%5B2001%3adb8%3A%3A1%5d%2Fdevices%2Fpump-7'],
  ])('%s', (_what, sr) => {
    expect(isFor(sr, '/devices/pump-7')).toBe(true);
    expect(isAccepted(azureHeader({ sr, se: SE, key: KEY }), '/devices/pump-7')).toBe(true);
  });

  it('the hub itself, for a service', () => {
    for (const sr of ['hub.example', 'HUB.example', '[2001:db8::1]']) expect(isFor(sr, '')).toBe(true);
    expect(isAccepted(azureHeader({ sr: 'hub.example', se: SE, skn: 'p', key: KEY }), '')).toBe(true);
    for (const sr of ['hub.example/', 'hub.example%2F', PUMP, 'hub.exampl', 'hub.example.', '']) expect(isFor(sr, '')).toBe(false);
  });

  it('each spelling that clients use, of any id', () => {
    const strict = (text: string): string => encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16)}`);
    const lower = (text: string): string => text.replace(/%[0-9A-F]{2}/g, (octet) => octet.toLowerCase());
    forAll(names, (id) => {
      const path = `/devices/${id}`;
      const spellings = [path, encodeURIComponent(path), strict(path), `/devices/${encodeURIComponent(id)}`, `/devices/${strict(id)}`];
      for (const spelling of [...spellings, ...spellings.slice(1).map(lower)])
        expect([spelling, isFor(`hub.example${spelling}`, path)]).toEqual([spelling, true]);
    });
  });

  it.each([
    ['a start of the id', 'hub.example/devices/a', '/devices/ab'],
    ['more than the id', 'hub.example/devices/ab', '/devices/a'],
    ['a start of the id, encoded', 'hub.example%2Fdevices%2Fa', '/devices/a%2Fb'],
    ['more than the id, encoded', 'hub.example%2Fdevices%2Fa%2Fb', '/devices/a'],
    ['another case of the id', 'hub.example/devices/Pump-7', '/devices/pump-7'],
    ['another case of the path', 'hub.example/Devices/pump-7', '/devices/pump-7'],
    ['encoded twice', 'hub.example%252Fdevices%252Fpump-7', '/devices/pump-7'],
    ['an id that decodes to this one', 'hub.example/devices/pump%2D7', '/devices/pump-7'],
    ['an id that differs in the case of its hex', 'hub.example/devices/a%2fb', '/devices/a%2Fb'],
    ['a path above', 'hub.example/devices', '/devices/pump-7'],
    ['the hub alone', 'hub.example', '/devices/pump-7'],
    ['a path below', 'hub.example/devices/pump-7/modules/m', '/devices/pump-7'],
    ['another host', 'hub2.example/devices/pump-7', '/devices/pump-7'],
    ['a host that ends in ours', 'evil-hub.example/devices/pump-7', '/devices/pump-7'],
    ['a host that begins with ours', 'hub.example.evil/devices/pump-7', '/devices/pump-7'],
    ['a start of the host', 'hub.exampl/devices/pump-7', '/devices/pump-7'],
    ['a port', 'hub.example:443/devices/pump-7', '/devices/pump-7'],
    ['a scheme', 'https://hub.example/devices/pump-7', '/devices/pump-7'],
    ['a user', 'x@hub.example/devices/pump-7', '/devices/pump-7'],
    ['a slash at the end', 'hub.example/devices/pump-7/', '/devices/pump-7'],
    ['dots', 'hub.example/devices/x/../pump-7', '/devices/pump-7'],
  ])('not by %s: %s for %s', (_what, sr, path) => expect(isFor(sr, path)).toBe(false));

  it('as sent, where an id holds percent signs of its own', () => {
    for (const id of ['a%2fb', 'a%2Fb', '100%', '%', '%zz'])
      expect([id, isFor(`hub.example/devices/${id}`, `/devices/${id}`)]).toEqual([id, true]);
  });

  it('none where the hub has no name', () => {
    expect(isForResource({ resource: PUMP, expiry: '1', signature: 's', policy: undefined }, [], '/devices/pump-7')).toBe(false);
  });
});
