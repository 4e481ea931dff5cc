# SPDX-License-Identifier: Apache-2.0
# The data path under load: sizes, offloads, VLAN, MTU, moderation modes, workers, rings, FLR.
. /airvf-common
no_errors() {
	local name
	for name in 'rx_queue_[0-9]+_csum_bad' 'rx_queue_[0-9]+_frame_errors' 'rx_queue_[0-9]+_bad_length' \
		'tx_queue_[0-9]+_hangs' 'vector_[0-9]+_lost_interrupts' tx_timeout_count mtvd_csum_bad; do
		same "$name" 0 || return 1
	done
}
pair_up /airvf.ko airvf || { dmesg | tail -40; exit 1; }
for size in 0 1 18 46 47 100 1472 1473 4000 30000 65000; do
	check "ping of $size bytes" ping -q -c 3 -i 0.05 -W 2 -s $size 10.0.0.2
done
check "TCP" tcp; cat /tmp/out
check "TCP other way" tcp -R; cat /tmp/out
check "TCP four streams" tcp -P 4; grep SUM /tmp/out
check "UDP 64 bytes" tcp -u -b 20M -l 64; cat /tmp/out
check "UDP 1472 bytes" tcp -u -b 200M -l 1472; cat /tmp/out
# One call, cut into datagrams: by the card, which is one packet for the driver, or by the kernel.
taken() { # ADDRESS BYTES SIZE DATAGRAMS
	far /airvf-load udp-take 9 "$2" >/tmp/taken &
	soon far grep -q ':0009 ' /proc/net/udp6
	/airvf-load udp-cut "$1" 9 "$2" "$3" || return 1
	wait $!
	cat /tmp/taken
	[ "$(cat /tmp/taken)" = "{\"datagrams\": $4, \"bytes\": $2, \"wrong\": 0}" ]
}
packets_taken() { # MORE|LESS THAN as above: how many packets the driver had for it
	local before after than=$2 how=$1
	shift 2
	before=$(counter 'vector_[01]_packets')
	taken "$@" || return 1
	sleep 0.3	# until what was sent is cleaned up
	after=$(counter 'vector_[01]_packets')
	echo "$((after - before)) packets"
	[ $((after - before)) "-$how" "$than" ]
}
ip addr add fd00::1/64 dev air0 nodad
far ip addr add fd00::2/64 dev air1 nodad
ping -q -c 1 -W 5 fd00::2 >/dev/null
for address in 10.0.0.2 fd00::2; do
	ethtool -K air0 tx-udp-segmentation on
	check "the card cuts datagrams to $address" packets_taken lt 30 $address 60500 1000 61
	check "and tiny ones" packets_taken lt 30 $address 61 1 61
	ethtool -K air0 tx-udp-segmentation off
	check "the kernel cuts datagrams to $address" packets_taken ge 61 $address 60500 1000 61
done
ethtool -K air0 tx-udp-segmentation on
for o in tso sg tx rx gro rxvlan txvlan rxhash; do
	check "offload $o off" ethtool -K air0 $o off
	check "ping without $o" ping -q -c 2 -i 0.1 -W 2 -s 3000 10.0.0.2
	SECONDS_EACH=1 check "TCP without $o" tcp
	check "offload $o on" ethtool -K air0 $o on
