// The key with which a device signs, and how another takes its place while the client runs.
import {
  type Clock,
  createError,
  type DeviceCredentials,
  parseDeviceConnectionString,
  type Secret,
  Signer,
} from '@streams/protocol/internal';

/** See the top of this file. */
export class DeviceKey {
  readonly signer: Signer;
  readonly #credentials: DeviceCredentials;
  /** The last one with which a link has stood. */
  #standing: Secret;
  #wanted: Secret;

  constructor(credentials: DeviceCredentials, clock: Clock) {
    this.#credentials = credentials;
    this.#standing = credentials.key;
    this.#wanted = credentials.key;
    this.signer = new Signer({ resource: `${credentials.hostName}/devices/${credentials.deviceId}`, key: credentials.key }, clock);
  }

  /**
   * Signs with the key of this connection string, if a link comes about with it.
   * @param renew Dials a link.
   * @throws `STREAMS_INVALID_ARGUMENT` if the string is of another device or hub; what `renew` throws.
   */
  async exchange(connectionString: string, renew: () => Promise<void>): Promise<void> {
    const given = parseDeviceConnectionString(connectionString);
    if ((['deviceId', 'hostName', 'port'] as const).some((field) => given[field] !== this.#credentials[field])) {
      const message = 'connectionString: expected one of the same device and hub, with another key';
      throw createError('INVALID_ARGUMENT', { message, details: { field: 'connectionString' } });
    }
    this.#wanted = given.key;
    this.signer.useKey(given.key);
    try {
      await renew();
      this.#standing = given.key;
    } catch (error) {
      // Unless yet another one has been given meanwhile.
      if (this.#wanted === given.key) this.signer.useKey(this.#standing);
      throw error;
    }
  }
}
