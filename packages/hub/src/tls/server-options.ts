// From the `tls` option to the certificate that the hub presents, and where the next one comes from.
import { isDeepStrictEqual } from 'node:util';
import { type Clock, createError } from '@streams/protocol/internal';
import type { TlsOptions } from '../config/schema.ts';
import { CertificateFiles } from './certificate-files.ts';
import type { Certificates, OpenedSource } from './certificates.ts';
import { certificateOf, problemOf } from './key-pair.ts';
import { OwnCertificate } from './own-certificate.ts';

/** @throws `STREAMS_INVALID_ARGUMENT` that names the field, and the file where there is one. */
export async function openSource(tls: TlsOptions, hostNames: readonly string[], clock: Clock): Promise<OpenedSource> {
  if ('key' in tls) {
    const wrong = problemOf(tls, clock.wallMs());
    if (wrong) invalid(`tls.${wrong.part}`, wrong.problem, wrong.cause);
    const caCertificate = tls.ca === undefined ? undefined : (certificateOf(tls.ca) ?? invalid('tls.ca', 'expected a certificate in PEM'));
    return { identity: { key: tls.key, cert: tls.cert, caCertificate }, source: undefined };
  }
  const source = 'keyFile' in tls ? new CertificateFiles(tls, clock) : await OwnCertificate.open(tls.dataDirectory, hostNames, clock);
  return { identity: await source.load(), source };
}

/**
 * Takes the certificate anew: from the same files, or from those of another option.
 * @throws `STREAMS_INVALID_ARGUMENT` that names what is wrong; the one in force stays.
 */
export async function reloadCertificates(
  certificates: Certificates | undefined,
  before: TlsOptions | false,
  now: TlsOptions | false,
  clock: Clock,
): Promise<void> {
  const isSame = isDeepStrictEqual(before, now);
  // That of the hub's own CA is renewed by itself, in time.
  if (isSame && now !== false && 'keyFile' in now) await certificates?.reload();
  if (isSame) return;
  // Whoever pins the CA of one directory does not know that of another.
  if (before === false || now === false || 'dataDirectory' in now) return invalid('tls', 'needs a restart');
  await certificates?.adopt(() => openSource(now, [], clock));
}

function invalid(field: string, problem: string, cause?: unknown): never {
  throw createError('INVALID_ARGUMENT', { message: `${field}: ${problem}`, details: { field }, cause });
}
