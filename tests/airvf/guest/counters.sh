# SPDX-License-Identifier: Apache-2.0
# Counters that outgrow a word. The device's own begin anew at 32 and 36 bits (82599 data sheet 8.3.5.9); the driver's have
# 64 bits, which are two words for a 32-bit kernel: that one also gets more than 4 GiB.
# pf: mtu = 9000
# limit: 1500
. /airvf-common
pair_up /airvf.ko airvf || { dmesg | tail -40; exit 1; }
word=$((1 << 32)) octets=$((1 << 36))
# What `ip -s -s link` has in the first column of that name behind RX.
ip_rx() { ip -j -s -s link show air0 | tr -d ' \n' | sed 's/.*"stats64":{"rx":{//' | grep -o "\"$1\":[0-9]*" | head -n 1 | cut -d: -f2; }
between() { # LEAST NUMBER MOST
	echo "$2, expected $1 to $3"
	[ "$2" -ge "$1" ] && [ "$2" -le "$3" ]
}
near_end() { host sim near_end packets=100 octets=100000; sleep 0.3; }
# To air0: 300 frames of 1042 bytes (with FCS 1046) and 150 to a group, besides what two neighbours have to say.
frames() {
	far ping -q -c 300 -i 0.002 -W 2 -s 1000 10.0.0.1 >/dev/null
	far ping -q -c 150 -i 0.002 -W 1 -I air1 224.0.0.1 >/dev/null
	sleep 0.3
}
values() { packets=$(counter hw_rx_packets) bytes=$(counter hw_rx_bytes) groups=$(counter hw_rx_multicast) ip_groups=$(ip_rx multicast); }
gained() { # text PACKETS BYTES LESS: what must have come on top of $packets0 and so on besides two times the frames
	values
	check "$1: packets" between $((packets0 + $2 + 450 - $4)) "$packets" $((packets0 + $2 + 2000))
	check "$1: bytes" between $((bytes0 + $3 + 312600 - $4 * 1046)) "$bytes" $((bytes0 + $3 + 2000000))
	check "$1: groups" between $((groups0 + $2 + 150 - $4)) "$groups" $((groups0 + $2 + 1000))
	check "$1: groups of ip link" between $((groups0 + $2 + 150 - $4)) "$ip_groups" $((groups0 + $2 + 1000))
}
say "registers that begin anew"
near_end
# The driver counts from there on.
check "reset" ethtool -r air0
link_wait
values
packets0=$packets bytes0=$bytes groups0=$groups
frames
gained "past the end of the registers" 0 0 0
# Near the end again: one turn more, but for what neighbours said between the first time and $packets0.
near_end
frames
gained "past the end of a word" $word $octets 50

case $(uname -m) in
i?86) ;;
*)
	echo "skip more than 4 GiB: 64 bits are one word for this kernel"
	check "unload" pair_down airvf
	finish
	exit
	;;
esac
say "more than 4 GiB"
ip link set air0 mtu 9000 && far ip link set air1 mtu 9000
link_wait
/airvf-xdp air0 drop frags >/tmp/xdp 2>&1 &
prog=$!
check "a program that drops" soon grep -q attached /tmp/xdp
host sim flood payload=8972 rate=20000 ms=600000 sum=none
rises() {
	local now last=0 looks=0
	while [ $last -lt $((word + (64 << 20))) ]; do
		read -r now </sys/class/net/air0/statistics/rx_bytes
		[ "$now" -ge $last ] || { echo "$now after $last"; return 1; }
		last=$now looks=$((looks + 1))
		[ $SECONDS -lt 1200 ] || { echo "$now after $SECONDS s"; return 1; }
	done
	echo "$looks looks"
}
check "the bytes only ever rise" rises
sed 's/^/     /' /tmp/out
host sim flood payload=18 rate=1 ms=1
sleep 1
kill $prog; wait $prog 2>/dev/null
link_wait
# Nothing comes any more but what neighbours say.
total=$(cat /sys/class/net/air0/statistics/rx_bytes)
check "ip -s -s link" between "$total" "$(ip_rx bytes)" $((total + 10000))
check "ethtool -S" between "$total" "$(counter rx_bytes)" $((total + 10000))
check "the queues' sum" between "$total" "$(counter 'rx_queue_[0-9]+_bytes')" $((total + 10000))
check "the program's frames" between $((word / 9100)) "$(counter 'rx_queue_[0-9]+_xdp_drop')" $((total / 8900))
check "unload" pair_down airvf
finish
