# SPDX-License-Identifier: Apache-2.0
# What sharing the work of receiving brings, on four processors with a task each: interrupts and the dispatcher on 0,
# what helps it (workers, threads, RPS, cpumap) on 1 and 2, the program on 3. tests/airvf/mtvd_bench runs it and reads
# its lines.
. /airvf-common
. /airvf-config
taskset -p 8 $$ >/dev/null
snmp() { awk -v k="$1" '/^Udp:/ { if (!n) { split($0, h); n = 1 } else for (i in h) if (h[i] == k) print $i }' /proc/net/snmp; }
# On a processor of usual speed the budget ends a turn of softirqs, not its time.
sysctl -q -w net.core.netdev_budget_usecs=1000000
pair_up /airvf.ko airvf || exit 1
ethtool -L air0 combined 1 2>/dev/null
link_wait
for irq in $(awk -F: '/-queue-/ { print $1 }' /proc/interrupts); do echo 1 >/proc/irq/$irq/smp_affinity || exit 1; done
m=/sys/class/net/air0/airvf q=/sys/class/net/air0/queues/rx-0
echo 1-2 >$m/mtvd_cpus
pin() { # MASK: threads of NAPI
	for thread in $(ps -e -o pid,comm | awk '/napi.air0/ { print $1 }'); do taskset -p "$1" "$thread" >/dev/null; done
}
# Kernel 7.3 waits for ever for the thread of a vector without a queue.
unthread() {
	[ "$(cat /sys/class/net/air0/threaded)" != 0 ] || return 0
	ethtool -L air0 combined 2 && link_wait
	echo 0 >/sys/class/net/air0/threaded
	ethtool -L air0 combined 1 && link_wait
}
configure() { # one threaded rps-N cpumap-N POLICY-N
	echo 0 >$m/mtvd_workers
	unthread
	echo 0 >$q/rps_cpus
	[ -z "$redirect" ] || { kill "$redirect"; wait "$redirect" 2>/dev/null; redirect=; sleep 0.3; }
	case $1 in
	one) ;;
	threaded) echo 1 >/sys/class/net/air0/threaded && pin 2 ;;
	rps-1) echo 2 >$q/rps_cpus ;;
	rps-2) echo 6 >$q/rps_cpus ;;
	cpumap-*) /airvf-xdp air0 "$1" >/tmp/xdp & redirect=$!; soon grep -q attached /tmp/xdp ;;
	*) echo "${1%-*}" | sed s/ordered/rr-ordered/ >$m/mtvd_policy && echo "${1#*-}" >$m/mtvd_workers ;;
	esac
}
snap() { echo "$(snmp RcvbufErrors) $(cat /sys/class/net/air0/statistics/rx_packets) $(counter mtvd_full)"; }
# Stamps come late on a busy machine, so they are made while nothing happens: then the clock hardly moves.
measure() { # TEST FLOWS RATE [MS]
	count_flood 60
	taskset -p 8 $counter >/dev/null
	a=$(snap)
	host stamp "$round $config $1 begin"
	sleep 0.3
	host sim flood payload=18 "rate=$3" "ms=${4:-$ms}" "flows=$2"
	wait $counter
	host stamp "$round $config $1 end"
	sleep 0.3
	set -- "$1" $a $(snap)
	echo "@json {\"round\": $round, \"config\": \"$config\", \"test\": \"$1\", \"socket_full\": $(($5 - $2))," \
		"\"rx\": $(($6 - $3)), \"worker_full\": $(($7 - $4)), \"flood\": $(cat /tmp/count)}"
}
for round in $(seq "${rounds:-1}"); do
	for config in $configs; do
		configure "$config" || { echo "FAIL $config"; dmesg | tail -5; failed=1; continue; }
		for test in $tests; do # NAME:FLOWS:RATE[:MS]
			set -- $(echo $test | tr : ' ')
			measure "$@"
		done
	done
done
finish
