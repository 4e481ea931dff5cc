# SPDX-License-Identifier: Apache-2.0
# MTVD: policies, order, changes under traffic without loss, CPU hot-plug.
. /airvf-common
pair_up /airvf.ko airvf || { dmesg | tail -40; exit 1; }
m=/sys/class/net/air0/airvf
# One flow towards us; a number of its report. UDP, because TCP's own repetitions would count as disorder.
# On a busy machine for longer: an order is seen in a hundred datagrams.
udp() {
	local seconds
	for seconds in 2 4 8 16; do
		far_server -1
		iperf3 -c 10.0.0.2 -u -R -t $seconds --json "$@" >/tmp/udp.json 2>&1 || return 1
		[ "$(report packets)" -ge 100 ] && return
	done
}
good() { ethtool -S air0 | awk '/rx_queue_[0-7]_csum_(good|none)/ { n += $2 } END { print n }'; }
report() { grep -m1 "\"$1\"" /tmp/udp.json | grep -o '[0-9]*'; }
for policy in flow rr-ordered rr; do
	for n in 1 2 3; do
		check "$policy with $n workers" bash -c "echo 0 >$m/mtvd_workers && echo $policy >$m/mtvd_policy && echo $n >$m/mtvd_workers"
		check "ping" ping -q -c 3 -i 0.1 -W 2 -s 5000 10.0.0.2
		before=$(good)
		[ $n = 3 ] || check "TCP, $policy, $n workers" tcp -R -P 2
		[ $n = 3 ] || check "checksums are counted" [ $(($(good) - before)) -ge 100 ]
		check "UDP, $policy, $n workers" udp -b 40M -l 300
		check "enough of it for an order" [ "$(report packets)" -ge 100 ]
		echo "     $(report packets) packets, $(report out_of_order) out of order;" \
			"$(ethtool -S air0 | grep -E 'worker_[012]_packets|mtvd' | tr -s ' \n' ' ')"
		[ "$policy" = rr ] || check "$policy keeps the order" [ "$(report out_of_order)" = 0 ]
	done
done
ps -e -o comm,psr | grep napi/
say "changes under traffic"
full=$(counter mtvd_full)
snmp() { awk -v k="$1" '/^Udp:/ { if (!n) { split($0, h); n = 1 } else for (i in h) if (h[i] == k) print $i }' /proc/net/snmp; }
# Also what a slow program had not read when its buffer was full, or leaves behind as it ends.
arrived() { echo $(($(snmp InDatagrams) + $(snmp RcvbufErrors) + $(snmp NoPorts))); }
rx() { cat /sys/class/net/air0/statistics/rx_packets; }
far_server
for policy in flow rr rr-ordered; do
	echo $policy >$m/mtvd_policy
	sleep 0.5
	udp0=$(arrived) rx0=$(rx)
	iperf3 -c 10.0.0.2 -u -R -b 15M -l 512 -t 4 --json >/tmp/udp.json 2>&1 &
	flood=$!
	sleep 0.7
	for i in 1 2 3 4 5; do
		for n in 1 3 0 2; do echo $n >$m/mtvd_workers; sleep 0.05; done
	done
	wait $flood
	sleep 0.5
	udp=$(($(arrived) - udp0)) rx=$(($(rx) - rx0))
	echo "     $policy: $rx packets received, $udp of them UDP that reached a socket; $(report out_of_order) out of order"
	# iperf3's control connection and ARP are not UDP.
	check "$policy: nothing lost, nothing doubled" [ $udp -le $rx -a $udp -ge $((rx - 100)) ]
	[ $policy = rr ] || check "$policy: nothing overtaken by changes of N" [ "$(report out_of_order)" = 0 ]
done
check "no worker was full" same mtvd_full "$full"
# The same against a source that numbers its datagrams, at a rate that the machine can take now. What it has no room for
# all the same is counted, what found no descriptor by the card, what found the socket's buffer full by the stack; nothing
# else may be missing.
takes() { # RATE
	local dropped
	dropped=$(no_descriptor)
	count_flood 20
	host sim flood payload=100 rate=$1 ms=1000 flows=8
	wait $counter
	[ "$(number received)" = "$(number sent)" ] && [ "$(no_descriptor)" = "$dropped" ]
}
echo 1 >$m/mtvd_workers
for rate in 2000 1000 500 250; do takes $rate && break; done
echo 0 >$m/mtvd_workers
full=$(counter mtvd_full)
echo "     takes $rate datagrams a second"
for policy in flow rr rr-ordered; do
	echo $policy >$m/mtvd_policy
	dropped=$(no_descriptor) unread=$(snmp RcvbufErrors)
	count_flood 60
	host sim flood payload=100 rate=$rate ms=5000 flows=8
	sleep 0.5
	for i in 1 2 3 4 5; do
		for n in 1 3 0 2; do echo $n >$m/mtvd_workers; sleep 0.05; done
	done
	for other in rr flow rr-ordered $policy; do echo $other >$m/mtvd_policy; sleep 0.1; done
	wait $counter
	dropped=$(($(no_descriptor) - dropped)) unread=$(($(snmp RcvbufErrors) - unread))
	echo "     $policy: $(cat /tmp/count), $dropped dropped by the card, $unread by the socket"
	check "$policy: every numbered datagram arrived" \
		[ "$(number sent)" -gt $((rate * 5 / 2)) -a $(($(number received) + dropped + unread)) -ge "$(number sent)" ]
	check "$policy: none came twice" [ "$(number received)" -le "$(number sent)" ]
