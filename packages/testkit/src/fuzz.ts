// Plays the corpus, then inputs without end from a seed, in batches; looks at the memory; says how a failure is played again.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { ERRORS, StreamsError } from '@streams/protocol/internal';
import { expect } from 'vitest';
import { settledHeapBytes } from './heap.ts';

/** FUZZ_SEED=n plays other inputs, and with FUZZ_PATH one of them; FUZZ_TIMES=20 twenty times as many. */
export const FUZZ_SEED: number = Number(process.env['FUZZ_SEED'] ?? 1);
const PATH = process.env['FUZZ_PATH'];
const TIMES = Number(process.env['FUZZ_TIMES'] ?? 1);
const MAX_GROWTH_BYTES = 2 * 2 ** 20;
/** For all inputs, and the search for a smaller one that fails: less than a test has, which would say nothing. */
const LIMIT_MS = 100_000;

/** What is tried. */
export interface Fuzz<Input> {
  /** The test file, from the root of the repository: for the command that plays a failure again. */
  readonly file: string;
  /** How many inputs, all batches together. */
  readonly inputs: number;
  readonly input: fc.Arbitrary<Input>;
  /** Inputs that one call of `check` takes. Default: 1. */
  readonly batch?: number;
  /** Throws where something is wrong. */
  readonly check: (inputs: readonly Input[]) => void | Promise<void>;
}

/** @throws the first failure, shrunk, and the command that plays it again. */
export async function fuzz<Input>({ file, inputs, input, batch = 1, check }: Fuzz<Input>): Promise<void> {
  const numRuns = Math.ceil((inputs * TIMES) / batch);
  let runs = 0;
  let middleBytes = 0;
  const property = fc.asyncProperty(fc.array(input, { minLength: batch, maxLength: batch, size: 'max' }), async (values) => {
    await check(values);
    runs += 1;
    if (runs === Math.ceil(numRuns / 2)) middleBytes = await settledHeapBytes();
  });
  const details = await fc.check(property, {
    seed: FUZZ_SEED,
    numRuns,
    interruptAfterTimeLimit: LIMIT_MS,
    markInterruptAsFailure: true,
    ...(PATH !== undefined && { path: PATH, endOnFailure: true }),
  });
  if (details.counterexample) {
    // The path is that of this test's inputs.
    const [test = ''] = expect.getState().currentTestName?.split(' > ').slice(-1) ?? [];
    const again = `FUZZ_SEED=${FUZZ_SEED} FUZZ_PATH=${details.counterexamplePath} TEST_SUITE=faults npx vitest run ${file} -t '${test}'`;
    assert.fail(`${String(details.errorInstance)}\ninput: ${fc.stringify(details.counterexample[0])}\nagain: ${again}`);
  }
  assert(!details.failed, `${runs} of ${numRuns} runs within ${LIMIT_MS} ms`);
  const growthBytes = (await settledHeapBytes()) - middleBytes;
  assert(runs < numRuns || growthBytes < MAX_GROWTH_BYTES, `${growthBytes} bytes of heap more than in the middle`);
}

/** Inputs that have broken something once, or were written to: by what they are. */
export function corpus(folder: URL): [name: string, bytes: Buffer][] {
  return readdirSync(folder).map((name) => [name, readFileSync(new URL(name, folder))]);
}

/** Passes on a value; swallows an error of the table, with a text that is fit to be shown. Anything else is thrown on. */
export function typed<T>(action: () => T): T | undefined {
  try {
    return action();
  } catch (error) {
    if (!StreamsError.is(error)) throw error;
    assert(error.wireCode in ERRORS && error.message.length < 1_000, `an error that is none of the table: ${error.code}`);
    return undefined;
  }
}
