// SPDX-License-Identifier: GPL-2.0-only
/* Register access that survives a device that is gone, reset, link, counters. */
#include <linux/bitfield.h>
#include <linux/delay.h>
#include <linux/ethtool.h>

#include "airvf.h"

#define STOP_POLLS	20	/* of a millisecond at least */

/*
 * All ones can be a register's value; only VFSTATUS never reads so. Asks the
 * device itself, so that one that came back is noticed.
 */
bool airvf_gone(struct airvf *vf)
{
	if (readl(vf->base + VFSTATUS) != U32_MAX)
		return false;
	if (test_and_set_bit(AIRVF_F_GONE, &vf->flags))
		return true;
	/* During reset and removal somebody else deals with it. */
	if (!test_bit(AIRVF_F_DETACHED, &vf->flags) && !test_bit(AIRVF_F_REMOVING, &vf->flags)) {
		dev_err(&vf->pdev->dev, "device does not answer, registers read all ones\n");
		airvf_service_kick(vf);
	}
	return true;
}

u32 airvf_rd(struct airvf *vf, u32 reg)
{
	u32 value;

	if (unlikely(test_bit(AIRVF_F_GONE, &vf->flags)))
		return U32_MAX;
	value = readl(vf->base + reg);
	if (unlikely(value == U32_MAX))
		airvf_gone(vf);
	return value;
}

void airvf_wr(struct airvf *vf, u32 reg, u32 value)
{
	if (likely(!test_bit(AIRVF_F_GONE, &vf->flags)))
		writel(value, vf->base + reg);
}

void airvf_hw_mask(struct airvf *vf)
{
	airvf_wr(vf, VTEIAM, 0);
	airvf_wr(vf, VTEIMC, U32_MAX);
	airvf_wr(vf, VTEIAC, 0);
	/* Clears what is pending and pushes the writes out. */
	airvf_rd(vf, VTEICR);
}

/*
 * Neither VFCTRL.RST nor FLR resets ring registers (specification update,
 * clarification 5), so whatever ran here before may have left its own.
 */
void airvf_hw_queue_defaults(struct airvf *vf)
{
	u32 q;

	airvf_wr(vf, VFPSRTYPE, 0);
	for (q = 0; q < vf->granted; q++) {
		airvf_wr(vf, VFRXDCTL(q), 0);
		airvf_wr(vf, VFTXDCTL(q), 0);
		airvf_wr(vf, VFRDH(q), 0);
		airvf_wr(vf, VFRDT(q), 0);
		airvf_wr(vf, VFTDH(q), 0);
		airvf_wr(vf, VFTDT(q), 0);
		airvf_wr(vf, VFTDWBAL(q), 0);
		airvf_wr(vf, VFTDWBAH(q), 0);
		airvf_wr(vf, VFDCA_RXCTRL(q), 0);
		airvf_wr(vf, VFDCA_TXCTRL(q), 0);
	}
}

/* The 82599's VFLINKS.UP is known to flicker: believe it if it stays up. */
bool airvf_hw_link(struct airvf *vf, u32 *speed)
{
	u32 links = airvf_rd(vf, VFLINKS);
	int i;

	for (i = 0; i < 5 && (links & VFLINKS_UP); i++) {
		usleep_range(100, 200);
		links = airvf_rd(vf, VFLINKS);
	}
	if (links == U32_MAX || !(links & VFLINKS_UP))
		return false;

	switch (FIELD_GET(VFLINKS_SPEED, links)) {
	case VFLINKS_SPEED_10G:
		*speed = SPEED_10000;
		break;
	case VFLINKS_SPEED_1G:
		*speed = SPEED_1000;
		break;
	case VFLINKS_SPEED_100M:
		*speed = SPEED_100;
		break;
	default:
		*speed = SPEED_UNKNOWN;
	}
	return true;
}

/* The lower half may wrap between two reads: the upper must be the same before and after. */
static u64 octets(struct airvf *vf, u32 lsb, u32 msb)
{
	u32 low, high, before = airvf_rd(vf, msb);
	int i;

	for (i = 0; i < 3; i++) {
		low = airvf_rd(vf, lsb);
		high = airvf_rd(vf, msb);
		if (high == before)
			break;
		before = high;
	}
	return low | (u64)(high & 0xf) << 32;
}

static void advance(struct airvf_counter *counter, u64 now, u64 mask)
{
	counter->total += (now - counter->last) & mask;
	counter->last = now;
}

struct airvf_counts {
	u64 rx_packets, tx_packets, multicast, rx_bytes, tx_bytes;
};

