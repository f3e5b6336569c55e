// The device accepts a request: both ends have their stream.
import type { Model, RequestModel } from '../model.ts';
import type { System } from '../system.ts';
import { pick, Step } from './step.ts';

/** A request of a device that can answer. */
export function answerable(model: Readonly<Model>, number: number): RequestModel | undefined {
  return pick(
    model.requests.filter(({ device }) => model.device(device).link === 'up'),
    number,
  );
}

export class Accept extends Step {
  readonly request: number;

  constructor(request: number) {
    super();
    this.request = request;
  }

  check(model: Readonly<Model>): boolean {
    return answerable(model, this.request) !== undefined;
  }

  protected async act(model: Model, system: System): Promise<void> {
    const request = answerable(model, this.request) as RequestModel;
    await system.accept(request.id);
    model.accept(request);
  }
}
