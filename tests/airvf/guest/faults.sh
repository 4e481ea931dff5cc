# SPDX-License-Identifier: Apache-2.0
# Memory that is not there: every allocation of every operation fails in its turn (nth.cpp; a kernel with fault
# injection). An operation may fail, but then it must work when asked again, and nothing may leak (the VM looks).
. /airvf-common
[ -e /proc/self/fail-nth ] || { echo "FAIL this kernel has no fault injection"; exit 1; }
# Also allocations that could wait, and single pages.
for d in failslab fail_page_alloc; do echo N >/sys/kernel/debug/$d/ignore-gfp-wait; echo 0 >/sys/kernel/debug/$d/verbose; done
echo 0 >/sys/kernel/debug/fail_page_alloc/min-order
pair_up /airvf.ko airvf || { dmesg | tail -40; exit 1; }
m=/sys/class/net/air0/airvf
pci=$(basename "$(readlink /sys/class/net/air0/device)")
works() { link_wait && ping -q -c 2 -i 0.1 -W 2 10.0.0.2; }
each() { # text, arguments of nth
	local text=$1
	shift
	check "$text: every allocation" /airvf-nth "$@"
	sed 's/^/     /' /tmp/out
	mv /tmp/out /tmp/each
}
each "moderation" write $m/moderation air fir
each "class of cgr" write $m/cgr_rate_bulk 5000 4000
each "workers" write $m/mtvd_workers 2 0
check "traffic" works
echo 2 >$m/mtvd_workers
each "policy" write $m/mtvd_policy rr-ordered flow
check "traffic" works
echo 0 >$m/mtvd_workers
each "rings" rings air0
each "queues" queues air0
check "traffic" works
each "reset" reset air0
check "traffic" works
ip link set air0 down
each "up" up air0
ip link set air0 up
check "traffic" works
echo "$pci" >/sys/bus/pci/drivers/airvf/unbind
each "probe" bind "$pci" airvf
check "probe: some were refused" awk '{ exit !($4 > 10) }' /tmp/each
# What the kernel says of its own: EBUSY of a BAR that could not be claimed, ENOSPC or ENODEV of vectors, EINVAL of an
# interface for whose name there was no memory.
check "probe: none of it is taken for an error of the device" refused grep -q EIO /tmp/each
echo "$pci" >/sys/bus/pci/drivers/airvf/bind
ip link set "$(ls /sys/bus/pci/devices/$pci/net)" name air0
ip addr add 10.0.0.1/24 dev air0
ip link set air0 up
check "after all of it: traffic" works
# Packet path: one in five of the allocations that cannot wait. Others are the programs' own.
for d in failslab fail_page_alloc; do echo Y >/sys/kernel/debug/$d/ignore-gfp-wait; echo -1 >/sys/kernel/debug/$d/times; done
far_server
for d in failslab fail_page_alloc; do echo 20 >/sys/kernel/debug/$d/probability; done
timeout 20 iperf3 -c 10.0.0.2 -t 4 >/dev/null 2>&1
timeout 20 iperf3 -c 10.0.0.2 -t 4 -R >/dev/null 2>&1
host sim flood payload=466 rate=5000 ms=3000 flows=4
timeout 20 /airvf-load udp-count 9 5 >/dev/null 2>&1
for d in failslab fail_page_alloc; do echo 0 >/sys/kernel/debug/$d/probability; done
ethtool -S air0 | grep -E "alloc|skb_failed"
check "the packet path met failures" [ "$(ethtool -S air0 | awk '/alloc_rx_(page|buff)_failed/ { n += $2 } END { print n + 0 }')" -gt 0 ]
check "traffic afterwards" works
check "unload" pair_down airvf
finish
