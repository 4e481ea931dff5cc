// SPDX-License-Identifier: GPL-2.0-only
/*
 * Transmit (data sheet 7.2.3.2). Every packet names a context, because the
 * internal switch takes the header lengths from there; the device keeps two for a
 * queue, so a context descriptor comes only before a packet that needs another.
 * What is usual, a short packet like the one before, goes a short way
 * (airvf_tx_small()).
 */
#include "airvf.h"
#include "tx.h"
#include "tx_ring.h"

/*
 * Copying a short piece is cheaper than mapping it, far cheaper with an IOMMU.
 * Whole blocks: behind an skb's data lies its shared info, so there is that much.
 */
static __always_inline dma_addr_t airvf_tx_copy(const struct airvf_tx_ring *ring,
						unsigned long i, const void *data, u32 len)
{
	void *to = ring->small + i * AIRVF_TX_SMALL;

	airvf_copy_block(to, data);
	if (len > AIRVF_COPY_BLOCK)
		airvf_copy_block(to + AIRVF_COPY_BLOCK, data + AIRVF_COPY_BLOCK);
	return ring->small_dma + i * AIRVF_TX_SMALL;
}

static bool airvf_tx_map_skb(struct airvf_tx_ring *ring, struct sk_buff *skb,
			     const struct airvf_tx_plan *plan, u16 i, u16 *end, u16 *eop)
{
	u32 len = skb_headlen(skb);
	bool copy = ring->small && len <= AIRVF_TX_SMALL;
	dma_addr_t dma;
	int f;

	if (copy)
		dma = airvf_tx_copy(ring, i, skb->data, len);
	else
		dma = airvf_tx_map(ring, skb->data, len);
	for (f = 0; ; f++) {
		const skb_frag_t *frag = &skb_shinfo(skb)->frags[f];

		if (dma_mapping_error(ring->dev, dma)) {
			airvf_tx_unwind(ring, ring->next_to_use, i);
			return false;
		}
		ring->buf[i].dma = dma;
		ring->buf[i].len = f || !copy ? len : 0;
		i = airvf_tx_put_data(ring, i, dma, len, plan, eop);
		if (f == skb_shinfo(skb)->nr_frags)
			break;
		len = skb_frag_size(frag);
		dma = skb_frag_dma_map(ring->dev, frag, 0, len, DMA_TO_DEVICE);
	}
	*end = i;
	return true;
}

static noinline bool airvf_tx_stop_unless(struct airvf_tx_ring *ring, u32 room)
{
	if (airvf_tx_has_room(ring, room))
		return false;
	netif_tx_stop_queue(ring->txq);
	/* The stop must be seen before the room is counted again. */
	smp_mb__after_atomic();
	if (!airvf_tx_has_room(ring, room)) {
		airvf_tx_count(ring->stats, &ring->stats->stop);
		return true;
	}
	netif_tx_start_queue(ring->txq);
	return false;
}

static u32 airvf_tx_room_for(const struct sk_buff *skb)
{
	u32 room = 1 + DIV_ROUND_UP(skb_headlen(skb), TXD_LEN_MAX);
	int f;

	for (f = 0; f < skb_shinfo(skb)->nr_frags; f++)
		room += DIV_ROUND_UP(skb_frag_size(&skb_shinfo(skb)->frags[f]), TXD_LEN_MAX);
	return room;
}

/* 01:80:c2:00:00:0x is for the port's owner, not for a VF. */
static bool airvf_tx_link_local(const struct sk_buff *skb)
{
	return is_link_local_ether_addr(skb->data);
}

static noinline netdev_tx_t airvf_tx_drop(struct airvf_tx_stats *stats, struct sk_buff *skb)
{
	airvf_tx_count(stats, &stats->dropped);
	dev_kfree_skb_any(skb);
	return NETDEV_TX_OK;
}

