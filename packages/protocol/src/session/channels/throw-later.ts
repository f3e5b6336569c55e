// What an application's callback throws neither loses frames nor ends the session: it is thrown where nobody catches it.

/** Runs `call`, and throws later what it throws. */
export function throwLater(call: () => void): void {
  try {
    call();
  } catch (error) {
    queueMicrotask(() => {
      throw error;
    });
  }
}
