// One end reads: all that the other has written, and its end; of a session without legs what has come so far.
import { type End, type Model, otherEnd, type StreamModel, unread } from '../model.ts';
import type { System } from '../system.ts';
import { EndStep, pick, settleDone } from './step.ts';

export class Read extends EndStep {
  protected async actOn(stream: StreamModel, model: Model, system: System): Promise<void> {
    await readAll(stream, this.end, system);
    await settleDone(model, system);
  }

  protected find(model: Readonly<Model>): StreamModel | undefined {
    return pick(model.streams, this.stream);
  }
}

/** Bytes that are another's, or too many, fail by themselves. */
export async function readAll(stream: StreamModel, end: End, system: System): Promise<void> {
  const most = unread(stream, end);
  const tape = system.tape(stream.id, end);
  const from = stream.from[otherEnd(end)];
  from.read += await tape.read(stream.isSuspended ? 0 : most, most);
  if (from.isEnded && !stream.isSuspended) await tape.readEnd();
}
