// Opens a tunnel: a session without a channel of its own, on which either side opens as many as it likes.
import {
  checkWhole,
  createError,
  type HandshakeMessage,
  MAX_RESUME_TIMEOUT_MS,
  SESSION_PROTOCOL,
  traceHandshake,
  Tunnel,
  TUNNEL_CAPABILITY,
} from '@streams/protocol/internal';
import { handshakeOf, type OpenContext, shakeHands, type Wanted, wanted } from './handshake.ts';
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
  const { name, headers, timeoutMs, resumeTimeoutMs, traceparent } = options;
  checkWhole('openTunnel', 'resumeTimeoutMs', resumeTimeoutMs, 0, MAX_RESUME_TIMEOUT_MS);
  const asked = { name, headers, timeoutMs, protocols: [SESSION_PROTOCOL], capabilities: [TUNNEL_CAPABILITY] };
  const target = wanted('openTunnel', deviceId, asked, traceparent);
  const handshake = handshakeOf(target);
  context.logger.debug({ deviceId, name: handshake.name, timeoutMs: target.body.timeoutMs }, 'asks the hub for a tunnel');
  const tunnel = await traceHandshake(handshake, () => establish(context, handshake, target, options));
  return { tunnel, redial: keepSession(context, tunnel.session, { ...target, traceparent: handshake.traceparent }) };
}

async function establish(
  context: OpenContext,
  handshake: HandshakeMessage,
  { body }: Wanted,
  { signal, resumeTimeoutMs }: OpenTunnelOptions,
): Promise<Tunnel> {
  const { deviceId, name } = handshake;
  const { answer, leg } = await shakeHands(context, handshake, body, signal);
  if (!answer.capabilities.includes(TUNNEL_CAPABILITY)) {
    leg.terminate();
    throw createError('PROTOCOL_MISMATCH', { message: 'the device takes streams here, and no tunnel' });
  }
  const { clock, random, logger, sessions, maxReplayBytes: maxWindowBytes } = context;
  const info = { id: answer.streamId, name, deviceId };
  const tunnel = new Tunnel(info, { role: 'service', clock, random, logger, resumeTimeoutMs, maxWindowBytes });
  tunnel.session.attach(sessions.keep(leg));
  return tunnel;
}
