// The two that are measured, behind one interface: a stream through our hub, and two bare WebSockets through the reference relay.
import { once } from 'node:events';
import { type DeviceStream, ServiceClient } from '@streams/service';
import { WebSocket } from 'ws';
import type { Order } from './far.ts';
import type { Rig } from './rig.ts';

/** What the far side does with what it gets: swallow it and confirm, send it back, or not read. */
export type FarKind = 'sink' | 'echo' | 'stalled';

/** Whether our streams are sessions. */
export type Resume = 'preferred' | 'off';

/** A connection to the far side. */
export interface Flow {
  /** Sends; a promise where there is no room for more. */
  send(chunk: Buffer): Promise<unknown> | undefined;
  /** Everything is sent: resolves once the far side has confirmed the last byte. */
  confirmed(): Promise<unknown>;
  /** The next message that comes back. */
  echoed(): Promise<unknown>;
  close(): Promise<unknown>;
  /** For who has sent what nobody reads. */
  cut(): Promise<unknown>;
}

/** One of the two. */
export interface Party {
  /** The process ids whose CPU a transfer costs: what relays, and the far side. */
  readonly pids: { readonly relay: number; readonly far: number };
  /** @param bytes What a sink confirms. */
  open(kind: FarKind, bytes: number): Promise<Flow>;
  /** What a caller waits for until it can send: a whole `createStream`, or one bare WebSocket. */
  handshake(): Promise<Flow>;
  stop(): Promise<void>;
}

const HIGH_WATER_BYTES = 262_144;

/** Streams through our hub. */
export function ours(rig: Rig, resume: Resume): Party {
  const service = ServiceClient.fromConnectionString(rig.strings.service);
  const open = async (name: FarKind): Promise<Flow> => streamFlow(await service.createStream('bench-0', { name, resume }));
  return {
    pids: { relay: Number(rig.hub.pid), far: Number(rig.far.pid) },
    open,
    handshake: () => open('sink'),
    stop: () => service.close(),
  };
}

/** Bare WebSockets through the reference relay. */
export function reference(rig: Rig): Party {
  const dial = async (): Promise<WebSocket> => {
    const socket = new WebSocket(rig.relayUrl, { ca: rig.ca, perMessageDeflate: false });
    await once(socket, 'open');
    return socket;
  };
  // The relay pairs who comes one after the other.
  let last: Promise<unknown> = Promise.resolve();
  const pair = async (kind: FarKind, bytes: number): Promise<Flow> => {
    const socket = await dial();
    rig.far.send({ url: rig.relayUrl, kind, bytes } satisfies Order);
    await once(rig.far, 'message');
    return socketFlow(socket);
  };
  return {
    pids: { relay: Number(rig.relay.pid), far: Number(rig.far.pid) },
    open: (kind, bytes) => {
      const opened = last.then(() => pair(kind, bytes));
      last = opened.catch(() => undefined);
      return opened;
    },
    handshake: async () => socketFlow(await dial()),
    stop: async () => undefined,
  };
}

function streamFlow(stream: DeviceStream): Flow {
  return {
    send: (chunk) => (stream.write(chunk) ? undefined : once(stream, 'drain')),
    confirmed: () => {
      stream.resume().end();
      return once(stream, 'end');
    },
    echoed: () => once(stream, 'data'),
    close: () => {
      stream.resume().end();
      return stream.outcome;
    },
    cut: () => stream.destroy().outcome,
  };
}

function socketFlow(socket: WebSocket): Flow {
  let done: Promise<unknown> | undefined;
  return {
    send: (chunk) => {
      // A sink says one word, and may say it before it is asked.
      done ??= once(socket, 'message');
      if (socket.bufferedAmount >= HIGH_WATER_BYTES) return new Promise((resolve) => socket.send(chunk, resolve));
      socket.send(chunk);
      return undefined;
    },
    confirmed: () => done ?? Promise.resolve(),
    echoed: () => once(socket, 'message'),
    close: () => {
      socket.close();
      return once(socket, 'close');
    },
    cut: () => {
      socket.terminate();
      return once(socket, 'close');
    },
  };
}
