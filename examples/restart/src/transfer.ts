// A file on its way, by whatever program: it arrives in a folder of its own, and its hash must be that of what was sent.
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { hashOf, type Output, sizeOf } from '../../../test/support/programs.ts';
import type { Load } from './load.ts';
import { Pauses } from './pauses.ts';

const MIB = 2 ** 20;
const LOOK_EACH_MS = 50;

export interface TransferOptions {
  /** Where the file grows. */
  readonly folder: string;
  /** Resolves when the program is done, with what it complains about, or ''. */
  readonly complaint: Promise<string>;
  /** Of what was sent; asked for at the end. */
  readonly sha256: () => Promise<string> | string;
}

/** See the file's head. */
export class Transfer implements Load {
  readonly name: string;
  readonly pauses: Pauses = new Pauses();
  isOver = false;
  readonly #options: TransferOptions;
  #size = 0;

  constructor(name: string, options: TransferOptions) {
    this.name = name;
    this.#options = options;
    const looks = setInterval(() => this.#look(), LOOK_EACH_MS);
    void options.complaint.then(() => {
      clearInterval(looks);
      this.isOver = true;
    });
  }

  async end(): Promise<string> {
    const { folder, complaint, sha256 } = this.#options;
    assert.equal(await complaint, '');
    const size = sizeOf(folder);
    const [file = ''] = readdirSync(folder);
    assert.equal(await hashOf(join(folder, file)), await sha256(), 'what arrived DIFFERS from what was sent');
    return `${size / MIB} MiB, hash equal`;
  }

  #look(): void {
    const size = sizeOf(this.#options.folder);
    if (size !== this.#size) this.pauses.moved();
    this.#size = size;
  }
}

/** What a program complains about that has nothing to say if all goes well. */
export function complaintOf({ code, stderr }: Output): string {
  return code === 0 && stderr === '' ? '' : `exit code ${code}: ${stderr}`;
}
