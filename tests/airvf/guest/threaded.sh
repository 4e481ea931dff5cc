# SPDX-License-Identifier: Apache-2.0
# Threaded NAPI is entered and left in every state of the interface. From 6.17 on the kernel waits, as it leaves, for polls
# that are disabled, with the interface's lock: what hangs there cannot be killed, and soon all else hangs, too.
. /airvf-common
pair_up /airvf.ko airvf || { dmesg | tail -40; exit 1; }
threaded() { echo "$1" >/sys/class/net/air0/threaded; }
to_and_fro() { threaded 1 && threaded 0 && threaded 1 && threaded 0; }
# ends COMMAND...: successfully within a minute.
ends() {
	local try
	rm -f /tmp/ended
	{ "$@" && : >/tmp/ended; } &
	for try in 1 2 3 4 5 6; do soon [ -e /tmp/ended ] && return 0; done
	return 1
}
must() {
	check "$@"
	[ "$failed" = 0 ] || exit 1
}
works() { link_wait && ping -q -c 3 -i 0.1 -W 2 -s 3000 10.0.0.2; }
threads() { [ "$(cat /proc/[0-9]*/comm | grep -c '^napi/air0-')" = "$1" ]; }

must "open" ends to_and_fro
must "entered" ends threaded 1
must "a thread for each vector" threads 2
must "works with threads" works
must "left" ends threaded 0
must "works without" works
ethtool -L air0 combined 1
must "with one queue" ends to_and_fro
must "works" works
threaded 1
ethtool -L air0 combined 2
must "entered with one queue, left with two" ends threaded 0
ip link set air0 down
must "closed" ends to_and_fro
threaded 1
ip link set air0 up
must "entered while closed" works
ip link set air0 down
must "left while closed" ends threaded 0
ip link set air0 up
must "works" works

host sim mischief kind=silence
threaded 1
ethtool -r air0
must "the PF does not answer a reset" soon bash -c "dmesg | grep -q 'PF does not answer'"
must "left meanwhile" ends threaded 0
must "and again" ends to_and_fro
host sim mischief kind=none
must "the reset succeeds later" soon works
must "works" works

busy() {
	local i
	for i in $(seq 15); do ip link set air0 down; ip link set air0 up; done
	for i in $(seq 10); do ethtool -r air0; ethtool -L air0 combined 1; ethtool -L air0 combined 2; done
}
busy &
others=$!
meanwhile() { while kill -0 $others; do ends to_and_fro || return 1; done; }
must "while the interface opens, closes and changes" meanwhile
must "works" soon works
dmesg | grep airvf | tail -20
check "unload" pair_down airvf
finish
