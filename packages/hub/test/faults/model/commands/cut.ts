// A connection is cut: the leg of one end, or a device's control link.
import { isEnding, type Model, type StreamModel } from '../model.ts';
import type { System } from '../system.ts';
import { expectEqual } from '../waiting.ts';
import { EndStep, firm, Step } from './step.ts';

/** What was not finished is told so, at both ends. Where both have finished, one may have its clean end already, and still have to read. */
export async function expectBroken(stream: StreamModel, system: System): Promise<void> {
  if (isEnding(stream)) return;
  const { service, device } = await system.outcomes(stream.id);
  expectEqual([service.clean, device.clean], [false, false], `stream ${stream.id} is broken`);
}

export class CutLeg extends EndStep {
  protected find(model: Readonly<Model>): StreamModel | undefined {
    return firm(model, this.stream);
  }

  protected async actOn(stream: StreamModel, model: Model, system: System): Promise<void> {
    await system.cutLeg(stream.id, this.end);
    if (model.cut(stream)) await expectBroken(stream, system);
  }
}

export class CutLink extends Step {
  readonly device: number;

  constructor(device: number) {
    super();
    this.device = device;
  }

  check(model: Readonly<Model>): boolean {
    return model.device(this.device).link === 'up';
  }

  protected async act(model: Model, system: System): Promise<void> {
    await system.cutLink(this.device);
    model.device(this.device).link = 'away';
  }
}
