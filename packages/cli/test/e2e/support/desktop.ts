// A screen that nobody sees: an X server whose picture is a file, and programs that show something on it.
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile } from 'node:fs/promises';
import { needs, run, type Scratch, until } from '../../../../../test/support/programs.ts';

export const WIDTH = 800;
export const HEIGHT = 600;

export class Desktop {
  readonly #scratch: Scratch;
  readonly #server: ChildProcess;
  readonly #display: string;
  readonly #programs: ChildProcess[] = [];

  private constructor(scratch: Scratch, server: ChildProcess, display: string) {
    this.#scratch = scratch;
    this.#server = server;
    this.#display = display;
  }

  /** Takes a display that is free. */
  static async start(scratch: Scratch): Promise<Desktop> {
    await mkdir(scratch.file('screen'));
    const screen = ['-screen', '0', `${WIDTH}x${HEIGHT}x24`, '-fbdir', scratch.file('screen')];
    const server = spawn(needs('/usr/bin/Xvfb', 'xvfb'), ['-displayfd', '3', '-nolisten', 'tcp', ...screen], {
      stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
    });
    const told = server.stdio[3];
    assert(told);
    const [number] = (await Promise.race([once(told, 'data'), once(server, 'exit')])) as [unknown];
    assert(server.exitCode === null, `Xvfb has ended with ${server.exitCode}`);
    return new Desktop(scratch, server, `:${String(number).trim()}`);
  }

  /** Starts a program that opens a window; gives what it says if it ends. */
  show(program: string, args: readonly string[]): { errors: () => string } {
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, DISPLAY: this.#display } });
    const texts: string[] = [];
    for (const output of [child.stdout, child.stderr]) output.on('data', (text: Buffer) => texts.push(String(text)));
    this.#programs.push(child);
    return { errors: () => (child.exitCode === null ? '' : `${program} has ended with ${child.exitCode}: ${texts.join('')}`) };
  }

  /** Moves the mouse, presses keys: see xdotool(1). */
  async input(...args: string[]): Promise<void> {
    const xdotool = needs('/usr/bin/xdotool', 'xdotool');
    const { code, stderr } = await run(xdotool, args, { env: { DISPLAY: this.#display } });
    assert(code === 0, `xdotool: ${stderr}`);
  }

  /** The colour of every pixel, row by row, as 0xRRGGBB. */
  async picture(): Promise<Uint32Array> {
    // XWD, written by the X server: 25 words big-endian, a name, the colour map, and then 32 bits a pixel, little-endian.
    const file = await readFile(`${this.#scratch.file('screen')}/Xvfb_screen0`);
    const start = file.readUInt32BE(0) + file.readUInt32BE(19 * 4) * COLOUR_BYTES;
    return Uint32Array.from({ length: WIDTH * HEIGHT }, (_, pixel) => file.readUInt32LE(start + pixel * 4) & 0xffffff);
  }

  /** Waits for a picture. */
  async shows(what: string, isIt: (picture: Uint32Array) => boolean, errors: () => string): Promise<Uint32Array> {
    let picture = await this.picture();
    await until(what, async () => {
      assert.equal(errors(), '');
      picture = await this.picture();
      return isIt(picture);
    });
    return picture;
  }

  async stop(): Promise<void> {
    for (const child of [...this.#programs.reverse(), this.#server]) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      await ended;
    }
  }
}

const COLOUR_BYTES = 12;
