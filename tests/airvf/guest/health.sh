# SPDX-License-Identifier: Apache-2.0
# devlink: what it says of the VF, and its health reporters while no interrupt arrives.
. /airvf-common
pair_up /airvf.ko airvf || { dmesg | tail -40; exit 1; }
dev=pci/$(basename "$(readlink /sys/class/net/air0/device)")
reporter() { devlink -j health show "$dev" reporter "$1" | tr -d ' \n' | sed -n "s/.*\"$2\":\([0-9]*\).*/\1/p"; }
grown() { [ "$(reporter "$1" "$2")" -gt "$3" ]; }
late() { # command...: succeeds within 40 s
	local try
	for try in $(seq 400); do "$@" && return 0; sleep 0.1; done
	return 1
}
info_says() { devlink dev info "$dev" | tr -d '\n' | grep -q "$1"; }
check "info: driver" info_says "driver airvf"
check "info: card" info_says "asic.id 82599"
check "info: version of the mailbox" info_says "mailbox 1\.[0-9]"
check "no ill of sending" [ "$(reporter tx error)" = 0 ]
check "no ill of receiving" [ "$(reporter rx error)" = 0 ]
for name in tx rx; do
	check "$name: diagnosis shows the rings" bash -c "devlink health diagnose $dev reporter $name | grep -q clean"
done
works() { link_wait && ping -q -c 5 -i 0.2 -W 2 10.0.0.2; }

say "no interrupts"
resets=$(counter resets)
host sim mischief kind=deaf
ping -q -f -w 100 10.0.0.2 >/dev/null 2>&1 &
flood=$!
check "a stuck queue is reported" late grown tx error 0
check "lost interrupts are reported" late grown rx error 0
check "the stuck queue is cured" late grown tx recover 0
host sim mischief kind=none
check "works" late works
check "by a reset" [ "$(counter resets)" -gt "$resets" ]
check "the dump shows the rings as they were" bash -c "devlink health dump show $dev reporter tx | grep -q clean"

say "no cure without being asked"
check "automatic cure off" devlink health set "$dev" reporter tx auto_recover false
devlink health dump clear "$dev" reporter tx
resets=$(counter resets) errors=$(reporter tx error)
host sim mischief kind=deaf
check "a stuck queue is reported again" late grown tx error "$errors"
host sim mischief kind=none
check "no reset" same resets "$resets"
check "the cure is asked for" devlink health recover "$dev" reporter tx
more_resets() { [ "$(counter resets)" -gt "$resets" ]; }
check "and done" late more_resets
kill $flood; wait $flood 2>/dev/null
check "works" late works
check "interrupts can be asked for" devlink health recover "$dev" reporter rx
check "unload" pair_down airvf
check "the device is gone from devlink" refused devlink dev show "$dev"
finish
