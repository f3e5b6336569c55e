// What the commands have in common: they count, and they find what they are about.
import type { AsyncCommand } from 'fast-check';
import { type End, isDone, type Model, type StreamModel } from '../model.ts';
import type { System } from '../system.ts';
import { expectEqual } from '../waiting.ts';

/** One command; its fields are what fast-check shows of it. */
export abstract class Step implements AsyncCommand<Model, System> {
  abstract check(model: Readonly<Model>): boolean;
  protected abstract act(model: Model, system: System): Promise<void>;

  async run(model: Model, system: System): Promise<void> {
    model.steps += 1;
    await this.act(model, system);
  }

  toString(): string {
    return `${this.constructor.name}(${Object.values(this).join(', ')})`;
  }
}

/** One of a list, by a number of any size. */
export function pick<T>(list: readonly T[], number: number): T | undefined {
  return list[number % Math.max(1, list.length)];
}

/** A stream that has neither lost its legs nor come to its end at both sides. */
export function firm(model: Readonly<Model>, number: number): StreamModel | undefined {
  return pick(
    model.streams.filter(({ isSuspended }) => !isSuspended),
    number,
  );
}

/** Streams whose two ends have finished, and read all, are over: cleanly, at both ends. */
export async function settleDone(model: Model, system: System): Promise<void> {
  for (const stream of model.streams.filter((each) => isDone(each) && !each.isSuspended)) {
    for (const end of ['service', 'device'] satisfies End[]) await system.tape(stream.id, end).readEnd();
    const { service, device } = await system.outcomes(stream.id);
    expectEqual([service.clean, device.clean], [true, true], `stream ${stream.id} ends cleanly`);
    model.over(stream);
  }
}
