# SPDX-License-Identifier: Apache-2.0
# While the PF does not answer, nobody else waits: an operation on another interface ends before the driver has waited in
# vain, and so does what a person orders of the VF itself, which holds up everybody.
. /airvf-common
pair_up /airvf.ko airvf || { dmesg | tail -40; exit 1; }
# Somebody is in a request to the PF, by the kernel's own word.
asks() { cat /proc/[0-9]*/stack 2>/dev/null | grep -q airvf_mbx_; }
# A request that is given up early is told, too.
told() { dmesg | tail -n +$((mark + 1)) | grep "PF does not answer" | grep -qv "in time"; }
# True if an operation that began during the driver's first wait was over before the driver said that it waited in vain.
not_held_up() { # N
	local try
	for try in $(seq 1000); do asks && break; done
	ip link set lo mtu $((60000 + $1)) && refused told
}
carrier() { [ "$(cat /sys/class/net/air0/carrier)" = "$1" ]; }
silent() { # KIND
	mark=$(dmesg | wc -l)
	host sim mischief "kind=$1"
}
over() {
	host sim mischief kind=none
	# Whoever closed it could not open it.
	soon ip link set air0 up
	soon_linked
}
# A machine that is busy may not get around to it within one wait: the majority counts.
mostly() { # KIND
	local n free=0
	for n in 1 2 3 4 5; do
		silent "$1"
		# The driver asks what has become of the link.
		host sim link up=false
		not_held_up $n && free=$((free + 1))
		host sim link up=true
		over
	done
	echo "not held up: $free of $n"
	[ $free -ge 3 ]
}
check "/proc tells who asks" grep -q . /proc/self/stack
for kind in lock silence; do
	check "$kind: an operation on another interface is not held up" mostly $kind
	check "$kind over: recovers" soon carrier 1
done
# An order that nobody answers is over before the driver says that nobody answers; the first one that finds it out. On a
# machine that is busy the service may have found it out before: one of three times will do. $between: what makes the
# order possible once more.
ends_early() { # KIND COMMAND...
	local kind=$1 try early=1
	shift
	for try in 1 2 3; do
		silent "$kind"
		sleep 0.2
		"$@"
		refused told
		early=$?
		over
		[ $early != 0 ] || break
		${between:-:}
	done
	return $early
}
soon_linked() {
	local i
	for i in $(seq 60); do carrier 1 && return 0; sleep 1; done
	dmesg | tail -10
	return 1
}
not_done() { refused "$@" 2>&1; }
for kind in lock silence; do
	check "$kind: an MTU does not wait" ends_early $kind not_done ip link set air0 mtu 1400
	check "$kind: nothing has changed" [ "$(cat /sys/class/net/air0/mtu)" = 1500 ]
	check "$kind: an address does not wait" ends_early $kind not_done ip link set air0 address 02:00:00:00:00:77
	vlan="ip link add link air0 name air0.7 type vlan id 7"
	between="ip link del air0.7" check "$kind: a VLAN does not wait" ends_early $kind $vlan
	between=$vlan check "$kind: nor does its end" ends_early $kind ip link del air0.7
	check "$kind: the RSS table does not wait" ends_early $kind not_done ethtool -x air0
	check "$kind: a reset does not wait" ends_early $kind not_done ethtool -r air0
	check "$kind: closing and opening do not wait" ends_early $kind eval "ip link set air0 down; not_done ip link set air0 up"
	check "$kind over: works" ping -q -c 5 -i 0.2 -W 2 10.0.0.2
done
# The service still waits for an answer that will not come when the PF is back.
opens_at_once() {
	local try
	silent silence
	host sim link up=false
	for try in $(seq 1000); do asks && break; done
	host sim link up=true
	host sim mischief kind=none
	sleep 0.5
	ip link set air0 down && ip link set air0 up
}
check "it opens at once when the PF is back" opens_at_once
link_wait
# What was ordered meanwhile is made up for.
silent silence
vlan_up
over
check "a VLAN that the PF did not hear of works when it is back" soon ping -q -c 1 -W 1 10.7.0.2
# Nor does it lose patience with a PF that takes longer over a reset than over all else, which has been fast for a while.
for i in $(seq 50); do ethtool -x air0 >/dev/null; done
host sim pf do=delay_reset ms=450
ethtool -r air0 2>/dev/null
check "a reset that takes long ends" soon_linked
host sim pf do=delay_reset ms=0
check "works" ping -q -c 5 -i 0.2 -W 2 10.0.0.2
check "unload" pair_down airvf
finish
