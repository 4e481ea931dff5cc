# SPDX-License-Identifier: Apache-2.0
# airvf against ixgbevf: the driver of VF 0 changes, the peer on VF 1 is always ixgbevf. All of the device's interrupts
# come to CPU 0. Programs run on CPU 1, so that what one driver spreads differently is not chance; where the kernel's
# threads share the work (threaded NAPI, RPS, workers) programs run where the scheduler wants them, as on a real machine.
# file: tests/airvf/guest/choose.sh:/airvf-choose
. /airvf-common
. /airvf-choose
. /airvf-config
vf=0000:01:00.0 address=10.0.0.1/24 reach="ping -q -c 3 -i 0.1 -W 2 10.0.0.2"
json() { echo "@json $*"; }
configure() { # what choose takes
	case $1 in
	*-threaded | *-rps | *-[0-9]) load=/airvf-load ;;
	*) load="taskset 2 /airvf-load" ;;
	esac
	choose "$1"
}
measure() { # test function arguments...
	local test=$1 out a b
	case " ${tests:-$test} " in *" $test "*) ;; *) return ;; esac
	shift
	host stamp "$round $config $test begin"
	a=$(snap)
	out=$("$@" 2>/tmp/err) || out="{\"error\": \"$(head -1 /tmp/err)\"}"
	b=$(snap)
	host stamp "$round $config $test end"
	set -- $a $b
	json "{\"round\": $round, \"config\": \"$config\", \"test\": \"$test\", \"interrupts\": $(($6 - $1)), \"rx\": $(($7 - $2))," \
		"\"tx\": $(($8 - $3)), \"cs\": $(($9 - $4)), \"idle_cs\": $((${10} - $5)), \"result\": ${out:-null}}"
}
flood() { # payload rate
	$load udp-count 9 $((ms / 1000 + 6)) &
	local counter=$!
	soon grep -q ':0009 ' /proc/net/udp
	host sim flood "payload=$1" "rate=$2" "ms=$ms" flows=4
	wait $counter
}
# A stream is measured behind slow start: on a busy machine, whose processors come by turns, that can last longer than the
# test, and its length then says how long they were away.
slow_start=$((1 << 20))
# Nor is it to end where a round trip takes a few milliseconds more: that says when a processor was away, and the window
# that a stream has then is its share of luck for the whole test.
echo 0 >/sys/module/tcp_cubic/parameters/hystart
# Port 5001 is listened to, here or, with far, there.
listens() { soon "$@" grep -q ':1389 [0-9A-F:]* 0A' /proc/net/tcp; }
tcp_rx() {
	$load tcp-sink 5001 $slow_start &
	listens
	far taskset 2 /airvf-load tcp-send 10.0.0.1 5001 $secs >/dev/null
	wait
}
tcp_tx() {
	far taskset 2 /airvf-load tcp-sink 5001 $slow_start &
	listens far
	$load tcp-send 10.0.0.2 5001 $secs >/dev/null
	wait
}
tcp_rr() {
	far taskset 2 /airvf-load tcp-echo 5001 &
	listens far
	$load tcp-rr 10.0.0.2 5001 $secs
	wait
}
use_module /airvf.ko || exit 1
for vf_driver in /sys/bus/pci/drivers/airvf/0*; do echo "${vf_driver##*/}" >/sys/bus/pci/drivers/airvf/unbind; done
modprobe ixgbevf
sysctl -q -w net.core.netdev_max_backlog=4000 2>/dev/null
ip netns add far
ip link set "$(ls /sys/bus/pci/devices/0000:02:00.0/net)" netns far name air1
far ip addr add 10.0.0.2/24 dev air1
far ip link set air1 up
far ethtool -C air1 rx-usecs 10
all=${configs:-ixgbevf airvf-fir airvf-cgr airvf-air airvf-dim ixgbevf-threaded ixgbevf-rps airvf-air-flow-1 airvf-air-flow-2
	airvf-air-rr-1 airvf-air-rr-2 airvf-air-ordered-1 airvf-air-ordered-2}
[ ! -e /airvf-plain.ko ] || [ -n "$configs" ] || all="$all airvf-fir-plain"
for round in $(seq "${rounds:-3}"); do
	order=$all
	[ $((round % 2)) = 1 ] || order=$(echo $all | tr ' ' '\n' | sed '1!G;h;$!d')
	for config in $order; do
		configure "$config" || { echo "FAIL $config"; dmesg | tail; failed=1; continue; }
		[ "$round" -gt 1 ] || echo "# $config: $(ls -d /sys/class/net/air0/queues/rx-* | wc -l) queues," \
			"$(grep -c 'air0' /proc/interrupts) vectors"
		# Where code of modules is, for tests/airvf/hot.
		for m in airvf ixgbevf; do
			echo "@text $round $config $m $(cat /sys/module/$m/sections/.text 2>/dev/null)"
		done
		# Not counted: whatever is slow the first time.
		warm=$(ms=700 flood 466 ${overload:-200000}; secs=0.7 tcp_rx; secs=0.7 tcp_tx)
		measure udp64 flood 18 ${paced:-4000}
		measure udp64-overload flood 18 ${overload:-200000}
		measure tcp-rx tcp_rx
		case $config in *-threaded | *-rps | *-[0-9]) continue ;; esac
		measure udp512 flood 466 ${paced:-4000}
		measure udp1472 flood 1472 ${paced:-4000}
		measure udp64-tx $load udp-flood 10.0.0.3 9 $secs 18
		measure udp-rr $load udp-rr 10.0.0.3 7 $secs
		measure tcp-tx tcp_tx
		measure tcp-rr tcp_rr
	done
done
finish
