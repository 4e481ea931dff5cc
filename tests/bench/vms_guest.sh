# SPDX-License-Identifier: Apache-2.0
# What vms_bench.cpp has its guests do: bash /vms-guest VERB ARGUMENTS. VM n has VF n and the address 10.0.n.1.
. /airvf-common
. /airvf-choose
vf=0000:01:00.0 address=10.0.${HOSTNAME#vm}.1/16 reach="/airvf-load udp-rr 10.0.0.3 7 0.1" module=/airvf.ko
linked() { [ "$(cat /sys/class/net/air0/carrier 2>/dev/null)" = 1 ]; }
setup() {
	insmod $module || return 1
	for bound in /sys/bus/pci/drivers/airvf/0*; do echo "${bound##*/}" >/sys/bus/pci/drivers/airvf/unbind; done
	modprobe ixgbevf
	# Everything but interrupts and what is sent there keeps off CPU 0, so that user space there is that program alone.
	[ "$(nproc)" = 1 ] && return
	for pid in $(ps -e -o pid=); do taskset -p 2 "$pid" >/dev/null 2>&1; done
	return 0 # threads of the kernel that have their processor keep it
}
look() {
	set -- $(snap) $(awk '/^Udp:/ { n = $6 } END { print n }' /proc/net/snmp) \
		$([ ! -e /tmp/job ] || od -An -t u8 -N 8 /tmp/job)
	echo "{\"interrupts\": $1, \"rx\": $2, \"tx\": $3, \"cs\": $4, \"socket_full\": $6, \"iterations\": ${7:-0}}"
}
case $1 in
setup) setup ;;
choose) choose "$2" || { dmesg | tail -5; exit 1; } ;;
listening) soon grep -q ':0009 ' /proc/net/udp ;;
working) soon [ -s /tmp/job ] ;;
worked) rm /tmp/job ;;
look) look ;;
*) exit 2 ;;
esac
