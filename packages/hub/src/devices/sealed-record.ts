// A device record at rest: AES-256-GCM, bound to the id under which it is kept.
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import type { DeviceRecord } from './registry.ts';

const CIPHER = 'aes-256-gcm';
/** The first byte of a sealed record; it is authenticated too. */
const VERSION = 1;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const HEAD_BYTES = 1 + NONCE_BYTES + TAG_BYTES;

/** version, nonce, tag, ciphertext. */
export function sealRecord(device: DeviceRecord, key: Buffer): Buffer {
  const { enabled, keys } = device;
  return sealText(JSON.stringify({ enabled, keys }), device.deviceId, key);
}

/** `undefined` if the record was sealed under another key or id, or has been changed. */
export function unsealRecord(sealed: Buffer, deviceId: string, key: Buffer): DeviceRecord | undefined {
  const text = unsealText(sealed, deviceId, key);
  if (text === undefined) return undefined;
  const { enabled, keys } = JSON.parse(text) as Pick<DeviceRecord, 'enabled' | 'keys'>;
  return { deviceId, enabled, keys };
}

/** Seals a text under a name, so that it opens under no other. */
export function sealText(text: string, name: string, key: Buffer): Buffer {
  // Not the hub's `Random`: a seed of a test must never repeat a nonce under a key that lives on.
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv(CIPHER, key, nonce).setAAD(additional(name));
  const body = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
  return Buffer.concat([Buffer.of(VERSION), nonce, cipher.getAuthTag(), body]);
}

export function unsealText(sealed: Buffer, name: string, key: Buffer): string | undefined {
  if (sealed.length < HEAD_BYTES || sealed[0] !== VERSION) return undefined;
  const nonce = sealed.subarray(1, 1 + NONCE_BYTES);
  const decipher = createDecipheriv(CIPHER, key, nonce, { authTagLength: TAG_BYTES });
  decipher.setAAD(additional(name)).setAuthTag(sealed.subarray(1 + NONCE_BYTES, HEAD_BYTES));
  try {
    return Buffer.concat([decipher.update(sealed.subarray(HEAD_BYTES)), decipher.final()]).toString('utf8');
  } catch {
    return undefined;
  }
}

function additional(name: string): Buffer {
  return Buffer.concat([Buffer.of(VERSION), Buffer.from(name, 'utf8')]);
}
