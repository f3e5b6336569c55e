// What the commands have in common: they count, and they find what they are about.
import type { AsyncCommand } from 'fast-check';
import { type End, isDone, type Model, type RequestModel, type StreamModel } from '../model.ts';
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

/** A command about one of the things that the model has, if there is one. */
abstract class StepOn<T> extends Step {
  protected abstract find(model: Readonly<Model>): T | undefined;
  protected abstract actOn(found: T, model: Model, system: System): Promise<void>;

  check(model: Readonly<Model>): boolean {
    return this.find(model) !== undefined;
  }

  protected act(model: Model, system: System): Promise<void> {
    return this.actOn(this.find(model) as T, model, system);
  }
}

/** About one end of a stream. */
export abstract class EndStep extends StepOn<StreamModel> {
  readonly stream: number;
  readonly end: End;

  constructor(stream: number, end: End) {
    super();
    this.stream = stream;
    this.end = end;
  }
}

/** About a request that waits for its answer, of a device that can answer. */
export abstract class AnswerStep extends StepOn<RequestModel> {
  readonly request: number;

  constructor(request: number) {
    super();
    this.request = request;
  }

  protected find(model: Readonly<Model>): RequestModel | undefined {
    return pick(
      model.requests.filter(({ device }) => model.device(device).link === 'up'),
      this.request,
    );
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
