// Takes values off the front of what a socket receives, with a deadline, and notes how the other end left.
import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { systemClock } from '@streams/protocol/internal';

/** What one attempt to parse yields: a value and the bytes it took; undefined where more bytes are needed. */
export type Parsed<T> = { readonly value: T; readonly used: number } | undefined;

/** How the other end left: an orderly FIN, or anything else. */
export type WireEnd = 'fin' | 'reset';

/** Reads a socket from the first byte on. */
export class RawReader {
  /** What has come and was not taken yet. */
  unread: Buffer = Buffer.alloc(0);
  /** Resolves once the other end has left. */
  readonly ended: Promise<WireEnd>;
  readonly #timeoutMs: number;
  #end: WireEnd | undefined;
  #wake: () => void = () => undefined;

  /** Each read gives up after `timeoutMs`. */
  constructor(socket: Socket, timeoutMs: number) {
    this.#timeoutMs = timeoutMs;
    socket.on('data', (chunk: Buffer) => {
      this.unread = Buffer.concat([this.unread, chunk]);
      this.#wake();
    });
    this.ended = new Promise((resolve) => {
      const end = (how: WireEnd): void => {
        this.#end ??= how;
        resolve(this.#end);
        this.#wake();
      };
      socket.on('end', () => end('fin'));
      socket.on('error', () => end('reset'));
      socket.on('close', () => end('reset'));
    });
  }

  /** Waits until `parse` finds a value; throws if the other end leaves first. */
  async take<T>(what: string, parse: (bytes: Buffer) => Parsed<T>): Promise<T> {
    const value = await this.takeOrEnd(what, parse);
    assert(value !== undefined, `the other end left (${this.#end}) before ${what}; so far ${this.#excerpt()}`);
    return value;
  }

  /** Waits until `parse` finds a value; undefined if the other end leaves first. */
  async takeOrEnd<T>(what: string, parse: (bytes: Buffer) => Parsed<T>): Promise<T | undefined> {
    const deadline = performance.now() + this.#timeoutMs;
    for (;;) {
      const parsed = parse(this.unread);
      if (parsed) {
        this.unread = this.unread.subarray(parsed.used);
        return parsed.value;
      }
      if (this.#end) return undefined;
      assert(performance.now() < deadline, `no ${what} within ${this.#timeoutMs} ms; so far ${this.#excerpt()}`);
      await this.#change(deadline - performance.now());
    }
  }

  async #change(withinMs: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const cancel = systemClock.after(withinMs, resolve);
      this.#wake = () => {
        cancel();
        resolve();
      };
    });
  }

  #excerpt(): string {
    return JSON.stringify(this.unread.subarray(0, 200).toString('latin1'));
  }
}
