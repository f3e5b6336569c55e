// Control messages to text.
import type { DeviceMessage, HubMessage } from './messages.ts';

/** The text of a control message. */
export function encodeMessage(message: HubMessage | DeviceMessage): string {
  return JSON.stringify(message);
}

/** Cuts `text` to at most `maxBytes` of UTF-8, on a character boundary. Lone surrogates become U+FFFD. */
export function cutUtf8(text: string, maxBytes: number): string {
  const bytes = new TextEncoder().encode(text);
  let end = Math.min(maxBytes, bytes.length);
  while (end < bytes.length && ((bytes[end] ?? 0) & 0xc0) === 0x80) end -= 1;
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes.subarray(0, end));
}
