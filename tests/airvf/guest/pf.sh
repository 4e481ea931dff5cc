# SPDX-License-Identifier: Apache-2.0
# The PF's driver is reset, goes away and comes back (as at a reload of its module) while the VF is up and busy.
. /airvf-common
pair_up /airvf.ko airvf || { dmesg | tail -40; exit 1; }
carrier() { for i in $(seq 200); do [ "$(cat /sys/class/net/air0/carrier 2>/dev/null)" = "$1" ] && return 0; sleep 0.1; done; return 1; }
works() { link_wait && sleep 1 && ping -q -c 5 -i 0.2 -W 2 -s 3000 10.0.0.2; }
recovers() { for i in $(seq 40); do link_wait && ping -q -c 1 -W 1 10.0.0.2 >/dev/null && break; sleep 1; done; works; }
far_server
vlan_up
check "works" works
mac=$(cat /sys/class/net/air0/address)
resets() { ethtool -S air0 | awk '/^ *resets:/ { print $2 }'; }
noticed() { for i in $(seq 30); do [ "$(resets)" -gt "$1" ] && return 0; sleep 0.1; done; return 1; }
# Nobody sends, no ping, and the device's reset took the interrupts along: the service work must look by itself.
sleep 3
before=$(resets)
host sim pf do=reset
check "reset while idle: noticed within the service period" noticed "$before"
check "reset while idle: recovers" recovers
for n in 1 2 3; do
	iperf3 -c 10.0.0.2 -t 8 >/dev/null 2>&1 &
	sleep 1
	resets=$(ethtool -S air0 | awk '/^ *resets:/ { print $2 }')
	host sim pf do=reset
	sleep 1
	check "reset $n: recovers" recovers
	check "reset $n: the VF was reset" [ "$(ethtool -S air0 | awk '/^ *resets:/ { print $2 }')" -gt "${resets:-0}" ]
	check "reset $n: VLAN works" ping -q -c 5 -i 0.2 -W 2 10.7.0.2
	kill %1 2>/dev/null; wait
done
iperf3 -c 10.0.0.2 -t 30 >/dev/null 2>&1 &
sleep 1
host sim pf do=stop
check "PF gone: carrier goes" carrier 0
sleep 5
check "PF gone: alive" timeout 30 ethtool -S air0
check "PF gone: no storm of messages" [ "$(dmesg | grep -c airvf)" -lt 80 ]
host sim pf do=start
check "PF back: carrier comes" carrier 1
check "PF back: recovers" recovers
check "PF back: VLAN works" ping -q -c 5 -i 0.2 -W 2 10.7.0.2
kill %1 2>/dev/null; wait
host sim pf do=stop
carrier 0
check "PF gone: closing and opening fails" bash -c "ip link set air0 down; ! timeout 60 ip link set air0 up"
rebind() {
	local vf
	vf=$(basename "$(readlink /sys/class/net/air0/device)")
	echo "$vf" >/sys/bus/pci/drivers/airvf/unbind && [ ! -e /sys/class/net/air0 ] &&
		echo "$vf" >/sys/bus/pci/drivers/airvf/bind || return 1
	[ -e /sys/class/net/air0 ] || ip link set "$(ls /sys/bus/pci/devices/"$vf"/net)" name air0
}
check "PF gone: unbind and bind" rebind
host sim pf do=start
sleep 1
ip addr add 10.0.0.1/24 dev air0 2>/dev/null
check "PF back: opens" ip link set air0 up
check "PF back: works" recovers
adopted() { [ "$(cat /sys/class/net/air0/address) $(cat /sys/class/net/air0/addr_assign_type)" = "$mac 0" ]; }
check "PF back: the host's address is adopted" adopted
dmesg | grep airvf | tail -40
check "unload" pair_down airvf
finish
