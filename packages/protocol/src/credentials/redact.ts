// Keeps secrets out of logs: a secret shows itself only to who asks for it by name.
import { inspect } from 'node:util';

const REDACTED = '[redacted]';

/** A string that prints as `[redacted]`, in templates, JSON and `console.log` alike. */
export class Secret {
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
  }

  /** The secret itself. */
  reveal(): string {
    return this.#value;
  }

  toString(): string {
    return REDACTED;
  }

  toJSON(): string {
    return REDACTED;
  }
}

// A method of this computed name would need a type that `isolatedDeclarations` cannot write.
Object.defineProperty(Secret.prototype, inspect.custom, { value: () => REDACTED });

/** Credentials as they stand in connection strings, `Authorization` headers and upgrade answers. */
const PATTERNS: readonly [RegExp, string][] = [
  [/(SharedAccessKey=)[^;\s"']+/gi, `$1${REDACTED}`],
  [/(\bsig=)[^&\s"']+/gi, `$1${REDACTED}`],
  [/(\bBearer\s+)[A-Za-z0-9._~+/=-]+/gi, `$1${REDACTED}`],
  [/("keys"\s*:\s*\[)[^\]]*(\])/gi, `$1${REDACTED}$2`],
  [/("(?:token|key|authorization)"\s*:\s*")[^"]*(")/gi, `$1${REDACTED}$2`],
];

/** `text` of unknown origin, such as a foreign error's message, without credentials. */
export function redact(text: string): string {
  return PATTERNS.reduce((clean, [pattern, replacement]) => clean.replace(pattern, replacement), text);
}
