// One GET to another server: no redirects, no kept connection, an answer of bounded size.
import { get as getPlain, type IncomingMessage } from 'node:http';
import { get } from 'node:https';
import { createError } from '@streams/protocol/internal';

const MAX_ANSWER_BYTES = 1_048_576;

/** @throws `STREAMS_CONNECT_FAILED` that says what came instead of the text, `STREAMS_TOO_LARGE`; Node's error if it breaks off. */
export async function fetchText(url: URL, signal: AbortSignal): Promise<string> {
  const response = await answerOf(url, signal);
  const { statusCode } = response;
  if (statusCode !== 200) {
    response.destroy();
    throw createError('CONNECT_FAILED', { message: `${url.href} answered ${statusCode}` });
  }
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    // Leaving the loop cuts the connection.
    if (bytes > MAX_ANSWER_BYTES)
      throw createError('TOO_LARGE', { message: `${url.href} answered with more than ${MAX_ANSWER_BYTES} bytes` });
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

function answerOf(url: URL, signal: AbortSignal): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const options = { agent: false, signal, headers: { accept: 'application/json' } };
    const request = url.protocol === 'https:' ? get(url, options, resolve) : getPlain(url, options, resolve);
    request.on('error', (cause) =>
      reject(createError('CONNECT_FAILED', { message: `${url.href} cannot be reached: ${cause.message}`, cause })),
    );
  });
}
