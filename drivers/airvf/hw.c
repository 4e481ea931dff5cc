// SPDX-License-Identifier: GPL-2.0-only
/* Register access that survives a device that is gone; interrupts, queues, link. */
#include <linux/bitfield.h>
#include <linux/delay.h>
#include <linux/ethtool.h>

#include "airvf.h"
#include "hw.h"
#include "later.h"

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

/* @steps: 2.048 us each; 0 turns the throttle off. */
void airvf_itr_write(struct airvf_vector *vector, u32 steps)
{
	u32 value = min_t(u32, steps, AIRVF_STEPS_MAX) << 3;

	/* The running interval is to end as it began, unless there was none. */
	if (vector->steps && steps)
		value |= VTEITR_CNT_WDIS;
	vector->steps = steps;
	airvf_wr(vector->vf, VTEITR(vector->index), value);
}

/* An interrupt of our own, in case that one was lost. */
void airvf_irq_kick(struct airvf_vector *vector)
{
	airvf_wr(vector->vf, VTEICS, BIT(vector->index));
}
