# SPDX-License-Identifier: Apache-2.0
# XDP: verdicts, redirect, frames of several buffers, changes under traffic.
# pf: mtu = 9000
. /airvf-common
pair_up /airvf.ko airvf || { dmesg | tail -40; exit 1; }
stat() { ethtool -S air0 | awk -v n="$1" '$1 ~ "_" n ":" { s += $2 } END { print s }'; }
far_rx() { far cat /sys/class/net/air1/statistics/rx_packets; }
put() { # program, [frags]: runs it until away
	rm -f /tmp/xdp # what the one before said
	/airvf-xdp air0 "$@" >/tmp/xdp 2>&1 &
	prog=$!
	soon grep -qs . /tmp/xdp
	cat /tmp/xdp
	grep -q attached /tmp/xdp
}
away() { kill $prog; wait $prog 2>/dev/null; sleep 0.1; }
flood() { far ping -q -c "$1" -i 0.01 -W 1 -s "$2" 10.0.0.1; }
mac0=$(cat /sys/class/net/air0/address)
far ip neigh replace 10.0.0.1 lladdr "$mac0" dev air1
for size in 100 1400; do
	put pass; check "pass $size" flood 30 $size; away
	put drop; before=$(stat xdp_drop); check "drop $size" refused flood 30 $size
	check "dropped" [ $(($(stat xdp_drop) - before)) -ge 30 ]; away
	for verdict in tx redirect; do
		put $verdict
		before=$(stat xdp_$verdict) there=$(far_rx)
		flood 50 $size >/dev/null
		check "$verdict $size counted" [ $(($(stat xdp_$verdict) - before)) -ge 50 ]
		check "$verdict $size arrived" [ $(($(far_rx) - there)) -ge 50 ]
		away
	done
done
check "works" ping -q -c 3 -i 0.1 10.0.0.2
# What the device says of a frame, asked by programs. Before 6.8 no program can ask.
case $(uname -r) in 6.[1-7].*) ;; *)
	ip neigh replace 10.0.0.2 lladdr "$(far cat /sys/class/net/air1/address)" dev air0
	put hash
	check "hash: a program that wants one passes IPv4" flood 30 100
	ethtool -K air0 rxhash off
	check "hash: none is given without rxhash" refused flood 10 100
	ethtool -K air0 rxhash on
	away
	vlan_up
	put vlan
	check "VLAN tag: a program that wants one passes that VLAN" far ping -q -c 10 -i 0.1 -W 1 10.7.0.1
	check "VLAN tag: frames without one have none" refused flood 10 100
	ethtool -K air0 rxvlan off
	check "VLAN tag: none is given with rxvlan off" refused far ping -q -c 10 -i 0.1 -W 1 10.7.0.1
	ethtool -K air0 rxvlan on
	away
	ip link del air0.7; far ip link del air1.7
	;;
esac
check "large MTU" bash -c "ip link set air0 mtu 9000 && ip netns exec far ip link set air1 mtu 9000"
check "a program without frags is refused" refused put pass
check "frags" put pass frags
check "pass 8000" flood 30 8000; away
# What is left lies in the first of three buffers and is copied.
cut_in_stack() {
	awk '/^IpExt/ { if (!n) { for (i = 2; i <= NF; i++) if ($i == "InTruncatedPkts") n = i } else print $n }' /proc/net/netstat
}
before=$(stat copied) seen=$(cut_in_stack)
put cut frags; flood 50 8000 >/dev/null; away
check "cut 8000 copied" [ $(($(stat copied) - before)) -ge 50 ]
check "cut 8000 reached the stack" [ $(($(cut_in_stack) - seen)) -ge 50 ]
check "8000 again" flood 30 8000
# Before 6.3 the kernel itself redirects no frame of several buffers.
verdicts="tx redirect"
case $(uname -r) in 6.[012].*) verdicts=tx ;; esac
for verdict in $verdicts; do
	put $verdict frags
	before=$(stat xdp_$verdict) there=$(far cat /sys/class/net/air1/statistics/rx_bytes)
	flood 50 8000 >/dev/null
	check "$verdict 8000 counted" [ $(($(stat xdp_$verdict) - before)) -ge 50 ]
	check "$verdict 8000 arrived" [ $(($(far cat /sys/class/net/air1/statistics/rx_bytes) - there)) -ge 400000 ]
	away
done
ip link set air0 mtu 1500; far ip link set air1 mtu 1500
check "program" put pass
check "an MTU that it cannot do is refused" refused ip link set air0 mtu 4000
away
far_server -1
iperf3 -c 10.0.0.2 -t 6 -R >/tmp/iperf 2>&1 &
flow=$!
sleep 0.5
for i in 1 2 3 4 5; do put pass; sleep 0.2; away; done
echo 2 >/sys/class/net/air0/airvf/mtvd_workers
put pass; sleep 0.3; away
wait $flow
check "TCP went on" grep -q receiver /tmp/iperf
put tx
far ping -q -c 300 -i 0.002 -W 1 -s 800 10.0.0.1 >/dev/null 2>&1 &
pings=$!
sleep 0.2
check "down under tx" ip link set air0 down
wait $pings
away
ethtool -S air0 | grep -E "xdp|bad_length" | grep -v ": 0$"
dmesg | grep airvf | tail -5
check "unload" pair_down airvf
finish
