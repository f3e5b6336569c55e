// Words of devices and services, made fit to be looked at: what cannot be seen, or turns the rest around, is spelled out.

/** Control and format characters (of these the bidirectional ones), line separators, halves of characters, private use. */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Co}]/gu;
const SHORT: Readonly<Record<string, string>> = { '\n': String.raw`\n`, '\r': String.raw`\r`, '\t': String.raw`\t` };

/** The text with every character visible: U+202E becomes `\u{202e}`. */
export function visible(text: string): string {
  return text.replace(UNSEEN, (character) => SHORT[character] ?? String.raw`\u{${(character.codePointAt(0) ?? 0).toString(16)}}`);
}
