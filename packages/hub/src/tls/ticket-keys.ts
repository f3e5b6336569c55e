// Keys of TLS session tickets, kept for a day in the data directory: after a restart a hub's devices resume their sessions, which spares
// both ends a signature and a check of certificates. Once they are gone nobody can read in TLS 1.2 what was recorded before.
import { randomBytes } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type Clock, privacyProblem } from '@streams/protocol/internal';
import { writeWhole } from '../whole-file.ts';

const KEY_BYTES = 48;
/** A ticket lives no longer than the keys, in milliseconds. */
export const TICKET_KEYS_LIFE_MS: number = 86_400_000;

/** Keys, and when they were made. */
export interface TicketKeys {
  readonly keys: Buffer;
  readonly madeAtMs: number;
}

/** Those of the directory, or new ones where there are none, where they are too old, or where others could have read them. */
export async function loadTicketKeys(dataDirectory: string, clock: Clock): Promise<TicketKeys> {
  const file = join(dataDirectory, 'ticket-keys.json');
  const kept = await read(file);
  if (kept && !areOld(kept.madeAtMs, clock)) return kept;
  const made = { keys: randomBytes(KEY_BYTES), madeAtMs: clock.wallMs() };
  // A directory that is full or gone costs the next start some handshakes in full, and nothing else.
  await writeWhole(file, JSON.stringify({ ...made, keys: made.keys.toString('base64') }), 0o600).catch(() => undefined);
  return made;
}

/** Those of tomorrow are too: somebody has set the clock. */
export function areOld(madeAtMs: number, clock: Clock): boolean {
  const ageMs = clock.wallMs() - madeAtMs;
  return ageMs < 0 || ageMs >= TICKET_KEYS_LIFE_MS;
}

async function read(file: string): Promise<TicketKeys | undefined> {
  try {
    if (privacyProblem(file, (await stat(file)).mode, 'nobody') !== undefined) return undefined;
    const { keys, madeAtMs } = JSON.parse(await readFile(file, 'utf8')) as { keys: string; madeAtMs: number };
    const bytes = Buffer.from(keys, 'base64');
    return bytes.length === KEY_BYTES && Number.isFinite(madeAtMs) ? { keys: bytes, madeAtMs } : undefined;
  } catch {
    return undefined; // absent or broken: nothing is lost but time
  }
}
