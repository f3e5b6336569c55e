// A web server of the device: a page with a link to one large file, which is sent at a pace, so that it lasts.
import { createCipheriv, createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface LargeFileOptions {
  readonly bytes: number;
  readonly bytesPerSecond: number;
}

const TICK_MS = 50;

/** See the file's head. */
export class LargeFile {
  readonly #options: LargeFileOptions;
  readonly #server: Server;
  /** How often the file was asked for. */
  requests = 0;
  /** Of the last one that was sent to its end. */
  sha256 = '';

  private constructor(options: LargeFileOptions) {
    this.#options = options;
    this.#server = createServer((request, response) => {
      if (request.url === '/') response.writeHead(200, { 'content-type': 'text/html' }).end('<!doctype html><a href="/file">the file</a>');
      else if (request.url === '/file') this.#send(response);
      else response.writeHead(404).end();
    });
  }

  static async serve(options: LargeFileOptions): Promise<LargeFile> {
    const file = new LargeFile(options);
    file.#server.listen(0, '127.0.0.1');
    await once(file.#server, 'listening');
    return file;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  /** Random bytes, none of them kept: those of a cipher. */
  #send(response: ServerResponse): void {
    this.requests += 1;
    const cipher = createCipheriv('aes-128-ctr', randomBytes(16), randomBytes(16));
    const hash = createHash('sha256');
    const zeros = Buffer.alloc(Math.ceil((this.#options.bytesPerSecond * TICK_MS) / 1_000));
    let left = this.#options.bytes;
    response.writeHead(200, { 'content-type': 'application/octet-stream', 'content-length': left, 'content-disposition': 'attachment' });
    const ticks = setInterval(() => {
      if (response.writableNeedDrain) return;
      const part = cipher.update(zeros.subarray(0, left));
      left -= part.length;
      hash.update(part);
      response.write(part);
      if (left > 0) return;
      clearInterval(ticks);
      this.sha256 = hash.digest('hex');
      response.end();
    }, TICK_MS);
    response.on('close', () => clearInterval(ticks));
  }
}