/* The slots are filled, and BQL knows of them: the clean-up may find them. */
static __always_inline void airvf_tx_advance(struct airvf_tx_ring *ring, u32 slots, u32 end)
{
	/* Pairs with the acquire there. */
	smp_store_release(&ring->next_to_use, end);
	ring->room -= slots;
}

/* There may be no room for another packet: then nobody else rings the doorbell. */
static noinline void airvf_tx_publish_last(struct airvf_tx_ring *ring, bool kick)
{
	if (airvf_tx_stop_unless(ring, TX_ROOM) || kick)
		airvf_tx_kick(ring);
}

/* Another packet follows at once. */
static noinline void airvf_tx_publish_more(struct airvf_tx_ring *ring, u32 slots, u32 bytes,
					   u32 end)
{
	bool kick = __netdev_tx_sent_queue(ring->txq, bytes, true);

	airvf_tx_advance(ring, slots, end);
	airvf_tx_publish_last(ring, kick);
}

/* A packet's descriptors are made. They go to the device, when it is time. */
static noinline void airvf_tx_publish(struct airvf_tx_ring *ring, struct sk_buff *skb,
				      struct airvf_tx_buf *first, u32 slots, u16 segs,
				      u32 bytes, u32 eop, bool csum)
{
	struct airvf_tx_stats *stats = ring->stats;
	u32 end = airvf_tx_next(ring, eop);

	first->skb = skb;
	first->segs = segs;
	first->type = AIRVF_TX_SKB;
	first->bytes = bytes;
	first->eop = eop;

	u64_stats_update_begin(&stats->xmit_sync);
	if (csum)
		stats->needs_csum += segs;
	else
		stats->csum_none++;
	u64_stats_update_end(&stats->xmit_sync);
	if (netdev_xmit_more()) {
		airvf_tx_publish_more(ring, slots, bytes, end);
		return;
	}
	/* Before anybody can find them sent. */
	netdev_tx_sent_queue(ring->txq, bytes);
	airvf_tx_advance(ring, slots, end);
	if (unlikely(ring->room < TX_ROOM))
		airvf_tx_publish_last(ring, true);
	else
		airvf_tx_doorbell(ring, end);
}

/*
 * A packet in one piece that is not segmented: one descriptor, perhaps behind its
 * context. False: it is to be dropped.
 */
static __always_inline bool airvf_tx_one(struct airvf_tx_ring *ring, struct sk_buff *skb)
{
	struct airvf_tx_plan plan = {
		.cmd = TXD_DTYP_DATA | TXD_DEXT | TXD_IFCS | TXD_EOP | TXD_RS | skb->len,
		.olinfo = TXD_CC,
	};
	u16 i = ring->next_to_use;
	struct airvf_tx_buf *first = &ring->buf[i];
	bool copy = ring->small && skb->len <= AIRVF_TX_SMALL, csum;
	struct airvf_tx_desc *desc;
	u32 slots = 1;
	dma_addr_t dma;

	csum = airvf_tx_plan_csum(skb, &plan);
	if (unlikely(!csum && skb->ip_summed == CHECKSUM_PARTIAL) &&
	    skb_csum_hwoffload_help(skb, 0))
		return false;
	airvf_tx_plan_vlan(skb, &plan);
	if (copy) {
		dma = 0;
	} else {
		dma = airvf_tx_map(ring, skb->data, skb->len);
		if (unlikely(dma_mapping_error(ring->dev, dma))) {
			airvf_tx_count(ring->stats, &ring->stats->dma_errors);
			return false;
		}
	}
	skb_tx_timestamp(skb);
	if (airvf_tx_needs_context(ring, &plan)) {
		airvf_tx_put_context(ring, i, &plan);
		i = airvf_tx_next(ring, i);
		slots++;
	}
	if (copy)
		dma = airvf_tx_copy(ring, i, skb->data, skb->len);
	ring->buf[i].dma = dma;
	ring->buf[i].len = copy ? 0 : skb->len;
	desc = &ring->desc[i];
	desc->addr = cpu_to_le64(dma);
	desc->cmd = cpu_to_le32(plan.cmd);
	desc->olinfo = cpu_to_le32(plan.olinfo);
	airvf_tx_publish(ring, skb, first, slots, 1, skb->len, i, csum);
	return true;
}

