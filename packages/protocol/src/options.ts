// Whole numbers among the options that an application gives: in one way, with an error that names the field and what belongs there.
import { createError } from './errors/kinds.ts';
import { MAX_DELAY_MS } from './time/clock.ts';
import { describeValue } from './wire/guards.ts';

/** True for a whole number within both bounds. */
export function isWhole(value: unknown, least: number, most: number): value is number {
  return Number.isSafeInteger(value) && (value as number) >= least && (value as number) <= most;
}

/** Passes what is absent, and a whole number within both bounds. @throws `STREAMS_INVALID_ARGUMENT` that names the field. */
export function checkWhole(call: string, field: string, value: unknown, least: number, most: number): void {
  if (value === undefined || isWhole(value, least, most)) return;
  const message = `${call}: ${field}: expected a whole number from ${least} to ${most}, found ${describeValue(value)}`;
  throw createError('INVALID_ARGUMENT', { message, details: { field } });
}

/** What both clients' options have in common. */
export interface ClientNumbers {
  readonly closeTimeoutMs?: number | undefined;
  readonly maxReplayBytes?: number | undefined;
}

/** A window that holds one message, and one that is beyond reason. */
const REPLAY_BYTES = { least: 65_536, most: 2 ** 30 };

/** @throws `STREAMS_INVALID_ARGUMENT` that names the field. */
export function checkClientNumbers(call: string, { closeTimeoutMs, maxReplayBytes }: ClientNumbers): void {
  checkWhole(call, 'closeTimeoutMs', closeTimeoutMs, 0, MAX_DELAY_MS);
  checkWhole(call, 'maxReplayBytes', maxReplayBytes, REPLAY_BYTES.least, REPLAY_BYTES.most);
}
