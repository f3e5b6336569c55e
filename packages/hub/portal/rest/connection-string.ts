// Reads what a person pastes: the connection string of a policy, as `streams hub show` prints it.

/** A policy's name and key, and the hub that they are for. */
export interface PolicyKey {
  readonly policy: string;
  /** base64. */
  readonly key: string;
  /** Where the string says it leads; absent where name and key were typed. */
  readonly hostName?: string | undefined;
}

/** Something that was entered and cannot be used; the message says what to do, and never shows a value. */
export class EntryError extends Error {}

const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/;

/** @throws EntryError that names the field. */
export function parsePolicyString(text: string): PolicyKey {
  const fields = new Map<string, string>();
  for (const part of text.trim().split(';')) {
    const equals = part.indexOf('=');
    if (equals > 0) fields.set(part.slice(0, equals).trim(), part.slice(equals + 1).trim());
  }
  if (fields.has('DeviceId')) {
    throw new EntryError('This is the connection string of a device. The portal needs that of a policy, which has SharedAccessKeyName.');
  }
  const policy = fields.get('SharedAccessKeyName');
  const key = fields.get('SharedAccessKey');
  if (!policy || !key) {
    throw new EntryError('This is no connection string: expected HostName=…;SharedAccessKeyName=…;SharedAccessKey=…');
  }
  return { ...checkPolicyKey(policy, key), hostName: fields.get('HostName') };
}

/** @throws EntryError that names the field. */
export function checkPolicyKey(policy: string, key: string): PolicyKey {
  const [name, secret] = [policy.trim(), key.trim()];
  if (name === '') throw new EntryError('Enter the name of the policy.');
  if (secret === '') throw new EntryError('Enter the key of the policy.');
  if (!BASE64.test(secret) || secret.length % 4 !== 0) throw new EntryError('The key is not base64; it may have been cut.');
  return { policy: name, key: secret };
}
