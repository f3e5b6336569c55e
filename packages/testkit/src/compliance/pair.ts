// What the compliance suite demands of a stream kind: two joined streams, and where possible a way to cut them and a clock.
import type { Duplex } from 'node:stream';
import type { FakeClock } from '../fake-clock.ts';

/** How a stream ended, as one side sees it. */
export interface ComplianceOutcome {
  readonly by: 'local' | 'peer' | 'hub' | 'network';
  readonly reason: string;
  readonly clean: boolean;
}

/** A stream under test. Its iterator's natural end leaves the writable half open. */
export interface ComplianceStream extends Duplex {
  readonly outcome: Promise<ComplianceOutcome>;
  /** Payload bytes received. */
  readonly bytesRead: number;
  /** Payload bytes handed to the connection. */
  readonly bytesWritten: number;
  abort(reason?: string): void;
}

/** Which of the two. */
export type Side = 'a' | 'b';

/** Two streams joined by what is to be tested. */
export interface CompliancePair {
  readonly a: ComplianceStream;
  readonly b: ComplianceStream;
  /** Cuts one side's connection abruptly; where it is missing the suite destroys that side's stream instead. */
  readonly kill?: Readonly<Record<Side, () => void>>;
  /** The clock on which both streams run, where it is not the machine's. */
  readonly clock?: FakeClock;
  /** False where the end of one direction ends both. Default: true. */
  readonly halfClose?: boolean;
  /** What a writer may get rid of while nobody reads, kernel buffers included. 8 MiB by default. */
  readonly maxQueuedBytes?: number;
  /** True if a side that does not read sees no end until it reads again. Default: false. */
  readonly blindWhilePaused?: boolean;
  /** How long a side that does not read may need to learn of an end. 4 s by default; a relay on the way takes its own time. */
  readonly pausedEndMs?: number;
  dispose(): Promise<void>;
}

/** Makes a fresh pair. */
export type MakePair = () => Promise<CompliancePair>;