/* False: what was read is not to be counted. */
static bool read_counts(struct airvf *vf, struct airvf_counts *now)
{
	now->rx_packets = airvf_rd(vf, VFGPRC);
	now->tx_packets = airvf_rd(vf, VFGPTC);
	now->multicast = airvf_rd(vf, VFMPRC);
	now->rx_bytes = octets(vf, VFGORC_LSB, VFGORC_MSB);
	now->tx_bytes = octets(vf, VFGOTC_LSB, VFGOTC_MSB);
	return !test_bit(AIRVF_F_GONE, &vf->flags);
}

/*
 * The counters run on through VF resets and are not cleared by reading, but a
 * reset of the port clears them: from then on to our own reset nothing is
 * counted. Must be called more often than the octets wrap (55 s at line rate).
 * RTNL.
 */
void airvf_hw_count(struct airvf *vf)
{
	struct airvf_counts now;

	/* Asked last: a reset before the end of the reading shows here. */
	if (!read_counts(vf, &now) || airvf_mbx_pf_was_reset(vf))
		return;
	u64_stats_update_begin(&vf->hw_sync);
	advance(&vf->hw_rx_packets, now.rx_packets, U32_MAX);
	advance(&vf->hw_tx_packets, now.tx_packets, U32_MAX);
	advance(&vf->hw_multicast, now.multicast, U32_MAX);
	advance(&vf->hw_rx_bytes, now.rx_bytes, BIT_ULL(36) - 1);
	advance(&vf->hw_tx_bytes, now.tx_bytes, BIT_ULL(36) - 1);
	u64_stats_update_end(&vf->hw_sync);
}

/* What was counted before our reset is somebody else's, or counted already. */
static void count_base(struct airvf *vf)
{
	struct airvf_counts now;

	if (!read_counts(vf, &now))
		return;
	vf->hw_rx_packets.last = now.rx_packets;
	vf->hw_tx_packets.last = now.tx_packets;
	vf->hw_multicast.last = now.multicast;
	vf->hw_rx_bytes.last = now.rx_bytes;
	vf->hw_tx_bytes.last = now.tx_bytes;
}

/*
 * A former owner (kexec, a guest that died, ourselves while the device read all
 * ones) may have left queues enabled, with its addresses. They would come alive
 * when the PF answers RESET, so none may be left by then.
 */
static bool queues_stopped(struct airvf *vf)
{
	u32 q, left;
	int i;

	for (i = 0; i < STOP_POLLS; i++) {
		left = 0;
		for (q = 0; q < AIRVF_QUEUES_MAX; q++) {
			/* TXDCTL's bit has the same place. */
			if (airvf_rd(vf, VFRXDCTL(q)) & RXDCTL_ENABLE) {
				airvf_wr(vf, VFRXDCTL(q), 0);
				left++;
			}
			if (airvf_rd(vf, VFTXDCTL(q)) & TXDCTL_ENABLE) {
				airvf_wr(vf, VFTXDCTL(q), 0);
				left++;
			}
		}
		if (!left || test_bit(AIRVF_F_GONE, &vf->flags))
			return true;
		usleep_range(1000, 2000);
	}
	return false;
}

/* Resets the VF and registers it with the PF. 0, or why it did not work. */
int airvf_hw_reset(struct airvf *vf)
{
	bool done, stopped;
	int err, i;

	vf->registered = false;
	vf->last_reset = jiffies;
	vf->resets++;
	if (airvf_gone(vf))
		return -ENODEV;
	clear_bit(AIRVF_F_GONE, &vf->flags);

	airvf_hw_mask(vf);
	airvf_mbx_legacy(vf);
	stopped = queues_stopped(vf);
	airvf_wr(vf, VFCTRL, VFCTRL_RST);
	airvf_rd(vf, VFSTATUS);
	usleep_range(1000, 2000);
	if (test_bit(AIRVF_F_GONE, &vf->flags))
		return -ENODEV;
	if (!stopped && !queues_stopped(vf)) {
		netif_err(vf, hw, vf->netdev, "queues of a former owner do not stop\n");
		return -EIO;
	}
	/* Only now: whatever they would have written is not written any more. */
	pci_set_master(vf->pdev);

	/* RSTI is a level, RSTD is seen once; both must be over. */
	for (i = 0; airvf_mbx_pf_reset(vf, &done) || done; i++) {
		if (i == 200)
			return -EBUSY;
		if (test_bit(AIRVF_F_GONE, &vf->flags))
			return -ENODEV;
		usleep_range(1000, 2000);
	}

	vf->mbx.pf_was_reset = false;
	count_base(vf);

	err = airvf_msg_register(vf);
	if (err)
		return err;
	airvf_hw_queue_defaults(vf);
	return 0;
}
