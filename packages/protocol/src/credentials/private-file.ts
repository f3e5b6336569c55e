// Whether a file that holds a secret is kept from the other users of the machine.

/**
 * Who may have it besides its owner. `nobody`: files that a program makes for itself. `group`: files of an operator's, which its group
 * may read: `root:ssl-cert`, mode 0640, on Debian, and the secrets of Kubernetes.
 */
export type OtherReaders = 'nobody' | 'group';

const FORBIDDEN = { nobody: 0o077, group: 0o027 } as const;
const ENOUGH = { nobody: '600', group: '640' } as const;

/** What is wrong with a file's mode, and the remedy; `undefined` where nothing is. */
export function privacyProblem(file: string, mode: number, readers: OtherReaders): string | undefined {
  // Windows has no such modes.
  if (process.platform === 'win32' || (mode & FORBIDDEN[readers]) === 0) return undefined;
  const who = readers === 'nobody' ? 'others than its owner' : 'others than its owner and its group, or changed by its group';
  return `can be read by ${who}; run: chmod ${ENOUGH[readers]} ${file}`;
}
