/** A Debian kernel to test on: the newest that its suite has. */
export interface Kernel {
  /** As `make test-vm KERNEL=…` takes it, and as tables show it. */
  name: string;
  /** The suite, and whether it comes from the archive of security updates. */
  suite: string;
  security: boolean;
  /** The metapackage whose dependency is the image. */
  metapackage: string;
  /** Hooks that cannot be had there, and why; any other that is missing is a failure. */
  without: readonly string[];
}

const kernel = (
  name: string,
  suite: string,
  metapackage = 'linux-image-amd64',
  without: readonly string[] = [],
): Kernel => ({
  name,
  suite,
  security: suite.endsWith('-security'),
  metapackage,
  without,
});

/** A trampoline takes six arguments there. */
const sixArguments = ['fexit/fib_validate_source'];

/** Oldest first. Cloud kernels will not do: they lack 9p. */
export const kernels: readonly Kernel[] = [
  kernel('5.10', 'bullseye-security', 'linux-image-amd64', sixArguments),
  kernel('6.1', 'bookworm-security', 'linux-image-amd64', sixArguments),
  kernel('6.12', 'trixie'),
  kernel('rt', 'trixie', 'linux-image-rt-amd64'),
  kernel('newest', 'sid'),
];
