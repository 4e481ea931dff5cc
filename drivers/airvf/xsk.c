// SPDX-License-Identifier: GPL-2.0-only
/*
 * AF_XDP without copies: the device receives into a socket's memory and sends
 * from it. Frames for the stack are copied out. A buffer takes 3 KB as all others
 * do; a frame that does not fit is dropped (the VF cannot limit what it gets).
 */
#include <linux/filter.h>
#include <net/xdp_sock_drv.h>

#include "airvf.h"
#include "frame.h"
#include "hints.h"
#include "rx.h"
#include "tx_ring.h"
#include "xdp.h"
#include "xsk.h"

#define SEND_BATCH	64
#define REFILL_BATCH	32

struct airvf_xsk_pass {
	struct airvf_skb_count skbs;
	u32 packets;
	u32 bytes;
	bool tx;
	bool redirect;
};

bool airvf_xsk_refill(struct airvf_rx_ring *rx)
{
	u32 left = airvf_rx_unused(rx), i = rx->next_to_use;

	for (; left; left--) {
		struct xdp_buff *xdp = xsk_buff_alloc(rx->xsk);

		if (!xdp)
			break;
		rx->xsk_buf[i] = xdp;
		rx->desc[i].read.pkt_addr = cpu_to_le64(xsk_buff_xdp_get_dma(xdp));
		/* Lies over DD and length: not done. */
		rx->desc[i].read.hdr_addr = 0;
		if (unlikely(++i == rx->count))
			i = 0;
	}
	if (i != rx->next_to_use) {
		rx->next_to_use = i;
		writel(i, rx->tail);
	}
	return !left;
}

/* The stack gets a copy, as its memory must not be the socket's. */
static void airvf_xsk_to_stack(struct airvf_rx_ring *rx, struct napi_struct *napi,
			       struct xdp_buff *xdp, const union airvf_rx_desc *desc, u32 status,
			       struct airvf_xsk_pass *pass)
{
	struct airvf_frame frame = {
		.data = xdp->data,
		.len = xdp->data_end - xdp->data,
		.meta = xdp->data - xdp->data_meta,
		.info = le16_to_cpu(desc->wb.info),
		.vlan = le16_to_cpu(desc->wb.vlan),
		.status = status,
		.hash = le32_to_cpu(desc->wb.rss),
		.queue = rx->index,
		.copy = true,
	};
	struct sk_buff *skb;
	bool left;

	skb = airvf_frame_skb(rx->vf, napi, &frame, &left, &pass->skbs);
	if (skb)
		napi_gro_receive(napi, skb);
	xsk_buff_free(xdp);
}

/* Why a frame must not go on; the counter to increase, or NULL. */
static u64 *airvf_xsk_refuse(struct airvf_rx_ring *rx, const struct xdp_buff *xdp, u32 status)
{
	struct airvf_rx_stats *stats = rx->stats;
	u32 len = xdp->data_end - xdp->data;

	if (unlikely(status & RXD_RXE))
		return &stats->frame_errors;
	if (unlikely(rx->skipping || !(status & RXD_EOP) || len < ETH_HLEN ||
		     len > AIRVF_RX_BUFFER))
		return &stats->bad_length;
	if (airvf_own_multicast(rx->vf->netdev, xdp->data))
		return &stats->own_multicast;
	return NULL;
}

/* True: the program left a frame for the stack. */
static bool airvf_xsk_run_program(struct airvf_rx_ring *rx, struct xdp_buff *xdp,
				  struct airvf_xsk_pass *pass)
{
	switch (airvf_xdp_run(rx, xdp)) {
	case AIRVF_XDP_PASS:
		break;
	case AIRVF_XDP_TX:
		pass->tx = true;
		return false;
	case AIRVF_XDP_REDIRECT:
		pass->redirect = true;
		return false;
	case AIRVF_XDP_CONSUMED:
		return false;
	}
	/* It may have cut the frame down to nothing. */
	if (unlikely(xdp->data_end - xdp->data < ETH_HLEN)) {
		airvf_rx_count(rx, &rx->stats->bad_length, 1);
		xsk_buff_free(xdp);
		return false;
	}
	return true;
}

