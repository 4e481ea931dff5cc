# SPDX-License-Identifier: Apache-2.0
# A device that misbehaves on command (mischief.hpp): the driver says so, survives, and works again when it is over.
. /airvf-common
works() {
	rm -f /tmp/ping
	link_wait && ping -q -c 20 -i 0.1 -W 1 10.0.0.2 >/tmp/ping
	grep -q " 0% packet loss" /tmp/ping || ping -q -c 5 -i 0.2 -W 2 -s 3000 10.0.0.2
}
# Works at last, as a driver may wait 16 s between resets; $1: seconds.
recovers() {
	for i in $(seq "$1"); do
		[ "$(cat /sys/class/net/air0/carrier 2>/dev/null)" = 1 ] && ping -q -c 1 -W 1 10.0.0.2 >/dev/null && break
		sleep 1
	done
	works
}
told() { dmesg | tail -n +$((mark + 1)) | grep -q "airvf.*$1"; }
mischief() { mark=$(dmesg | wc -l); host sim mischief "kind=$1" "ms=${2:-0}"; sleep 0.3; }
alive() { timeout 60 ethtool -S air0 >/dev/null && timeout 60 ip link show air0 >/dev/null; }
flood() { iperf3 -c 10.0.0.2 -t "$1" ${2:-} >/dev/null 2>&1 & sleep 0.5; }
again() { timeout 100 ip link set air0 down; timeout 100 ip link set air0 up; }
new_messages() { dmesg | tail -n +$((mark + 1)) | grep -c airvf; }
pair_up /airvf.ko airvf || { dmesg | tail -40; exit 1; }
far_server
sleep 0.3
pci=$(basename "$(readlink /sys/class/net/air0/device)")
check "works" works
flood 2; wait # what is allocated once is
before=$(free_kb before)

say "mailbox silence"
mischief silence
check "silence: ethtool -r fails" refused ethtool -r air0
mischief none
check "silence: after ethtool -r it recovers by itself" recovers 40
mischief silence
check "silence: opening fails" refused again
check "silence: it says that the PF does not answer" told "PF does not answer mailbox request"
mischief none
check "silence over: opens" ip link set air0 up
check "silence over: works" works
mischief silence
ip link add link air0 name m0 type macvlan; ip link set m0 up
for i in $(seq 10); do told "PF does not answer" && break; sleep 1; done
check "silence while up: told" told "PF does not answer"
check "silence while up: alive" alive
mischief none
ip link del m0
check "silence while up: recovers by itself" recovers 40
mischief silence
ping -q -f -w 6 10.0.0.2 >/dev/null 2>&1 &
echo 1 >/sys/bus/pci/devices/$pci/reset
check "silence after a reset by others: told" told "cannot bring the VF up"
check "silence after a reset by others: alive" alive
mischief none
wait
check "silence after a reset by others: recovers by itself" recovers 40

say "mailbox that stays locked"
mischief lock
check "lock: opening fails" refused again
check "lock: told" told "PF does not answer"
mischief none
check "lock over: opens" ip link set air0 up
check "lock over: works" works

say "pings that collide with requests"
vlan_up
check "VLAN works" soon ping -q -c 1 -W 1 10.7.0.2
mischief drown
check "drown: the VF is reset" again
mischief none
check "drown over: the VLAN that the PF did not hear of works" soon ping -q -c 1 -W 1 10.7.0.2
ip link del air0.7
sleep 1
timeouts=$(counter mbx_timeouts)
mischief collide
check "collide: opens" again
check "collide: works" works
check "collide: MTU" ip link set air0 mtu 1400
ip link set air0 mtu 1500
sleep 3
check "collide: no time-out" same mbx_timeouts "$timeouts"
check "collide: no reset" refused told "reset wanted"
mischief none
check "collide over: works" works

say "random words in the mailbox"
mischief garbage
again >/dev/null 2>&1
ip link set air0 promisc on; ip link set air0 promisc off
ip link set air0 allmulticast on; ip link set air0 allmulticast off
check "garbage: alive" alive
check "garbage: told" told "PF"
check "garbage: no storm of messages" [ "$(new_messages)" -lt 60 ]
mischief none
again
check "garbage over: works" recovers 40

say "random events of the mailbox"
mischief events
for i in 1 2 3; do ip link set air0 promisc on; ip link set air0 promisc off; sleep 1; done
check "events: alive" alive
check "events: no storm of messages" [ "$(new_messages)" -lt 60 ]
mischief none
check "events over: recovers by itself" recovers 40

say "all ones for a while"
for ms in 200 3000; do
	flood 6
	mischief ones $ms
	timeout 100 ethtool -S air0 >/dev/null; timeout 100 ethtool -d air0 >/dev/null
	# In a short time perhaps nothing is read.
	[ $ms -lt 1000 ] || check "ones for $ms ms: told" told "device does not answer"
	check "ones for $ms ms: recovers by itself" recovers 60
	wait
