// SPDX-License-Identifier: GPL-2.0-only
/* What was sent goes back, and is counted. */
#include <net/xdp_sock_drv.h>

#include "tx.h"
#include "tx_ring.h"

/* A queue is woken later than it is stopped, so that it is not at every packet. */
static u32 airvf_tx_wake_room(const struct airvf_tx_ring *ring)
{
	return max_t(u32, TX_ROOM, min_t(u32, 2 * TX_ROOM, ring->count / 2));
}

/* The frame's slots are free again. */
static noinline void airvf_tx_return_frame(struct airvf_tx_ring *ring, struct airvf_tx_buf *first,
					   u32 i)
{
	airvf_tx_unwind(ring, i, airvf_tx_next(ring, first->eop));
	/* Not "direct": the pool may belong to another vector or device. */
	xdp_return_frame(first->xdpf);
}

/* What one turn of the clean-up found besides the number of packets and bytes. */
struct airvf_tx_found {
	u32 segs;	/* beyond one a packet */
	u32 xdp;	/* frames that are not the stack's */
	u32 xdp_bytes;
	u32 xsk;	/* of these, a socket's */
};

static bool airvf_tx_sent(const struct airvf_tx_ring *ring, u32 eop)
{
	return READ_ONCE(ring->desc[eop].olinfo) & cpu_to_le32(TXD_STA_DD);
}

/* A packet that was sent and is not a short one. False: not now. */
static bool airvf_tx_clean_any(struct airvf_tx_ring *ring, u32 i, int budget,
			       struct airvf_tx_found *found)
{
	struct airvf_tx_buf *first = &ring->buf[i];

	if (likely(first->type == AIRVF_TX_SKB)) {
		if (likely(first->eop == i))
			airvf_tx_unmap(ring, first);
		else
			airvf_tx_unwind(ring, i, airvf_tx_next(ring, first->eop));
		napi_consume_skb(first->skb, budget);
		found->segs += first->segs - 1;
		return true;
	}
	/* netpoll may have interrupts off: page pools cannot be served then. */
	if (!budget)
		return false;
	if (first->type == AIRVF_TX_XSK)
		found->xsk++;
	else
		airvf_tx_return_frame(ring, first, i);
	found->xdp++;
	found->xdp_bytes += first->bytes;
	return true;
}

/*
 * Returns packets that were sent: memory goes back when the device no longer has it.
 * True: nothing left to do now.
 */
bool airvf_tx_clean(struct airvf_tx_ring *ring, int budget, struct airvf_work *work)
{
	/* Pairs with the producer's release: buf[] is filled up to here. */
	u32 use = smp_load_acquire(&ring->next_to_use), i = ring->next_to_clean;
	u32 bytes = 0, done = 0, limit = ring->count / 2, eop;
	struct airvf_tx_found found = {};

	while (i != use) {
		const struct airvf_tx_buf *first = &ring->buf[i];

		if (likely(first->type == AIRVF_TX_SHORT)) {
			eop = i;
			if (!airvf_tx_sent(ring, eop))
				break;
			napi_consume_skb(first->skb, budget);
		} else {
			eop = first->eop;
			if (!airvf_tx_sent(ring, eop) ||
			    !airvf_tx_clean_any(ring, i, budget, &found))
				break;
		}
		bytes += first->bytes;
		i = airvf_tx_next(ring, eop);
		if (++done == limit)
			break;
	}
	if (!done)
		return true;

	if (unlikely(found.xsk))
		xsk_tx_completed(ring->xsk, found.xsk);
	/* The producer refills buf[] from here only after we are done with it. */
	smp_store_release(&ring->next_to_clean, i);
	u64_stats_update_begin(&ring->stats->clean_sync);
	ring->stats->packets += done + found.segs;
	ring->stats->bytes += bytes;
	u64_stats_update_end(&ring->stats->clean_sync);
	/* The device made the segments: to us it was one packet. */
	work->sent += done;
	work->bytes += bytes;

	netdev_tx_completed_queue(ring->txq, done - found.xdp, bytes - found.xdp_bytes);
	/* Pairs with the barrier in airvf_tx_stop_unless(). */
	smp_mb();
	if (unlikely(netif_tx_queue_stopped(ring->txq) &&
		     airvf_tx_unused(ring) >= airvf_tx_wake_room(ring) &&
		     !(READ_ONCE(ring->vf->flags) & (BIT(AIRVF_F_DOWN) | BIT(AIRVF_F_PAUSED))) &&
		     netif_carrier_ok(ring->vf->netdev))) {
		netif_tx_wake_queue(ring->txq);
		u64_stats_update_begin(&ring->stats->clean_sync);
		ring->stats->wake++;
		u64_stats_update_end(&ring->stats->clean_sync);
	}
	return done != limit;
}

/* A queue's statistics as they were at one moment, each group for itself. */
void airvf_tx_sum(const struct airvf *vf, u32 queue, struct airvf_tx_stats *sum)
{
	const struct airvf_tx_stats *stats = &vf->tx_stats[queue];
	struct airvf_tx_stats copy;
	u32 start;

	do {
		start = u64_stats_fetch_begin(&stats->xmit_sync);
		*sum = *stats;
	} while (u64_stats_fetch_retry(&stats->xmit_sync, start));
	sum->needs_csum += sum->small;
	sum->doorbells += sum->small;
	do {
		start = u64_stats_fetch_begin(&stats->clean_sync);
		copy = *stats;
	} while (u64_stats_fetch_retry(&stats->clean_sync, start));
	sum->packets = copy.packets;
	sum->bytes = copy.bytes;
	sum->wake = copy.wake;
	do {
		start = u64_stats_fetch_begin(&stats->watch_sync);
		sum->hangs = stats->hangs;
	} while (u64_stats_fetch_retry(&stats->watch_sync, start));
}

/* The queue is stopped: give back everything, sent or not. */
void airvf_tx_free(struct airvf_tx_ring *ring)
{
	u32 i = ring->next_to_clean;

	while (i != ring->next_to_use) {
		struct airvf_tx_buf *first = &ring->buf[i];
		u32 end = airvf_tx_next(ring, first->eop);

		if (first->type == AIRVF_TX_SHORT || first->type == AIRVF_TX_SKB) {
			airvf_tx_unwind(ring, i, end);
			dev_kfree_skb_any(first->skb);
		} else if (first->type == AIRVF_TX_XSK) {
			/* Given up, but theirs again. */
			xsk_tx_completed(ring->xsk, 1);
		} else {
			airvf_tx_return_frame(ring, first, i);
		}
		i = end;
	}
	ring->next_to_clean = 0;
	ring->next_to_use = 0;
	ring->kicked = 0;
	ring->room = ring->count - 1;
	netdev_tx_reset_queue(ring->txq);
}
