/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef AIRVF_TX_H
#define AIRVF_TX_H

#include "airvf.h"

/* .ndo_start_xmit */
netdev_tx_t airvf_xmit(struct sk_buff *skb, struct net_device *netdev);
/* .ndo_features_check */
netdev_features_t airvf_features_check(struct sk_buff *skb, struct net_device *netdev,
				       netdev_features_t features);

/* In its vector's poll: is there nothing that could have been sent? */
static inline bool airvf_tx_idle(const struct airvf_tx_ring *ring)
{
	return ring->next_to_clean == READ_ONCE(ring->next_to_use) && !ring->xsk;
}

/**
 * airvf_tx_clean() - returns packets that were sent
 * @ring: the ring, in its vector's poll
 * @budget: NAPI's; 0 in netpoll, which frees no page
 * @work: what was done is added
 *
 * Return: true if nothing is left to do now.
 */
bool airvf_tx_clean(struct airvf_tx_ring *ring, int budget, struct airvf_work *work);
/* Gives back everything, sent or not. The queue is stopped. */
void airvf_tx_free(struct airvf_tx_ring *ring);
/* A queue's statistics as they were at one moment, each group for itself. */
void airvf_tx_sum(const struct airvf *vf, u32 queue, struct airvf_tx_stats *sum);

/**
 * airvf_tx_xdp() - one frame into the ring, without doorbell
 * @ring: the ring; the caller holds its netdev queue's lock
 * @xdpf: the frame; the ring's if 0 is returned
 * @pool: its pages are of our page pool and mapped
 *
 * Return: 0; -ENOSPC if there is no room, for later frames neither; -EINVAL or
 * -ENOMEM if only this one cannot be sent.
 */
int airvf_tx_xdp(struct airvf_tx_ring *ring, struct xdp_frame *xdpf, bool pool);
/* The doorbell. Same lock. */
void airvf_tx_xdp_flush(struct airvf_tx_ring *ring);

#endif
