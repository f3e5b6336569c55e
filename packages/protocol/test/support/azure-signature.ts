// Shared access signatures as Azure's documentation words them, written from that alone: HMAC by RFC 2104 over SHA-256.
import { createHash } from 'node:crypto';

/** What goes into a signature, spelled as it is to stand there. */
export interface AzureClaims {
  /** `sr` as sent. */
  readonly sr: string;
  readonly se: string | number;
  readonly skn?: string | undefined;
  /** Base64. */
  readonly key: string;
}

/** Base64 of the signature. */
export function azureSignature({ sr, se, key }: AzureClaims): string {
  const sha256 = (...parts: Uint8Array[]): Buffer => createHash('sha256').update(Buffer.concat(parts)).digest();
  const secret = Buffer.from(key, 'base64');
  const block = Buffer.concat([secret.length > 64 ? sha256(secret) : secret, Buffer.alloc(64)]).subarray(0, 64);
  const inner = sha256(
    block.map((byte) => byte ^ 0x36),
    Buffer.from(`${sr}\n${se}`),
  );
  return sha256(
    block.map((byte) => byte ^ 0x5c),
    inner,
  ).toString('base64');
}

/** The value of an `Authorization` header. */
export function azureHeader(claims: AzureClaims): string {
  const policy = claims.skn === undefined ? '' : `&skn=${claims.skn}`;
  return `SharedAccessSignature sr=${claims.sr}&sig=${encodeURIComponent(azureSignature(claims))}&se=${claims.se}${policy}`;
}