static void airvf_xsk_take(struct airvf_rx_ring *rx, struct napi_struct *napi,
			   struct xdp_buff *xdp, const union airvf_rx_desc *desc, u32 status,
			   struct airvf_xsk_pass *pass)
{
	u64 *refused;

	xsk_buff_set_size(xdp, le16_to_cpu(READ_ONCE(desc->wb.length)));
	airvf_xsk_sync_for_cpu(xdp, rx->xsk);
	refused = airvf_xsk_refuse(rx, xdp, status);
	rx->skipping = !(status & RXD_EOP);
	if (unlikely(refused)) {
		airvf_rx_count(rx, refused, 1);
		xsk_buff_free(xdp);
		return;
	}
	pass->packets++;
	pass->bytes += xdp->data_end - xdp->data;
	airvf_hints_set(xdp, desc);
	if (!rx->prog || airvf_xsk_run_program(rx, xdp, pass))
		airvf_xsk_to_stack(rx, napi, xdp, desc, status, pass);
}

static void airvf_xsk_account(struct airvf_rx_ring *rx, const struct airvf_xsk_pass *pass,
			      struct airvf_work *work)
{
	struct airvf_rx_stats *stats = rx->stats;

	u64_stats_update_begin(&stats->sync);
	stats->packets += pass->packets;
	stats->bytes += pass->bytes;
	stats->csum_good += pass->skbs.csum_good;
	stats->csum_none += pass->skbs.csum_none;
	stats->csum_bad += pass->skbs.csum_bad;
	stats->skb_failed += pass->skbs.failed;
	stats->copied += pass->skbs.copied;
	u64_stats_update_end(&stats->sync);
	work->received += pass->packets;
	work->bytes += pass->bytes;
}

bool airvf_xsk_poll(struct airvf_rx_ring *rx, struct napi_struct *napi, int budget,
		    struct airvf_work *work)
{
	struct airvf_xsk_pass pass = {};
	bool enough = true;
	int left;

	rx->prog = READ_ONCE(rx->vf->prog);
	/* Beyond what the device has been given, an old DD may still stand. */
	for (left = budget; left && airvf_rx_unused(rx) < rx->count - 1; left--) {
		u32 i = rx->next_to_clean;
		const union airvf_rx_desc *desc = &rx->desc[i];
		u32 status = le32_to_cpu(READ_ONCE(desc->wb.status_error));

		if (!(status & RXD_DD))
			break;
		/* The rest of the descriptor is valid once DD is. */
		dma_rmb();
		airvf_xsk_take(rx, napi, rx->xsk_buf[i], desc, status, &pass);
		rx->next_to_clean = i + 1 == rx->count ? 0 : i + 1;
	}
	if (airvf_rx_unused(rx) >= REFILL_BATCH)
		enough = airvf_xsk_refill(rx);
	if (pass.tx || pass.redirect)
		airvf_xdp_finish(rx, pass.tx, pass.redirect);
	airvf_xsk_account(rx, &pass, work);
	if (!xsk_uses_need_wakeup(rx->xsk))
		return left && enough;
	/* The socket calls when it has given more. */
	if (enough)
		xsk_clear_rx_need_wakeup(rx->xsk);
	else
		xsk_set_rx_need_wakeup(rx->xsk);
	return left;
}

void airvf_xsk_free(struct airvf_rx_ring *rx)
{
	u32 i;

	for (i = rx->next_to_clean; i != rx->next_to_use; i = i + 1 == rx->count ? 0 : i + 1)
		xsk_buff_free(rx->xsk_buf[i]);
	rx->next_to_use = 0;
	rx->next_to_clean = 0;
	rx->skipping = false;
}

/* The device takes no frame so short: a copy in the ring's own memory, with zeros behind. */
static dma_addr_t airvf_xsk_pad(struct airvf_tx_ring *ring, u32 i, const struct xdp_desc *wanted)
{
	void *to = ring->small + i * AIRVF_TX_SMALL;

	memset(to, 0, TX_FRAME_MIN);
	memcpy(to, xsk_buff_raw_get_data(ring->xsk, wanted->addr), wanted->len);
	return ring->small_dma + i * AIRVF_TX_SMALL;
}

