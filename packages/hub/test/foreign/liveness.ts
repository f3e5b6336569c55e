// Shows life, and notices death: docs/protocol.md, section 10, alone.
import type { Connection } from './wire.ts';

/** Milliseconds. */
export interface Times {
  readonly tick: number;
  readonly idle: number;
  readonly dead: number;
}

/** Watches a connection until it closes. Own silence and the hub's are both measured on the socket. */
export function watch({ ws, socket }: Connection, times: Times): void {
  let [read, written] = [socket.bytesRead, socket.bytesWritten];
  let lastLife = performance.now();
  let lastSent = lastLife;
  const ticking = setInterval(() => {
    const now = performance.now();
    if (ws.isPaused || socket.bytesRead !== read) lastLife = now;
    if (socket.bytesWritten !== written) lastSent = now;
    [read, written] = [socket.bytesRead, socket.bytesWritten];
    if (now - lastLife >= times.dead) return ws.terminate();
    const probe = ws.isPaused && ws.bufferedAmount === 0;
    // `ws` does not pong once it is closing, and need not.
    if (ws.readyState === ws.OPEN && (probe || now - lastSent >= times.idle)) ws.pong();
  }, times.tick).unref();
  ws.once('close', () => clearInterval(ticking));
}
