// SPDX-License-Identifier: GPL-2.0-only
/* The VF's own counters (data sheet 8.3.5.9), which run on through its resets. */
#include "airvf.h"
#include "count.h"
#include "hw.h"
#include "mailbox.h"

/* The lower half may wrap between two reads: the upper must be the same before and after. */
static u64 airvf_count_octets(struct airvf *vf, u32 lsb, u32 msb)
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

static void airvf_count_advance(struct airvf_counter *counter, u64 now, u64 mask)
{
	counter->total += (now - counter->last) & mask;
	counter->last = now;
}

struct airvf_counts {
	u64 rx_packets, tx_packets, multicast, rx_bytes, tx_bytes;
};

/* False: what was read is not to be counted. */
static bool airvf_count_read(struct airvf *vf, struct airvf_counts *now)
{
	now->rx_packets = airvf_rd(vf, VFGPRC);
	now->tx_packets = airvf_rd(vf, VFGPTC);
	now->multicast = airvf_rd(vf, VFMPRC);
	now->rx_bytes = airvf_count_octets(vf, VFGORC_LSB, VFGORC_MSB);
	now->tx_bytes = airvf_count_octets(vf, VFGOTC_LSB, VFGOTC_MSB);
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
	if (!airvf_count_read(vf, &now) || airvf_mbx_pf_was_reset(vf))
		return;
	u64_stats_update_begin(&vf->hw_sync);
	airvf_count_advance(&vf->hw_rx_packets, now.rx_packets, U32_MAX);
	airvf_count_advance(&vf->hw_tx_packets, now.tx_packets, U32_MAX);
	airvf_count_advance(&vf->hw_multicast, now.multicast, U32_MAX);
	airvf_count_advance(&vf->hw_rx_bytes, now.rx_bytes, BIT_ULL(36) - 1);
	airvf_count_advance(&vf->hw_tx_bytes, now.tx_bytes, BIT_ULL(36) - 1);
	u64_stats_update_end(&vf->hw_sync);
}

/* What was counted before our reset is somebody else's, or counted already. */
void airvf_hw_count_base(struct airvf *vf)
{
	struct airvf_counts now;

	if (!airvf_count_read(vf, &now))
		return;
	vf->hw_rx_packets.last = now.rx_packets;
	vf->hw_tx_packets.last = now.tx_packets;
	vf->hw_multicast.last = now.multicast;
	vf->hw_rx_bytes.last = now.rx_bytes;
	vf->hw_tx_bytes.last = now.tx_bytes;
}
