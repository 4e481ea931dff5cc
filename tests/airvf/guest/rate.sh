# SPDX-License-Identifier: Apache-2.0
# Interrupts per second against what was set, under a load that would raise more.
. /airvf-common
pair_up /airvf.ko airvf || { dmesg | tail -40; exit 1; }
ethtool -L air0 combined 1 # one vector
link_wait
far_server
m=/sys/class/net/air0/airvf
interrupts() { ethtool -S air0 | awk '/vector_0_interrupts/ { print $2 }'; }
in_force() { ethtool -S air0 | awk '/vector_0_rate/ { print $2 }'; }
# Lower limits are loose: a busy machine emulates a slow one. Centiseconds and interrupts before and after: a rate.
measure() {
	local t0 t1 i0 i1
	t0=$(cut -d' ' -f1 /proc/uptime | tr -d .) i0=$(interrupts)
	sleep 2
	t1=$(cut -d' ' -f1 /proc/uptime | tr -d .) i1=$(interrupts)
	echo $(((i1 - i0) * 100 / (t1 - t0)))
}
iperf3 -c 10.0.0.2 -u -R -b 60M -l 200 -t 40 >/dev/null 2>&1 &
sleep 1
for usecs in 1046 1000 500 250; do
	ethtool -C air0 adaptive-rx off rx-usecs $usecs
	sleep 0.2
	got=$(measure) limit=$((1000000 / usecs))
	echo "     rx-usecs $usecs: $got per second, at most $limit are possible"
	check "rx-usecs $usecs is kept" [ "$got" -le $((limit * 102 / 100)) -a "$got" -ge $((limit / 20)) ]
	# The register holds the nearest step of 2.048 us.
	check "and the register is the nearest step" [ "$(in_force)" = $((1000000000 / 2048 / ((usecs * 1000 + 1024) / 2048))) -o \
		"$(in_force)" = $((1 + 1000000000 / 2048 / ((usecs * 1000 + 1024) / 2048))) ]
done
for usecs in 0 2 1046; do
	ethtool -C air0 adaptive-rx off rx-usecs $usecs
	check "rx-usecs $usecs reads back" [ "$(ethtool -c air0 | awk '/^rx-usecs:/ { print $2 }')" = $usecs ]
	check "and adaptive-rx can be switched on again" ethtool -C air0 adaptive-rx on
done
for usecs in 1 1047; do check "rx-usecs $usecs is refused" refused ethtool -C air0 adaptive-rx off rx-usecs $usecs; done
link_wait
ethtool -C air0 adaptive-rx off rx-usecs 250
echo 956 >$m/cgr_rate_sensitive; echo 956 >$m/cgr_rate_intermediate; echo 0 >$m/cgr_occasional
check "cgr" bash -c "echo cgr >$m/moderation"
sleep 1
got=$(measure)
echo "     cgr: $got per second"
check "cgr's class is kept" [ "$got" -le 976 -a "$got" -ge 40 ]
# The paper's example with overrides: C / (Cpkt k + Cint) = 2.27e9 / (1000 * 1000 + 135000) = 2000.
echo 2270000000 >$m/air_c; echo 1000000 >$m/air_cpkt; echo 135000 >$m/air_cint; echo 1 >$m/air_k; echo 0 >$m/air_fast
check "air with overrides" bash -c "echo air >$m/moderation"
sleep 1
got=$(measure)
echo "     air, ceiling 2000: $got per second"
check "air stays below its ceiling" [ "$got" -le 2040 -a "$got" -ge 80 ]
trace=/sys/kernel/tracing
traced() { # for so many seconds
	echo >$trace/trace
	echo 1 >$trace/events/airvf/airvf_moderate/enable
	sleep "$1"
	echo 0 >$trace/events/airvf/airvf_moderate/enable
	grep -m3 airvf_moderate $trace/trace
}
if [ -d $trace/events/airvf ]; then
	traced 0.5
	check "decisions are traced" grep -q "airvf_moderate: air0 vector 0 air" $trace/trace
fi
kill %1
wait 2>/dev/null
if [ -d $trace/events/airvf ]; then
	for override in air_c air_cpkt air_cint; do echo 0 >$m/$override; done
	echo 1 >$m/air_fast
	ping -q -i 0.01 -w 6 10.0.0.2 >/dev/null &
	sleep 1
	traced 3
	check "a request and its answer are light load, and traced as that" grep -q "(light)" $trace/trace
	check "each reason has a name" refused grep "(0x" $trace/trace
	wait
fi
check "unload" pair_down airvf
finish
