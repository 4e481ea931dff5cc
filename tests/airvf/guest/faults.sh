# Memory that is not there: every allocation of every operation fails in its turn (fail-nth of a kernel with fault
# injection). An operation may fail, but then everything must be as before, and nothing may leak (the VM looks).
. /airvf-common
[ -e /proc/self/fail-nth ] || { echo "FAIL this kernel has no fault injection"; exit 1; }
pair_up /airvf.ko airvf || { dmesg | tail -40; exit 1; }
m=/sys/class/net/air0/airvf
works() { link_wait && ping -q -c 2 -i 0.1 -W 2 10.0.0.2; }
# Fails the nth allocation of a command, first to last: a command that asked for fewer succeeds. fail-nth counts what
# exec and the program's own start ask for as well.
each() { # text most command...
	local text=$1 most=$2 n bad=0 good=0
	shift 2
	for n in $(seq "$most"); do
		if bash -c 'echo $0 >/proc/self/fail-nth && exec "$@"' "$n" "$@" >/dev/null 2>&1; then good=$((good + 1)); else bad=$((bad + 1)); fi
	done
	echo "# $text: $bad failed, $good worked"
	check "$text, repeated, works" "$@"
	check "$text: traffic" works
}
# A shell's own writes ask for nothing before the driver does.
each_write() { # file value other-value most
	local n bad=0 good=0
	for n in $(seq "$4"); do
		for v in "$2" "$3"; do
			if bash -c 'echo $0 >/proc/self/fail-nth; echo $2 >$1' "$n" "$1" "$v" 2>/dev/null; then good=$((good + 1)); else bad=$((bad + 1)); fi
		done
	done
	echo "# ${1##*/}: $bad failed, $good worked"
	[ $bad -gt 0 ] || { echo "FAIL ${1##*/}: no allocation was hit"; failed=$((failed + 1)); }
	check "${1##*/}, repeated, works" bash -c "echo $2 >$1"
	check "${1##*/}: traffic" works
}
each_write $m/mtvd_workers 2 0 60
each_write $m/mtvd_policy rr flow 40
each_write $m/moderation air fir 12
each_write $m/cgr_rate_bulk 5000 4000 8
each "rings" 200 ethtool -G air0 rx 256 tx 256
each "queues" 200 ethtool -L air0 combined 1
each "rings again" 200 ethtool -G air0 rx 512 tx 1024
each "reset" 150 ethtool -r air0
for n in $(seq 1 2 250); do
	bash -c 'echo $0 >/proc/self/fail-nth && exec ip link set air0 down' "$n" 2>/dev/null
	bash -c 'echo $0 >/proc/self/fail-nth && exec ip link set air0 up' "$n" 2>/dev/null
done
ip link set air0 up
check "down and up: traffic" works
pci=$(basename "$(readlink /sys/class/net/air0/device)")
for n in $(seq 1 400); do
	echo "$pci" >/sys/bus/pci/drivers/airvf/unbind 2>/dev/null
	bash -c 'echo $0 >/proc/self/fail-nth; echo $1 >/sys/bus/pci/drivers/airvf/bind' "$n" "$pci" 2>/dev/null && bound=$((bound + 1)) || unbound=$((unbound + 1))
done
echo "# probe: ${unbound:-0} failed, ${bound:-0} worked"
check "some probes failed" [ "${unbound:-0}" -gt 0 ]
[ -e /sys/bus/pci/drivers/airvf/$pci ] || check "probe" bash -c "echo $pci >/sys/bus/pci/drivers/airvf/bind"
ip link set "$(ls /sys/bus/pci/devices/$pci/net)" name air0
ip addr add 10.0.0.1/24 dev air0
ip link set air0 up
check "after all of it: traffic" works
# Packet path: one allocation in twenty, for a while, under traffic.
cd /sys/kernel/debug/failslab && echo 5 >probability && echo -1 >times && echo N >ignore-gfp-wait && echo 0 >verbose 2>/dev/null
far iperf3 -s -D >/dev/null 2>&1
cd /sys/kernel/debug/fail_page_alloc && echo 5 >probability && echo -1 >times && echo 0 >min-order && echo N >ignore-gfp-wait && echo 0 >verbose
timeout 20 iperf3 -c 10.0.0.2 -t 4 >/dev/null 2>&1
timeout 20 iperf3 -c 10.0.0.2 -t 4 -R >/dev/null 2>&1
echo 0 >/sys/kernel/debug/failslab/probability
echo 0 >/sys/kernel/debug/fail_page_alloc/probability
ethtool -S air0 | grep -E "alloc|skb_failed"
check "traffic afterwards" works
check "unload" pair_down airvf
finish
