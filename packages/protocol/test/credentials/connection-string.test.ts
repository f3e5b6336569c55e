// Connection strings: read in any order, written back, and every fault named by its field without showing a secret.
import { X509Certificate } from 'node:crypto';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  formatConnectionString,
  formatHost,
  parseDeviceConnectionString,
  parseHost,
  parseServiceConnectionString,
} from '../../src/credentials/connection-string.ts';
import { Secret } from '../../src/credentials/redact.ts';
import type { StreamsError } from '../../src/errors/base.ts';
import { createAuthority } from '../support/certificates.ts';
import { errorOf } from '../support/errors.ts';
import { forAll } from '../support/for-all.ts';
import { names } from '../support/messages.ts';

const KEY = Buffer.from('the secret key of this very test').toString('base64');
const DEVICE = `HostName=hub.example;DeviceId=pump-7;SharedAccessKey=${KEY}`;
const SERVICE = `HostName=hub.example;SharedAccessKeyName=operator;SharedAccessKey=${KEY}`;
const HOST_NAMES = ['hub.example', 'localhost', 'a', '127.0.0.1', '[::1]', '[2001:db8::1:2]', 'xn--bcher-kva.example', 'a-b.c-d.example'];

const keys = fc.uint8Array({ minLength: 1, maxLength: 64 }).map((bytes) => Buffer.from(bytes).toString('base64'));
const ports = fc.oneof(fc.constant(443), fc.integer({ min: 1, max: 65_535 }));
const hubs = fc.record({ hostName: fc.constantFrom(...HOST_NAMES), port: ports });

let caCertificate: string;
let caBase64: string;
beforeAll(async () => {
  const certificate = new X509Certificate((await createAuthority('a CA')).cert);
  caCertificate = certificate.toString();
  caBase64 = certificate.raw.toString('base64');
});

/** A parsed string with its key in the clear. */
function revealed<T extends { key: Secret }>(credentials: T): Omit<T, 'key'> & { key: string } {
  return { ...credentials, key: credentials.key.reveal() };
}

function replaced(text: string, field: string, value: string): string {
  return text.replace(new RegExp(`${field}=[^;]*`), `${field}=${value}`);
}

function expectNamed(error: StreamsError, field: string): void {
  expect(error.code).toBe('STREAMS_INVALID_ARGUMENT');
  expect(error.details).toEqual({ field });
  expect(error.message).toContain(`field ${field} `);
  expectSecretKept(error);
}

/** No eight characters in a row of the key. */
function expectSecretKept(error: StreamsError): void {
  const shown = JSON.stringify([error.message, error.details, error.cause]);
  const pieces = Array.from({ length: KEY.length - 7 }, (_, at) => KEY.slice(at, at + 8));
  expect(pieces.filter((piece) => shown.includes(piece))).toEqual([]);
}

describe('reading', () => {
  it('a device’s and a service’s', () => {
    expect(revealed(parseDeviceConnectionString(DEVICE))).toEqual({ hostName: 'hub.example', port: 443, deviceId: 'pump-7', key: KEY });
    expect(revealed(parseServiceConnectionString(SERVICE))).toEqual({ hostName: 'hub.example', port: 443, policy: 'operator', key: KEY });
  });

  it('fields in any order, unknown ones among them, empty parts and white space around', () => {
    const expected = revealed(parseDeviceConnectionString(DEVICE));
    const parts = [...DEVICE.split(';'), 'GatewayHostName=x', '', ''];
    forAll(fc.shuffledSubarray(parts, { minLength: parts.length }), (shuffled) => {
      expect(revealed(parseDeviceConnectionString(` ${shuffled.join(';')}\r\n`))).toEqual(expected);
    });
  });

  it('the host in any case, the rest as it stands', () => {
    const text = replaced(replaced(DEVICE, 'HostName', 'HUB.Example:8443'), 'DeviceId', 'Pump=7');
    expect(parseDeviceConnectionString(text)).toMatchObject({ hostName: 'hub.example', port: 8_443, deviceId: 'Pump=7' });
  });

  it('the CA', () => {
    const { caCertificate: read } = parseDeviceConnectionString(`${DEVICE};CaCertificate=${caBase64}`);
    expect(read).toBe(caCertificate);
    expect(parseServiceConnectionString(`CaCertificate=${caBase64};${SERVICE}`).caCertificate).toBe(caCertificate);
    expect(parseDeviceConnectionString(DEVICE).caCertificate).toBeUndefined();
  });

  it('prints no key', () => {
    expect(JSON.stringify([parseDeviceConnectionString(DEVICE), parseServiceConnectionString(SERVICE)])).not.toContain(KEY);
  });
});

