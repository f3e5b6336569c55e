// Entity tags: a caller changes what it has read, or hears that somebody else was faster (RFC 9110, sections 8.8.3 and 13.1.1).
import { createHmac, randomBytes } from 'node:crypto';
import { createError } from '@streams/protocol/internal';

/** Of this process: a plain digest would let whoever sees it try out keys that somebody has thought up. */
const SECRET = randomBytes(32);
const TAG_CHARACTERS = 22;

/** Another one for each content. */
export function etagOf(content: object): string {
  return createHmac('sha256', SECRET).update(JSON.stringify(content)).digest('base64url').slice(0, TAG_CHARACTERS);
}

/** What `If-Match` says: `*` is whatever there is. @throws `STREAMS_CONFLICT` for another tag than that of what is there. */
export function checkMatch(ifMatch: string | undefined, current: string): void {
  if (ifMatch === undefined || ifMatch === '*') return;
  const tags = ifMatch.split(',').map((tag) => tag.trim());
  if (!tags.includes(`"${current}"`)) throw createError('CONFLICT');
}
