// The device rejects a request: the service is told its reason.
import type { Model, RequestModel } from '../model.ts';
import type { System } from '../system.ts';
import { expectEqual } from '../waiting.ts';
import { AnswerStep } from './step.ts';

export class Reject extends AnswerStep {
  protected async actOn(request: RequestModel, model: Model, system: System): Promise<void> {
    const reason = `not ${request.id}`;
    expectEqual(await system.reject(request.id, reason), { code: 'STREAMS_STREAM_REJECTED', reason }, `the rejection of ${request.id}`);
    model.forget(request);
  }
}