done
mischief ones
again >/dev/null 2>&1
check "ones while opening: refused" refused ip link set air0 up
check "ones: alive" alive
mischief none
again
check "ones over: works" recovers 40

say "random registers"
mischief random
timeout 100 ethtool -S air0 >/dev/null; timeout 100 ethtool -d air0 >/dev/null; timeout 100 ethtool air0 >/dev/null
again >/dev/null 2>&1
check "random: alive" alive
mischief none
again
check "random over: works" recovers 40

say "descriptors"
for kind in receive transmit; do
	flood 4; flood 4 -R
	ping -q -f -w 3 -s 3000 10.0.0.2 >/dev/null 2>&1 &
	mischief $kind
	sleep 3
	check "$kind: alive" alive
	check "$kind: no storm of messages" [ "$(new_messages)" -lt 60 ]
	mischief none
	ethtool -S air0 | grep -E "rx_queue_[0-3]_(bad_length|frame_errors|own)|csum_bad|hangs" | grep -v ": 0$"
	check "$kind over: recovers by itself" recovers 40
	[ $kind = transmit ] || check "$kind: counted" [ "$(counter 'rx_queue_._(bad_length|frame_errors)')" -gt 0 ]
	wait
done
echo 2 >/sys/class/net/air0/airvf/mtvd_workers
flood 3 -R
mischief receive
sleep 3
check "receive with workers: alive" alive
mischief none
check "receive with workers over: recovers by itself" recovers 40
wait
echo 0 >/sys/class/net/air0/airvf/mtvd_workers

say "frames without end"
for how in "ip link set air0 down" "ethtool -G air0 rx 1024" "ethtool -r air0"; do
	mischief endless
	ping -q -c 8 -i 0.1 -W 1 10.0.0.2 >/dev/null
	check "endless: $how in the middle of a frame" $how
	mischief none
	ip link set air0 up
	check "endless over: works" recovers 40
done
ethtool -G air0 rx 512

say "interrupts"
flood 8
mischief deaf 4000
# Each makes the service work look: many looks in a short time are no hang.
for i in 1 2 3 4 5; do ip link set air0 promisc on; ip link set air0 promisc off; sleep 0.1; done
sleep 0.5
check "deaf: looking often is not taken for a hang" refused told "transmit queue is stuck"
sleep 4
check "deaf over: recovers by itself" recovers 40
ethtool -S air0 | grep lost_int
check "deaf: lost interrupts are counted" [ "$(ethtool -S air0 | awk '/lost_int/ { n += $2 } END { print n }')" -gt 0 ]
wait
resets=$(counter resets)
flood 10
mischief deaf 1500
sleep 8
check "a lost interrupt costs no reset" same resets "$resets"
wait
mischief storm 2000
sleep 3
check "storm: alive" alive
check "storm over: works" works

say "unloading meanwhile"
for kind in silence ones random events garbage storm; do
	mischief $kind
	check "$kind: unbind" timeout 200 bash -c "echo $pci >/sys/bus/pci/drivers/airvf/unbind"
	mischief none
	check "$kind over: bind" bash -c "echo $pci >/sys/bus/pci/drivers/airvf/bind"
	ip link set "$(ls /sys/bus/pci/devices/$pci/net)" name air0 2>/dev/null
	ip addr add 10.0.0.1/24 dev air0 2>/dev/null
	ip link set air0 up
	check "$kind over: works" recovers 40
	mischief $kind
	echo $pci >/sys/bus/pci/drivers/airvf/unbind
	timeout 200 bash -c "echo $pci >/sys/bus/pci/drivers/airvf/bind" 2>/dev/null
	mischief none
	[ -e /sys/bus/pci/drivers/airvf/$pci ] || echo $pci >/sys/bus/pci/drivers/airvf/bind
	ip link set "$(ls /sys/bus/pci/devices/$pci/net)" name air0 2>/dev/null
	ip addr add 10.0.0.1/24 dev air0 2>/dev/null
	ip link set air0 up
	check "$kind at binding, over: works" recovers 40
done
# Unbound while registers read all ones, the driver could not stop its queues: their rings were somebody else's memory then.
check "no reset with queues enabled" bash -c "grep -q '\"careless\":0,' <<<'$(card careless)'"
flood 2; wait
after=$(free_kb after)
echo "     free memory: $before kB before, $after kB after"
# What became of it, should that have failed.
awk 'NR == FNR { was[$1] = $2; next }
	$2 - was[$1] > 1000 || was[$1] - $2 > 1000 { print "     " $1, $2 - was[$1], "kB" }' /tmp/meminfo-before /tmp/meminfo-after
check "no memory leaked" loses 2000 "$before" "$after"
dmesg | grep airvf | tail -60
check "unload" pair_down airvf
finish
