# SPDX-License-Identifier: Apache-2.0
# Every operation that stops queues, while both directions carry frames from 64 to 9000 bytes, TCP segmented by the
# device, and XDP programs. ROUNDS: how often (1).
# pf: mtu = 9000
. /airvf-common
. /airvf-config
pair_up /airvf.ko airvf || { dmesg | tail -40; exit 1; }
m=/sys/class/net/air0/airvf
pci=$(basename "$(readlink /sys/class/net/air0/device)")
mtu() { ip link set air0 mtu "$1" && far ip link set air1 mtu "$1"; }
works() { link_wait && soon ping -q -c 3 -i 0.1 -W 1 -s 3000 10.0.0.2; }
# keep NAME COMMAND...: runs it again and again, as long as the storm lasts.
keep() {
	local name=$1
	shift
	while [ -e /tmp/storm ]; do
		"$@" >/dev/null 2>&1 &
		echo $! >"/tmp/storm-$name"
		wait $!
		sleep 0.2
	done
}
begin() {
	touch /tmp/storm
	keep in ip netns exec far /airvf-load udp-flood 10.0.0.1 9 600 8900 &
	keep out /airvf-load udp-flood 10.0.0.2 9 600 18 8900 1472 8900 200 &
	keep tcp iperf3 -c 10.0.0.2 -t 600 --connect-timeout 1000 --bidir &
}
end() {
	rm -f /tmp/storm
	kill $(cat /tmp/storm-*)
	wait
}
# operation COMMAND: several times, so that some fall into the middle of a frame.
operation() {
	local bad=0 i
	for i in 1 2 3; do
		"$1" "$i" >/tmp/operation 2>&1 || { bad=$((bad + 1)); cat /tmp/operation; }
		sleep 0.15
	done
	check "$1" [ $bad = 0 ]
}
rings() { ethtool -G air0 rx $((512 + 512 * ($1 % 2))) tx $((512 + 512 * ($1 % 2))); }
channels() { ethtool -L air0 combined $((1 + $1 % 2)); }
self_test() { ethtool -t air0 offline; }
down_up() { ip link set air0 down && ip link set air0 up; }
smaller() { ip link set air0 mtu $((1500 * ($1 % 4) + 1500)) && ip link set air0 mtu 9000; }
stripping() { ethtool -K air0 rxvlan off && ethtool -K air0 rxvlan on; }
program() {
	local what prog
	for what in pass drop tx redirect; do
		/airvf-xdp air0 $what frags >/tmp/xdp 2>&1 &
		prog=$!
		soon grep -q attached /tmp/xdp || return 1
		sleep 0.1
		kill $prog; wait $prog 2>/dev/null
		: >/tmp/xdp
	done
}
new_reset() { ethtool -r air0; }
workers() { echo $(($1 % 3)) >$m/mtvd_workers; }
policy() {
	echo 2 >$m/mtvd_workers
	for p in rr rr-ordered flow; do echo $p >$m/mtvd_policy; sleep 0.1; done
	echo 0 >$m/mtvd_workers
}
throttle() { ethtool -C air0 adaptive-rx off rx-usecs 0 && ethtool -C air0 rx-usecs 100 && ethtool -C air0 adaptive-rx on; }
function_reset() { echo 1 >"/sys/bus/pci/devices/$pci/reset"; }
check "large frames" mtu 9000
far_server
for round in $(seq "${ROUNDS:-1}"); do
	say "round $round"
	begin
	sleep 1
	for op in rings channels self_test down_up smaller stripping program new_reset workers policy throttle function_reset rings; do
		operation $op
	done
	echo 0 >$m/mtvd_workers
	end
	check "works after it" works
done
check "frames of several buffers were seen" [ "$(ethtool -S air0 | awk '/multi_buffer/ { n += $2 } END { print n }')" -gt 1000 ]
check "frames that the device segmented were sent" [ "$(far cat /sys/class/net/air1/statistics/rx_packets)" -gt 1000 ]
ethtool -S air0 | grep -E "bad_length|frame_errors|multi_buffer|skb_failed|resets|hangs|csum_bad" | grep -v ": 0$"
dmesg | grep airvf | tail -10
check "unload" pair_down airvf
finish
