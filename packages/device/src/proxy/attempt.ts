// A connection that somebody asks for, by a stream of its own or by a channel of a tunnel: what the proxy can do with it.
import {
  type ChannelRequest,
  ChannelSplice,
  type Joint,
  onAbort,
  type SentResetCode,
  Splice,
  type SpliceOptions,
} from '@streams/protocol/internal';
import type { Socket } from 'node:net';
import type { StreamRequest } from '../request.ts';

/** Why a request is not even tried. */
export interface Refusal {
  readonly reason: string;
  readonly code: SentResetCode;
}

/** A request for one connection, whether by a stream of its own or by a channel of a tunnel. */
export interface Attempt {
  readonly request: StreamRequest;
  /** Ends the attempt from outside. */
  readonly abort: AbortController;
  /** Says yes; the socket is the joint's from then on. */
  accept(socket: Socket, options: SpliceOptions): Promise<Joint> | Joint;
  readonly reject: (refusal: Refusal) => void;
}

/** A connection that has a stream of its own. */
export function streamAttempt(request: StreamRequest): Attempt {
  const abort = new AbortController();
  onAbort(request.signal, () => abort.abort());
  return {
    request,
    abort,
    accept: async (socket, options) => new Splice(socket, await request.accept(), options),
    reject: ({ reason }) => request.reject(reason),
  };
}

/** A connection that shares a tunnel. */
export function channelAttempt(request: StreamRequest, channel: ChannelRequest): Attempt {
  const abort = new AbortController();
  channel.onGone = () => abort.abort();
  return {
    request,
    abort,
    accept: (socket, options) => new ChannelSplice(socket, (handler) => channel.accept(handler), options),
    reject: ({ code, reason }) => channel.reject(code, reason),
  };
}
