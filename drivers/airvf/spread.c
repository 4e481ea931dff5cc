// SPDX-License-Identifier: GPL-2.0-only
/* MTVD's policies. */
#include "spread.h"

static void airvf_spread_next(struct airvf_spread *spread)
{
	spread->used = 0;
	if (++spread->worker >= spread->workers)
		spread->worker = 0;
}

static u32 airvf_spread_turn(struct airvf_spread *spread)
{
	if (spread->used)
		airvf_spread_next(spread);
	spread->used = 1;
	return spread->worker;
}

static u32 airvf_spread_batch(struct airvf_spread *spread)
{
	if (spread->used >= spread->batch)
		airvf_spread_next(spread);
	if (spread->worker == spread->busy)
		airvf_spread_next(spread);
	spread->used++;
	return spread->worker;
}

u32 airvf_spread_pick(struct airvf_spread *spread, u32 hash)
{
	switch (spread->policy) {
	case AIRVF_RR:
		return airvf_spread_turn(spread);
	case AIRVF_RR_ORDERED:
		return airvf_spread_batch(spread);
	default:
		/*
		 * The device's table picks the queue by the hash's low bits, so
		 * within one queue only the high ones differ evenly.
		 */
		return (u32)(((u64)hash * spread->workers) >> 32);
	}
}
