# SPDX-License-Identifier: Apache-2.0
# What the guest scripts share. Two VFs of one card: air0 stays here, air1 goes into a namespace of its own.
failed=0
say() { echo "# $*"; }
check() { # text command...
	text=$1
	shift
	if "$@" >/tmp/out 2>&1; then echo "ok   $text"; else
		echo "FAIL $text"
		sed 's/^/     /' /tmp/out
		failed=$((failed + 1))
	fi
}
refused() { ! "$@"; }
finish() {
	[ "$failed" = 0 ]
}
# counter PATTERN: the sum of the statistics of air0 whose names match the whole pattern; fails if there is none, so that a
# statistic that is called something else is not taken for one that stays as it is.
counter() {
	ethtool -S air0 | awk -v name="^($1):\$" '$1 ~ name { sum += $2; n++ } END { if (!n) exit 1; print sum }' ||
		{ echo "no statistic is called $1" >&2; return 1; }
}
# same PATTERN BEFORE: the counter still has that value.
same() {
	local now
	now=$(counter "$1") && echo "$1: $2, now $now" && [ "$now" = "$2" ]
}
# Interfaces of a driver, in order.
netdevs() { for d in /sys/bus/pci/drivers/"$1"/0*; do ls "$d/net"; done; }
far() { ip netns exec far "$@"; }
# Waits up to 10 s for a command to succeed.
soon() {
	local try
	for try in $(seq 100); do "$@" && return 0; sleep 0.1; done
	return 1
}
# An iperf3 server in that namespace, which listens when this returns. -1: one that serves a single client; the one before
# it may still be about to end.
far_listens() { far grep -q ':1451 [0-9A-F:]* 0A' /proc/net/tcp6; }
far_server() {
	soon refused far_listens
	far iperf3 -s -D "$@" >/dev/null 2>&1
	soon far_listens
}
# TCP to the far end for SECONDS_EACH (2), and what both ends say of it.
tcp() {
	far_server -1
	iperf3 -c 10.0.0.2 -t "${SECONDS_EACH:-2}" "$@" >/tmp/iperf 2>&1 || { cat /tmp/iperf; return 1; }
	grep -E "sender|receiver" /tmp/iperf
}
# Counts the card's flood in the background, into /tmp/count; bound when this returns. $1: seconds that it may last.
count_flood() {
	/airvf-load udp-count 9 "$1" >/tmp/count &
	counter=$!
	soon grep -q ':0009 ' /proc/net/udp
}
# Loads a module, names its interfaces air0 and air1, addresses them. $1: module file, $2: driver.
pair_up() {
	insmod "$1" || return 1
	set -- "$2" $(netdevs "$2")
	[ $# = 3 ] || return 1
	ip link set "$2" name air0 || return 1
	ip netns add far 2>/dev/null
	ip link set "$3" netns far
	far ip link set "$3" name air1
	far ip link set lo up
	ip addr add 10.0.0.1/24 dev air0
	far ip addr add 10.0.0.2/24 dev air1
	ip link set air0 up && far ip link set air1 up || return 1
	link_wait
}
linked() {
	[ "$(cat /sys/class/net/air0/carrier 2>/dev/null)" = 1 ] && [ "$(far cat /sys/class/net/air1/carrier 2>/dev/null)" = 1 ]
}
link_wait() { soon linked; }
# VLAN 7 between the two: 10.7.0.1 and 10.7.0.2.
vlan_up() {
	ip link add link air0 name air0.7 type vlan id 7
	far ip link add link air1 name air1.7 type vlan id 7
	ip addr add 10.7.0.1/24 dev air0.7; ip link set air0.7 up
	far ip addr add 10.7.0.2/24 dev air1.7; far ip link set air1.7 up
}
# Free memory in kB with the interfaces closed, as page pools keep what traffic once needed. Pages in the processors' own
# lists are free, too, though no line of /proc/meminfo says so: some 30 MB now, none a moment later.
free_kb() {
	local try now last=0
	ip link set air0 down; far ip link set air1 down
	for try in $(seq 20); do # much is freed late
		sync
		echo 3 >/proc/sys/vm/drop_caches
		cp /proc/meminfo "/tmp/meminfo-$1"
		now=$(awk '/^MemFree:/ { kb += $2 } $1 == "count:" { kb += 4 * $2 } END { print kb }' /proc/meminfo /proc/zoneinfo)
		[ $((now - last)) -gt 200 ] || [ $((last - now)) -gt 200 ] || break
		last=$now
		sleep 1
	done
	ip link set air0 up; far ip link set air1 up
	link_wait
	echo "$now"
}
# loses NO_MORE_THAN BEFORE AFTER, kB. A debug kernel keeps records of its own, and what was freed for a while.
loses() {
	local limit=$1
	[ ! -e /sys/kernel/debug/kmemleak ] || limit=40000
	[ "$3" -gt $(($2 - limit)) ]
}
pair_down() {
	far ip link set air1 netns 1
	ip netns del far
	rmmod "$1"
}
# A request to whoever runs this guest (guest.cpp, class Host), which needs no network and has no answer:
#   host sim OP KEY=VALUE...     a control operation of the simulator (docs/simulation.md)
#   host qmp SECONDS COMMAND     a command to QEMU, so much later
#   host stamp WORDS             notes the words with the CPU time spent so far
host() { echo "@host $*" >/dev/console; }
# A control operation by the network, OP KEY=VALUE..., and its answer; fails without one and when it is refused. Asked
# again when nothing comes back: beside a flood the guest may have no buffer for the answer.
card() {
	local try answer
	for try in $(seq 20); do
		exec 8<>/dev/udp/10.0.0.3/4000 || return 1
		echo "$*" >&8
		# Not read: it takes bytes one by one, and the first one takes the datagram.
		answer=$(timeout 3 dd bs=2000 count=1 <&8 2>/dev/null)
		exec 8>&-
		[ -z "$answer" ] || break
	done
	echo "$answer"
	case $answer in *'"ok":true'*) ;; *) return 1 ;; esac
}
# Frames that the card dropped since the driver was too slow: no descriptor was there.
no_descriptor() { card state part=card | sed -n 's/.*no descriptor \([0-9]*\).*/\1/p'; }
# One of the numbers that airvf-load left in /tmp/count.
number() { sed -n "s/.*\"$1\": \([0-9]*\).*/\1/p" /tmp/count; }
