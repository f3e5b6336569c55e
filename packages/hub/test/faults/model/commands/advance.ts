// Time goes on: requests expire, devices and sessions that have lost their connections come back.
import { type Model, RETURN_MS } from '../model.ts';
import type { System } from '../system.ts';
import { expectEqual } from '../waiting.ts';
import { settleDone, Step } from './step.ts';
import { readAll } from './read.ts';

export class Advance extends Step {
  readonly ms: number;

  constructor(ms: number) {
    super();
    this.ms = ms;
  }

  // In between it is open who is back already.
  check(model: Readonly<Model>): boolean {
    return this.ms >= RETURN_MS || !model.isUnsettled;
  }

  protected async act(model: Model, system: System): Promise<void> {
    await pass(this.ms, model, system);
  }
}

/** Lets everybody come back, and looks whether every byte of what was suspended arrives. */
export class Resume extends Step {
  check(model: Readonly<Model>): boolean {
    return model.isUnsettled;
  }

  protected async act(model: Model, system: System): Promise<void> {
    const suspended = model.streams.filter(({ isSuspended }) => isSuspended);
    await pass(RETURN_MS, model, system);
    for (const stream of suspended.filter((each) => model.streams.includes(each))) {
      await readAll(stream, 'service', system);
      await readAll(stream, 'device', system);
    }
    await settleDone(model, system);
  }
}

/** Lets time pass, and sees what it brings about. */
export async function pass(ms: number, model: Model, system: System): Promise<void> {
  const { isUnsettled } = model;
  await system.pass(ms, isUnsettled);
  const { expired, failed } = model.pass(ms);
  for (const { id } of expired) expectEqual(await system.failure(id, !isUnsettled), 'STREAMS_HANDSHAKE_TIMEOUT', `request ${id} is late`);
  for (const stream of failed) await system.orphaned(stream);
  await settleDone(model, system);
}