describe('round trip', () => {
  it('devices', () => {
    forAll(fc.tuple(hubs, names, keys, fc.boolean()), ([hub, deviceId, key, pinned]) => {
      const credentials = { ...hub, deviceId, key: new Secret(key), caCertificate: pinned ? caCertificate : undefined };
      const read = parseDeviceConnectionString(formatConnectionString(credentials));
      expect(revealed(read)).toEqual({ ...credentials, key });
    });
  });

  it('services', () => {
    forAll(fc.tuple(hubs, names, keys), ([hub, policy, key]) => {
      const credentials = { ...hub, policy, key: new Secret(key) };
      expect(revealed(parseServiceConnectionString(formatConnectionString(credentials)))).toEqual({ ...credentials, key });
    });
  });

  it('to the letter', () => {
    expect(formatConnectionString(parseDeviceConnectionString(DEVICE))).toBe(DEVICE);
    const full = `${replaced(SERVICE, 'HostName', '[::1]:8443')};CaCertificate=${caBase64}`;
    expect(formatConnectionString(parseServiceConnectionString(full))).toBe(full);
  });
});

describe('what is malformed is named by its field, and shows no secret', () => {
  it.each<[what: string, text: string, field: string]>([
    ['no HostName', DEVICE.replace('HostName=hub.example;', ''), 'HostName'],
    ['an empty HostName', replaced(DEVICE, 'HostName', ''), 'HostName'],
    ['a URL as HostName', replaced(DEVICE, 'HostName', 'https://hub.example'), 'HostName'],
    ['a path after HostName', replaced(DEVICE, 'HostName', 'hub.example/x'), 'HostName'],
    ['a user before HostName', replaced(DEVICE, 'HostName', 'x@hub.example'), 'HostName'],
    ['port 0', replaced(DEVICE, 'HostName', 'hub.example:0'), 'HostName'],
    ['port 65536', replaced(DEVICE, 'HostName', 'hub.example:65536'), 'HostName'],
    ['an IPv6 address without brackets', replaced(DEVICE, 'HostName', '::1'), 'HostName'],
    ['no DeviceId', DEVICE.replace('DeviceId=pump-7;', ''), 'DeviceId'],
    ['an empty DeviceId', replaced(DEVICE, 'DeviceId', ''), 'DeviceId'],
    ['a DeviceId with a space', replaced(DEVICE, 'DeviceId', 'pump 7'), 'DeviceId'],
    ['a DeviceId of ..', replaced(DEVICE, 'DeviceId', '..'), 'DeviceId'],
    ['a DeviceId that is too long', replaced(DEVICE, 'DeviceId', 'p'.repeat(129)), 'DeviceId'],
    ['the string of a service', SERVICE, 'DeviceId'],
    ['no SharedAccessKey', DEVICE.replace(/;SharedAccessKey.*/, ''), 'SharedAccessKey'],
    ['an empty SharedAccessKey', replaced(DEVICE, 'SharedAccessKey', ''), 'SharedAccessKey'],
    ['a SharedAccessKey that was cut', DEVICE.slice(0, -3), 'SharedAccessKey'],
    ['a SharedAccessKey with a space', DEVICE.replace(KEY, `${KEY.slice(0, 20)} ${KEY.slice(20)}`), 'SharedAccessKey'],
    ['a SharedAccessKey in quotes', replaced(DEVICE, 'SharedAccessKey', `"${KEY}"`), 'SharedAccessKey'],
    ['a SharedAccessKey in base64url', replaced(DEVICE, 'SharedAccessKey', `-_${KEY.slice(2)}`), 'SharedAccessKey'],
    ['padding in the middle', replaced(DEVICE, 'SharedAccessKey', `${KEY}${KEY}`), 'SharedAccessKey'],
    ['a CaCertificate that was cut', `${DEVICE};CaCertificate=MIIB`, 'CaCertificate'],
    ['an empty CaCertificate', `${DEVICE};CaCertificate=`, 'CaCertificate'],
    ['the same field twice', `${DEVICE};DeviceId=pump-8`, 'DeviceId'],
    ['the key twice', `${DEVICE};SharedAccessKey=${KEY}`, 'SharedAccessKey'],
    ['a name in lower case', DEVICE.replace('DeviceId', 'deviceid'), 'DeviceId'],
    ['a part without =', `${DEVICE};oops`, 'number 4'],
    ['a part without a name', `${DEVICE};=${KEY}`, 'number 4'],
    ['text of another kind', KEY.replaceAll('=', ''), 'number 1'],
  ])('%s', (_what, text, field) =>
    expectNamed(
      errorOf(() => parseDeviceConnectionString(text)),
      field,
    ),
  );

  it.each<[what: string, text: string, field: string]>([
    ['the string of a device', DEVICE, 'DeviceId'],
    ['no SharedAccessKeyName', SERVICE.replace(/SharedAccessKeyName=.*?;/, ''), 'SharedAccessKeyName'],
    ['an empty SharedAccessKeyName', replaced(SERVICE, 'SharedAccessKeyName', ''), 'SharedAccessKeyName'],
    ['a SharedAccessKeyName with a /', replaced(SERVICE, 'SharedAccessKeyName', 'a/b'), 'SharedAccessKeyName'],
    ['no SharedAccessKey', SERVICE.replace(/;SharedAccessKey=.*/, ''), 'SharedAccessKey'],
    ['no HostName', SERVICE.replace('HostName=hub.example;', ''), 'HostName'],
  ])('a service’s: %s', (_what, text, field) =>
    expectNamed(
      errorOf(() => parseServiceConnectionString(text)),
      field,
    ),
  );

  it.each([undefined, '', ' \n', null, 7, {}] as (string | undefined)[])('nothing: %j', (text) => {
    for (const parse of [parseDeviceConnectionString, parseServiceConnectionString]) {
      const error = errorOf(() => parse(text));
      expect(error).toMatchObject({ code: 'STREAMS_INVALID_ARGUMENT', details: { field: 'connectionString' } });
      expect(error.message).toContain('is the environment variable set?');
    }
  });

  it('any slip of the hand: a cut, a doubling, a stray character', () => {
    const slips = fc.record({
      at: fc.nat({ max: DEVICE.length }),
      length: fc.nat({ max: 30 }),
      text: fc.string({ maxLength: 3 }),
      twice: fc.boolean(),
    });
    forAll(
      slips,
      ({ at, length, text, twice }) => {
        const spoilt = DEVICE.slice(0, twice ? at + length : at) + text + DEVICE.slice(twice ? at : at + length);
        try {
          parseDeviceConnectionString(spoilt);
        } catch {
          expectSecretKept(errorOf(() => parseDeviceConnectionString(spoilt)));
        }
      },
      300,
    );
  });
});

