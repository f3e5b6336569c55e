// What the portal makes of words, figures, places and streams; these parts know no browser.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkPolicyKey, EntryError, parsePolicyString } from '../../portal/rest/connection-string.ts';
import { ago, bytes, duration, rate } from '../../portal/format.ts';
import { formatPlace, parsePlace } from '../../portal/router.ts';
import { visible } from '../../portal/text.ts';
import { Throughputs } from '../../portal/throughput.ts';

describe('text', () => {
  it.each([
    ['pump-7', 'pump-7'],
    ['\u202egnp.exe', '\\u{202e}gnp.exe'],
    ['a\u0000b\u001b[31m', 'a\\u{0}b\\u{1b}[31m'],
    ['two\nlines\ttab\r', 'two\\nlines\\ttab\\r'],
    ['\u200b\ufeff\u2066\u2028', '\\u{200b}\\u{feff}\\u{2066}\\u{2028}'],
    ['\ud800', '\\u{d800}'],
    ['Grüße, 世界 🙂', 'Grüße, 世界 🙂'],
  ])('%j is shown as %j', (text, shown) => expect(visible(text)).toBe(shown));

  it('has nothing unseen, whatever comes, and stays as it is the second time', () => {
    fc.assert(
      fc.property(fc.uint16Array({ maxLength: 40 }), (units) => {
        const shown = visible(String.fromCharCode(...units));
        expect(shown).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Co}]/u);
        expect(visible(shown)).toBe(shown);
      }),
    );
  });
});

describe('figures', () => {
  it.each([
    [0, '0 B'],
    [999, '999 B'],
    [1_000, '1 kB'],
    [1_234_567, '1.23 MB'],
    [999_600, '1 MB'],
    [5e15, '5 PB'],
    [5e18, '5,000 PB'],
  ])('%d bytes are %s', (value, text) => expect(bytes(value)).toBe(text));

  it('rates are bytes per second', () => expect(rate(1_500)).toBe('1.5 kB/s'));

  it.each([
    [-5, '0 ms'],
    [850, '850 ms'],
    [59_999, '59 s'],
    [200_000, '3 min 20 s'],
    [3_600_000, '1 h'],
    [100_000_000, '1 d 3 h'],
  ])('%d ms are %s', (ms, text) => expect(duration(ms)).toBe(text));

  it('what is past is told in one unit', () => expect([ago(3_000), ago(200_000)]).toEqual(['just now', '3 min ago']));
});

describe('places', () => {
  it('come back as they were written', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('devices', 'log'),
        fc.dictionary(fc.stringMatching(/^[a-z]+$/), fc.string({ minLength: 1 })),
        (view, query) => {
          const place = parsePlace(formatPlace(view, query));
          expect(place.view).toBe(view);
          expect(Object.fromEntries(place.query)).toEqual({ ...query });
        },
      ),
    );
  });

  it('leave out what is empty', () => expect(formatPlace('devices', { prefix: '', after: undefined })).toBe('#/devices'));
});

describe('what is entered to sign in', () => {
  const KEY = Buffer.alloc(32, 7).toString('base64');

  it('is taken from a connection string, in any order', () => {
    const found = { policy: 'operator', key: KEY, hostName: 'hub.example.com:8443' };
    const parts = [`SharedAccessKey=${KEY}`, 'HostName=hub.example.com:8443', 'SharedAccessKeyName=operator', 'CaCertificate=MIIB'];
    expect(parsePolicyString(` ${parts.join(';')}\n`)).toEqual(found);
  });

  it.each([
    ['', 'no connection string'],
    ['HostName=h;SharedAccessKeyName=a', 'no connection string'],
    [`HostName=h;DeviceId=a;SharedAccessKey=${KEY}`, 'of a device'],
    [`HostName=h;SharedAccessKeyName=a;SharedAccessKey=${KEY.slice(0, 20)}x`, 'may have been cut'],
  ])('%j is refused, without showing it', (text, said) => {
    const error = errorOf(() => parsePolicyString(text));
    expect(error.message).toContain(said);
    expect(error.message).not.toContain(KEY.slice(0, 12));
  });

  it('names what is missing', () => {
    expect(errorOf(() => checkPolicyKey(' ', KEY)).message).toContain('name');
    expect(errorOf(() => checkPolicyKey('a', '')).message).toContain('key');
  });

  function errorOf(run: () => unknown): EntryError {
    try {
      run();
    } catch (error) {
      if (error instanceof EntryError) return error;
    }
    throw new Error('it was taken');
  }
});

describe('throughput', () => {
  const stream = (streamId: string, bytesToDevice: number, bytesToService: number): Parameters<Throughputs['update']>[0][number] => ({
    streamId,
    deviceId: 'a',
    name: 'ssh',
    policy: 'p',
    protocol: 'streams.v1',
    since: '2026-01-01T00:00:00.000Z',
    bytesToDevice,
    bytesToService,
  });

  it('is what came between two looks, over the time between them', () => {
    const throughputs = new Throughputs();
    throughputs.update([stream('a', 1_000, 0)], 10_000);
    expect(throughputs.of('a')).toEqual({ toDevice: undefined, toService: undefined });
    throughputs.update([stream('a', 4_000, 600), stream('b', 9, 9)], 13_000);
    expect(throughputs.of('a')).toEqual({ toDevice: 1_000, toService: 200 });
    expect(throughputs.of('b').toDevice).toBeUndefined();
    throughputs.update([stream('b', 9, 9)], 14_000);
    expect(throughputs.of('a').toDevice).toBeUndefined();
    expect(throughputs.of('b').toDevice).toBe(0);
  });
});
