/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef AIRVF_RX_H
#define AIRVF_RX_H

#include "airvf.h"

/* The ring's poll, or its start. */
static inline void airvf_rx_count(struct airvf_rx_ring *rx, u64 *counter, u32 n)
{
	u64_stats_update_begin(&rx->stats->sync);
	*counter += n;
	u64_stats_update_end(&rx->stats->sync);
}

/**
 * airvf_rx_refill() - gives the device all buffers that the ring has room for
 * @rx: the ring, in its poll or at its start
 *
 * Return: false if memory is short, and not all were given.
 */
bool airvf_rx_refill(struct airvf_rx_ring *rx);

/**
 * airvf_rx_poll() - one ring's share of a poll
 * @rx: the ring
 * @napi: the poll that runs
 * @budget: descriptors that may be taken, at least 1
 * @work: what was done is added
 *
 * Return: true if the ring was emptied.
 */
bool airvf_rx_poll(struct airvf_rx_ring *rx, struct napi_struct *napi, int budget,
		   struct airvf_work *work);

/* Takes the buffers back. The queue is stopped, its poll as well. */
void airvf_rx_free(struct airvf_rx_ring *rx);

/* A queue's statistics: its poll's, and what workers did for it. Any context. */
void airvf_rx_sum(const struct airvf *vf, u32 queue, struct airvf_rx_stats *sum);

#endif
