// Thousands of devices at once: out as lines of JSON, and in again, with how far it is and what failed.
import {
  asExportedDevice,
  asHubView,
  asImportAnswer,
  createError,
  type ErrorCode,
  type ExportedDevice,
  type ImportAnswer,
  type ImportedDevice,
  type ImportProgress,
} from '@streams/protocol/internal';
import type { Rest } from './rest.ts';

/** Characters that are sent together, where the source gives devices one by one. */
const CHUNK_CHARACTERS = 65_536;

/** What an import takes: devices, or lines of JSON (NDJSON) however they are cut, such as a file that is being read. */
export type ImportSource = Iterable<ImportedDevice> | AsyncIterable<ImportedDevice> | AsyncIterable<Uint8Array>;

/** A line that made or changed no device. */
export interface ImportRowFailure {
  /** From 1; of devices that were given one by one, the number of the device. */
  readonly line: number;
  /** Absent where the line has none that could be read. */
  readonly deviceId?: string | undefined;
  readonly code: ErrorCode;
  readonly message: string;
}

/** How an import is watched, and ended. */
export interface ImportOptions {
  /** Called now and then with how far it is. */
  readonly onProgress?: ((progress: ImportProgress) => void) | undefined;
  /** Called for each line that fails. Default: they are counted. */
  readonly onFailure?: ((failure: ImportRowFailure) => void) | undefined;
  /** End soon after the first line that fails. Default: the others are carried out. */
  readonly stopOnError?: boolean | undefined;
  /** Ends it. What was carried out stays. */
  readonly signal?: AbortSignal | undefined;
}

/** See `Devices.export`. */
export async function* exportDevices(rest: Rest, query: string): AsyncGenerator<ExportedDevice, void> {
  await adjustClock(rest);
  for await (const line of rest.lines({ method: 'GET', path: `/v1/devices:export${query}` })) yield asExportedDevice(line);
}

/** See `Devices.import`. */
export async function importDevices(rest: Rest, source: ImportSource, options: ImportOptions): Promise<ImportProgress> {
  const { stopOnError, signal } = options;
  await adjustClock(rest, signal);
  const body = new Lines(source);
  const path = `/v1/devices:import${stopOnError ? '?stopOnError=true' : ''}`;
  try {
    for await (const line of rest.lines({ method: 'POST', path, body, signal })) {
      const answer = asImportAnswer(line);
      const result = answer && take(answer, options);
      if (result) return result;
    }
  } catch (error) {
    throw body.failure ?? error;
  }
  throw createError('CONNECT_FAILED', { message: 'the answer to the import ended early; import again: what is there already stays' });
}

/** @throws what ended the import. */
function take(answer: ImportAnswer, { onProgress, onFailure }: ImportOptions): ImportProgress | undefined {
  const { type } = answer;
  if (type === 'failed') {
    const { line, deviceId, code, message } = answer;
    onFailure?.({ line, deviceId, code: `STREAMS_${code}`, message });
    return undefined;
  }
  const { lines, created, changed, unchanged, failed } = answer;
  const progress = { lines, created, changed, unchanged, failed };
  if (type === 'error')
    throw createError(answer.code, { message: answer.message, trackingId: answer.trackingId, details: { ...progress } });
  onProgress?.(progress);
  return type === 'done' ? progress : undefined;
}

/** A long body cannot be sent again: were this machine's clock wrong, it is known before the body is begun. */
async function adjustClock(rest: Rest, signal?: AbortSignal): Promise<void> {
  await rest.call({ method: 'GET', path: '/v1/hub', timeoutMs: 0, signal }, asHubView);
}

/** A source as bytes; remembers what it has thrown, which is no failure of the connection. */
class Lines implements AsyncIterable<Uint8Array> {
  failure: unknown;
  readonly #source: ImportSource;

  constructor(source: ImportSource) {
    this.#source = source;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void> {
    let text = '';
    for await (const piece of this.#pieces()) {
      if (piece instanceof Uint8Array) {
        yield piece;
        continue;
      }
      text += `${JSON.stringify(piece)}\n`;
      if (text.length < CHUNK_CHARACTERS) continue;
      yield Buffer.from(text);
      text = '';
    }
    if (text !== '') yield Buffer.from(text);
  }

  /** By itself, since a connection that fails throws into the iteration above, not into this one. */
  async *#pieces(): AsyncGenerator<ImportedDevice | Uint8Array, void> {
    try {
      for await (const piece of this.#source) yield piece;
    } catch (error) {
      this.failure = error;
      throw error;
    }
  }
}
