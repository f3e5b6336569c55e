// Who follows the resource log: each gets the new records as lines of an answer that does not end by itself. One that reads too slowly
// is cut, with a line that says so.
import type { ServerResponse } from 'node:http';
import { type Cancel, type Clock, createError, LOG_HEARTBEAT_MS, type LogRecord, type StreamsError } from '@streams/protocol/internal';
import { errorAnswer } from '../../http/errors.ts';
import { isWanted, type LogFilter } from './query.ts';

/** Who wants which records. */
export interface FollowRequest {
  readonly filter: LogFilter;
  readonly trackingId: string;
  /** Who follows. */
  readonly follower: Reader;
}

/** Whoever reads, and for how long it may. */
export interface Reader {
  readonly policy: string;
  /** Of the policy's key; undefined for who came with a JSON Web Token. */
  readonly keyId: string | undefined;
  /** When the policy or the token ends, in milliseconds since 1970. */
  readonly untilMs: number;
}

interface Follower extends FollowRequest {
  readonly response: ServerResponse;
}

const MAX_FOLLOWERS = 16;
/** Bytes that wait for a follower; some thousand records. */
const MAX_WAITING_BYTES = 1_048_576;
/** Who is told of the end has this long to read it. */
const END_WAIT_MS = 5_000;

/** All of a hub. */
export class LogFollowers {
  readonly #clock: Clock;
  readonly #followers = new Set<Follower>();
  #stopHeartbeat: Cancel | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get size(): number {
    return this.#followers.size;
  }

  /** @throws `STREAMS_OVERLOADED` while there are as many as the hub takes. */
  admit(): void {
    if (this.#followers.size >= MAX_FOLLOWERS) {
      throw createError('OVERLOADED', { message: `${MAX_FOLLOWERS} others follow the log already` });
    }
  }

  /** Writes the answer's head, and from now on its lines. */
  add(response: ServerResponse, request: FollowRequest): void {
    const follower = { ...request, response };
    // A proxy must not keep lines back; and after the end a hub that closes waits for no connection.
    response.writeHead(200, { 'Content-Type': 'application/x-ndjson', 'X-Accel-Buffering': 'no', Connection: 'close' });
    response.write('\n');
    this.#followers.add(follower);
    this.#stopHeartbeat ??= this.#clock.every(LOG_HEARTBEAT_MS, () => this.#beat());
    response.once('close', () => this.#remove(follower));
  }

  /** @param line The record as JSON. */
  tell(record: LogRecord, line: string): void {
    for (const follower of this.#followers) {
      if (isWanted(record, follower.filter)) this.#write(follower, `${line}\n`);
    }
  }

  /** Ends those who may not read any more. */
  revoke(isRevoked: (reader: Reader) => boolean): void {
    for (const each of this.#followers) if (isRevoked(each.follower)) this.#end(each, createError('FORBIDDEN'));
  }

  /** Ends all of them: the hub closes. */
  close(): void {
    for (const follower of this.#followers) this.#end(follower, createError('DRAINING'));
  }

  #beat(): void {
    const nowMs = this.#clock.wallMs();
    this.revoke(({ untilMs }) => nowMs >= untilMs);
    for (const follower of this.#followers) this.#write(follower, '\n');
  }

  #write(follower: Follower, text: string): void {
    const { response } = follower;
    if (response.writableLength + text.length <= MAX_WAITING_BYTES) response.write(text);
    else this.#end(follower, createError('OVERLOADED', { message: 'the follower reads too slowly; what came next was left out' }));
  }

  /** The last line is the body of an error, which no record is. */
  #end(follower: Follower, error: StreamsError): void {
    const { response, trackingId } = follower;
    this.#remove(follower);
    response.end(`${JSON.stringify(errorAnswer(error, trackingId).body)}\n`);
    const cancel = this.#clock.after(END_WAIT_MS, () => response.destroy());
    response.once('close', cancel);
  }

  #remove(follower: Follower): void {
    this.#followers.delete(follower);
    if (this.#followers.size > 0) return;
    this.#stopHeartbeat?.();
    this.#stopHeartbeat = undefined;
  }
}
