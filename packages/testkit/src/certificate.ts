// A self-signed certificate, its DER written by hand: Node verifies certificates but makes none.
import { generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import { systemClock } from '@streams/protocol/internal';

/** Key and certificate, PEM. The certificate is its own CA. */
export interface Certificate {
  readonly key: string;
  readonly cert: string;
}

const DAY_MS = 86_400_000;
const TAG = { integer: 0x02, bits: 0x03, octets: 0x04, oid: 0x06, text: 0x0c, utcTime: 0x17, sequence: 0x30, set: 0x31 } as const;
const ECDSA_WITH_SHA256 = Buffer.from('2a8648ce3d040302', 'hex');
const COMMON_NAME = Buffer.from('550403', 'hex');
const ALTERNATIVE_NAME = Buffer.from('551d11', 'hex');
/** In a GeneralName: an IP address, in an extension list: the list of version 3. */
const IP_ADDRESS = 0x87;
const EXTENSIONS = 0xa3;
const VERSION = 0xa0;

/** For an IPv4 address, from yesterday until `daysLeft` from now. */
export function certificateFor(address: string, daysLeft = 1): Certificate {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const algorithm = der(TAG.sequence, der(TAG.oid, ECDSA_WITH_SHA256));
  // A name of its own: OpenSSL finds the one to trust by it.
  const called = der(TAG.text, Buffer.from(`test ${randomBytes(8).toString('hex')}`));
  const name = der(TAG.sequence, der(TAG.set, der(TAG.sequence, der(TAG.oid, COMMON_NAME), called)));
  const addresses = der(TAG.sequence, der(IP_ADDRESS, Buffer.from(address.split('.').map(Number))));
  const extension = der(TAG.sequence, der(TAG.oid, ALTERNATIVE_NAME), der(TAG.octets, addresses));
  const body = der(
    TAG.sequence,
    der(VERSION, der(TAG.integer, Buffer.from([2]))),
    der(TAG.integer, Buffer.concat([Buffer.from([1]), randomBytes(8)])),
    algorithm,
    name,
    der(TAG.sequence, time(systemClock.wallMs() - 10 * DAY_MS), time(systemClock.wallMs() + daysLeft * DAY_MS)),
    name,
    publicKey.export({ type: 'spki', format: 'der' }),
    der(EXTENSIONS, der(TAG.sequence, extension)),
  );
  const signature = der(TAG.bits, Buffer.from([0]), sign('sha256', body, privateKey));
  const base64 = der(TAG.sequence, body, algorithm, signature).toString('base64');
  return {
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    cert: ['-----BEGIN CERTIFICATE-----', ...(base64.match(/.{1,64}/g) ?? []), '-----END CERTIFICATE-----', ''].join('\n'),
  };
}

function time(ms: number): Buffer {
  const digits = new Date(ms).toISOString().replace(/\D/g, '').slice(2, 14);
  return der(TAG.utcTime, Buffer.from(`${digits}Z`));
}

function der(tag: number, ...parts: Buffer[]): Buffer {
  const content = Buffer.concat(parts);
  const { length } = content;
  const size = length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...size]), content]);
}
