# SPDX-License-Identifier: Apache-2.0
# Suspend and resume, and PCI errors, as far as the kernel lets itself be made to: pm_test goes through all devices and
# comes back, a real sleep is ended from outside; errors come from aer-inject, which many kernels lack.
. /airvf-common
pair_up /airvf.ko airvf || { dmesg | tail -40; exit 1; }
works() { link_wait && sleep 1 && ping -q -c 5 -i 0.2 -W 2 -s 3000 10.0.0.2; }
far_server
vlan_up
check "works" works
if [ -w /sys/power/pm_test ] && grep -q freeze /sys/power/state; then
	for level in freezer devices; do
		for load in idle busy; do
			[ $load = idle ] || { iperf3 -c 10.0.0.2 -t 20 >/dev/null 2>&1 & sleep 1; }
			echo $level >/sys/power/pm_test
			check "suspend to idle, up to $level, $load" bash -c "echo freeze >/sys/power/state"
			check "works after it" works
			kill %1 2>/dev/null; wait
		done
	done
	ethtool -L air0 combined 1
	echo 2 >/sys/class/net/air0/airvf/mtvd_workers
	check "suspend with workers and one channel" bash -c "echo freeze >/sys/power/state"
	check "works after it" works
	check "the settings are still there" [ "$(cat /sys/class/net/air0/airvf/mtvd_workers)" = 2 ]
	echo 0 >/sys/class/net/air0/airvf/mtvd_workers
	ip link set air0 down
	check "suspend while closed" bash -c "echo freeze >/sys/power/state"
	check "opens after it" ip link set air0 up
	check "works after it" works
	if grep -q platform /sys/power/disk 2>/dev/null || grep -q mem /sys/power/state; then
		check "suspend to memory, up to devices" bash -c "echo mem >/sys/power/state"
		check "works after it" works
	fi
	echo none >/sys/power/pm_test
else
	echo "skip suspend: this kernel has no pm_test ($(cat /sys/power/state 2>/dev/null))"
fi
# The real thing: QEMU presses the power button, which ends a suspend to idle, or ends one to memory by itself.
sleeps() {
	local slept=$(cat /sys/power/suspend_stats/success) since=$(date +%s)
	case $1 in
	freeze) host qmp 3 system_powerdown ;;
	mem) host qmp 3 system_wakeup ;;
	esac
	echo "$1" >/sys/power/state
	[ "$(cat /sys/power/suspend_stats/success)" -gt "$slept" ] && [ $(($(date +%s) - since)) -ge 2 ]
}
modprobe button 2>/dev/null
if grep -q ' enabled' /sys/firmware/acpi/interrupts/ff_pwr_btn && grep -q freeze /sys/power/state; then
	for load in idle busy; do
		[ $load = idle ] || { iperf3 -c 10.0.0.2 -t 20 -R >/dev/null 2>&1 & sleep 1; }
		check "asleep in idle, $load" sleeps freeze
		check "works after it" works
		kill %1 2>/dev/null; wait
	done
	ip link set air0 down
	check "asleep in idle, closed" sleeps freeze
	check "opens after it" ip link set air0 up
	check "works after it" works
else
	echo "skip sleep in idle: this kernel has none, or no power button to end it"
fi
# Once: after it this machine neither falls asleep nor switches itself off, with the driver or without. The card loses
# power, that is, is reset.
if grep -q mem /sys/power/state && grep -q '\[deep\]' /sys/power/mem_sleep; then
	echo 2 >/sys/class/net/air0/airvf/mtvd_workers
	ethtool -C air0 adaptive-rx off rx-usecs 100
	iperf3 -c 10.0.0.2 -t 20 -R >/dev/null 2>&1 &
	sleep 1
	check "asleep in memory, busy, with workers" sleeps mem
	check "works after it" works
	kill %1 2>/dev/null; wait
	check "the workers are still there" [ "$(cat /sys/class/net/air0/airvf/mtvd_workers)" = 2 ]
	check "and the interrupt interval" bash -c "ethtool -c air0 | grep -q '^rx-usecs:[[:space:]]*100$'"
	check "and the VLAN" ping -q -c 3 -i 0.2 -W 2 10.7.0.2
	echo 0 >/sys/class/net/air0/airvf/mtvd_workers
else
	echo "skip sleep in memory: this kernel has none"
fi
# An error of the root port above the VF concerns everything below it: error_detected, a link reset if the error is
# fatal, slot_reset, resume. struct aer_error_inj: bus, device, function, pad, uncorrectable, correctable, four words.
inject() { # root port, uncorrectable status (16 bits)
	local bdf=${1#*:}
	printf "\\x${bdf%%:*}\\x$(printf %02x $((0x${bdf:3:2})))\\x0${bdf##*.}\\0\\x${2:2:2}\\x${2:0:2}\\0\\0" >/tmp/error
	head -c 20 /dev/zero >>/tmp/error
	cat /tmp/error >/dev/aer_inject
}
if modprobe aer_inject 2>/dev/null && sleep 0.5 && [ -e /dev/aer_inject ]; then
	port=$(basename "$(dirname "$(readlink -f /sys/class/net/air0/device)")")
	for error in "4000 not fatal: completion time-out" "0010 fatal: data link protocol"; do
		iperf3 -c 10.0.0.2 -t 20 >/dev/null 2>&1 &
		sleep 1
		mark=$(dmesg | wc -l)
		check "AER ${error#* }: injected at $port" inject "$port" "${error%% *}"
		sleep 3
		check "AER ${error#* }: the driver was told" bash -c "dmesg | tail -n +$mark | grep -q 'airvf.*PCI error'"
		check "AER ${error#* }: works after it" works
		kill %1 2>/dev/null; wait
	done
	dmesg | grep -E "AER|pcieport" | tail -20
else
	echo "skip AER: this kernel has no aer_inject"
fi
dmesg | grep -E "airvf|PM:" | tail -40
check "unload" pair_down airvf
finish