/* A packet in several pieces, or one for the device to segment. False: as above. */
static noinline bool airvf_tx_pieces(struct airvf_tx_ring *ring, struct sk_buff *skb)
{
	struct airvf_tx_plan plan = {
		.cmd = TXD_DTYP_DATA | TXD_DEXT | TXD_IFCS,
		.olinfo = TXD_CC,
	};
	struct airvf_tx_buf *first = &ring->buf[ring->next_to_use];
	u16 data = ring->next_to_use, end, eop, segs = 1;
	bool context;

	if (skb_is_gso(skb)) {
		if (airvf_tx_plan_segments(skb, &plan))
			return false;
		/* Whoever injects a packet may leave its number of segments out. */
		segs = max_t(u16, skb_shinfo(skb)->gso_segs, 1);
	} else if (!airvf_tx_plan_csum(skb, &plan) && skb->ip_summed == CHECKSUM_PARTIAL &&
		   skb_csum_hwoffload_help(skb, 0)) {
		return false;
	}
	airvf_tx_plan_vlan(skb, &plan);
	context = airvf_tx_needs_context(ring, &plan);
	if (context)
		data = airvf_tx_next(ring, data);
	if (!airvf_tx_map_skb(ring, skb, &plan, data, &end, &eop)) {
		airvf_tx_count(ring->stats, &ring->stats->dma_errors);
		return false;
	}
	if (context)
		airvf_tx_put_context(ring, ring->next_to_use, &plan);
	ring->desc[eop].cmd |= cpu_to_le32(TXD_EOP | TXD_RS);
	skb_tx_timestamp(skb);
	airvf_tx_publish(ring, skb, first, airvf_tx_distance(ring, end), segs,
			 skb->len + (segs - 1) * plan.header, eop, plan.olinfo & TXD_TXSM);
	return true;
}

/* Where the checksum is, seen from the IP header: both fields by one subtraction. */
static __always_inline u32 airvf_tx_csum_from(const struct sk_buff *skb)
{
	const union airvf_tx_csum net = { .start = skb->network_header };

	return (__force u32)skb->csum - (__force u32)net.both;
}

/*
 * A short packet in one piece, with a checksum to compute and headers like those of
 * the one before, and nothing else to be done?
 */
static __always_inline bool airvf_tx_usual(const struct airvf_tx_ring *ring,
					   const struct sk_buff *skb)
{
	const struct skb_shared_info *shared = skb_shinfo(skb);
	const struct airvf_tx_usual *usual = &ring->usual;

	return skb->len - TX_FRAME_MIN <= AIRVF_TX_SMALL - TX_FRAME_MIN &&
	       airvf_skb_plain(skb) && skb->ip_summed == CHECKSUM_PARTIAL &&
	       airvf_tx_csum_from(skb) == (__force u32)usual->csum.both &&
	       (u32)skb_network_offset(skb) == usual->mac &&
	       !shared->gso_size && !shared->tx_flags &&
	       (*(const __be32 *)skb->data != htonl(0x0180c200) || !airvf_tx_link_local(skb)) &&
	       ring->room >= TX_ROOM;
}

