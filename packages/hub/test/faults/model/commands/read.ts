// One end reads: all that the other has written, and its end; of a session without legs what has come so far.
import { type End, type Model, otherEnd, type StreamModel, unread } from '../model.ts';
import type { System } from '../system.ts';
import { pick, settleDone, Step } from './step.ts';

export class Read extends Step {
  readonly stream: number;
  readonly end: End;

  constructor(stream: number, end: End) {
    super();
    this.stream = stream;
    this.end = end;
  }

  check(model: Readonly<Model>): boolean {
    return this.#find(model) !== undefined;
  }

  protected async act(model: Model, system: System): Promise<void> {
    const stream = this.#find(model) as StreamModel;
    await readAll(stream, this.end, system);
    await settleDone(model, system);
  }

  #find(model: Readonly<Model>): StreamModel | undefined {
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
