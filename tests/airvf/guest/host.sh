# SPDX-License-Identifier: Apache-2.0
# What the host's administrator changes behind a VF that is up, without a word to it. The card trusts no VF, and shows the
# tag of a port VLAN although the PF asked to hide it.
# nic: hide_vlan_ignored = true
. /airvf-common
host() { echo "@host sim pf_vf $*"; }
host vf=0 trust=false
host vf=1 trust=false
pair_up /airvf.ko airvf || { dmesg | tail -40; exit 1; }
works() { link_wait && soon ping -q -c 3 -i 0.1 -W 1 10.0.0.2; }
resets() { ethtool -S air0 | awk '/^ *resets:/ { print $2 }'; }
vlan() { host vf=0 vlan=$1; host vf=1 vlan=$1; sleep 0.5; }
address() { cat /sys/class/net/air0/address; }
adopted() { [ "$(address)" = 02:00:00:00:00:a0 ]; }
check "works" works
before=$(resets)
for id in 100 200; do
	vlan $id
	check "put into VLAN $id while up: works" works
done
check "without a reset" [ "$(resets)" = "$before" ]
check "a reset" ethtool -r air0
check "works after it" works
check "VLANs of its own are refused there" refused ip link add link air0 name air0.7 type vlan id 7
check "down and up" bash -c "ip link set air0 down; ip link set air0 up"
check "works after it" works
vlan 0
check "taken out of it while up: works" works
host vf=0 mac=02:00:00:00:00:a0
for i in $(seq 6); do soon adopted && break; done
check "another MAC address is adopted" adopted
check "works with it" works

# airvf asks whether its address is still in force when little comes in. Stock PFs take it out of their filters for that.
echo "@host sim pf do=delay ms=5"
asked=$(counter mbx_sent)
SECONDS_EACH=13 tcp -u -b 1M -l 800
check "the PF was asked for the address meanwhile" [ "$(counter mbx_sent)" -gt "$asked" ]
check "what is sent meanwhile is not lost" grep ' 0/.*receiver' /tmp/iperf
echo "@host sim pf do=delay ms=0"
dmesg | grep airvf | tail -20
check "unload" pair_down airvf
finish