/* airvf_tx_usual() says that it is one. */
static __always_inline void airvf_tx_small(struct airvf_tx_ring *ring, struct sk_buff *skb)
{
	u32 i = ring->next_to_use, len = skb->len;
	struct airvf_tx_desc *desc = &ring->desc[i];
	struct airvf_tx_buf *buf = &ring->buf[i];

	desc->addr = cpu_to_le64(airvf_tx_copy(ring, i, skb->data, len));
	desc->cmd = cpu_to_le32(TXD_DTYP_DATA | TXD_DEXT | TXD_IFCS | TXD_EOP | TXD_RS | len);
	desc->olinfo = cpu_to_le32(TXD_CC | TXD_TXSM | len << TXD_PAYLEN_SHIFT);
	buf->skb = skb;
	buf->type = AIRVF_TX_SHORT;
	buf->bytes = len;
	buf->eop = i;
	i = airvf_tx_next(ring, i);
	if (netdev_xmit_more()) {
		airvf_tx_count(ring->stats, &ring->stats->needs_csum);
		airvf_tx_publish_more(ring, 1, len, i);
		return;
	}
	netdev_tx_sent_queue(ring->txq, len);
	airvf_tx_advance(ring, 1, i);
	if (unlikely(ring->room < TX_ROOM)) {
		airvf_tx_count(ring->stats, &ring->stats->needs_csum);
		airvf_tx_publish_last(ring, true);
		return;
	}
	airvf_tx_ring_bell(ring, i);
	airvf_tx_count(ring->stats, &ring->stats->small);
}

/* Any packet. */
static noinline netdev_tx_t airvf_tx_any(struct airvf_tx_ring *ring, struct sk_buff *skb)
{
	struct airvf_tx_stats *stats = ring->stats;

	if (unlikely(!skb->len))
		goto drop;
	if (skb_put_padto(skb, TX_FRAME_MIN)) {
		skb = NULL;	/* already freed */
		goto drop;
	}
	if (unlikely(airvf_tx_link_local(skb))) {
		airvf_tx_count(stats, &stats->link_local);
		dev_kfree_skb_any(skb);
		skb = NULL;
		goto kick;
	}
	if (unlikely(skb_shinfo(skb)->nr_frags + TX_EXTRA > TX_PACKET_MAX) &&
	    airvf_tx_room_for(skb) > TX_PACKET_MAX && skb_linearize(skb))
		goto drop;
	if (unlikely(!airvf_tx_has_room(ring, TX_ROOM) &&
		     airvf_tx_stop_unless(ring, airvf_tx_room_for(skb)))) {
		airvf_tx_count(stats, &stats->busy);
		airvf_tx_kick(ring);
		return NETDEV_TX_BUSY;
	}
	if (!skb_is_nonlinear(skb) && !skb_is_gso(skb) && skb->len <= TXD_LEN_MAX) {
		if (likely(airvf_tx_one(ring, skb)))
			return NETDEV_TX_OK;
	} else if (likely(airvf_tx_pieces(ring, skb))) {
		return NETDEV_TX_OK;
	}

drop:
	airvf_tx_drop(stats, skb);
kick:
	/* Packets before this one may have waited for it. */
	if (!netdev_xmit_more())
		airvf_tx_kick(ring);
	return NETDEV_TX_OK;
}

netdev_tx_t airvf_xmit(struct sk_buff *skb, struct net_device *netdev)
{
	struct airvf *vf = netdev_priv(netdev);
	unsigned long queue = skb_get_queue_mapping(skb);
	struct airvf_tx_ring *ring;

	/*
	 * The core wakes queues without asking us when it attaches the device.
	 * Pairs with the barrier in airvf_up(); airvf_down() waits for our lock.
	 */
	if (unlikely(test_bit_acquire(AIRVF_F_DOWN, &vf->flags)))
		return airvf_tx_drop(&vf->tx_stats[queue], skb);
	ring = vf->rings.tx[queue];
	/* All queues are woken, also those that have no ring. */
	if (unlikely(!ring))
		return airvf_tx_drop(&vf->tx_stats[queue], skb);
	if (unlikely(!airvf_tx_usual(ring, skb)))
		return airvf_tx_any(ring, skb);
	airvf_tx_small(ring, skb);
	return NETDEV_TX_OK;
}
