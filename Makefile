# make            build everything but the BPF objects, which are committed
# make demo       a real incident in namespaces, traced and explained
# make test       every suite that can run here
# make hunt       look for wrong reasons in random configurations
# make bench      what it costs, beside its peers; ARGS='--only untraced,trace-json --rounds 3' for a quick look
# make docs       the pages that are made from tables
# V=1 shows the commands

include quiet.mk

ifneq ($(V),1)
MAKEFLAGS += --no-print-directory
endif

SOURCES := $(shell find src -name '*.ts')
OBJECTS := arpwhy.x64.bpf.o arpwhy.arm64.bpf.o neighbour.bpf.o

.PHONY: all deps native bpf layout check lint docs demo test test-vm test-vm-changes test-vm-arm64 hunt bench bench-smoke clean

all: node_modules/.package-lock.json native dist/.built bench/arpgen

deps:
	$(Q)DEPS_EXTRA='$(DEPS_EXTRA)' scripts/deps

node_modules/.package-lock.json: package.json package-lock.json
	$(say) NPM node_modules
	$(Q)npm ci --no-audit --no-fund --loglevel=error
	$(Q)touch $@

dist/.built: $(SOURCES) package.json tsconfig.json tsconfig.build.json node_modules/.package-lock.json
	$(say) TSC dist
	$(Q)node_modules/.bin/tsc -p tsconfig.build.json
	@# the commands in few files: a hundred small ones take as long to load as the programs of the kernel
	$(Q)rm -rf dist/commands
	$(Q)node_modules/.bin/rolldown dist/cli/main.js --dir dist/commands --format esm --platform node > /dev/null
	$(Q)touch $@

native:
	$(Q)$(MAKE) -C native V=$(V)

bench/arpgen: bench/arpgen.c
	$(say) CC $@
	$(Q)$(CC) -O2 -Wall -Wextra -o $@ $<

bench/usage: bench/usage.c
	$(say) CC $@
	$(Q)$(CC) -O2 -Wall -Wextra -o $@ $<

bench/nothing: bench/nothing.c
	$(say) CC $@
	$(Q)$(CC) -O2 -Wall -Wextra -o $@ $<

