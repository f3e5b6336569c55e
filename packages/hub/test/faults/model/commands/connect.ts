// A new client of a device connects, and takes the place of the one before.
import type { Model } from '../model.ts';
import type { System } from '../system.ts';
import { expectEqual } from '../waiting.ts';
import { Step } from './step.ts';

export class Connect extends Step {
  readonly device: number;

  constructor(device: number) {
    super();
    this.device = device;
  }

  // The one before would not know that it was replaced, and come back; a session without legs may have found it still.
  check(model: Readonly<Model>): boolean {
    const isSettled = model.streams.every(({ device, isSuspended }) => device !== this.device || !isSuspended);
    return isSettled && model.device(this.device).link !== 'away';
  }

  protected async act(model: Model, system: System): Promise<void> {
    const { isRegistered, isEnabled } = model.device(this.device);
    const expected = isRegistered && isEnabled ? undefined : 'STREAMS_UNAUTHENTICATED';
    expectEqual(await system.connect(this.device), expected, 'connect()');
    if (expected !== undefined) return;
    for (const { id } of model.connect(this.device))
      expectEqual(await system.failure(id, false), 'STREAMS_DEVICE_NOT_CONNECTED', `request ${id} of the client before`);
  }
}
