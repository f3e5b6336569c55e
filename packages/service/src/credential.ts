// What a service's requests are authorised with: signatures with a policy's key.
import { hubTimeOf, type Signer, type StreamsError } from '@streams/protocol/internal';

/** Makes the `Authorization` of each request. */
export interface Credential {
  authorization(): string | Promise<string>;
  /** After a 401: true if the next `authorization` may be taken. */
  renew(refusal: StreamsError): boolean;
}

/** Signatures; a refusal that came from a wrong clock is mended by the hub's. */
export function signatures(signer: Signer): Credential {
  return {
    authorization: () => signer.authorization(),
    renew: (refusal) => signer.adjustTo(hubTimeOf(refusal)),
  };
}
