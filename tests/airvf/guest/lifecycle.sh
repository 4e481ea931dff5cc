# SPDX-License-Identifier: Apache-2.0
# Load and unload, up and down, FLR, removal, rescan, going back to ixgbevf. With traffic where that matters.
. /airvf-common
flood() { iperf3 -c 10.0.0.2 -t "$1" ${2:-} >/dev/null 2>&1 & sleep 0.7; }
works() { link_wait && ping -q -c 3 -i 0.1 -W 2 -s 3000 10.0.0.2; }
pair_up /airvf.ko airvf || { dmesg | tail -40; exit 1; }
far_server
pci=$(basename "$(readlink /sys/class/net/air0/device)")
for i in $(seq 10); do
	check "down and up $i" bash -c "ip link set air0 down && ip link set air0 up"
done
check "works" works
# Rings so large that one lost, or what belongs to one, would show. A debug kernel, which has other means, takes seconds to
# fill them.
[ -e /sys/kernel/debug/kmemleak ] || ethtool -G air0 rx 4096 tx 4096
before=$(free_kb before)
for i in $(seq 100); do ip link set air0 down; ip link set air0 up; done
between=$(free_kb between)
for i in $(seq 30); do ethtool -r air0; done
after=$(free_kb after)
echo "     free memory: $before kB before, $between kB after opening, $after kB after resets"
check "opening 100 times loses no memory" loses 1000 "$before" "$between"
check "resetting 30 times loses no memory" loses 1000 "$between" "$after"
ethtool -G air0 rx 512 tx 1024
check "works" works
flood 3; check "down under traffic" ip link set air0 down; sleep 0.2
check "up" ip link set air0 up
check "works" works
flood 4 -R
for i in 1 2 3; do
	check "FLR under traffic $i" bash -c "echo 1 >/sys/bus/pci/devices/$pci/reset"
	sleep 0.3
done
wait
check "works" works
check "FLR while down" bash -c "ip link set air0 down && echo 1 >/sys/bus/pci/devices/$pci/reset && ip link set air0 up"
check "works" works
flood 3; check "reset by ethtool under traffic" ethtool -r air0
check "works" works
flood 3; check "self test under traffic" ethtool -t air0 offline
check "works" works
check "promiscuous" bash -c "ip link set air0 promisc on && sleep 0.3 && ip link set air0 promisc off"
check "all multicast" bash -c "ip link set air0 allmulticast on && sleep 0.3 && ip link set air0 allmulticast off"
for i in $(seq 40); do ip maddr add 01:00:5e:00:01:$(printf %02x $i) dev air0; done
sleep 0.3
for i in $(seq 40); do ip maddr del 01:00:5e:00:01:$(printf %02x $i) dev air0; done
for i in $(seq 5); do ip link add link air0 name m$i type macvlan mode private; ip link set m$i up; done
sleep 0.3
for i in $(seq 5); do ip link del m$i; done
check "works" works
mac=$(cat /sys/class/net/air0/address)
check "another address (the card trusts us)" ip link set air0 address 02:00:00:00:00:77
check "works" works
check "the old one" ip link set air0 address "$mac"
check "a group address is refused" refused ip link set air0 address 01:00:00:00:00:77
check "works" works
check "register dump" ethtool -d air0
flood 3 -R; check "removal under traffic" bash -c "echo 1 >/sys/bus/pci/devices/$pci/remove"
check "rescan" bash -c "echo 1 >/sys/bus/pci/rescan"
name=$(ls /sys/bus/pci/devices/$pci/net)
ip link set "$name" name air0; ip addr add 10.0.0.1/24 dev air0; ip link set air0 up
check "works" works
flood 4; check "unload under traffic" bash -c ". /airvf-common; pair_down airvf"
load_often() {
	local i n
	for i in $(seq "$1"); do
		insmod /airvf.ko || { echo "load $i"; return 1; }
		[ $((i % 4)) != 0 ] || for n in $(netdevs airvf); do ip link set "$n" up || { echo "up $i"; return 1; }; done
		rmmod airvf || { echo "unload $i"; return 1; }
	done
}
check "loaded and unloaded 100 times" load_often 100
modprobe ixgbevf
check "ixgbevf takes over" [ "$(netdevs ixgbevf | wc -w)" = 2 ]
modprobe -r ixgbevf
check "and back" pair_up /airvf.ko airvf
check "works" works
dmesg | grep -E "airvf|ixgbevf" | tail -60
check "unload" pair_down airvf
finish
