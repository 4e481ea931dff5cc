# SPDX-License-Identifier: Apache-2.0
# Every version of the mailbox protocol that a PF may speak, and what each can do.
# pf: mtu = 9000
. /airvf-common
pair_up /airvf.ko airvf || { dmesg | tail -40; exit 1; }
version() { ethtool -i air0 | sed -n 's/^firmware-version: mailbox API //p'; }
speaks() { # versions features
	host sim apis "versions=[$1]" "features=${2:-0}"
	sleep 0.3
	far ethtool -r air1
	ethtool -r air0
	link_wait
}
works() { link_wait && ping -q -c 3 -i 0.1 -W 2 -s 3000 10.0.0.2; }
# A kernel without RPS shows no receive queues; there are as many of both.
queues() { ls -d /sys/class/net/air0/queues/tx-* | wc -l; }
# The card's PF has an MTU of 9000, and such a PF shuts out VFs that cannot say how long their frames are (82599 D.11).
speaks 10
check "1.0 under a jumbo PF: negotiated" [ "$(version)" = 1.0 ]
check "1.0 under a jumbo PF: shut out" refused ping -q -c 3 -i 0.1 -W 1 10.0.0.2
host sim pf do=reset mtu=1500
sleep 3
for v in 1.0 1.1 1.2 1.3 1.4 1.5 1.6 1.7; do
	[ $v != 1.1 ] || { host sim pf do=reset mtu=9000; sleep 3; }
	speaks "${v/./}"
	check "$v: negotiated" [ "$(version)" = $v ]
	check "$v: traffic" works
	check "$v: one queue before 1.1, more after" [ "$v" = 1.0 -a "$(queues)" = 1 -o "$v" != 1.0 -a "$(queues)" -ge 2 ]
	# Before 1.2 nothing but the list of groups can be asked for; it must be refused quietly, not break anything.
	ip link set air0 promisc on; ip link set air0 allmulticast on
	sleep 0.5
	check "$v: traffic while promiscuous" works
	ip link set air0 promisc off; ip link set air0 allmulticast off
	case $v in
	1.0 | 1.1) check "$v: no RSS table to read" refused ethtool -x air0 ;;
	*) check "$v: RSS table" ethtool -x air0 ;;
	esac
	check "$v: jumbo frames only after 1.0" [ "$v" = 1.0 -o "$(ip link set air0 mtu 9000 && cat /sys/class/net/air0/mtu)" = 9000 ]
	check "$v: 1500 again" ip link set air0 mtu 1500
	for i in $(seq 35); do ip maddr add 01:00:5e:00:02:$(printf %02x $i) dev air0; done
	sleep 0.3
	check "$v: traffic with 35 groups" works
	for i in $(seq 35); do ip maddr del 01:00:5e:00:02:$(printf %02x $i) dev air0; done
	ip link add link air0 name air0.9 type vlan id 9
	check "$v: VLAN" ip link set air0.9 up
	ip link del air0.9
done
host sim pf do=reset mtu=1500
sleep 3
speaks ""
check "a PF from before the negotiation" [ "$(version)" = 1.0 ]
check "traffic" works
speaks 10,11,12,13,14,16,17 3
check "the newest of several" [ "$(version)" = 1.7 ]
check "ESX mailbox as a feature of 1.7: traffic" works
for i in 1 2 3; do check "reset $i" ethtool -r air0; done
check "traffic" works
speaks 13
check "an older PF after a newer one" [ "$(version)" = 1.3 ]
check "traffic" works
dmesg | grep airvf | tail -40
check "unload" pair_down airvf
finish
