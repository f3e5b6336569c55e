// Text of the two sides as it may stand in a log: on one line, steering no terminal, without keys, and short (reliability.md, threat 13).
import { redact } from '@streams/protocol/internal';

/** Control and format characters, among them those that turn the direction of writing, line separators, and halves of characters. */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/gu;
/** Base64 of 32 or 64 bytes, standing alone: what keys and stream tokens look like. */
const BARE_SECRET = /(?<![\w+/=-])(?:[\w+/-]{43}=?|[\w+/-]{86}(?:==)?)(?![\w+/=-])/g;
/** Where the cut goes through one. */
const HALF_CHARACTER = /[\uD800-\uDBFF]$/;
const REDACTED = '[redacted]';

/** @param maxCharacters What is longer is cut, after its secrets have gone. */
export function logText(text: string, maxCharacters: number): string {
  const visible = text.replace(UNPRINTABLE, escaped);
  const clean = redact(visible).replace(BARE_SECRET, REDACTED);
  return clean.slice(0, maxCharacters).replace(HALF_CHARACTER, '');
}

function escaped(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  return `\\u${code > 0xffff ? `{${code.toString(16)}}` : code.toString(16).padStart(4, '0')}`;
}