done
check "no worker was full" same mtvd_full "$full"
say "small bursts, full workers, spreading"
echo flow >$m/mtvd_policy
echo 2 >$m/mtvd_workers
sleep 1
in_place=$(counter mtvd_in_place) dispatched=$(counter mtvd_dispatched)
# One answer at a time: what a slow machine finds together may be many.
pings() { local i; for i in $(seq 20); do ping -q -c 1 -W 2 10.0.0.2 || return 1; done; }
check "ping" pings
check "answers to it wake no worker" same mtvd_dispatched "$dispatched"
check "they are delivered in place" [ $(($(counter mtvd_in_place) - in_place)) -ge 20 ]
echo rr-ordered >$m/mtvd_policy
check "rr-ordered has a thread for each worker and no other" [ "$(ps -e -o comm | grep -c napi/air0)" = 2 ]
echo flow >$m/mtvd_policy
before0=$(counter worker_0_packets) before1=$(counter worker_1_packets)
for i in $(seq 16); do far /airvf-load udp-flood 10.0.0.1 9 1 18 18 18 18 >/dev/null & last=$!; done
wait $last
sleep 1
check "flow spreads what one host sends from many ports" \
	[ $(($(counter worker_0_packets) - before0)) -gt 50 -a $(($(counter worker_1_packets) - before1)) -gt 50 ]
# Workers that do not come to their work: the device keeps and drops what is too much, the driver loses nothing. Two, as one
# that is alone has no order to restore.
for policy in flow rr-ordered; do
	echo $policy >$m/mtvd_policy
	echo 0 >$m/mtvd_workers
	echo 2 >$m/mtvd_workers
	set -- $(ps -e -o psr,pid,comm | grep napi/air0)
	cpu=$1
	for thread in "$2" "$5"; do
		chrt -i -p 0 "$thread"
		taskset -pc "$cpu" "$thread" >/dev/null # or it would go where nobody is in its way
	done
	dropped=$(no_descriptor) unread=$(snmp RcvbufErrors) full=$(counter mtvd_full)
	count_flood 60
	for i in 1 2 3; do taskset -c "$cpu" sh -c 'while :; do :; done' & hogs="$hogs $!"; done
	# Its end, which says how much was sent, comes when the worker is free again.
	host sim flood payload=18 rate=20000 ms=3000 flows=8
	sleep 2
	kill $hogs
	wait $counter
	hogs=
	dropped=$(($(no_descriptor) - dropped)) unread=$(($(snmp RcvbufErrors) - unread))
	echo "     $policy: $(cat /tmp/count), $dropped dropped by the card, $unread by the socket," \
		"mtvd_full $full to $(counter mtvd_full)"
	check "$policy: a worker was full" [ "$(counter mtvd_full)" -gt "$full" ]
	check "$policy: every datagram arrived that the card took" \
		[ "$(number sent)" -gt 5000 -a $(($(number received) + dropped + unread)) -ge "$(number sent)" ]
	[ $policy = rr-ordered ] || continue
	check "$policy: nothing overtaken" [ "$(number overtaken)" = 0 ]
done
if [ -w /sys/devices/system/cpu/cpu1/online ]; then
	echo 2 >$m/mtvd_workers
	check "CPU off" bash -c "echo 0 >/sys/devices/system/cpu/cpu1/online"
	check "ping with one CPU" ping -q -c 3 -i 0.1 -W 2 10.0.0.2
	check "CPU on" bash -c "echo 1 >/sys/devices/system/cpu/cpu1/online"
	check "ping" ping -q -c 3 -i 0.1 -W 2 10.0.0.2
fi
check "down and up with workers" bash -c "ip link set air0 down && ip link set air0 up"
link_wait
check "ping" ping -q -c 3 -i 0.1 -W 2 10.0.0.2
iperf3 -c 10.0.0.2 -u -R -b 20M -l 512 -t 5 >/dev/null 2>&1 &
sleep 1
check "unload under traffic" bash -c ". /airvf-common; pair_down airvf"
dmesg | grep airvf | tail -5
finish
