// Why a hub's certificate cannot be trusted, in words that say what to do.
import type { DetailedPeerCertificate } from 'node:tls';
import { redact } from '../credentials/redact.ts';
import type { StreamsError } from '../errors/base.ts';
import { createError } from '../errors/kinds.ts';
import { systemClock } from '../time/clock.ts';
import type { Trust } from './trust.ts';

/** `details.reason` of a `STREAMS_TLS_FAILED`. */
export type TlsFailureReason =
  | 'expired'
  | 'not-yet-valid'
  | 'wrong-host'
  | 'pin-mismatch'
  | 'self-signed'
  | 'unknown-ca'
  | 'no-tls'
  | 'other';

/** What is known of a TLS connection that failed. */
export interface TlsContext {
  /** The name or address that was dialled. */
  readonly host: string;
  readonly trustSource: Trust['source'];
  /** What the hub has shown, where it came that far. */
  readonly certificate?: DetailedPeerCertificate | undefined;
}

/** The part of Node's error for a certificate of other names. */
interface NamesError {
  readonly cert?: { readonly subject?: { readonly CN?: string }; readonly subjectaltname?: string };
}

const MOST_NAMES = 8;
const MOST_CHARACTERS = 64;
const UNKNOWN_ISSUER = /^(?:SELF_SIGNED_CERT_IN_CHAIN|CERT_UNTRUSTED|CERT_SIGNATURE_FAILURE|UNABLE_TO_(?:GET_ISSUER|VERIFY_LEAF).*)$/;
/** OpenSSL's verification results, as Node spells them. */
const VERIFY_CODE = /CERT|ISSUER|SIGNATURE|CRL|^UNABLE_TO|^(?:HOSTNAME_MISMATCH|INVALID_CA|PATH_LENGTH_EXCEEDED|INVALID_PURPOSE)$/;
const NO_TLS = /wrong version number|packet length too long|http request/i;

/** True for what Node calls a failure of TLS. */
export function isTlsCode(code: string): boolean {
  return code.startsWith('ERR_TLS_') || code.startsWith('ERR_SSL_') || code === 'EPROTO' || VERIFY_CODE.test(code);
}

/** The `code` of an error of Node's. */
export function codeOf(cause: unknown): string {
  const code = (cause as NodeJS.ErrnoException | undefined)?.code;
  return typeof code === 'string' ? code : 'unknown';
}

/** Node's code, or its words where they say more, as one of ours. */
export function tlsReason(code: string, text: string, source: Trust['source']): TlsFailureReason {
  if (code === 'CERT_HAS_EXPIRED') return 'expired';
  if (code === 'CERT_NOT_YET_VALID') return 'not-yet-valid';
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID' || code === 'HOSTNAME_MISMATCH') return 'wrong-host';
  const isSelfSigned = code === 'DEPTH_ZERO_SELF_SIGNED_CERT';
  // Whom the hub names as its CA is no matter where exactly one is trusted.
  if (source === 'pinned' && (isSelfSigned || UNKNOWN_ISSUER.test(code))) return 'pin-mismatch';
  if (isSelfSigned) return 'self-signed';
  if (UNKNOWN_ISSUER.test(code)) return 'unknown-ca';
  return NO_TLS.test(`${text} ${code.replaceAll('_', ' ')}`) ? 'no-tls' : 'other';
}

/** The typed error of a TLS connection to a hub that failed. */
export function tlsError(cause: Error, context: TlsContext, details: object = {}): StreamsError {
  const code = codeOf(cause);
  const reason = tlsReason(code, cause.message, context.trustSource);
  const message = `the TLS connection to the hub cannot be trusted: ${REASON_TEXT[reason](context, cause)}`;
  return createError('TLS_FAILED', { message, details: { ...details, cause: code, reason }, cause });
}

const REASON_TEXT: Record<TlsFailureReason, (context: TlsContext, cause: Error) => string> = {
  expired: ({ certificate }) =>
    `its certificate expired${at(certificate, 'valid_to')}: renew it on the hub, or set the clock of this machine, now ${now()}`,
  'not-yet-valid': ({ certificate }) =>
    `its certificate is not valid before${at(certificate, 'valid_from') || ' some later time'}: set the clock of this machine, now ${now()}, or that of the hub`,
  'wrong-host': ({ host }, cause) =>
    `its certificate is for ${namesOf(cause as NamesError)}, not for ${host}: connect by one of these names, or add ${host} to the hub's hostNames`,
  'pin-mismatch': ({ certificate }) =>
    `the client trusts one CA alone, by its connection string or the option ca, and another has signed the hub's certificate${issuer(certificate)}: copy the hub's connection string anew; if the hub is the same as before, somebody on the way poses as it`,
  'self-signed': ({ trustSource }) => `its certificate is self-signed, and not ${trusted(trustSource)}: ${ADD_CA}`,
  'unknown-ca': ({ certificate, trustSource }) =>
    `the CA that has signed its certificate${issuer(certificate)} is not ${trusted(trustSource)}: ${ADD_CA}`,
  'no-tls': () => 'what answers there does not speak TLS: check the port',
  other: (_context, cause) => redact(cause.message) || codeOf(cause),
};

/** Every one; docs/errors.md is tested against it. */
export const TLS_FAILURE_REASONS: readonly TlsFailureReason[] = Object.keys(REASON_TEXT) as TlsFailureReason[];

const ADD_CA = 'use a connection string with CaCertificate, the option ca, or STREAMS_CA_FILE';

function trusted(source: Trust['source']): string {
  return source === 'file' ? 'in STREAMS_CA_FILE' : 'one that Node trusts';
}

/** The moment from which on the first bad certificate of the chain is bad. */
function at(certificate: DetailedPeerCertificate | undefined, field: 'valid_from' | 'valid_to'): string {
  for (const each of chainOf(certificate)) {
    const ms = Date.parse(each[field]);
    const isBad = field === 'valid_to' ? ms < systemClock.wallMs() : ms > systemClock.wallMs();
    if (isBad) return ` ${field === 'valid_to' ? 'on ' : ''}${iso(ms)}`;
  }
  return '';
}

function* chainOf(certificate: DetailedPeerCertificate | undefined): Generator<DetailedPeerCertificate> {
  const seen = new Set<DetailedPeerCertificate>();
  for (let each = certificate; each && !seen.has(each); each = each.issuerCertificate as DetailedPeerCertificate | undefined) {
    seen.add(each);
    yield each;
  }
}

/** OpenSSL goes by the machine's clock, not by the client's. */
function now(): string {
  return iso(systemClock.wallMs());
}

function iso(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`;
}

function issuer(certificate: DetailedPeerCertificate | undefined): string {
  const name: unknown = certificate?.issuer?.CN;
  return typeof name === 'string' ? ` ("${printable(name)}")` : '';
}

function namesOf({ cert }: NamesError): string {
  const names = cert?.subjectaltname?.split(', ').map((name) => name.replace(/^[^:]*:/, '')) ?? [String(cert?.subject?.CN ?? 'nobody')];
  const more = names.length > MOST_NAMES ? ', …' : '';
  return names.slice(0, MOST_NAMES).map(printable).join(', ') + more;
}

/** Who poses as the hub writes what they like into a certificate; it must not get far in a log or a terminal. */
function printable(name: string): string {
  return name.slice(0, MOST_CHARACTERS).replaceAll(/[^\p{L}\p{N}\p{P}\p{S} ]/gu, '?');
}
