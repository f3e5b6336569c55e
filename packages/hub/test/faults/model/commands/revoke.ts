// A device's keys go out of force: whatever stands on them ends within a second, at both ends.
import type { Model } from '../model.ts';
import type { System } from '../system.ts';
import { expectEqual } from '../waiting.ts';
import { expectBroken } from './cut.ts';
import { Step } from './step.ts';

export class Revoke extends Step {
  readonly device: number;
  readonly how: 'disable' | 'delete' | 'roll';

  constructor(device: number, how: 'disable' | 'delete' | 'roll') {
    super();
    this.device = device;
    this.how = how;
  }

  // A session without legs is told later: when it asks for the next.
  check(model: Readonly<Model>): boolean {
    return model.device(this.device).isRegistered && !model.isUnsettled;
  }

  protected async act(model: Model, system: System): Promise<void> {
    await system.revoke(this.device, this.how);
    const { requests, streams } = model.revoke(this.device);
    const device = model.device(this.device);
    if (this.how === 'delete') device.isRegistered = false;
    if (this.how === 'disable') device.isEnabled = false;
    for (const { id } of requests)
      expectEqual(await system.failure(id, false), 'STREAMS_DEVICE_NOT_CONNECTED', `request ${id} of a revoked device`);
    for (const stream of streams) await expectBroken(stream, system);
    await system.giveUp(this.device);
  }
}
