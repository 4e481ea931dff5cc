# SPDX-License-Identifier: Apache-2.0
# The link goes and comes, then the device stops answering while traffic flows.
. /airvf-common
pair_up /airvf.ko airvf || { dmesg | tail -40; exit 1; }
carrier() { for i in $(seq 120); do [ "$(cat /sys/class/net/air0/carrier 2>/dev/null)" = "$1" ] && return 0; sleep 0.1; done; return 1; }
far_server
iperf3 -c 10.0.0.2 -t 60 >/dev/null 2>&1 &
sleep 1
hundredths() { local up; read -r up _ </proc/uptime; echo "${up/./}"; }
since=$(hundredths)
host sim link up=false
check "link goes" carrier 0
sent=$(counter mbx_sent)
sleep 5
# The driver looks every two seconds, by two messages: is there a PF, and what does it say of the link. What a slow machine
# takes over the sleep and the counter is time for looks, too.
few_more() {
	local now looks
	now=$(counter mbx_sent) && [ -n "$sent" ] || return 1
	looks=$((($(hundredths) - since) / 200))
	echo "$((now - sent)) messages in the time of $looks looks"
	[ $((now - sent)) -le $((2 * looks)) ]
}
check "no storm of messages meanwhile" few_more
cat /tmp/out
host sim link up=true
check "link comes" carrier 1
link_wait
# Neighbours that could not be asked meanwhile are asked again after a second or two.
check "ping" ping -q -c 30 -i 0.2 -W 2 10.0.0.2
# For good. Not by ending the card: QEMU 11.1's vfio-user client then aborts now and then (error_setv, error set twice).
host sim mischief kind=ones
for i in $(seq 200); do dmesg | grep -q "device does not answer" && break; sleep 0.1; done
check "noticed" bash -c "dmesg | grep -q 'device does not answer'"
check "carrier off" carrier 0
# What they say of such a device is their affair; they must end.
answers() {
	local option
	for option in -S -d -i -c -g -l; do
		timeout 30 ethtool $option air0 >/dev/null 2>&1
		[ $? != 124 ] || { echo "ethtool $option does not end"; return 1; }
	done
}
check "ethtool survives" answers
check "self test says so" refused ethtool -t air0 offline
check "opening is refused" bash -c "ip link set air0 down; ! ip link set air0 up"
dmesg | grep airvf | tail -20
kill %1
check "unload" pair_down airvf
finish