/* One frame of the socket's into the ring, which has room for it. */
static void airvf_xsk_put(struct airvf_tx_ring *ring, const struct xdp_desc *wanted)
{
	u32 len = max_t(u32, wanted->len, TX_FRAME_MIN);
	struct airvf_tx_plan plan = {
		.lens = ETH_HLEN << TXC_MACLEN_SHIFT,
		.cmd = TXD_DTYP_DATA | TXD_DEXT | TXD_IFCS | TXD_EOP | TXD_RS,
		.olinfo = TXD_CC | len << TXD_PAYLEN_SHIFT,
	};
	struct airvf_tx_buf *first = &ring->buf[ring->next_to_use];
	u16 i = ring->next_to_use, eop;
	dma_addr_t dma;

	if (airvf_tx_needs_context(ring, &plan)) {
		airvf_tx_put_context(ring, i, &plan);
		i = airvf_tx_next(ring, i);
	}
	if (likely(wanted->len >= TX_FRAME_MIN)) {
		dma = xsk_buff_raw_get_dma(ring->xsk, wanted->addr);
		xsk_buff_raw_dma_sync_for_device(ring->xsk, dma, len);
	} else {
		dma = airvf_xsk_pad(ring, i, wanted);
	}
	ring->buf[i].len = 0;
	i = airvf_tx_put_data(ring, i, dma, len, &plan, &eop);
	first->type = AIRVF_TX_XSK;
	first->segs = 1;
	first->bytes = len;
	first->eop = eop;
	ring->room -= airvf_tx_distance(ring, i);
	/* buf[] first, then what airvf_tx_clean() may look at. */
	smp_store_release(&ring->next_to_use, i);
}

bool airvf_xsk_send(struct airvf_tx_ring *ring)
{
	struct xdp_desc wanted;
	u32 n;

	/* Paused: airvf_resume_tx() makes the poll look again. */
	if (!netif_carrier_ok(ring->vf->netdev) ||
	    test_bit(AIRVF_F_PAUSED, &ring->vf->flags))
		return true;
	__netif_tx_lock(ring->txq, smp_processor_id());
	/* XDP's packets must not look like a stuck queue. */
	txq_trans_cond_update(ring->txq);
	for (n = 0; n < SEND_BATCH; n++) {
		/* A context, and what a chunk can hold. Their clean-up makes us look again. */
		if (!airvf_tx_has_room(ring, 2) || !xsk_tx_peek_desc(ring->xsk, &wanted))
			break;
		airvf_xsk_put(ring, &wanted);
	}
	if (n) {
		xsk_tx_release(ring->xsk);
		airvf_tx_kick(ring);
		airvf_tx_count_many(ring->stats, &ring->stats->xdp_xmit, n);
	}
	__netif_tx_unlock(ring->txq);
	/* An interrupt comes only if something was sent: the socket always calls. */
	if (xsk_uses_need_wakeup(ring->xsk))
		xsk_set_tx_need_wakeup(ring->xsk);
	return n < SEND_BATCH;
}

int airvf_xsk_wakeup(struct net_device *netdev, u32 queue, u32 flags)
{
	struct airvf *vf = netdev_priv(netdev);
	struct airvf_vector *vector;

	/* Pairs with the barrier in airvf_up(); airvf_down() waits for our end. */
	if (test_bit_acquire(AIRVF_F_DOWN, &vf->flags) || !netif_carrier_ok(netdev))
		return -ENETDOWN;
	if (queue >= AIRVF_QUEUES_MAX || !READ_ONCE(vf->xsk[queue]))
		return -EINVAL;
	vector = vf->vector[queue % vf->vectors];
	/* A poll that runs now may have looked already: it then runs once more. */
	if (!napi_if_scheduled_mark_missed(&vector->napi)) {
		local_bh_disable();
		napi_schedule(&vector->napi);
		local_bh_enable();
	}
	return 0;
}
