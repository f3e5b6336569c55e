// The device rejects a request: the service is told its reason.
import type { Model, RequestModel } from '../model.ts';
import type { System } from '../system.ts';
import { expectEqual } from '../waiting.ts';
import { answerable } from './accept.ts';
import { Step } from './step.ts';

export class Reject extends Step {
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
    const reason = `not ${request.id}`;
    expectEqual(await system.reject(request.id, reason), { code: 'STREAMS_STREAM_REJECTED', reason }, `the rejection of ${request.id}`);
    model.forget(request);
  }
}
