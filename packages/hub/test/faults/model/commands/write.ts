// One end writes.
import { type End, type Model, otherEnd, type StreamModel, unread } from '../model.ts';
import type { System } from '../system.ts';
import { EndStep, pick } from './step.ts';

/** No more than an end takes in before it stops reading: who does not read is not told of the end at once either. */
const MAX_UNREAD_BYTES = 200_000;

export class Write extends EndStep {
  readonly bytes: number;

  constructor(stream: number, end: End, bytes: number) {
    super(stream, end);
    this.bytes = bytes;
  }

  protected async actOn(stream: StreamModel, _model: Model, system: System): Promise<void> {
    system.tape(stream.id, this.end).write(this.bytes);
    stream.from[this.end].sent += this.bytes;
  }

  protected find(model: Readonly<Model>): StreamModel | undefined {
    const { end, bytes } = this;
    return pick(
      model.streams.filter((stream) => !stream.from[end].isEnded && unread(stream, otherEnd(end)) + bytes <= MAX_UNREAD_BYTES),
      this.stream,
    );
  }
}
