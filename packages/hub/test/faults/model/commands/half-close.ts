// One end finishes writing.
import type { Model, StreamModel } from '../model.ts';
import type { System } from '../system.ts';
import { EndStep, pick, settleDone } from './step.ts';

export class HalfClose extends EndStep {
  protected async actOn(stream: StreamModel, model: Model, system: System): Promise<void> {
    system.tape(stream.id, this.end).stream.end();
    stream.from[this.end].isEnded = true;
    await settleDone(model, system);
  }

  protected find(model: Readonly<Model>): StreamModel | undefined {
    return pick(
      model.streams.filter(({ from }) => !from[this.end].isEnded),
      this.stream,
    );
  }
}
