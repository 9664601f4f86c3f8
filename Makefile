# SPDX-License-Identifier: MIT
#
# What people type.  The work is done by CMake (CMakePresets.json) and by scripts/.

ARCH   ?= x86_64
MACHINE ?=
RAM    ?= 256M
CPUS   ?= 1
JOBS   ?= $(shell nproc)

.DEFAULT_GOAL := help
.PHONY: help run shell test bench bench-vm bench-frames bench-heap bench-tlb port-check soak format lint kernel tool clean

help:            ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' Makefile
	@echo "  settings: ARCH=$(ARCH) MACHINE=$(MACHINE) RAM=$(RAM) CPUS=$(CPUS)"

run: kernel      ## boot the machine (ARCH=x86_64, aarch64, armv7 or riscv64), run real programs in it, show what the memory did
	@scripts/run.sh --arch $(ARCH) --machine "$(MACHINE)" --ram $(RAM) --cpus $(CPUS) -- /bin/sh /init

shell: kernel    ## the same machine with a shell for you
	@scripts/run.sh --arch $(ARCH) --machine "$(MACHINE)" --ram $(RAM) --cpus $(CPUS) -- /bin/sh /init shell

test:            ## every test; one closing line
	@scripts/test.sh

bench: bench-vm bench-frames bench-heap  ## everything that is measured, with its bars

bench-vm:        ## the same binary on Debian's kernel and on this one, in instructions
	@bench/bench-vm.sh

bench-frames:    ## page frames: time, instructions, what is left of large blocks
	@bench/bench-frames.sh

bench-tlb:       ## up to how many pages a flush should name each, by a model of TLBs
	@scripts/build.sh release bench-tlb
	@build/release/bench-tlb

bench-heap:      ## malloc beside glibc, mimalloc, jemalloc, tcmalloc and tbb
	@bench/bench-heap.sh

port-check:      ## whether PORT (posix, preload, bare/ARCH or a folder) keeps the promises of quire/port.h
	@scripts/port-check.sh $(or $(PORT),posix)

soak:            ## frames in many hands for a minute, then boots for SOAK_MINUTES (default 30)
	@scripts/soak.sh

format:          ## bring every C file into the house's shape
	@scripts/format.sh --fix

lint:            ## clang-tidy and the include rules
	@scripts/check-includes.sh
	@scripts/lint.sh

kernel:
	@scripts/setup.sh run-$(ARCH)
	@scripts/build.sh bare-$(ARCH)

tool:            ## the command-line tool, build/release/quire
	@scripts/setup.sh run
	@scripts/build.sh release quire-tool quire-malloc

clean:           ## remove what was built (downloads in build/cache stay)
	@for d in build/*; do [ "$$d" = build/cache ] || rm -rf "$$d"; done
