// A device is created, or enabled again.
import type { Model } from '../model.ts';
import type { System } from '../system.ts';
import { Step } from './step.ts';

export class Register extends Step {
  readonly device: number;

  constructor(device: number) {
    super();
    this.device = device;
  }

  check(): boolean {
    return true;
  }

  protected async act(model: Model, system: System): Promise<void> {
    await system.register(this.device);
    Object.assign(model.device(this.device), { isRegistered: true, isEnabled: true });
  }
}
