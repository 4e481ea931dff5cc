# SPDX-License-Identifier: Apache-2.0
# What only the PF can grant, and it does not: the command fails, whether the interface is open or closed, and all stays as
# it was. The card's PF has an MTU of 1500.
. /airvf-common
pair_up /airvf.ko airvf || { dmesg | tail -40; exit 1; }
works() { link_wait && soon ping -q -c 3 -i 0.1 -W 1 10.0.0.2; }
mtu() { cat /sys/class/net/air0/mtu; }
told() { dmesg | grep -q "airvf.*$1"; }
no_carrier() { [ "$(cat /sys/class/net/air0/carrier)" = 0 ]; }
sent() { ethtool -S air0 | awk '/mbx_sent/ { print $2 }'; }
check "works" works

check "an MTU beyond the PF's is refused" refused ip link set air0 mtu 9000
check "the old one stays" [ "$(mtu)" = 1500 ]
check "frames still come in" works
ip link set air0 down
check "closed: an MTU beyond the PF's is refused" refused ip link set air0 mtu 9000
check "closed: the old one stays" [ "$(mtu)" = 1500 ]
check "closed: one that it grants is taken" ip link set air0 mtu 1400
ip link set air0 mtu 1500; ip link set air0 up
check "frames come in after it" works
host sim pf do=reset mtu=9000
sleep 1
grant() { ip link set air0 mtu 9000; }
check "a larger one, when the PF has it" soon grant
host sim pf do=reset mtu=1500
check "a PF that takes it back: no link is pretended" soon no_carrier
check "a PF that takes it back: told" soon told "PF refuses frames of MTU 9000"
check "lower again" ip link set air0 mtu 1500
check "works again" works

fill() { # the VLANs from 100 on that are granted
	local v
	for v in $(seq 100 170); do ip link add link air0 name v$v type vlan id "$v" 2>/dev/null || break; done
	echo $((v - 100))
}
empty() { for v in /sys/class/net/v1*; do ip link del "${v##*/}"; done; }
opened=$(fill)
empty
ip link set air0 down
closed=$(fill)
echo "     VLANs granted: $opened open, $closed closed"
check "VLANs beyond the card's are refused" [ "$opened" -lt 71 ]
check "closed: they are refused, too" [ "$closed" = "$opened" ]
check "told how many there are" told "the card has 64 for all functions"
before=$(dmesg | grep -c 'granted before')
ip link set air0 up
check "what was granted while closed is granted when opened" [ "$(dmesg | grep -c 'granted before')" = "$before" ]
empty
check "works after it" works

for i in $(seq 20); do ip link add link air0 name m$i type macvlan mode private; ip link set m$i up; done
sleep 1
before=$(sent)
ip link add link air0 name m21 type macvlan mode private; ip link set m21 up
sleep 1
more=$(($(sent) - before))
echo "     $more messages for one more address"
# As many as there are addresses would mean that the list was emptied and sent anew.
check "an address that comes is appended" [ $more -lt 18 ]
for i in $(seq 2 2 20); do ip link del m$i; done
addr=$(cat /sys/class/net/m21/address)
ip netns add behind; ip link set m21 netns behind
ip netns exec behind ip addr add 10.0.0.9/24 dev m21; ip netns exec behind ip link set m21 up
check "an address behind others that went is served" soon far ping -q -c 2 -i 0.1 -W 1 10.0.0.9
far ip neigh | grep -q "10.0.0.9.*$addr" || check "by its own address" false
ip netns del behind
for i in $(seq 1 2 19); do ip link del m$i; done

ip link set air0 promisc on
check "promiscuous: told that no VF gets it, and what to do" soon told "bridge fdb add"
ip link set air0 promisc off
check "works at last" works
dmesg | grep airvf | tail -30
check "unload" pair_down airvf
finish
