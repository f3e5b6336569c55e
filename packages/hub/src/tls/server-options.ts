// From the `tls` option to the certificate that the hub presents, and where the next one comes from.
import { type Clock, createError, type Logger } from '@streams/protocol/internal';
import type { TlsOptions } from '../config/schema.ts';
import { CertificateFiles } from './certificate-files.ts';
import { Certificates } from './certificates.ts';
import { certificateOf, problemOf } from './key-pair.ts';
import { OwnCertificate } from './own-certificate.ts';

/** @throws `STREAMS_INVALID_ARGUMENT` that names the field, and the file where there is one. */
export async function openCertificates(tls: TlsOptions, hostNames: readonly string[], clock: Clock, logger: Logger): Promise<Certificates> {
  if ('key' in tls) {
    const wrong = problemOf(tls, clock.wallMs());
    if (wrong) invalid(`tls.${wrong.part}`, wrong.problem, wrong.cause);
    const caCertificate = tls.ca === undefined ? undefined : (certificateOf(tls.ca) ?? invalid('tls.ca', 'expected a certificate in PEM'));
    return new Certificates({ key: tls.key, cert: tls.cert, caCertificate }, undefined, clock, logger);
  }
  const source = 'keyFile' in tls ? new CertificateFiles(tls, clock) : await OwnCertificate.open(tls.dataDirectory, hostNames, clock);
  return new Certificates(await source.load(), source, clock, logger);
}

function invalid(field: string, problem: string, cause?: unknown): never {
  throw createError('INVALID_ARGUMENT', { message: `${field}: ${problem}`, details: { field }, cause });
}
