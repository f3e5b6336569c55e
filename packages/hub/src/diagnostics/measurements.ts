// What a hub measures of itself, and the end of the measuring.
import type { Clock } from '@streams/protocol/internal';
import { EventLoopLag } from './event-loop-lag.ts';
import { History } from './history.ts';
import type { HubLevels } from './levels.ts';
import { Metrics } from './metrics.ts';

/** Runs from its making until `stop`. */
export class Measurements {
  readonly metrics: Metrics;
  readonly history: History;
  readonly #lag = new EventLoopLag();

  constructor(levels: HubLevels, clock: Clock) {
    this.metrics = new Metrics(levels, this.#lag, clock);
    const handshakes = () => this.metrics.handshakeCounts;
    this.history = new History({ levels, handshakes, lag: this.#lag, clock });
  }

  stop(): void {
    this.history.stop();
    this.#lag.stop();
  }
}
