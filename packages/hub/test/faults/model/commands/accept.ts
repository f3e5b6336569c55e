// The device accepts a request: both ends have their stream, at once, or when the device is back that has lost its control link meanwhile.
import { type Model, type RequestModel, RETURN_MS } from '../model.ts';
import type { System } from '../system.ts';
import { pass } from './advance.ts';
import { AnswerStep } from './step.ts';

export class Accept extends AnswerStep {
  protected async actOn(request: RequestModel, model: Model, system: System): Promise<void> {
    await system.accept(request.id);
    model.accept(request);
  }
}

export class AcceptAndCut extends AnswerStep {
  protected override find(model: Readonly<Model>): RequestModel | undefined {
    const found = super.find(model);
    return found && found.untilMs > model.nowMs + RETURN_MS ? found : undefined;
  }

  protected async actOn(request: RequestModel, model: Model, system: System): Promise<void> {
    await system.acceptAndCut(request.id, request.device, async () => {
      model.device(request.device).link = 'away';
      await pass(RETURN_MS, model, system);
    });
    model.accept(request);
  }
}
