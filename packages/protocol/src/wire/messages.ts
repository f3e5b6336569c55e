// The messages of a control link, as a union (design section 5). One JSON text message each; unknown types and fields are ignored.
import type { WireCode } from '../errors/codes.ts';

/** First message of the hub: the link stands. */
export interface WelcomeMessage {
  readonly type: 'welcome';
  readonly hub: { readonly name: string; readonly version: string };
  /** `https://host[:port]` each: where stream URLs may lead, besides the hub itself. */
  readonly streamingEndpoints: readonly string[];
  /** The hub's wall clock, milliseconds since 1970. */
  readonly timeMs: number;
  readonly capabilities: readonly string[];
}

/** A service wants a stream. */
export interface RequestMessage {
  readonly type: 'request';
  readonly streamId: string;
  readonly name: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Stream protocols that the service speaks, best first. */
  readonly protocols: readonly string[];
  readonly capabilities: readonly string[];
  /** Who asks, as the hub has authenticated it. */
  readonly requester: { readonly policy: string };
  /** What is left of the handshake. */
  readonly timeoutMs: number;
  /** Where the device leg is dialled. */
  readonly url: string;
  /** The device leg's stream token. */
  readonly token: string;
  /** The session that goes on over this stream: the id of its first stream. Absent: a new stream. */
  readonly resumes?: string | undefined;
  /** W3C trace context of the service. */
  readonly traceparent?: string | undefined;
}

/** The handshake has ended without a stream. */
export interface CancelMessage {
  readonly type: 'cancel';
  readonly streamId: string;
  readonly code: WireCode;
}

/** Dial a new link within this time; the hub will close this one. */
export interface GoawayMessage {
  readonly type: 'goaway';
  readonly withinMs: number;
}

/** The device accepts. */
export interface AcceptMessage {
  readonly type: 'accept';
  readonly streamId: string;
  /** The one of the request's protocols that the device has chosen. */
  readonly protocol: string;
  readonly capabilities: readonly string[];
}

/** Codes under which a device may decline. */
export type DeclineCode = 'STREAM_REJECTED' | 'PROTOCOL_MISMATCH' | 'NO_HANDLER' | 'HANDLER_FAILED' | 'SESSION_LOST';

/** The device declines. */
export interface RejectMessage {
  readonly type: 'reject';
  readonly streamId: string;
  readonly code: DeclineCode;
  /** The application's words for the service; 512 bytes at most. */
  readonly reason: string;
}

/** What the device has accepted has no leg, or no longer one, of which the hub may have seen nothing. */
export interface LostMessage {
  readonly type: 'lost';
  readonly streamId: string;
}

/** From the hub to the device. */
export type HubMessage = WelcomeMessage | RequestMessage | CancelMessage | GoawayMessage;
/** From the device to the hub. */
export type DeviceMessage = AcceptMessage | RejectMessage | LostMessage;
