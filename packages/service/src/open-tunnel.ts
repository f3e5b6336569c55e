// Opens a tunnel: a session without a channel of its own, on which either side opens as many as it likes.
import { checkWhole, createError, MAX_RESUME_TIMEOUT_MS, SESSION_PROTOCOL, Tunnel, TUNNEL_CAPABILITY } from '@streams/protocol/internal';
import { bodyOf, type OpenContext, shakeHands } from './handshake.ts';
import { keepSession, type Redial } from './redial.ts';
import type { CreateStreamOptions } from './open-stream.ts';

/** How a tunnel is to be opened: as a stream is. */
export type OpenTunnelOptions = Omit<CreateStreamOptions, 'resume'>;

/** A tunnel, and what dials for it. */
export interface OpenTunnel {
  readonly tunnel: Tunnel;
  readonly redial: Redial;
}

/** Resolves once the tunnel stands. @throws see `ServiceClient.openTunnel`. */
export async function openTunnel(context: OpenContext, deviceId: string, options: OpenTunnelOptions): Promise<OpenTunnel> {
  const { name, headers, timeoutMs, signal, resumeTimeoutMs } = options;
  checkWhole('openTunnel', 'resumeTimeoutMs', resumeTimeoutMs, 0, MAX_RESUME_TIMEOUT_MS);
  const asked = { name, headers, timeoutMs, protocols: [SESSION_PROTOCOL], capabilities: [TUNNEL_CAPABILITY] };
  const body = bodyOf('openTunnel', deviceId, asked);
  const { clock, random, logger, sessions, maxReplayBytes: maxWindowBytes } = context;
  logger.debug({ deviceId, name: body.name, timeoutMs: body.timeoutMs }, 'asks the hub for a tunnel');
  const { answer, leg } = await shakeHands(context, { deviceId, body, signal });
  if (!answer.capabilities.includes(TUNNEL_CAPABILITY)) {
    leg.terminate();
    throw createError('PROTOCOL_MISMATCH', { message: 'the device takes streams here, and no tunnel' });
  }
  const info = { id: answer.streamId, name: body.name, deviceId };
  const tunnel = new Tunnel(info, { role: 'service', clock, random, logger, resumeTimeoutMs, maxWindowBytes });
  tunnel.session.attach(sessions.keep(leg));
  return { tunnel, redial: keepSession(context, tunnel.session, { deviceId, body }) };
}
