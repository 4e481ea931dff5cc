# SPDX-License-Identifier: Apache-2.0
# vfpool's front door. Everything runs inside the tool root, which is built on first use (tools/toolroot; TOOLROOT=none:
# this machine's own tools), but `modules`, `install` and `dkms`, which are for the machine that shall run them.

IN_ROOT := tools/toolroot run
KDIR ?= $(or $(KERNELDIR),$(KERNEL_DIR),/lib/modules/$(or $(KERNELRELEASE),$(shell uname -r))/build)
MODULES_BUILD := build/modules
DKMS_VERSION := $(shell sed -n 's/^PACKAGE_VERSION="\(.*\)"/\1/p' dkms.conf)
DKMS_SOURCE := /usr/src/vfpool-$(DKMS_VERSION)

.DEFAULT_GOAL := help
.PHONY: help toolroot sim asan demo lab lab-down test test-long bench lint formal syn modules install \
	uninstall commands install-commands dkms dkms-remove regs clean

help: ## this list
	@echo "vfpool: several servers share the virtual functions of one 82599"
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo "Variables: KDIR=kernel build folder (modules), KERNELRELEASE=kernel (modules, dkms), TOOLROOT=none"

toolroot: ## build the Debian 13 root with all tools (once)
	@tools/toolroot make

sim: toolroot ## build vfpool-sim, vfpool-lab and their tools (release)
	@$(IN_ROOT) tools/build release

asan: toolroot
	@$(IN_ROOT) tools/build asan

demo: sim ## boot three real Linux servers around the RTL bridge and check the whole story
	@$(IN_ROOT) sim/lab/demo

lab: sim ## boot the same servers and leave them running; says how to get a shell (TOPOLOGY, PRESET: others)
	@$(IN_ROOT) sim/lab/up $(TOPOLOGY)

lab-down: ## stop what `make lab` left running
	@$(IN_ROOT) sim/lab/down

test: toolroot ## every check, ends with `N passed, N failed`
	@tests/run

test-long: toolroot ## and what takes hours: mutations, all kernels, a debug kernel
	@tests/run --long

bench: toolroot ## measurements, records and plots under build/bench (BENCH=names: only those; docs/results.md)
	@$(IN_ROOT) tests/bench/run $(BENCH)

lint: toolroot ## what holds for the source itself: RTL lint, style, licences, order of folders, references (tests/rules)
	@tests/run lint

formal: toolroot ## prove the blocks of the bridge (docs/bridge-inside.md)
	@$(IN_ROOT) rtl/blocks formal

syn: toolroot ## synthesise them and compare area and timing with their budgets
	@$(IN_ROOT) rtl/blocks syn

# The source tree stays clean: kbuild gets a tree of links.
modules: ## build the kernel modules for KDIR
	@tools/build-modules "$(KDIR)" $(MODULES_BUILD)

install: modules ## install the modules for KDIR's kernel (updates/) and run depmod
	$(MAKE) -C "$(KDIR)" M="$(CURDIR)/$(MODULES_BUILD)" modules_install
	depmod "$$($(MAKE) -s -C '$(KDIR)' kernelrelease)"

uninstall: ## remove them again
	release=$$($(MAKE) -s -C "$(KDIR)" kernelrelease) && cd "/lib/modules/$$release" && \
		rm -rf updates/drivers/airvf updates/drivers/vfpool && { rmdir -p updates/drivers 2>/dev/null || true; } && depmod "$$release"

COMMANDS := hotplug_in hotplug_out vfpool
PREFIX ?= /usr/local

commands: toolroot ## build hotplug_in, hotplug_out and vfpool: static programs for any x86-64 server
	@$(IN_ROOT) tools/build release $(COMMANDS)
	@echo "build/release/tools/vfpool: $(COMMANDS)"

install-commands: commands ## install them with their manual pages and completions below PREFIX (/usr/local)
	install -d $(PREFIX)/sbin $(PREFIX)/share/man/man8 $(PREFIX)/share/bash-completion/completions
	for c in $(COMMANDS); do \
		install build/release/tools/vfpool/$$c $(PREFIX)/sbin/ && \
		$(PREFIX)/sbin/$$c --man >$(PREFIX)/share/man/man8/$$c.8 && \
		$(PREFIX)/sbin/$$c --completion >$(PREFIX)/share/bash-completion/completions/$$c || exit 1; \
	done

# Only what DKMS needs is copied, so that it does not take build/ along.
dkms: ## hand the modules to DKMS, which builds them for KERNELRELEASE (this kernel) and every later one
	rm -rf "$(DKMS_SOURCE)"
	mkdir -p "$(DKMS_SOURCE)"
	cp -r Kbuild LICENSE dkms.conf drivers "$(DKMS_SOURCE)"
	dkms install --force -m vfpool -v $(DKMS_VERSION) $(if $(KERNELRELEASE),-k $(KERNELRELEASE))

dkms-remove: ## take them back from DKMS
	dkms remove -m vfpool -v $(DKMS_VERSION) --all
	rm -rf "$(DKMS_SOURCE)"

regs: toolroot ## regenerate package, header and table of the bridge's registers
	@$(IN_ROOT) tools/regs/generate

clean: ## remove build products (the tool root stays; `tools/toolroot clean` removes it)
	@find build -mindepth 1 -maxdepth 1 ! -name 'toolroot*' -exec rm -rf {} + 2>/dev/null || true
