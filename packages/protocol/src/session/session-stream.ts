// A plain stream as a session: one channel, which both sides have from the start, on a link that survives its legs.
import type { Leg } from '../leg/leg.ts';
import { DeviceStream, type StreamInfo } from '../stream/device-stream.ts';
import { SESSION_PROTOCOL } from '../wire/versions.ts';
import { ChannelLeg } from './channels/channel-leg.ts';
import { Session, type SessionOptions } from './session.ts';

/** A stream, and the session below it. */
export interface SessionStream {
  readonly stream: DeviceStream;
  readonly session: Session;
}

/** Starts a session on its first leg; the stream may be written to at once. Its clean end is one that the other side has confirmed. */
export function openSessionStream(leg: Leg, info: StreamInfo, options: Omit<SessionOptions, 'id' | 'onRequest'>): SessionStream {
  const session = new Session({ ...options, id: info.id });
  const channelLeg = new ChannelLeg((handler) => session.openImplicit(handler), {
    beforeCleanClose: (settle) => session.whenClosed(settle),
    abort: (reason) => session.abort(reason),
  });
  const stream = new DeviceStream(channelLeg, { ...info, protocol: SESSION_PROTOCOL }, options.clock);
  session.on('suspended', () => void stream.emit('suspended'));
  session.on('resumed', () => void stream.emit('resumed'));
  session.attach(leg);
  return { stream, session };
}