# the benchmark is compiled against dist: it measures what is shipped
dist-bench/.built: $(wildcard bench/*.ts) tsconfig.bench.json dist/.built
	$(say) TSC dist-bench
	$(Q)node_modules/.bin/tsc -p tsconfig.bench.json
	$(Q)touch $@

# needs clang 14 and libbpf-dev; only to change what runs in the kernel
bpf:
	$(Q)$(MAKE) -C bpf objects V=$(V)
	$(Q)cp $(OBJECTS:%=bpf/%) bpf/prebuilt/

layout: bpf/layout.c bpf/neighbour-layout.c bpf/record.h bpf/change-record.h bpf/neighbour-record.h
	$(Q)$(MAKE) -C bpf layout neighbour-layout V=$(V)
	$(Q)bpf/layout > src/kernel/layout.ts
	$(Q)bpf/neighbour-layout > src/kernel/neighbour-layout.ts

# the committed objects and the wire layout are what their sources make
check: lint
	$(Q)rm -f $(OBJECTS:%=bpf/%)
	$(Q)$(MAKE) -C bpf objects layout neighbour-layout V=$(V)
	$(say) CMP $(OBJECTS:%=bpf/prebuilt/%)
	$(Q)for object in $(OBJECTS); do cmp bpf/$$object bpf/prebuilt/$$object || { echo 'the committed BPF objects are not what bpf/ makes: run make bpf' >&2; exit 1; }; done
	$(say) CMP src/kernel/layout.ts
	$(Q)bpf/layout | cmp - src/kernel/layout.ts || { echo 'the wire layout is not what bpf/record.h says: run make layout' >&2; exit 1; }
	$(Q)bpf/neighbour-layout | cmp - src/kernel/neighbour-layout.ts || { echo 'the wire layout is not what bpf/neighbour-record.h says: run make layout' >&2; exit 1; }

lint: node_modules/.package-lock.json dist/.built
	$(say) LINT .
	$(Q)node_modules/.bin/biome check --error-on-warnings --colors=off .
	$(Q)node_modules/.bin/tsc -p tsconfig.json
	$(Q)node_modules/.bin/tsc -p test/page

docs: docs/verdicts.md

docs/verdicts.md: dist/.built
	$(say) DOC $@
	$(Q)bin/arpwhy reasons --markdown > $@

demo: deps all
	$(Q)scripts/as-root bin/arpwhy demo

# scenarios filter with nft and set offloads with ethtool; bpftool tells what a trace leaves behind; top runs in tmux;
# tshark reads what was recorded; the report is opened in Chromium, and skipped where that cannot be had
test: DEPS_EXTRA += nftables bpftool ethtool arptables tmux tshark
test: deps all
	$(Q)DEPS_EXTRA=chromium scripts/deps || true
	$(Q)scripts/test

# the same rows on other kernels, under QEMU: KERNEL=6.1 TIER=kprobe ROWS='a pattern' make it fewer, ROWS=sample takes
# one a reason; what cannot be installed is a skip with a name
test-vm: DEPS_EXTRA += nftables ethtool arptables
test-vm: deps all
	$(Q)for package in qemu-system-x86 busybox-static kmod cpio xz-utils; do DEPS_EXTRA=$$package scripts/deps || true; done
	$(Q)test/vm/build
	$(Q)KERNEL='$(KERNEL)' TIER='$(TIER)' ROWS='$(ROWS)' WRITE='$(WRITE)' REPORT='$(REPORT)' node test/vm/.build/test/vm/main.js

# what a better tier tells of changes without one of the hooks that see them
test-vm-changes: DEPS_EXTRA += nftables ethtool
test-vm-changes: deps all
	$(Q)for package in qemu-system-x86 busybox-static kmod cpio xz-utils; do DEPS_EXTRA=$$package scripts/deps || true; done
	$(Q)test/vm/build
	$(Q)KERNEL='$(KERNEL)' TIER='$(TIER)' node test/vm/.build/test/vm/unseen.js

# the arm64 objects on an arm64 kernel: whether their programs load and attach
test-vm-arm64: deps all
	$(Q)for package in qemu-system-arm gcc-aarch64-linux-gnu libc6-dev-arm64-cross cpio; do DEPS_EXTRA=$$package scripts/deps || true; done
	$(Q)test/vm/build
	$(Q)node test/vm/.build/test/vm/arm64.js

# random configurations on this kernel: every verdict's cause is changed, and the verdict has to change
hunt: DEPS_EXTRA += nftables ethtool tcpdump
hunt: deps all
	$(Q)scripts/as-root node_modules/.bin/vitest run --project hunt

# peers that are not installed are installed; one that cannot be had is a skip in the table
bench: deps all bench/usage bench/nothing dist-bench/.built
	$(Q)for package in tcpdump linux-perf bpftrace; do DEPS_EXTRA=$$package scripts/deps || true; done
	$(Q)scripts/as-root bench/bench $(ARGS)

# every part of it, too short to mean anything: that it still works
bench-smoke: deps all bench/usage bench/nothing dist-bench/.built
	$(Q)scripts/as-root bench/bench --rounds 1 --arp-ms 100 --udp-ms 50 --rate 5000 --record-rate 5000 --sustain-seconds 1 $(ARGS)

# the recording that the demo shows where the kernel cannot be traced: only to replace the committed one
demo/incident.pcapng.gz: all
	$(Q)scripts/as-root bin/arpwhy demo -o $@

clean:
	$(Q)rm -rf dist dist-bench native/*.so bpf/*.o bpf/layout bpf/neighbour-layout bench/arpgen bench/usage bench/nothing
