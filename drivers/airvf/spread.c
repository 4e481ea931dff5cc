// SPDX-License-Identifier: GPL-2.0-only
/* MTVD's policies. */
#include "spread.h"

static u32 airvf_spread_turn(struct airvf_spread *spread, u32 batch)
{
	if (spread->used >= batch) {
		spread->used = 0;
		if (++spread->worker >= spread->workers)
			spread->worker = 0;
	}
	spread->used++;
	return spread->worker;
}

u32 airvf_spread_pick(struct airvf_spread *spread, u32 hash)
{
	switch (spread->policy) {
	case AIRVF_RR:
		return airvf_spread_turn(spread, 1);
	case AIRVF_RR_ORDERED:
		return airvf_spread_turn(spread, spread->batch);
	default:
		/*
		 * The device's table picks the queue by the hash's low bits, so
		 * within one queue only the high ones differ evenly.
		 */
		return (u32)(((u64)hash * spread->workers) >> 32);
	}
}
