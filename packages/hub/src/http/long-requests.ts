// Requests that may take longer than the server's `requestTimeout`. Node can only set that for all of them.
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';

const sockets = new WeakSet<Duplex>();

/** What Node answers by itself, by the code of the error. */
const STATUS_LINES: Readonly<Record<string, string>> = {
  HPE_HEADER_OVERFLOW: '431 Request Header Fields Too Large',
  HPE_CHUNK_EXTENSIONS_OVERFLOW: '413 Payload Too Large',
  ERR_HTTP_REQUEST_TIMEOUT: '408 Request Timeout',
};

/** The body as it comes, for as long as it takes. The connection ends with the answer: it may end before the body. */
export function longBody(request: IncomingMessage, response: ServerResponse): AsyncIterable<Buffer> {
  sockets.add(request.socket);
  response.setHeader('Connection', 'close');
  return request;
}

/** To be called once for a server: lets such requests be, and does with all else what Node does. */
export function keepLongRequests(server: Server): void {
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    // Node asks once per request, and has not touched the socket yet.
    if (error.code === 'ERR_HTTP_REQUEST_TIMEOUT' && sockets.has(socket)) return;
    if (socket.writable && !isAnswering(socket)) {
      socket.write(`HTTP/1.1 ${STATUS_LINES[error.code ?? ''] ?? '400 Bad Request'}\r\nConnection: close\r\n\r\n`);
    }
    socket.destroy(error);
  });
}

/** Node keeps the answer under way there, for its own handler of this event. */
function isAnswering(socket: Duplex): boolean {
  return (socket as { _httpMessage?: { headersSent: boolean } | null })._httpMessage?.headersSent === true;
}
