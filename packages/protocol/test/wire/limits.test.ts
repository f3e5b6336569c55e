// The bounds fit into each other: whatever a guard lets through can be sent on.
import { describe, expect, it } from 'vitest';
import * as defaults from '../../src/wire/defaults.ts';
import { decodeDeviceMessage } from '../../src/wire/decode.ts';
import { encodeMessage } from '../../src/wire/encode.ts';
import { FRAME_HEADER_BYTES } from '../../src/wire/frames.ts';
import * as limits from '../../src/wire/limits.ts';
import type { RequestMessage } from '../../src/wire/messages.ts';
import { asOpenStreamBody, type OpenStreamBody } from '../../src/wire/rest.ts';

const { MAX_CONTROL_MESSAGE_BYTES, MAX_HEADERS_BYTES } = limits;

/** What the hub makes of a body, with a long host name in the URL. */
function requestOf(body: OpenStreamBody): RequestMessage {
  const url = `wss://${'h'.repeat(253)}:65535/v1/streams/${'A'.repeat(22)}/device`;
  const traceparent = `00-${'a'.repeat(32)}-${'a'.repeat(16)}-01`;
  return {
    type: 'request',
    ...body,
    streamId: 'A'.repeat(22),
    requester: { policy: 'p'.repeat(128) },
    url,
    token: 'T'.repeat(43),
    traceparent,
  };
}

/** A body as the hub would take it; undefined where it refuses. */
function taken(fields: Record<string, unknown>): OpenStreamBody | undefined {
  const text = JSON.stringify(fields);
  if (Buffer.byteLength(text) > limits.MAX_BODY_BYTES) return undefined;
  try {
    return asOpenStreamBody(JSON.parse(text) as Record<string, unknown>);
  } catch {
    return undefined;
  }
}

describe('a control message holds', () => {
  const list = (character: string): string[] => Array.from({ length: 32 }, () => character.repeat(64));

  it.each(['a', '"', '\\', 'é', '€', '\u0001', '\n', '\u007f', '\uD800'])('whatever a service may ask for, all of %j', (character) => {
    const sizes = [MAX_HEADERS_BYTES - 1, 5_400, 5_300, 5_000, 4_000, 2_700, 1_300];
    const bodies = sizes.flatMap((size) => [
      taken({ name: 'n'.repeat(128), headers: { h: character.repeat(size) }, protocols: list(character), capabilities: list(character) }),
      taken({ name: 'n'.repeat(128), headers: { h: character.repeat(size) }, protocols: ['streams.v1'] }),
    ]);
    const bytes = bodies.filter((body) => body !== undefined).map((body) => Buffer.byteLength(encodeMessage(requestOf(body))));
    expect(Math.max(0, ...bytes)).toBeLessThanOrEqual(MAX_CONTROL_MESSAGE_BYTES);
  });

  it('a request with full headers three times', () => {
    const body = taken({ headers: { h: 'x'.repeat(MAX_HEADERS_BYTES - 1) } }) as OpenStreamBody;
    expect(3 * Buffer.byteLength(encodeMessage(requestOf(body)))).toBeLessThanOrEqual(MAX_CONTROL_MESSAGE_BYTES);
  });

  it('whatever a device may answer', () => {
    const reason = '\u0001'.repeat(limits.MAX_REASON_BYTES);
    const text = encodeMessage({ type: 'reject', streamId: 'A'.repeat(22), code: 'PROTOCOL_MISMATCH', reason });
    expect(decodeDeviceMessage(text)).toMatchObject({ reason });
    expect(Buffer.byteLength(text)).toBeLessThanOrEqual(MAX_CONTROL_MESSAGE_BYTES);
  });
});

describe('sizes', () => {
  it('a leg carries the largest frame', () => {
    expect(limits.MAX_FRAME_PAYLOAD_BYTES + FRAME_HEADER_BYTES).toBeLessThanOrEqual(limits.MAX_LEG_MESSAGE_BYTES);
  });

  it('a paused source reads again before its queue has run dry', () => {
    expect(defaults.RELAY_LOW_WATER_BYTES).toBeGreaterThan(0);
    expect(defaults.RELAY_LOW_WATER_BYTES).toBeLessThan(defaults.RELAY_HIGH_WATER_BYTES);
  });
});

describe('times', () => {
  it('a decent peer is never dead: it breaks its silence before the other end loses patience', () => {
    expect(defaults.LEG_IDLE_MS + 2 * defaults.LIVENESS_TICK_MS).toBeLessThan(defaults.LEG_DEAD_MS);
    expect(defaults.LINK_IDLE_MS * (1 + defaults.LINK_IDLE_JITTER) + 2 * defaults.LINK_TICK_MS).toBeLessThan(defaults.LINK_DEAD_MS);
  });

  it('a hub takes what the SDKs ask for and sign', () => {
    expect(defaults.HANDSHAKE_TIMEOUT_MS).toBeLessThanOrEqual(limits.MAX_HANDSHAKE_TIMEOUT_MS);
    expect(defaults.SIGNATURE_LIFE_MS).toBeLessThanOrEqual(limits.MAX_SIGNATURE_LIFE_MS);
    expect(defaults.SUCCESSOR_FROM).toBeLessThan(defaults.SUCCESSOR_UNTIL);
    expect(defaults.SUCCESSOR_UNTIL).toBeLessThan(1);
  });
});
