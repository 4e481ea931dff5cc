# SPDX-License-Identifier: Apache-2.0
# What the measurements compare: `choose CONFIG` gives VF $vf a driver and a mode and calls it air0. All of its interrupts
# come to CPU 0. Before that: /airvf-common; $address of air0; $reach, a command that gets an answer by it; $module, the
# file of the airvf that is loaded.
bind() {
	[ ! -e /sys/bus/pci/devices/$vf/driver ] || echo $vf >/sys/bus/pci/devices/$vf/driver/unbind
	echo "$1" >/sys/bus/pci/devices/$vf/driver_override
	echo $vf >/sys/bus/pci/drivers_probe
	ip link set "$(ls /sys/bus/pci/devices/$vf/net)" name air0 || return 1
	ip addr add $address dev air0
	ip link set air0 up
	link_wait || return 1
	for irq in $(awk -F: '/air0/ { print $1 }' /proc/interrupts); do echo 1 >/proc/irq/$irq/smp_affinity; done
	$reach >/dev/null
}
use_module() {
	[ "$module" != "$1" ] || return 0
	rmmod airvf 2>/dev/null
	insmod "$1" && module=$1
}
choose() { # ixgbevf[-threaded|-rps|@RATE] airvf-MODE[-POLICY-N|-plain] airvf-fir@RATE
	local rate=
	case $1 in *@*) rate=${1#*@} && set -- "${1%@*}" ;; esac
	case $1 in
	*-plain) use_module /airvf-plain.ko ;;
	airvf-*) use_module /airvf.ko ;;
	esac
	bind "${1%%-*}" || return 1
	local m=/sys/class/net/air0/airvf
	case $1 in
	ixgbevf-threaded) echo 1 >/sys/class/net/air0/threaded ;;
	ixgbevf-rps) for q in /sys/class/net/air0/queues/rx-*; do echo 3 >$q/rps_cpus; done ;;
	airvf-*)
		set -- ${1//-/ }
		echo "$2" >$m/moderation
		if [ -n "$4" ]; then
			echo "${3/ordered/rr-ordered}" >$m/mtvd_policy
			echo "$4" >$m/mtvd_workers
		fi
		;;
	esac
	case $rate,$1 in
	,*) ;;
	*,ixgbevf) ethtool -C air0 rx-usecs $((1000000 / rate)) ;;
	*) echo "$rate" >$m/fir_rate ;;
	esac
}
# Interrupts of air0, frames it received and sent, centiseconds of the machine and of its CPUs' idleness.
snap() {
	echo "$(awk '/air0/ { n += $2 + $3 } END { print n + 0 }' /proc/interrupts) \
$(cat /sys/class/net/air0/statistics/rx_packets /sys/class/net/air0/statistics/tx_packets | tr '\n' ' ') \
$(cut -d' ' -f1 /proc/uptime | tr -d .) $(awk '$1 == "cpu" { print $5 + $6 }' /proc/stat)"
}
