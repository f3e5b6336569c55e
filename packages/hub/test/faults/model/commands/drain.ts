// The hub drains, ends and is started anew: streams end, sessions go on, devices come back.
import type { Model } from '../model.ts';
import type { System } from '../system.ts';
import { expectEqual } from '../waiting.ts';
import { expectBroken } from './cut.ts';
import { settleDone, Step } from './step.ts';

/** A hub ends at the latest after this time, whatever still runs. */
const LIMIT_MS = 8_000;
/** With the time that everybody takes to come back. */
const TOTAL_MS = 40_001;

export class Drain extends Step {
  check(model: Readonly<Model>): boolean {
    return !model.isUnsettled;
  }

  protected async act(model: Model, system: System): Promise<void> {
    await system.drain(TOTAL_MS);
    const { late, refused, broken, orphans } = model.drain(TOTAL_MS, LIMIT_MS);
    for (const { id } of late) expectEqual(await system.failure(id, true), 'STREAMS_HANDSHAKE_TIMEOUT', `request ${id} is late`);
    for (const { id } of refused) expectEqual(await system.failure(id, false), 'STREAMS_DRAINING', `request ${id}`);
    for (const stream of broken) await expectBroken(stream, system);
    for (const stream of orphans) await system.orphaned(stream);
    await settleDone(model, system);
  }
}
