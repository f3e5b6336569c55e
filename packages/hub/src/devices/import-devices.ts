// `POST /v1/devices:import`: a device for each line of JSON. What fails is told line by line, and stops nothing else unless it should.
import {
  asImportedDevice,
  type Clock,
  createError,
  type ImportAnswer,
  type ImportFailure,
  type Line,
  LineSplitter,
  type Logger,
  MAX_LINE_BYTES,
  parseObject,
  StreamsError,
  within,
} from '@streams/protocol/internal';
import { toStreamsError } from '../http/errors.ts';
import type { DeviceWriter, WrittenDevice } from './device-writer.ts';

/** Lines whose devices are written, and flushed to disk, together; all else waits some milliseconds for them. */
const BATCH = 250;
/** Who sends nothing for so long is given up. */
export const IMPORT_STALL_MS = 15_000;

/** What an import works on. */
export interface ImportContext {
  readonly devices: DeviceWriter;
  readonly clock: Clock;
  readonly logger: Logger;
  /** True once the hub takes nothing more. */
  readonly isClosed: () => boolean;
}

/** What comes in, and how it is to be taken. */
export interface Import {
  readonly chunks: AsyncIterable<Uint8Array>;
  readonly isInScope: (deviceId: string) => boolean;
  /** End with the first line that fails; those of its batch are carried out too. */
  readonly stopOnError: boolean;
  /** Fires if the caller goes away. */
  readonly signal: AbortSignal;
  readonly trackingId: string;
}

/** Takes `chunks` no faster than devices are written, and answers are read. Yields lines of the answer. */
export class DeviceImport {
  readonly #context: ImportContext;
  readonly #import: Import;
  readonly #counts = { lines: 0, created: 0, changed: 0, unchanged: 0, failed: 0 };

  constructor(context: ImportContext, given: Import) {
    this.#context = context;
    this.#import = given;
  }

  async *answer(): AsyncGenerator<string, void> {
    try {
      for await (const batch of this.#batches()) {
        const failures = await this.#carryOut(batch);
        const lines = failures.map((failure): ImportAnswer => ({ type: 'failed', ...failure }));
        yield textOf([...lines, { type: 'progress', ...this.#counts }]);
        if (failures.length > 0 && this.#import.stopOnError) break;
      }
      yield textOf([{ type: 'done', ...this.#counts }]);
    } catch (thrown) {
      const { signal, trackingId } = this.#import;
      if (signal.aborted) return;
      const { wireCode: code, message } = toStreamsError(thrown, trackingId, this.#context.logger);
      yield textOf([{ type: 'error', code, message, trackingId, ...this.#counts }]);
    }
    await this.#ignoreRest();
  }

  async *#batches(): AsyncGenerator<Line[], void> {
    const splitter = new LineSplitter(MAX_LINE_BYTES);
    for await (const chunk of this.#chunks()) {
      const lines = splitter.push(chunk);
      for (let start = 0; start < lines.length; start += BATCH) {
        if (this.#context.isClosed()) throw createError('DRAINING');
        yield lines.slice(start, start + BATCH);
      }
    }
    const last = splitter.end();
    if (last.length > 0) yield last;
  }

  #chunks(): AsyncIterable<Uint8Array> {
    const message = `nothing came for ${IMPORT_STALL_MS} ms; import again: what is there already stays`;
    return within(this.#import.chunks, this.#context.clock, IMPORT_STALL_MS, () => createError('BAD_REQUEST', { message }));
  }

  /** A connection that is closed while bytes come may lose the last lines of the answer. */
  async #ignoreRest(): Promise<void> {
    try {
      for await (const _chunk of this.#chunks());
    } catch {
      // It ends here either way.
    }
  }

  /** Gives the lines that failed. @throws what is no fault of a line: a registry that cannot write. */
  async #carryOut(lines: readonly Line[]): Promise<ImportFailure[]> {
    const outcomes = await Promise.all(lines.map((line) => this.#put(line)));
    for (const outcome of outcomes) this.#counts[typeof outcome === 'string' ? outcome : 'failed'] += 1;
    this.#counts.lines = lines.at(-1)?.number ?? this.#counts.lines;
    return outcomes.filter((outcome) => typeof outcome !== 'string');
  }

  async #put({ number, text }: Line): Promise<WrittenDevice['outcome'] | ImportFailure> {
    let deviceId: string | undefined;
    try {
      if (text === undefined) throw createError('TOO_LARGE', { message: `a line holds at most ${MAX_LINE_BYTES} bytes` });
      const device = asImportedDevice(parseObject(text, 'line'));
      ({ deviceId } = device);
      if (!this.#import.isInScope(deviceId)) throw createError('FORBIDDEN', { message: 'the policy does not permit this device' });
      return (await this.#context.devices.put(deviceId, device)).outcome;
    } catch (error) {
      if (!StreamsError.is(error) || error.wireCode === 'INTERNAL') throw error;
      return { line: number, deviceId, code: error.wireCode, message: error.message };
    }
  }
}

function textOf(lines: readonly ImportAnswer[]): string {
  return lines.map((line) => `${JSON.stringify(line)}\n`).join('');
}
