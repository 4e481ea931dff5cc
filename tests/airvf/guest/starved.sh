# SPDX-License-Identifier: Apache-2.0
# What takes queues down and up again in a process that hardly gets a processor: they stay closed for longer than the stack's
# watchdog waits (10 s), and must not be taken for stuck ones. Since 6.18 the kernel does not throttle a process while it is
# inside a system call: nothing stays closed there.
. /airvf-common
pair_up /airvf.ko airvf || { dmesg | tail -40; exit 1; }
group=/run/starved
mkdir -p $group && mount -t cgroup2 none $group && echo +cpu >$group/cgroup.subtree_control && mkdir $group/one &&
	echo 1000 1000000 >$group/one/cpu.max
check "a group that has a thousandth of a processor" [ "$(cat $group/one/cpu.max)" = "1000 1000000" ]
starved() { # COMMAND...: by turns with four others that take what there is
	local burning=() n code
	for n in 1 2 3 4; do
		bash -c "echo \$\$ >$group/one/cgroup.procs; while :; do :; done" &
		burning+=($!)
	done
	(echo $BASHPID >$group/one/cgroup.procs && "$@")
	code=$?
	kill -9 "${burning[@]}"
	wait "${burning[@]}" 2>/dev/null
	return $code
}
works() { linked && ping -q -c 5 -i 0.2 -W 2 10.0.0.2; }
attributes=/sys/class/net/air0/airvf
restart() { echo 0 >$attributes/fir_rate; } # without a limit of interrupts transmission works otherwise
echo fir >$attributes/moderation
resets=$(counter resets) timeouts=$(counter tx_timeout_count) began=$SECONDS
check "queues are restarted" starved restart
say "in $((SECONDS - began)) s"
check "not taken for stuck" same tx_timeout_count "$timeouts"
check "no reset" same resets "$resets"
check "the link stayed, traffic goes on" works
check "unload" pair_down airvf
finish
