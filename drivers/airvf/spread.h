/* SPDX-License-Identifier: GPL-2.0-only */
/* Which worker gets a packet: pure arithmetic, tested in user space. */
#ifndef AIRVF_SPREAD_H
#define AIRVF_SPREAD_H

#include "pure.h"

enum airvf_policy {
	AIRVF_RR,		/* packet i to worker i mod N, as the paper has it */
	AIRVF_FLOW,		/* all of a flow to one worker */
	AIRVF_RR_ORDERED,	/* batches in turn, released in order */
	AIRVF_POLICIES,
};

/**
 * struct airvf_spread - one dispatcher's turn
 * @policy: how
 * @workers: N, at least 1
 * @batch: packets in a row to one worker (rr-ordered), at least 1
 * @busy: worker that rr-ordered passes over, with something else to do; N or more: none
 * @worker: whose turn it is
 * @used: packets that it already got in this turn
 */
struct airvf_spread {
	enum airvf_policy policy;
	u32 workers;
	u32 batch;
	u32 busy;
	u32 worker;
	u32 used;
};

/* @hash: any number that is the same for all packets of a flow */
u32 airvf_spread_pick(struct airvf_spread *spread, u32 hash);

/* The worker that was picked cannot take it: not that one again in this turn. */
static inline void airvf_spread_pass(struct airvf_spread *spread)
{
	spread->used = spread->batch;
}

#endif
