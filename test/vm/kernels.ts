/** A Debian kernel to test on: the newest that its suite has. */
export interface Kernel {
  /** As `make test-vm KERNEL=…` takes it, and as tables show it. */
  name: string;
  /** The suite, and whether it comes from the archive of security updates. */
  suite: string;
  security: boolean;
  /** The metapackage whose dependency is the image. */
  metapackage: string;
}

const kernel = (name: string, suite: string, metapackage = 'linux-image-amd64'): Kernel => ({
  name,
  suite,
  security: suite.endsWith('-security'),
  metapackage,
});

/** Oldest first. Cloud kernels will not do: they lack 9p. */
export const kernels: readonly Kernel[] = [
  kernel('5.10', 'bullseye-security'),
  kernel('6.1', 'bookworm-security'),
  kernel('6.12', 'trixie'),
  kernel('rt', 'trixie', 'linux-image-rt-amd64'),
  kernel('newest', 'sid'),
];
