// The service asks for a stream: the device is asked, or it fails at once. With its control link the request is lost, and comes when it is back.
import type { Model } from '../model.ts';
import type { System } from '../system.ts';
import { expectEqual } from '../waiting.ts';
import { Step } from './step.ts';

const MAX_STREAMS = 8;

export class Open extends Step {
  readonly device: number;
  readonly isSession: boolean;

  constructor(device: number, isSession: boolean) {
    super();
    this.device = device;
    this.isSession = isSession;
  }

  check(model: Readonly<Model>): boolean {
    return model.requests.length + model.streams.length < MAX_STREAMS;
  }

  protected async act(model: Model, system: System): Promise<void> {
    const expected = model.refusal(this.device);
    const request = model.ask(this.device, this.isSession);
    expectEqual(await system.open(request.id, this.device, this.isSession), expected, `createStream() of ${request.id}`);
    if (expected !== undefined) model.forget(request);
  }
}

export class OpenAndCut extends Open {
  override check(model: Readonly<Model>): boolean {
    return super.check(model) && model.device(this.device).link === 'up';
  }

  protected override async act(model: Model, system: System): Promise<void> {
    const { id } = model.ask(this.device, this.isSession);
    await system.openAndCut(id, this.device, this.isSession);
    model.device(this.device).link = 'away';
  }
}
