// One end finishes writing.
import type { End, Model, StreamModel } from '../model.ts';
import type { System } from '../system.ts';
import { pick, settleDone, Step } from './step.ts';

export class HalfClose extends Step {
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
    system.tape(stream.id, this.end).stream.end();
    stream.from[this.end].isEnded = true;
    await settleDone(model, system);
  }

  #find(model: Readonly<Model>): StreamModel | undefined {
    return pick(
      model.streams.filter(({ from }) => !from[this.end].isEnded),
      this.stream,
    );
  }
}
