// What a hub presents to a new connection, and pairs of files that change as operators and their tools change them.
import { X509Certificate } from 'node:crypto';
import { chmod, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls';
import type { Logger } from '@streams/protocol/internal';

/** Connects and lets the certificate be what it is. Rejects where there is no TLS to be had. */
export function connectTo(port: number, options: ConnectionOptions = {}): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port, rejectUnauthorized: false, ...options }, () => resolve(socket));
    socket.once('error', reject);
  });
}

/** The serial number of the certificate that a new connection gets. */
export async function serialAt(port: number): Promise<string> {
  const socket = await connectTo(port);
  const { serialNumber } = socket.getPeerCertificate();
  socket.destroy();
  return serialNumber;
}

export function serialOf(cert: string): string {
  return new X509Certificate(cert).serialNumber;
}

/** Writes beside and renames, as careful tools do. */
export async function replaceFile(folder: string, name: string, text: string, mode = 0o600): Promise<void> {
  await writeFile(join(folder, `${name}.new`), text, { mode });
  await chmod(join(folder, `${name}.new`), mode);
  await rename(join(folder, `${name}.new`), join(folder, name));
}

/** A line of the hub's own log. */
export interface Line {
  readonly level: 'info' | 'warn' | 'error';
  readonly fields: Readonly<Record<string, unknown>>;
  readonly message: string;
}

/** Keeps what the hub says of its certificate, and not the resource log. */
export function keepingLogger(): Logger & { readonly lines: Line[] } {
  const lines: Line[] = [];
  const keep = (level: Line['level']) => (fields: object, message: string) => {
    if (!('category' in fields)) lines.push({ level, fields: fields as Line['fields'], message });
  };
  return { lines, info: keep('info'), warn: keep('warn'), error: keep('error') };
}
