// What is to be ended when the demo ends, however it ends: the youngest first.

/** See the file's head. */
export class Closing {
  readonly #all: (() => unknown)[] = [];

  add<Thing>(thing: Thing, close: (thing: Thing) => unknown): Thing {
    this.#all.push(() => close(thing));
    return thing;
  }

  /** One that fails keeps none of the others from ending. */
  async run(): Promise<void> {
    for (const close of this.#all.splice(0).toReversed()) {
      try {
        await close();
      } catch (error) {
        console.error(error);
      }
    }
  }
}
