/** The exit codes of the command line (see README, "Exit codes"). */
export const exitCode = { done: 0, failed: 1, usage: 2, notPermitted: 3, unsupported: 4, lost: 5 } as const;

/**
 * Stable codes of {@link ArpwhyError}. Programs test these; the message is for people and may change.
 */
export type ErrorCode =
  | 'usage'
  | 'not-permitted'
  | 'unsupported'
  | 'no-native-library'
  | 'no-bpf-object'
  | 'load-failed'
  | 'host-command'
  | 'unknown-device'
  | 'unknown-namespace'
  | 'lab'
  | 'output'
  | 'recording';

/** What each code means to the shell. */
const exitCodes: Record<ErrorCode, number> = {
  usage: exitCode.usage,
  'not-permitted': exitCode.notPermitted,
  unsupported: exitCode.unsupported,
  'no-native-library': exitCode.failed,
  'no-bpf-object': exitCode.failed,
  'load-failed': exitCode.unsupported,
  'host-command': exitCode.failed,
  'unknown-device': exitCode.usage,
  'unknown-namespace': exitCode.usage,
  lab: exitCode.failed,
  output: exitCode.failed,
  recording: exitCode.failed,
};

/**
 * The one error class of arpwhy. `message` is one line that names the thing, what was tried and the cure;
 * `log` holds what libbpf or a command said of it, when there is something.
 */
export class ArpwhyError extends Error {
  readonly code: ErrorCode;
  readonly log: string | null;

  constructor(code: ErrorCode, message: string, options: { log?: string | null; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? {} : { cause: options.cause });
    this.name = 'ArpwhyError';
    this.code = code;
    this.log = options.log ?? null;
  }

  get exitCode(): number {
    return exitCodes[this.code];
  }
}
