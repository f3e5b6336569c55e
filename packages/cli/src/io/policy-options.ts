// For commander: what a policy permits, from its options.
import { type Command, InvalidArgumentError } from 'commander';
import { isUtcTime, type Permission, PERMISSIONS } from '@streams/protocol/internal';
import type { PolicySettings } from '@streams/service';

/** Undefined: not given. */
export interface PolicyLimits {
  readonly permission?: readonly Permission[] | undefined;
  readonly device?: readonly string[] | undefined;
  readonly stream?: readonly string[] | undefined;
  readonly expires?: string | null | undefined;
}

export function withLimits(command: Command): Command {
  return command
    .option('--permission <permission>', `${PERMISSIONS.join(', ')}; may be repeated`, permission)
    .option('--device <pattern>', 'a device id, or the beginning of ids with a * behind it; may be repeated (default: all)', pattern)
    .option('--stream <pattern>', 'the same of stream names (default: all)', pattern)
    .option('--expires <time>', 'a day or a moment in UTC, such as 2027-01-31 or 2027-01-31T12:00:00Z; or never (default: never)', expiry);
}

export function settingsOf({ permission: permissions, device, stream, expires: expiresAt }: PolicyLimits): PolicySettings {
  return { permissions, devices: unlessAll(device), streams: unlessAll(stream), expiresAt };
}

/** `*` alone is no limit: none is kept. */
function unlessAll(patterns: readonly string[] | undefined): readonly string[] | null | undefined {
  return patterns?.includes('*') ? null : patterns;
}

function permission(text: string, before: readonly Permission[] = []): readonly Permission[] {
  const known = PERMISSIONS.find((each) => each === text);
  if (known === undefined) throw new InvalidArgumentError(`expected one of ${PERMISSIONS.join(', ')}`);
  return [...before, known];
}

/** The hub looks it over. */
function pattern(text: string, before: readonly string[] = []): readonly string[] {
  return [...before, text];
}

function expiry(text: string): string | null {
  if (text === 'never') return null;
  const moment = /^\d{4}-\d\d-\d\d$/.test(text) ? `${text}T00:00:00Z` : text;
  if (!isUtcTime(moment)) throw new InvalidArgumentError('expected a day or a moment in UTC such as 2027-01-31T12:00:00Z, or never');
  return moment;
}
