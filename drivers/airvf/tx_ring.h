/* SPDX-License-Identifier: GPL-2.0-only */
/* A transmit ring as its producers see it: descriptors, contexts, room, doorbell. */
#ifndef AIRVF_TX_RING_H
#define AIRVF_TX_RING_H

#include <linux/dma-mapping.h>

#include "airvf.h"
#include "tx_plan.h"

/* Descriptors of one packet that the device takes, the context among them. */
#define TX_PACKET_MAX	40
/* Room that a packet may need: every fragment, the linear part, cuts at 16 KB. */
#define TX_EXTRA	8
#define TX_ROOM		min_t(u32, MAX_SKB_FRAGS + TX_EXTRA, TX_PACKET_MAX)

static inline u32 airvf_tx_next(const struct airvf_tx_ring *ring, u32 i)
{
	return ++i == ring->count ? 0 : i;
}

/* Descriptors from the next one to be filled to @end. */
static inline u32 airvf_tx_distance(const struct airvf_tx_ring *ring, u16 end)
{
	return (end >= ring->next_to_use ? 0 : ring->count) + end - ring->next_to_use;
}

/*
 * Does the packet need another context than the queue has? Without a checksum to
 * compute only the length of the MAC header counts, and the VLAN if there is one.
 */
static __always_inline bool airvf_tx_needs_context(const struct airvf_tx_ring *ring,
						   const struct airvf_tx_plan *plan)
{
	const struct airvf_tx_context *has = &ring->context[!!(plan->mss & 1 << TXC_IDX_SHIFT)];
	u32 mask = U32_MAX;

	if (!(plan->olinfo & TXD_TXSM))
		mask = TXC_MACLEN_MAX << TXC_MACLEN_SHIFT |
		       (plan->cmd & TXD_VLE ? 0xffffu << TXC_VLAN_SHIFT : 0);
	if (((plan->lens ^ has->lens) & mask) || !has->known)
		return true;
	return mask == U32_MAX && (plan->type != has->type || plan->mss != has->mss);
}

/* Unused slots and those of contexts have no length. */
static __always_inline void airvf_tx_unmap(struct airvf_tx_ring *ring, struct airvf_tx_buf *buf)
{
	if (!buf->len)
		return;
	dma_unmap_page(ring->dev, buf->dma, buf->len, DMA_TO_DEVICE);
	buf->len = 0;
}

/* Of the kernel's linear memory, where all heads of packets are. */
static inline dma_addr_t airvf_tx_map(const struct airvf_tx_ring *ring, void *data, u32 len)
{
	return dma_map_page(ring->dev, virt_to_page(data), offset_in_page(data), len,
			    DMA_TO_DEVICE);
}

/* One mapped piece, cut at 16 KB. Returns the index after its last descriptor. */
static inline u16 airvf_tx_put_data(struct airvf_tx_ring *ring, u16 i, dma_addr_t dma, u32 len,
				    const struct airvf_tx_plan *plan, u16 *last)
{
	do {
		u32 part = min_t(u32, len, TXD_LEN_MAX);
		struct airvf_tx_desc *desc = &ring->desc[i];

		/* All cuts but the last are full, so no cut is tiny. */
		desc->addr = cpu_to_le64(dma);
		desc->cmd = cpu_to_le32(plan->cmd | part);
		desc->olinfo = cpu_to_le32(plan->olinfo);
		*last = i;
		i = airvf_tx_next(ring, i);
		dma += part;
		len -= part;
	} while (len);
	return i;
}

/* The caller has the queue's lock. */
static inline void airvf_tx_count(struct airvf_tx_stats *stats, u64 *counter)
{
	u64_stats_update_begin(&stats->xmit_sync);
	++*counter;
	u64_stats_update_end(&stats->xmit_sync);
}

static inline void airvf_tx_count_many(struct airvf_tx_stats *stats, u64 *counter, u32 n)
{
	u64_stats_update_begin(&stats->xmit_sync);
	*counter += n;
	u64_stats_update_end(&stats->xmit_sync);
}

static __always_inline void airvf_tx_ring_bell(struct airvf_tx_ring *ring, u32 tail)
{
	ring->kicked = tail;
	/* The descriptors before the tail: writel() orders them. */
	writel(tail, ring->tail);
}

static inline void airvf_tx_doorbell(struct airvf_tx_ring *ring, u32 tail)
{
	airvf_tx_ring_bell(ring, tail);
	airvf_tx_count(ring->stats, &ring->stats->doorbells);
}

static inline void airvf_tx_kick(struct airvf_tx_ring *ring)
{
	if (ring->kicked != ring->next_to_use)
		airvf_tx_doorbell(ring, ring->next_to_use);
}

/* Is there room? What the clean-up gave back is looked at only if it is needed. */
static __always_inline bool airvf_tx_has_room(struct airvf_tx_ring *ring, u32 room)
{
	if (likely(ring->room >= room))
		return true;
	ring->room = airvf_tx_unused(ring);
	return ring->room >= room;
}

/* Makes the context descriptor @i, which the ring then remembers. */
void airvf_tx_put_context(struct airvf_tx_ring *ring, u16 i, const struct airvf_tx_plan *plan);
/* Takes back what was mapped for several slots. */
void airvf_tx_unwind(struct airvf_tx_ring *ring, u32 first, u32 end);

#endif
