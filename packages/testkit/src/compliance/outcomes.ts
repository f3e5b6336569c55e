// How streams end: what they emitted, and the two ends that there are, clean and terminated.
import { expect } from 'vitest';
import { within } from './bench.ts';
import type { CompliancePair, ComplianceOutcome, ComplianceStream } from './pair.ts';

/** Time that an end may take, on the pair's clock. */
export const END_MS = 4_000;

/** An error as Node's and ours are. */
export type CodedError = Error & { readonly code?: string };

/** What a stream has emitted, in order. It does not listen to `data`, so that nothing starts to flow. */
export class Log {
  readonly events: string[] = [];
  readonly errors: CodedError[] = [];

  constructor(stream: ComplianceStream) {
    for (const name of ['end', 'finish', 'close']) stream.on(name, () => this.events.push(name));
    stream.on('error', (error) => {
      this.events.push('error');
      this.errors.push(error);
    });
  }
}

/** Resolves when `stream` has emitted `close`. */
export async function closed(pair: CompliancePair, stream: ComplianceStream, ms: number = END_MS): Promise<void> {
  const close = new Promise<void>((resolve) => {
    if (stream.closed) resolve();
    else stream.once('close', () => resolve());
  });
  await within(pair, ms, 'close', close);
}

/** The outcome of `stream`. */
export async function outcomeOf(pair: CompliancePair, stream: ComplianceStream): Promise<ComplianceOutcome> {
  return await within(pair, END_MS, 'outcome', stream.outcome);
}

/** Both sides have finished and agree on it. */
export async function expectClean(pair: CompliancePair): Promise<void> {
  for (const stream of [pair.a, pair.b]) {
    expect(await outcomeOf(pair, stream)).toMatchObject({ clean: true });
    await closed(pair, stream);
    expect(stream.errored).toBeNull();
  }
}

/** `stream` was ended by something else than itself: one typed error, no natural end, never a silent truncation. */
export async function expectTerminated(pair: CompliancePair, stream: ComplianceStream, log: Log): Promise<CodedError> {
  await closed(pair, stream);
  expect(log.errors).toHaveLength(1);
  expect(log.errors[0]).toMatchObject({ name: 'StreamTerminatedError', code: 'STREAMS_STREAM_TERMINATED' });
  expect(log.events.at(-1)).toBe('close');
  const outcome = await outcomeOf(pair, stream);
  expect(outcome.clean).toBe(false);
  expect(outcome.by).not.toBe('local');
  return log.errors[0] as CodedError;
}
