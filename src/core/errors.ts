/**
 * The error catalogue: every refusal and failure a user can meet, one line each.
 *
 * `exit` is the command's exit code (docs/user/cli.md), `origin` says whose side must move,
 * `retryable` whether the same call may succeed later without any change, and `hint` what to do next.
 * Code branches on `code` only, never on message text.
 */
export const ERROR_CATALOGUE = {
  usage: { exit: 2, origin: 'caller', retryable: false, hint: 'See `cox <verb> --help`.' },
  'directory-missing': {
    exit: 2,
    origin: 'caller',
    retryable: false,
    hint: 'Create the directory, or pass another with -C DIR.',
  },
  'worktree-refused': {
    exit: 2,
    origin: 'caller',
    retryable: false,
    hint: 'Pass another --worktree=BRANCH or --base REF; nothing was started.',
  },
  'worktree-failed': {
    exit: 1,
    origin: 'machine',
    retryable: true,
    hint: 'Look at the repository yourself, with git; nothing was started.',
  },
  'policy-invalid': {
    exit: 2,
    origin: 'caller',
    retryable: false,
    hint: 'Correct the line that is named; nothing was started.',
  },
  'config-invalid': {
    exit: 2,
    origin: 'caller',
    retryable: false,
    hint: 'Correct the line that is named; `cox config explain` shows every setting.',
  },
  'codex-argument': {
    exit: 2,
    origin: 'caller',
    retryable: false,
    hint: 'After `--` only -c KEY=VALUE, --enable NAME and --disable NAME are taken.',
  },
  'choice-invalid': {
    exit: 2,
    origin: 'caller',
    retryable: false,
    hint: 'Choose one of the options that `cox inbox` shows.',
  },
  'not-found': {
    exit: 3,
    origin: 'caller',
    retryable: false,
    hint: 'See `cox ls -a` for sessions and `cox inbox` for requests.',
  },
  ambiguous: { exit: 3, origin: 'caller', retryable: false, hint: 'Name one of these ids.' },
  'not-permitted': {
    exit: 4,
    origin: 'machine',
    retryable: false,
    hint: 'Use a state directory of your own: set COX_HOME.',
  },
  'state-unwritable': {
    exit: 4,
    origin: 'machine',
    retryable: false,
    hint: 'Make the directory writable, or set COX_HOME to one that is.',
  },
  'state-broken': {
    exit: 1,
    origin: 'machine',
    retryable: false,
    hint: 'Move the file aside and start again; cox kill --all ends what still runs.',
  },
  'no-baseline': {
    exit: 1,
    origin: 'machine',
    retryable: false,
    hint: 'Changes are measured in git repositories only.',
  },
  unmeasurable: {
    exit: 1,
    origin: 'machine',
    retryable: true,
    hint: 'Look at the folder yourself, with git.',
  },
  conflict: {
    exit: 6,
    origin: 'caller',
    retryable: false,
    hint: 'Look again with `cox inbox` or `cox show`: it has been settled.',
  },
  'codex-missing': {
    exit: 7,
    origin: 'machine',
    retryable: false,
    hint: 'Install it with `npm install -g @openai/codex`, or name it with --codex PATH or COX_CODEX.',
  },
  'codex-too-old': {
    exit: 7,
    origin: 'machine',
    retryable: false,
    hint: 'Update with `npm install -g @openai/codex`, or name a newer one with --codex PATH.',
  },
  'codex-home-unsafe': {
    exit: 2,
    origin: 'caller',
    retryable: false,
    hint: 'Put CODEX_HOME outside the temporary directory: Codex refuses to run sandboxed commands from there.',
  },
  'codex-unreachable': {
    exit: 7,
    origin: 'machine',
    retryable: true,
    hint: 'See the app-server log named in details.',
  },
  'daemon-unreachable': {
    exit: 7,
    origin: 'machine',
    retryable: true,
    hint: 'See `cox daemon status`, and the daemon log it names.',
  },
  'needs-newer-daemon': {
    exit: 7,
    origin: 'machine',
    retryable: false,
    hint: 'Run `cox daemon stop`; the next command starts the new one.',
  },
  survivors: {
    exit: 1,
    origin: 'machine',
    retryable: false,
    hint: 'End these processes by pid; cox show names them.',
  },
  internal: {
    exit: 1,
    origin: 'coxswain',
    retryable: false,
    hint: 'This is a defect of Coxswain; the daemon log has the details.',
  },
} as const satisfies Record<string, ErrorEntry>;

type ErrorEntry = {
  exit: number;
  origin: 'caller' | 'machine' | 'coxswain';
  retryable: boolean;
  hint: string;
};

export type ErrorCode = keyof typeof ERROR_CATALOGUE;

/** An error as data: what travels over the API and what `--json` prints. */
export type Failure = {
  code: ErrorCode;
  message: string;
  hint: string;
  retryable: boolean;
  details: Record<string, unknown>;
};

/** A failure of the catalogue; `hint` only where the catalogue's own is not precise enough. */
export function failure(
  code: ErrorCode,
  message: string,
  details: Record<string, unknown> = {},
  hint: string = ERROR_CATALOGUE[code].hint,
): Failure {
  return { code, message, hint, retryable: ERROR_CATALOGUE[code].retryable, details };
}

/** A failure as an exception, for the edges: thrown where no value can be returned. */
export class CoxError extends Error {
  readonly failure: Failure;

  constructor(failureOfCatalogue: Failure) {
    super(failureOfCatalogue.message);
    this.name = 'CoxError';
    this.failure = failureOfCatalogue;
  }
}