done
ethtool -K air0 tx on sg on tso on
check "VLAN" ip link add link air0 name air0.7 type vlan id 7
far ip link add link air1 name air1.7 type vlan id 7
ip addr add 10.7.0.1/24 dev air0.7; ip link set air0.7 up
far ip addr add 10.7.0.2/24 dev air1.7; far ip link set air1.7 up
check "ping in the VLAN" ping -q -c 3 -i 0.1 -W 2 -s 5000 10.7.0.2
check "a reset with the VLAN" ethtool -r air0
link_wait
check "ping in the VLAN again" ping -q -c 3 -i 0.1 -W 2 10.7.0.2
ip link del air0.7
# The IP header is behind a label then, not where the network header points to.
if modprobe mpls_iptunnel && far modprobe mpls_router; then
	far sysctl -qw net.mpls.platform_labels=1000 net.mpls.conf.air1.input=1
	far ip -f mpls route add 100 dev lo
	far ip addr add 10.9.0.2/32 dev lo
	check "a route with a label" ip route add 10.9.0.2/32 encap mpls 100 via inet 10.0.0.2 dev air0
	check "ping with a label" ping -q -c 3 -i 0.1 -W 2 10.9.0.2
	# What a slow machine has no room for is sent again without labels, too.
	sent_again() { awk '/sender/ { print $(NF - 1) }' /tmp/out; }
	far_server -1
	check "TCP of so much without one" iperf3 -c 10.0.0.2 -n 2M
	plain=$(sent_again)
	far_server -1
	check "TCP with a label" iperf3 -c 10.9.0.2 -n 2M
	labelled=$(sent_again)
	echo "     sent again: $plain without a label, $labelled with"
	check "hardly more sent again" [ "$labelled" -lt $((plain + 50)) ]
	ip route del 10.9.0.2/32
else
	echo "skip labels: this kernel has no MPLS"
