# SPDX-License-Identifier: Apache-2.0
# Network selftests of the kernel's own source judge the driver.
# prepare: tests/airvf/upstream-archive
# file: build/selftests/upstream.tar:/upstream.tar
# limit: 900
# Without check_local the card leaves the checksums of frames from the other VF to the stack: then nobody would judge what
# the driver makes of its verdicts.
# pf: mtu = 9000
# pf: check_local = true
. /airvf-common
tar -xf /upstream.tar -C /
tests=/upstream/tools/testing/selftests
near() { "$@"; }
pair_up /airvf.ko airvf || { dmesg | tail -40; exit 1; }
# stats.py takes the interface down and up, which would cost it its IPv6 addresses.
sysctl -qw net.ipv6.conf.all.keep_addr_on_down=1
# What arrives at once must find room in the receiver's socket, which asks for more (csum) or takes the default (gro).
sysctl -qw net.core.rmem_max=4194304 net.core.rmem_default=4194304
ip addr add fd00::1/64 dev air0 nodad
far ip addr add fd00::2/64 dev air1 nodad
mac0=$(cat /sys/class/net/air0/address)
mac1=$(far cat /sys/class/net/air1/address)

# csum: one side sends, the other looks at what arrives.
csum() { # near|far (who sends), IP version, arguments for both sides, "--", arguments for the receiver alone
	local from=$1 ip=$2 to=far a=1 b=2 smac=$mac0 dmac=$mac1 both=() began
	[ "$from" = near ] || to=near a=2 b=1 smac=$mac1 dmac=$mac0
	shift 2
	while [ "$1" != -- ]; do both+=("$1"); shift; done
	shift
	both+=("-$ip" -S "${net[$ip]}$a" -D "${net[$ip]}$b" -s "$smac" -d "$dmac" -n 20)
	# All must arrive within the time that -L gives, also if the machine is busy with something else.
	$to $tests/net/lib/csum -R -L 4 -i air$((b - 1)) "${both[@]}" "$@" >/tmp/rx 2>&1 &
	sleep 0.5
	began=${EPOCHREALTIME/./}
	$from $tests/net/lib/csum -T -i air$((a - 1)) "${both[@]}" >/tmp/tx 2>&1 || { cat /tmp/tx; return 1; }
	echo "sent within $((${EPOCHREALTIME/./} - began)) us"
	wait $! || { tail -n 60 /tmp/tx /tmp/rx; ethtool -S air0 | grep lost; far ethtool -S air1 | grep lost; return 1; }
}
csum_cases() { # standard input: name, arguments
	while read -r name arguments; do
		for from in near far; do
			for ip in 4 6; do
				check "csum $name IPv$ip from $from" csum $from $ip ${arguments/LO/${lo[$ip]}}
			done
		done
	done
}
net=([4]=10.0.0. [6]=fd00::)
lo=([4]=127.0.0.1 [6]=::1)
# Random packets, but the same each time: csum spoils a sum by inverting it, and for one packet in 65536 that is right, too.
csum_cases <<-CASES
	rx_tcp -t -r 82599 --
	rx_tcp_invalid -t -E -r 82599 --
	rx_udp -r 82599 --
	rx_udp_invalid -E -r 82599 --
	tx_tcp -t -P -r 82599 --
	tx_udp -P -r 82599 --
	tx_udp_socket -U -r 82599 --
	tx_udp_zero_sum -U -Z --
	tx_encapsulated -t -P -e -r 82599 --
CASES
# A sum of 0 ("none") must arrive as it is. The receiver, which does not know of it, has to be told to expect a wrong one;
# then it wants nothing at its UDP socket, hence that one's other address, and nobody to take the sum for right, as GRO
# does.
ethtool -K air0 gro off && far ethtool -K air1 gro off
csum_cases <<<"tx_udp_no_sum -z -r 82599 -- -E -D LO"
ethtool -K air0 gro on && far ethtool -K air1 gro on

# gro: what belongs together must arrive within one poll or soon after, so the hard interrupt is put off as gro.sh does it.
# What time divided all the same gets further chances for a minute; gro.sh has three, and forgives "large" on slow machines like this.
# Workers are not judged: this setting is not theirs.
gro() { # IP version, kind
	local options=("--ipv$1" --test "$2" --dmac "$mac0" --smac "$mac1" --verbose) until=$((SECONDS + 60))
	while [ $SECONDS -lt $until ]; do
		$tests/net/gro "${options[@]}" --rx --iface air0 >/tmp/rx 2>&1 &
		sleep 0.5
		far $tests/net/gro "${options[@]}" --iface air1 || return 1
		wait $! && return 0
	done
	cat /tmp/rx
	return 1
}
ip link set air0 mtu 9000 && far ip link set air1 mtu 9000
link_wait
echo 1000000 >/sys/class/net/air0/gro_flush_timeout
echo 50 >/sys/class/net/air0/napi_defer_hard_irqs
for ip in 4 6; do
	for kind in data ack flags tcp ip large; do
		check "gro $kind IPv$ip" gro $ip $kind
	done
done
echo 0 >/sys/class/net/air0/gro_flush_timeout
echo 0 >/sys/class/net/air0/napi_defer_hard_irqs
ip link set air0 mtu 1500 && far ip link set air1 mtu 1500
link_wait

# The others say themselves what they did, in KTAP. Two things that some take for granted a VF of the 82599 does not have;
# cases that ended for that reason, and had nothing to object before, count as skipped.
verdicts() { # test
	awk -v test="$1" '
		/^1\.\.[0-9]/ { plan = substr($0, 4) + 0 }
		/^# / { said = said "     " $0 "\n" }
		/^# Check/ { objected = 1 }
		/Cannot set RX flow hash configuration: Operation not supported/ {
			lacks = "RSS key and table are the port'\''s, a VF cannot set them"
		}
		/requested channel count exceeds maximum/ { lacks = "more queues than a VF has" }
		/^(not )?ok [0-9]/ {
			cases++
			name = $0
			sub(/^(not )?ok [0-9]+ [^.]*\./, "", name)
			reason = name
			sub(/ # .*/, "", name)
			if (/^ok/ && sub(/.* # (SKIP|XFAIL) /, "", reason)) print "skip " test " " name ": " reason
			else if (/^ok/) print "ok   " test " " name
			else if (lacks && !objected) print "skip " test " " name ": " lacks
			else printf "FAIL %s %s\n%s", test, name, said
			said = lacks = objected = ""
		}
		END { if (!plan || cases != plan) printf "FAIL %s ended after %d of %d cases\n%s", test, cases, plan, said }'
}
# csum.py asks for the name of the far interface, which the library of 6.12 does not know.
runner='
import runpy, sys
sys.argv = sys.argv[1:]
sys.path[0] = sys.argv[0].rpartition("/")[0]
import lib.py
lib.py.NetDrvEpEnv.remote_ifname = "air1"
runpy.run_path(sys.argv[0], run_name="__main__")
'
export NETIF=air0 LOCAL_V4=10.0.0.1 REMOTE_V4=10.0.0.2 LOCAL_V6=fd00::1 REMOTE_V6=fd00::2 REMOTE_TYPE=netns REMOTE_ARGS=far
for path in $(cat /upstream/python); do
	link_wait
	timeout 180 python3 -uc "$runner" $tests/drivers/net/$path >/tmp/ktap 2>&1
	verdicts "${path#*/}" </tmp/ktap | tee /tmp/verdicts
	failed=$((failed + $(grep -c ^FAIL /tmp/verdicts)))
done
finish
