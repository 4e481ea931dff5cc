// SPDX-License-Identifier: GPL-2.0-only
/* Frames of XDP into a ring that they share with the stack's packets. */
#include "tx.h"
#include "tx_ring.h"
#include "xdp.h"

/* XDP: the caller holds the queue's lock. -ENOSPC: later frames find no room either. */
int airvf_tx_xdp(struct airvf_tx_ring *ring, struct xdp_frame *xdpf, bool pool)
{
	struct skb_shared_info *sinfo = xdp_get_shared_info_from_frame(xdpf);
	u32 frags = xdp_frame_has_frags(xdpf) ? sinfo->nr_frags : 0;
	u32 total = xdpf->len + (frags ? sinfo->xdp_frags_size : 0);
	struct airvf_tx_plan plan = {
		.lens = ETH_HLEN << TXC_MACLEN_SHIFT,
		.cmd = TXD_DTYP_DATA | TXD_DEXT | TXD_IFCS,
		.olinfo = TXD_CC | total << TXD_PAYLEN_SHIFT,
	};
	struct airvf_tx_buf *first = &ring->buf[ring->next_to_use];
	bool context = airvf_tx_needs_context(ring, &plan);
	u16 i = ring->next_to_use, eop = 0;
	void *data = xdpf->data;
	u32 len = xdpf->len, f;

	/* Frames below the device's minimum or above its pieces: not ours. */
	if (unlikely(total < TX_FRAME_MIN || total > AIRVF_FRAME_MAX ||
		     frags + 2 > TX_PACKET_MAX)) {
		airvf_tx_count(ring->stats, &ring->stats->dropped);
		return -EINVAL;
	}
	if (unlikely(!airvf_tx_has_room(ring, frags + 2))) {
		airvf_tx_count(ring->stats, &ring->stats->xdp_full);
		return -ENOSPC;
	}
	if (context)
		i = airvf_tx_next(ring, i);
	for (f = 0; ; f++) {
		struct airvf_tx_buf *buf = &ring->buf[i];

		if (pool) {
			struct page *page = virt_to_head_page(data);

			buf->dma = page_pool_get_dma_addr(page) +
				   (data - page_address(page));
			buf->len = 0;
			dma_sync_single_for_device(ring->dev, buf->dma, len, DMA_BIDIRECTIONAL);
		} else {
			buf->dma = airvf_tx_map(ring, data, len);
			if (dma_mapping_error(ring->dev, buf->dma)) {
				airvf_tx_unwind(ring, ring->next_to_use, i);
				airvf_tx_count(ring->stats, &ring->stats->dma_errors);
				return -ENOMEM;
			}
			buf->len = len;
		}
		i = airvf_tx_put_data(ring, i, buf->dma, len, &plan, &eop);
		if (f == frags)
			break;
		data = skb_frag_address(&sinfo->frags[f]);
		len = skb_frag_size(&sinfo->frags[f]);
	}
	if (context)
		airvf_tx_put_context(ring, ring->next_to_use, &plan);
	ring->desc[eop].cmd |= cpu_to_le32(TXD_EOP | TXD_RS);
	first->xdpf = xdpf;
	first->type = pool ? AIRVF_TX_XDP_POOL : AIRVF_TX_XDP;
	first->segs = 1;
	first->bytes = total;
	first->eop = eop;
	ring->room -= airvf_tx_distance(ring, i);
	/* buf[] first, then what airvf_tx_clean() may look at. */
	smp_store_release(&ring->next_to_use, i);
	airvf_tx_count(ring->stats, &ring->stats->xdp_xmit);
	return 0;
}

void airvf_tx_xdp_flush(struct airvf_tx_ring *ring)
{
	airvf_tx_kick(ring);
}
