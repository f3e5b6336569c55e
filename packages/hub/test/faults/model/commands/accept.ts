// The device accepts a request: both ends have their stream.
import type { Model, RequestModel } from '../model.ts';
import type { System } from '../system.ts';
import { AnswerStep } from './step.ts';

export class Accept extends AnswerStep {
  protected async actOn(request: RequestModel, model: Model, system: System): Promise<void> {
    await system.accept(request.id);
    model.accept(request);
  }
}
