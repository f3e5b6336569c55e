// What the portal signs is what the hub takes: its signatures against the hub's own verification.
import { isForResource, isInForce, isSignedBy, parseSharedAccess } from '@streams/protocol/internal';
import { expect, it } from 'vitest';
import { keyCredential, tokenCredential } from '../../portal/rest/credential.ts';

const KEY = Buffer.from(Array.from({ length: 32 }, (_, index) => index)).toString('base64');
const NOW_MS = 1_800_000_000_000;

it.each(['hub.example.com', '127.0.0.1', '[::1]'])('signs for %s as the SDKs do', async (hostName) => {
  const received = parseSharedAccess(await (await keyCredential({ policy: 'a&b', key: KEY }, hostName)).authorization(NOW_MS));
  if (!received) throw new Error('malformed');
  expect(received.policy).toBe('a&b');
  expect(isSignedBy(received, [KEY])).toBe(true);
  expect(isForResource(received, [hostName], '')).toBe(true);
  expect(isInForce(received, NOW_MS)).toBe(true);
  expect(Number(received.expiry) * 1_000 - NOW_MS).toBe(300_000);
});

it('signs anew before a signature ends, and when the hub turns out to live earlier', async () => {
  const credential = await keyCredential({ policy: 'a', key: KEY }, 'h');
  const first = await credential.authorization(NOW_MS);
  expect(await credential.authorization(NOW_MS + 239_000)).toBe(first);
  expect(await credential.authorization(NOW_MS + 241_000)).not.toBe(first);
  const earlier = await credential.authorization(NOW_MS - 3_600_000);
  expect(Number(parseSharedAccess(earlier)?.expiry) * 1_000).toBe(NOW_MS - 3_300_000);
});

it('shows a JWT as it is, by the name of its subject', async () => {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const token = `${part({ alg: 'ES256' })}.${part({ sub: 'Müller@example.com' })}.c2ln`;
  for (const text of [token, ` Bearer ${token}\n`]) {
    const credential = tokenCredential(text);
    expect([credential.who, await credential.authorization(NOW_MS)]).toEqual(['Müller@example.com', `Bearer ${token}`]);
  }
  expect(tokenCredential('a.b.c').who).toBe('token');
  expect(() => tokenCredential('SharedAccessSignature sr=x')).toThrow('no JWT');
});