fi
# From the wire: the card takes a UDP datagram without a checksum for one with a wrong one (82599 erratum 44).
counted() { ethtool -S air0 | awk -v c="_csum_$1:" '/rx_queue/ && $1 ~ c { n += $2 } END { print n }'; }
for sum in good:good none:none wrong:none; do
	kind=${sum#*:} sum=${sum%:*}
	dropped=$(no_descriptor) before=$(counted $kind)
	count_flood 3
	host sim flood payload=100 rate=1000 ms=300 "sum=$sum"
	wait $counter
	more=$(($(counted $kind) - before)) dropped=$(($(no_descriptor) - dropped))
	echo "     $sum: $(cat /tmp/count), $more counted as $kind, $dropped dropped by the card"
	check "datagrams with checksum $sum are counted as $kind" [ $more -ge 100 ]
	if [ $sum = wrong ]; then
		check "and none of them arrives" [ "$(number received)" = 0 ]
	else
		check "and all that the card took arrive" \
			[ "$(number received)" -ge 100 -a $(($(number received) + dropped)) -ge "$(number sent)" ]
		check "and none twice" [ "$(number received)" -le "$(number sent)" ]
	fi
done
check "and none counted as bad" [ "$(counted bad)" = 0 ]
for n in 1 4 2; do
	check "$n channels" ethtool -L air0 combined $n
	link_wait
	SECONDS_EACH=1 check "TCP over $n channels" tcp -R -P 4
done
queues() { ls -d /sys/class/net/air0/queues/$1-* 2>/dev/null | wc -l; }
# A kernel without RPS shows no receive queues (the debug kernel).
known() { [ -d /sys/class/net/lo/queues/rx-0 ] && echo "$1 $1" || echo "0 $1"; }
ip link set air0 down
check "one channel while closed" ethtool -L air0 combined 1
check "the stack knows of one queue" [ "$(queues rx) $(queues tx)" = "$(known 1)" ]
ethtool -L air0 combined 2
check "and of two" [ "$(queues rx) $(queues tx)" = "$(known 2)" ]
ip link set air0 up
link_wait
check "three channels are refused" refused ethtool -L air0 combined 3
check "small rings" ethtool -G air0 rx 64 tx 64
SECONDS_EACH=1 check "TCP with small rings" tcp
SECONDS_EACH=1 check "TCP with small rings, other way" tcp -R
check "large rings" ethtool -G air0 rx 4096 tx 4096
SECONDS_EACH=1 check "TCP with large rings" tcp -R
ethtool -G air0 rx 512 tx 1024
check "32 descriptors are refused" refused ethtool -G air0 rx 32
m=/sys/class/net/air0/airvf
for mode in fir cgr air dim; do
	check "moderation $mode" eval "echo $mode >$m/moderation && grep -q '\[$mode\]' $m/moderation"
	before=$(counter 'vector_[01]_interrupts')
	check "TCP with $mode" tcp -R
	after=$(counter 'vector_[01]_interrupts')
	check "and with interrupts" [ "$after" -gt "$before" ]
	echo "     $mode: $((after - before)) interrupts; $(ethtool -S air0 | grep -E 'vector_._(rate|fit)' | tr -s ' \n' ' ')"
done
check "rx-usecs 100" ethtool -C air0 adaptive-rx off rx-usecs 100
check "it is fir now" grep -q '\[fir\]' $m/moderation
check "rx-usecs 0" ethtool -C air0 rx-usecs 0
SECONDS_EACH=1 check "TCP without throttle" tcp
SECONDS_EACH=1 check "TCP without throttle, other way" tcp -R
for bad in "rx-usecs 1" "rx-usecs 1047" "tx-usecs 9"; do check "$bad is refused" refused ethtool -C air0 $bad; done
check "adaptive-rx on" ethtool -C air0 adaptive-rx on
# A vector's queues have an interval of their own until all are set anew. ethtool says an error, and ends as if there was none.
queue_rate() { ethtool -S air0 | awk -v name="vector_$1_rate:" '$1 == name { print $2 }'; }
queue_shows() { ethtool --per-queue air0 queue_mask "$1" --show-coalesce | tee /tmp/shown; grep -q "$2" /tmp/shown; }
per_queue() {
	ethtool --per-queue air0 queue_mask "$1" --coalesce "${@:2}" 2>&1 | tee /tmp/said
	! grep -q Cannot /tmp/said
}
check "rx-usecs 100 for queue 1 alone" per_queue 2 adaptive-rx off rx-usecs 100
check "it is shown" queue_shows 2 '^rx-usecs: \(99\|10[01]\)$'
check "and in force" soon eval '[ "$(queue_rate 1)" -ge 9800 ] && [ "$(queue_rate 1)" -le 10200 ]'
check "the mode of the others is as it was" refused grep -q '\[fir\]' $m/moderation
check "rx-usecs 0 for queue 0 alone" per_queue 1 adaptive-rx off rx-usecs 0
link_wait
check "TCP with both" tcp -R
check "queue 0 has no throttle" [ "$(queue_rate 0)" = 0 ]
for bad in "rx-usecs 1" "rx-usecs 1047"; do check "$bad is refused" refused per_queue 1 adaptive-rx off $bad; done
check "a queue that is not there is refused" refused per_queue 0x40 adaptive-rx off rx-usecs 50
check "adaptive again for queue 0" per_queue 1 adaptive-rx on
check "it is shown as adaptive" queue_shows 1 'Adaptive RX: on'
check "fixed for all" ethtool -C air0 adaptive-rx off
check "adaptive for all" ethtool -C air0 adaptive-rx on
check "queue 1 is adaptive, too" queue_shows 2 'Adaptive RX: on'
link_wait
# The device says nothing of frames that found no buffer.
before=$(counter 'rx_queue_[0-9]+_no_buffer')
ping -q -c 20 -i 0.02 -W 2 10.0.0.2 >/dev/null
check "no poll finds the device without a buffer" same 'rx_queue_[0-9]+_no_buffer' "$before"
ethtool -G air0 rx 64
link_wait
count_flood 3
host sim flood payload=18 rate=400000 ms=300 flows=4
wait $counter
check "$(cat /tmp/count): with a small ring some do" [ "$(counter 'rx_queue_[0-9]+_no_buffer')" -gt "$before" ]
ethtool -G air0 rx 512
link_wait
for bad in "moderation none" "fir_rate 955" "fir_rate 488282" "air_k 0" "air_k 5000" "cgr_small_size 1300" "mtvd_workers 17" \
	"mtvd_policy x" "mtvd_batch 0" "air_cpkt -1" "mtvd_cpus 77"; do
	check "$bad is refused" refused bash -c "echo ${bad#* } >$m/${bad%% *}"
done
check "no errors counted" no_errors
dmesg | grep airvf | tail -5
check "unload" pair_down airvf
finish
