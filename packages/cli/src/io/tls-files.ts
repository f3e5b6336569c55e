// A certificate of one's own: `--tls-cert` and `--tls-key`, and what is wrong with them.
import type { TlsOptions } from '@streams/hub';
import { createError, StreamsError } from '@streams/protocol/internal';

/** Both, or none. */
export interface TlsFileOptions {
  readonly tlsCert?: string | undefined;
  readonly tlsKey?: string | undefined;
}

/** @throws `STREAMS_INVALID_ARGUMENT` for one without the other. */
export function tlsOptions({ tlsCert, tlsKey }: TlsFileOptions, dataDirectory: string): TlsOptions {
  if (tlsCert !== undefined && tlsKey !== undefined) return { certFile: tlsCert, keyFile: tlsKey };
  if (tlsCert === undefined && tlsKey === undefined) return { dataDirectory };
  throw createError('INVALID_ARGUMENT', { message: '--tls-cert and --tls-key belong together: give both, or none' });
}

/** The hub names its own options; a person has typed others. */
export function inWordsOfOptions(error: unknown): never {
  const [, which, problem] = (StreamsError.is(error) && /^tls\.(cert|key)File: (.*)$/s.exec(error.message)) || [];
  if (which === undefined) throw error;
  throw createError('INVALID_ARGUMENT', { message: `--tls-${which}: ${problem}`, details: { field: `tls-${which}` }, cause: error });
}
