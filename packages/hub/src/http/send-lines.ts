// An answer of lines, sent as they come and no faster than the caller reads. One that is cut shows as such: it has no end.
import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { NDJSON_TYPE } from '@streams/protocol/internal';

/**
 * Resolves once the last line is sent, or the caller is gone.
 * @throws what `lines` throws; the connection is cut then.
 */
export async function sendLines(response: ServerResponse, status: number, lines: AsyncIterable<string>): Promise<void> {
  const gone = new AbortController();
  response.once('close', () => gone.abort());
  response.writeHead(status, { 'Content-Type': NDJSON_TYPE });
  response.flushHeaders();
  try {
    for await (const text of lines) {
      if (!response.write(text)) await once(response, 'drain', { signal: gone.signal });
      if (gone.signal.aborted) return;
    }
    response.end();
  } catch (error) {
    if (gone.signal.aborted) return;
    response.destroy();
    throw error;
  }
}
