# SPDX-License-Identifier: Apache-2.0
# AF_XDP: a socket whose memory the device reads and writes, operations under its traffic, and what it falls back from.
# pf: mtu = 9000
. /airvf-common
pair_up /airvf.ko airvf || { dmesg | tail -40; exit 1; }
# All of a peer's datagrams to one queue, that of the socket.
ethtool -L air0 combined 1
link_wait
run() { # arguments of airvf-xsk: runs it in the background until away
	rm -f /tmp/xsk # what the one before said
	/airvf-xsk air0 "$@" >/tmp/xsk 2>&1 &
	socket=$!
	soon grep -qs . /tmp/xsk
	cat /tmp/xsk
	link_wait
	grep -q "^$bound" /tmp/xsk
}
away() { kill $socket 2>/dev/null; wait $socket 2>/dev/null; link_wait; }
# Bytes there and back through the socket, as the peer sees it.
answers() {
	far /airvf-load udp-rr 10.0.0.1 9 "${1:-2}" >/tmp/rr
	cat /tmp/rr
	[ "$(sed -n 's/.*"round_trips": \([0-9]*\).*/\1/p' /tmp/rr)" -gt 5 ]
}
pings() { ping -q -c 5 -i 0.1 -W 1 10.0.0.2; }

say "without copies"
bound="without copies"
check "bound" run 4096 zero echo
check "datagrams go through the socket" answers
check "all else reaches the stack" pings
for how in "ethtool -G air0 rx 256 tx 256" "ethtool -r air0" "ip link set air0 down" "ethtool -t air0 offline"; do
	answers 3 >/dev/null & peer=$!
	sleep 0.3
	check "under traffic: $how" $how
	ip link set air0 up; link_wait
	wait $peer
	check "and on: $how" soon answers
done
check "an MTU that needs several buffers is refused" refused ip link set air0 mtu 9000
check "and the link goes on" answers
echo 2 >/sys/class/net/air0/airvf/mtvd_workers
check "with workers" answers
check "with workers, all else reaches the stack" pings
echo 0 >/sys/class/net/air0/airvf/mtvd_workers
far /airvf-load udp-flood 10.0.0.1 9 4 64 512 1400 >/dev/null 2>&1 & peer=$!
sleep 1
away
check "the end of the socket under traffic leaves the stack its queue" pings
wait $peer
for size in 1 16 17 60 1514 3000; do
	check "frames of $size bytes are all sent" timeout 60 /airvf-xsk air0 4096 zero send $size 2000
done
check "works" pings

say "with copies, where it cannot be otherwise"
bound="with copies"
check "2 KB chunks: refused if it insists" refused timeout 20 /airvf-xsk air0 2048 zero send 60 1
check "2 KB chunks: bound" run 2048 any echo
check "2 KB chunks: datagrams go through the socket" answers
away
# A program for one buffer does not fit an MTU of 9000, so neither does this socket's.
check "MTU 9000: refused" bash -c "ip link set air0 mtu 9000 && ! timeout 20 /airvf-xsk air0 4096 zero send 60 1"
ip link set air0 mtu 1500
link_wait

say "unloading under a socket"
bound="without copies"
check "bound" run 4096 any echo
check "datagrams go through the socket" answers
check "unload" pair_down airvf
away >/dev/null
finish
