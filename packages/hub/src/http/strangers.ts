// Connections that have not said who they are, and which of them has to go when there are too many.
import type { Socket } from 'node:net';

/** So many of one address are looked at for a silent one. */
const LOOKED_AT = 8;

/** See the top of this file. */
export class Strangers {
  /** By source, in the order in which they came. */
  readonly #bySource = new Map<string, Set<Socket>>();
  readonly #sources = new Map<Socket, string>();

  get size(): number {
    return this.#sources.size;
  }

  has(socket: Socket): boolean {
    return this.#sources.has(socket);
  }

  add(socket: Socket, source: string): void {
    const sockets = this.#bySource.get(source) ?? new Set();
    this.#bySource.set(source, sockets.add(socket));
    this.#sources.set(socket, source);
  }

  /** Harmless for one that is not there. */
  delete(socket: Socket): void {
    const source = this.#sources.get(socket);
    if (source === undefined) return;
    this.#sources.delete(socket);
    const sockets = this.#bySource.get(source);
    sockets?.delete(socket);
    if (sockets?.size === 0) this.#bySource.delete(source);
  }

  /**
   * Who makes room for one from `source`: of the source that has most of them one that has sent nothing, else its oldest. So a flood
   * pushes out itself, and who comes alone is let in. `undefined` where that source is the newcomer's own and all of them are busy:
   * they are nearer to their end than it is.
   */
  victimFor(source: string): Socket | undefined {
    const most = this.#largestCrowd();
    let oldest: Socket | undefined;
    for (const crowd of this.#bySource.values()) {
      if (crowd.size < most) continue;
      const silent = silentOf(crowd);
      if (silent) return silent;
      oldest ??= crowd.values().next().value;
    }
    return (this.#bySource.get(source)?.size ?? 0) < most ? oldest : undefined;
  }

  #largestCrowd(): number {
    let most = 0;
    for (const { size } of this.#bySource.values()) most = Math.max(most, size);
    return most;
  }
}

function silentOf(sockets: ReadonlySet<Socket>): Socket | undefined {
  let looked = 0;
  for (const socket of sockets) {
    if (socket.bytesRead === 0) return socket;
    looked += 1;
    if (looked === LOOKED_AT) return undefined;
  }
  return undefined;
}