describe('hosts', () => {
  it.each([
    ['hub', { hostName: 'hub', port: 443 }],
    ['HUB.Example:1', { hostName: 'hub.example', port: 1 }],
    ['127.0.0.1:65535', { hostName: '127.0.0.1', port: 65_535 }],
    ['[2001:DB8::1]:8443', { hostName: '[2001:db8::1]', port: 8_443 }],
    ['h'.repeat(253), { hostName: 'h'.repeat(253), port: 443 }],
  ])('%s', (text, expected) => expect(parseHost(text)).toEqual(expected));

  it.each([
    '',
    ':443',
    'hub:',
    'hub:x',
    'hub:-1',
    'hub:100000',
    'hub:1:2',
    '-hub',
    'hub-',
    '.hub',
    'a b',
    'hub\n',
    'hüb',
    '[::1',
    '::1]',
    '[]',
    '[g::1]',
  ])('not %j', (text) => expect(parseHost(text)).toBeUndefined());

  it.each(['999.1.1.1', '1.2.3.4.5', 'hub.300', '[:::::]', '[1.2.3.4]'])('not %s, of which no URL can be made', (text) => {
    expect(URL.canParse(`https://${text}`)).toBe(false);
    expect(parseHost(text)).toBeUndefined();
  });

  it('xn--0 as the platform has it: of what is no punycode Node 24 makes a URL, Node 22 does not', () => {
    expect(parseHost('xn--0') !== undefined).toBe(URL.canParse('https://xn--0'));
  });

  it.each(['127.1', '0x7f000001', '127.0.0.01', '[2001:db8:0::1]'])('not %s, which a URL would spell otherwise', (text) => {
    expect(new URL(`https://${text}`).hostname).not.toBe(text);
    expect(parseHost(text)).toBeUndefined();
  });

  it('what is taken makes a URL, and comes back from its own text', () => {
    const pieces = fc.array(fc.constantFrom('a', 'Z', '0', '7', '1.1', '.', '-', ':', '[', ']', '::', 'f', 'xn--', ':443', ':80'), {
      maxLength: 7,
    });
    forAll(
      pieces.map((parts) => parts.join('')),
      (text) => {
        const host = parseHost(text);
        if (host === undefined) return;
        expect(URL.canParse(`https://${formatHost(host)}`)).toBe(true);
        expect(parseHost(formatHost(host))).toEqual(host);
      },
      3_000,
    );
  });

  it('are written without the usual port', () => {
    expect(formatHost({ hostName: 'hub', port: 443 })).toBe('hub');
    expect(formatHost({ hostName: '[::1]', port: 80 })).toBe('[::1]:80');
  });
});
