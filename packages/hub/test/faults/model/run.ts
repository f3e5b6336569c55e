// Plays sequences of commands, each from its seed; of one that fails, the shortest that fails too, and the command that plays it again.
import fc from 'fast-check';
import { commands, DEVICES } from './commands/index.ts';
import { Model } from './model.ts';
import { System } from './system.ts';

/** Of so many 200 find something to be about. */
const LEAST_COMMANDS = 330;
const MOST_COMMANDS = 390;
/** For the search for a shorter one, which can take very long. */
const SHRINK_LIMIT_MS = 90_000;

/** What a seed's run was. */
export interface Played {
  readonly seed: number;
  /** Commands that were carried out; others had nothing to be about. */
  readonly steps: number;
  /** Undefined: model and system agree. */
  readonly failure: string | undefined;
}

/** Which run: of a seed, or of a failure that was shrunk. `path`: as printed, both parts. */
export interface Replay {
  readonly seed: number;
  readonly path?: string | undefined;
}

/** Makes what is tried; a test of this test breaks it. */
export type StartSystem = (seed: number, devices: number) => Promise<System>;

/** See the top of this file. */
export async function play({ seed, path }: Replay, start: StartSystem = (...given) => System.start(...given)): Promise<Played> {
  const [runPath, replayPath] = path?.split('@') ?? [];
  let steps = 0;
  const property = fc.asyncProperty(sequences(replayPath), async (sequence) => {
    const model = new Model(DEVICES);
    const system = await start(seed, DEVICES);
    try {
      await fc.asyncModelRun(() => ({ model, real: system }), sequence);
    } catch (error) {
      await system.close().catch(() => undefined);
      throw error;
    } finally {
      steps = Math.max(steps, model.steps);
    }
    await system.close();
  });
  const details = await fc.check(property, {
    seed,
    numRuns: 1,
    ...(runPath && { path: runPath }),
    endOnFailure: path !== undefined,
    interruptAfterTimeLimit: SHRINK_LIMIT_MS,
  });
  if (!details.failed) return { seed, steps, failure: undefined };
  const sequence = fc.stringify(details.counterexample?.[0]);
  const replay = /replayPath="([^"]*)"/.exec(sequence)?.[1] ?? '';
  const command = `MODEL_SEED=${seed} MODEL_PATH='${details.counterexamplePath}@${replay}' TEST_SUITE=faults npx vitest run packages/hub/test/faults/model`;
  const failure = `${String(details.errorInstance)}\nafter ${details.numShrinks} shrinks: ${sequence}\nagain: ${command}`;
  return { seed, steps, failure };
}

/** Sequences that are long from the start: only shrinking makes them short. */
class LongSequences extends fc.Arbitrary<Iterable<fc.AsyncCommand<Model, System>>> {
  readonly #inner: fc.Arbitrary<Iterable<fc.AsyncCommand<Model, System>>>;

  constructor(inner: fc.Arbitrary<Iterable<fc.AsyncCommand<Model, System>>>) {
    super();
    this.#inner = inner;
  }

  override generate(...chance: Parameters<fc.Arbitrary<never>['generate']>): fc.Value<Iterable<fc.AsyncCommand<Model, System>>> {
    for (;;) {
      const value = this.#inner.generate(...chance);
      if ([...value.value_].length >= LEAST_COMMANDS) return value;
    }
  }

  override canShrinkWithoutContext(_value: unknown): _value is Iterable<fc.AsyncCommand<Model, System>> {
    return false;
  }

  override shrink(
    value: Iterable<fc.AsyncCommand<Model, System>>,
    context: unknown,
  ): fc.Stream<fc.Value<Iterable<fc.AsyncCommand<Model, System>>>> {
    return this.#inner.shrink(value, context);
  }
}

function sequences(replayPath: string | undefined): LongSequences {
  return new LongSequences(fc.commands(commands, { maxCommands: MOST_COMMANDS, size: 'max', ...(replayPath && { replayPath }) }));
}
