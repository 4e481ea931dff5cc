# SPDX-License-Identifier: Apache-2.0
# First light: load, link, ping, ethtool, unload.
. /airvf-common
insmod /airvf.ko
for n in $(netdevs airvf); do
	check "$n: queues are known before the first opening" [ "$(ls /sys/class/net/$n/queues | wc -l)" -le 8 ]
done
rmmod airvf
pair_up /airvf.ko airvf || { dmesg | tail -40; exit 1; }
dmesg | grep airvf
check "ping" ping -c 3 -W 2 10.0.0.2
check "ping 8000 bytes in fragments" ping -c 2 -s 8000 10.0.0.2
ethtool -i air0; ethtool -c air0 | grep -v n/a; ethtool -l air0; ethtool -g air0 | grep -v n/a; ethtool air0
ethtool -S air0 | grep -v ': 0$'
grep air /proc/interrupts
grep . /sys/class/net/air0/airvf/*
for f in /sys/class/net/air0/airvf/*; do
	check "${f##*/} is documented" grep -q "^What:.*/airvf/${f##*/}$" /airvf-abi
done
for f in $(sed -n "s,^What:.*/airvf/,,p" /airvf-abi); do
	check "$f exists" [ -e /sys/class/net/air0/airvf/$f ]
done
check "self test" ethtool -t air0 offline
cat /tmp/out
link_wait
check "ping after the self test" ping -c 2 -W 2 10.0.0.2
dmesg | grep airvf
check "unload" pair_down airvf
finish
