/** A suite of Debian, and what is taken from it. */
export interface Source {
  /** Of the directory in the cache. */
  name: string;
  /** The suite, and whether it comes from the archive of security updates. */
  suite: string;
  security: boolean;
  architecture: 'amd64' | 'arm64';
}

/** A Debian kernel to test on: the newest that its suite has. Its name is as `make test-vm KERNEL=…` takes it, and as tables show it. */
export interface Kernel extends Source {
  /** The metapackage whose dependency is the image. */
  metapackage: string;
  /** Hooks that cannot be had there; any other that is missing is a failure. */
  without: readonly string[];
}

const kernel = (name: string, suite: string, more: Partial<Kernel> = {}): Kernel => ({
  name,
  suite,
  security: suite.endsWith('-security'),
  architecture: 'amd64',
  metapackage: 'linux-image-amd64',
  without: [],
  ...more,
});

/** A trampoline takes six arguments there. */
const without = ['fexit/fib_validate_source'];

/** Oldest first. Cloud kernels will not do: they lack 9p. */
export const kernels: readonly Kernel[] = [
  kernel('5.10', 'bullseye-security', { without }),
  kernel('6.1', 'bookworm-security', { without }),
  kernel('6.12', 'trixie'),
  kernel('rt', 'trixie', { metapackage: 'linux-image-rt-amd64' }),
  kernel('newest', 'sid'),
];

/** Programs are loaded on it, and nothing else. */
export const arm64 = kernel('arm64', 'trixie', { architecture: 'arm64', metapackage: 'linux-image-arm64' });
