# SPDX-License-Identifier: Apache-2.0
# MTU up to what the PF allows; frames over several buffers.
# pf: mtu = 9000
. /airvf-common
pair_up /airvf.ko airvf || { dmesg | tail -40; exit 1; }
for mtu in 3000 3040 3055 3058 4000 6100 9000; do
	check "MTU $mtu" bash -c "ip link set air0 mtu $mtu && ip netns exec far ip link set air1 mtu $mtu"
	check "ping that fills it" ping -q -M "do" -c 3 -i 0.1 -W 2 -s $((mtu - 28)) 10.0.0.2
	check "ping above it" ping -q -c 3 -i 0.1 -W 2 -s 20000 10.0.0.2
done
check "TCP" tcp
sed 's/^/     /' /tmp/out
check "TCP other way" tcp -R
sed 's/^/     /' /tmp/out
echo 2 >/sys/class/net/air0/airvf/mtvd_workers
check "TCP with workers" tcp -R
echo rr-ordered >/sys/class/net/air0/airvf/mtvd_policy
check "TCP with workers in order" tcp -R
echo 0 >/sys/class/net/air0/airvf/mtvd_workers
check "frames of several buffers were seen" [ "$(ethtool -S air0 | awk '/multi_buffer/ { n += $2 } END { print n }')" -gt 1000 ]
check "MTU beyond the card's is refused" refused ip link set air0 mtu 9711
check "reset keeps the MTU" ethtool -r air0
link_wait
check "ping" ping -q -M "do" -c 3 -i 0.1 -W 2 -s 8000 10.0.0.2
check "MTU 1500" bash -c "ip link set air0 mtu 1500 && ip netns exec far ip link set air1 mtu 1500"
check "ping" ping -q -c 3 -i 0.1 -W 2 -s 1472 10.0.0.2
ethtool -S air0 | grep -E "bad_length|frame_errors|multi_buffer|skb_failed"
check "unload" pair_down airvf
finish
