// What a check is, what it finds, and how a failure becomes a finding that says what to do.
import { StreamsError, type WireCode } from '@streams/protocol/internal';
import { printable, remedyOf } from '../io/errors.ts';
import type { Patient } from './patient.ts';

/** `warn`: all works, and yet something should be done. `skipped`: nothing is wrong with it, as far as is known. */
type Outcome = 'ok' | 'warn' | 'failed' | 'skipped';

/** What a check has found. */
export interface Finding {
  readonly outcome: Outcome;
  /** What is so. */
  readonly text: string;
  /** What to do about it. */
  readonly remedy?: string | undefined;
  /** The error of which a warning or a failure has the exit code. */
  readonly code?: WireCode | undefined;
}

/** One line of the examination. */
export interface Check {
  readonly name: string;
  /** Names of checks that must not have failed. */
  readonly needs: readonly string[];
  /** Throws what it finds wrong. */
  readonly run: (patient: Patient) => Promise<Finding>;
}

/** @param text Words of the hub, of a certificate or of the device may be in it. */
export function ok(text: string): Finding {
  return { outcome: 'ok', text: printable(text) };
}

export function skipped(text: string): Finding {
  return { outcome: 'skipped', text: printable(text) };
}

/** @throws what is none of our errors: a mistake of this program's. */
export function failure(error: unknown): Finding {
  if (!StreamsError.is(error)) throw error;
  return { outcome: 'failed', text: printable(error.message), remedy: remedyOf(error), code: error.wireCode };
}
