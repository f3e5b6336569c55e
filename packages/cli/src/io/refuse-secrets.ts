// Keys do not belong into arguments: every user of the machine sees them in the list of processes, and the shell keeps them.
import { createError } from '@streams/protocol/internal';

const WHY =
  'a key must not be an argument, since every user of this machine could read it; put it into STREAMS_CONNECTION_STRING, or into a file for --connection-string-file';
const OPTIONS = /^--(?:connection-string|shared-access-key|sas|token|password)(?:=|$)/i;
/** What a connection string holds, a signature, and base64 of 32 or 64 bytes, as keys are. */
const SECRETS = [/SharedAccessKey=/i, /SharedAccessSignature/i, /(?:^|=)[A-Za-z0-9+/]{43}=$/, /(?:^|=)[A-Za-z0-9+/]{86}==$/];

/** @throws `STREAMS_INVALID_ARGUMENT` that says why, and does not repeat the secret. */
export function refuseSecrets(args: readonly string[]): void {
  if (args.some((arg) => OPTIONS.test(arg) || SECRETS.some((secret) => secret.test(arg)))) {
    throw createError('INVALID_ARGUMENT', { message: WHY, details: { field: 'arguments' } });
  }
}
