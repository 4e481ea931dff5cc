// SPDX-License-Identifier: GPL-2.0-only
/* ethtool -t: registers, interrupts and mailbox offline, the link always. */
#include <linux/delay.h>
#include <linux/ethtool.h>

#include "airvf.h"
#include "ethtool.h"
#include "hw.h"
#include "later.h"
#include "link.h"
#include "messages.h"
#include "reset.h"
#include "updown.h"

const char airvf_test_names[AIRVF_TESTS][ETH_GSTRING_LEN] = {
	"Register test  (offline)",
	"Interrupt test (offline)",
	"Mailbox test   (offline)",
	"Link test   (on/offline)",
};

struct pattern {
	u32 reg;
	u32 mask;
};

static bool airvf_test_keeps(struct airvf *vf, u32 reg, u32 mask)
{
	static const u32 patterns[] = { 0x5a5a5a5a, 0xa5a5a5a5, 0, 0xffffffff };
	u32 before = airvf_rd(vf, reg), got, i;

	for (i = 0; i < ARRAY_SIZE(patterns); i++) {
		airvf_wr(vf, reg, patterns[i]);
		got = airvf_rd(vf, reg);
		if ((got & mask) == (patterns[i] & mask))
			continue;
		netif_err(vf, drv, vf->netdev,
			  "register %#06x: wrote %#010x, read %#010x (mask %#010x)\n",
			  reg, patterns[i], got, mask);
		airvf_wr(vf, reg, before);
		return false;
	}
	airvf_wr(vf, reg, before);
	return true;
}

/* Queues are stopped: what is written here moves nothing. */
static bool airvf_test_registers(struct airvf *vf)
{
	u32 q;

	for (q = 0; q < min_t(u32, vf->granted, 2); q++) {
		const struct pattern patterns[] = {
			{ VFRDBAL(q), RDBAL_MASK }, { VFRDBAH(q), U32_MAX },
			{ VFRDLEN(q), RDLEN_MASK }, { VFRDT(q), RDT_MASK },
			{ VFTDBAL(q), RDBAL_MASK }, { VFTDBAH(q), U32_MAX },
			{ VFTDLEN(q), RDLEN_MASK },
		};
		u32 i;

		for (i = 0; i < ARRAY_SIZE(patterns); i++)
			if (!airvf_test_keeps(vf, patterns[i].reg, patterns[i].mask))
				return false;
	}
	return !test_bit(AIRVF_F_GONE, &vf->flags);
}

/* Each vector must fire when told so. */
static bool airvf_test_interrupts(struct airvf *vf)
{
	u32 i, ms;

	for (i = 0; i < vf->vectors_used; i++) {
		struct airvf_vector *vector = vf->vector[i];
		u64 before = READ_ONCE(vector->interrupts);

		airvf_irq_kick(vector);
		for (ms = 0; ms < 200 && READ_ONCE(vector->interrupts) == before; ms++)
			usleep_range(1000, 2000);
		if (READ_ONCE(vector->interrupts) == before) {
			netif_err(vf, drv, vf->netdev, "vector %u does not fire\n", i);
			return false;
		}
	}
	return true;
}

/* As the service work sees it: the PF may have switched it off for us. */
static bool airvf_test_link(struct airvf *vf)
{
	bool enabled = true;
	u32 speed;

	if (vf->registered && (vf->caps & AIRVF_CAP_LINK_STATE) &&
	    airvf_msg_link_state(vf, &enabled))
		enabled = true;
	return enabled && airvf_hw_link(vf, &speed);
}

/* A request that changes nothing. */
static bool airvf_test_mailbox(struct airvf *vf)
{
	int err = airvf_msg_lpe(vf, vf->netdev->mtu + AIRVF_FRAME_EXTRA);

	return !err || err == -EACCES;
}

static void airvf_test_offline(struct airvf *vf, u64 *data)
{
	bool was_up = vf->up;
	int err;

	airvf_link_down(vf);
	airvf_down(vf);
	err = airvf_reset(vf);
	data[0] = err || !airvf_test_registers(vf);
	if (was_up) {
		err = airvf_up(vf, true);
		data[1] = err || !airvf_test_interrupts(vf);
	} else {
		/* No interrupt is requested while the interface is closed. */
		err = airvf_reset(vf);
	}
	data[2] = err || !airvf_test_mailbox(vf);
	if (err)
		set_bit(AIRVF_F_RESET, &vf->flags);
	airvf_service_kick(vf);
}

void airvf_self_test(struct net_device *netdev, struct ethtool_test *test, u64 *data)
{
	struct airvf *vf = netdev_priv(netdev);
	u32 i;

	memset(data, 0, AIRVF_TESTS * sizeof(*data));
	if (airvf_gone(vf)) {
		memset(data, 0xff, AIRVF_TESTS * sizeof(*data));
		test->flags |= ETH_TEST_FL_FAILED;
		return;
	}
	data[3] = !airvf_test_link(vf);
	if (test->flags & ETH_TEST_FL_OFFLINE)
		airvf_test_offline(vf, data);
	for (i = 0; i < AIRVF_TESTS; i++)
		if (data[i])
			test->flags |= ETH_TEST_FL_FAILED;
}
