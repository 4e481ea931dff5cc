# SPDX-License-Identifier: Apache-2.0
# While the driver waits for a PF that does not answer, nobody else waits: an operation on another interface ends before that
# wait does.
. /airvf-common
pair_up /airvf.ko airvf || { dmesg | tail -40; exit 1; }
# Somebody is in a request to the PF, by the kernel's own word.
asks() { cat /proc/[0-9]*/stack 2>/dev/null | grep -q airvf_mbx_; }
told() { dmesg | tail -n +$((mark + 1)) | grep -q "PF does not answer"; }
# True if an operation that began during the driver's first wait was over before the driver said that it waited in vain.
not_held_up() { # N
	local try
	for try in $(seq 1000); do asks && break; done
	ip link set lo mtu $((60000 + $1)) && refused told
}
carrier() { [ "$(cat /sys/class/net/air0/carrier)" = "$1" ]; }
# A machine that is busy may not get around to it within one wait: the majority counts.
mostly() { # KIND
	local n free=0
	for n in 1 2 3 4 5; do
		mark=$(dmesg | wc -l)
		host sim mischief "kind=$1"
		# The driver asks what has become of the link.
		host sim link up=false
		not_held_up $n && free=$((free + 1))
		host sim link up=true
		host sim mischief kind=none
		for i in $(seq 40); do carrier 1 && break; sleep 1; done
	done
	echo "not held up: $free of $n"
	[ $free -ge 3 ]
}
check "/proc tells who asks" grep -q . /proc/self/stack
for kind in lock silence; do
	check "$kind: an operation on another interface is not held up" mostly $kind
	check "$kind over: recovers" carrier 1
done
check "works" ping -q -c 5 -i 0.2 -W 2 10.0.0.2
check "unload" pair_down airvf
finish
