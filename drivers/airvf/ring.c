// SPDX-License-Identifier: GPL-2.0-only
/* Descriptor rings: memory, start and stop (data sheet 7.1.6, 7.2.3, 8.3.5). */
#include <linux/bitfield.h>
#include <linux/delay.h>
#include <linux/dma-mapping.h>
#include <linux/vmalloc.h>

#include "airvf.h"
#include "hw.h"
#include "ring.h"
#include "rx.h"
#include "tx.h"
#include "xsk.h"

#define ENABLE_POLLS	10	/* of 1 ms */
#define POOL_MORE	4096
#define POOL_MAX	16384	/* the core's limit in all kernels */

static_assert(AIRVF_RX_HEADROOM + AIRVF_RX_BUFFER +
	      SKB_DATA_ALIGN(sizeof(struct skb_shared_info)) <= AIRVF_RX_TRUESIZE);

static void airvf_ring_tx_ring_free(struct airvf *vf, struct airvf_tx_ring *ring)
{
	if (!ring)
		return;
	if (ring->desc)
		dma_free_coherent(&vf->pdev->dev, ring->count * sizeof(*ring->desc),
				  ring->desc, ring->dma);
	if (ring->small)
		dma_free_coherent(&vf->pdev->dev, ring->count * AIRVF_TX_SMALL,
				  ring->small, ring->small_dma);
	kvfree(ring->buf);
	kfree(ring);
}

static struct airvf_tx_ring *airvf_ring_tx_ring_alloc(struct airvf *vf, u16 index, u16 count)
{
	struct airvf_tx_ring *ring = kzalloc(sizeof(*ring), GFP_KERNEL);

	if (!ring)
		return NULL;
	ring->vf = vf;
	ring->dev = &vf->pdev->dev;
	ring->count = count;
	ring->index = index;
	ring->stats = &vf->tx_stats[index];
	ring->xsk = vf->xsk[index];
	ring->txq = netdev_get_tx_queue(vf->netdev, index);
	ring->buf = kvcalloc(count, sizeof(*ring->buf), GFP_KERNEL);
	ring->desc = dma_alloc_coherent(&vf->pdev->dev, count * sizeof(*ring->desc),
					&ring->dma, GFP_KERNEL);
	/* It goes without, but for a socket's shortest frames: all pieces are mapped then. */
	ring->small = dma_alloc_coherent(&vf->pdev->dev, count * AIRVF_TX_SMALL,
					 &ring->small_dma, GFP_KERNEL | __GFP_NOWARN);
	if (ring->buf && ring->desc && (ring->small || !ring->xsk))
		return ring;
	airvf_ring_tx_ring_free(vf, ring);
	return NULL;
}

static void airvf_ring_rx_ring_free(struct airvf *vf, struct airvf_rx_ring *rx)
{
	if (!rx)
		return;
	if (xdp_rxq_info_is_reg(&rx->rxq))
		xdp_rxq_info_unreg(&rx->rxq);
	if (rx->pool)
		page_pool_destroy(rx->pool);
	if (rx->desc)
		dma_free_coherent(&vf->pdev->dev, rx->count * sizeof(*rx->desc),
				  rx->desc, rx->dma);
	kvfree(rx->buf);
	kvfree(rx->xsk_buf);
	kfree(rx);
}

/* What its buffers come from: a page pool. */
static int airvf_ring_rx_pages(struct airvf *vf, struct airvf_rx_ring *rx,
			       const struct airvf_ring_param *param)
{
	struct page_pool_params pool = {
		.flags = PP_FLAG_DMA_MAP | PP_FLAG_DMA_SYNC_DEV,
		/* Also what workers and sockets hold and give back in bursts. */
		.pool_size = min(param->rx_count + POOL_MORE, POOL_MAX),
		.nid = dev_to_node(&vf->pdev->dev),
		.dev = &vf->pdev->dev,
		.dma_dir = param->xdp ? DMA_BIDIRECTIONAL : DMA_FROM_DEVICE,
		.offset = AIRVF_RX_HEADROOM,
		.max_len = AIRVF_RX_BUFFER,
	};
	int err;

	airvf_pool_netdev(&pool, vf->netdev);
	rx->dma_dir = pool.dma_dir;
	/* One more, which stays empty: airvf_rx_take_batch() looks one ahead. */
	rx->buf = kvcalloc(rx->count + 1, sizeof(*rx->buf), GFP_KERNEL);
	if (!rx->buf)
		return -ENOMEM;
	rx->pool = page_pool_create(&pool);
	if (IS_ERR(rx->pool)) {
		err = PTR_ERR(rx->pool);
		rx->pool = NULL;
		return err;
	}
	return xdp_rxq_info_reg_mem_model(&rx->rxq, MEM_TYPE_PAGE_POOL, rx->pool);
}

/* The same, if the queue belongs to a socket: its memory. */
static int airvf_ring_rx_socket(struct airvf_rx_ring *rx)
{
	rx->xsk_buf = kvcalloc(rx->count, sizeof(*rx->xsk_buf), GFP_KERNEL);
	if (!rx->xsk_buf)
		return -ENOMEM;
	return xdp_rxq_info_reg_mem_model(&rx->rxq, MEM_TYPE_XSK_BUFF_POOL, NULL);
}

static struct airvf_rx_ring *airvf_ring_rx_ring_alloc(struct airvf *vf, u16 index,
						      const struct airvf_ring_param *param)
{
	struct airvf_rx_ring *rx = kzalloc(sizeof(*rx), GFP_KERNEL);
	int err;

	if (!rx)
		return NULL;
	rx->vf = vf;
	rx->vector = vf->vector[index % vf->vectors];
	rx->count = param->rx_count;
	rx->index = index;
	rx->reg = index;
	rx->stats = &vf->rx_stats[index];
	rx->tail = vf->base + VFRDT(index);
	rx->xsk = vf->xsk[index];
	rx->dev = &vf->pdev->dev;
	rx->desc = dma_alloc_coherent(&vf->pdev->dev, rx->count * sizeof(*rx->desc),
				      &rx->dma, GFP_KERNEL);
	if (!rx->desc)
		goto fail;

	/* Programs may lengthen the last piece of a frame up to the end of its page. */
	err = __xdp_rxq_info_reg(&rx->rxq, vf->netdev, index,
				 rx->vector->napi.napi_id, AIRVF_RX_TRUESIZE);
	if (!err)
		err = rx->xsk ? airvf_ring_rx_socket(rx) : airvf_ring_rx_pages(vf, rx, param);
	if (!err)
		return rx;
fail:
	airvf_ring_rx_ring_free(vf, rx);
	return NULL;
}

void airvf_rings_free(struct airvf *vf, struct airvf_rings *rings)
{
	u32 i;

	for (i = 0; i < AIRVF_QUEUES_MAX; i++) {
		airvf_ring_rx_ring_free(vf, rings->rx[i]);
		airvf_ring_tx_ring_free(vf, rings->tx[i]);
	}
	memset(rings, 0, sizeof(*rings));
}

void airvf_rings_count(const struct airvf *vf, u16 queues, u16 *n_rx, u16 *n_tx)
{
	/* A traffic class's queue receives what bears its priority. */
	*n_rx = vf->tcs ? vf->tcs : queues;
	*n_tx = vf->tcs ? 1 : queues;
}

int airvf_rings_alloc(struct airvf *vf, const struct airvf_ring_param *param,
		      struct airvf_rings *rings)
{
	u32 i;

	memset(rings, 0, sizeof(*rings));
	airvf_rings_count(vf, param->queues, &rings->n_rx, &rings->n_tx);
	for (i = 0; i < rings->n_rx; i++) {
		rings->rx[i] = airvf_ring_rx_ring_alloc(vf, i, param);
		if (!rings->rx[i])
			goto fail;
	}
	for (i = 0; i < rings->n_tx; i++) {
		rings->tx[i] = airvf_ring_tx_ring_alloc(vf, i, param->tx_count);
		if (!rings->tx[i])
			goto fail;
	}
	return 0;
fail:
	airvf_rings_free(vf, rings);
	return -ENOMEM;
}

/* Deals the rings out to the vectors. */
void airvf_rings_attach(struct airvf *vf)
{
	struct airvf_rings *rings = &vf->rings;
	u32 i;

	vf->vectors_used = min_t(u32, vf->vectors, rings->n_rx);
	for (i = 0; i < vf->vectors; i++) {
		vf->vector[i]->n_rx = 0;
		vf->vector[i]->n_tx = 0;
	}
	for (i = 0; i < rings->n_rx; i++) {
		struct airvf_vector *vector = vf->vector[i % vf->vectors];

		vector->rx[vector->n_rx++] = rings->rx[i];
	}
	for (i = 0; i < rings->n_tx; i++) {
		struct airvf_vector *vector = vf->vector[i % vf->vectors];

		vector->tx[vector->n_tx++] = rings->tx[i];
		/* With traffic classes the PF names the one that untagged traffic uses. */
		rings->tx[i]->reg = vf->tcs ? vf->default_queue : i;
		rings->tx[i]->tail = vf->base + VFTDT(rings->tx[i]->reg);
	}
}

static bool airvf_ring_wait_enable(struct airvf *vf, u32 reg, bool on)
{
	int i;

	for (i = 0; i < ENABLE_POLLS; i++) {
		if (!(airvf_rd(vf, reg) & RXDCTL_ENABLE) == !on)
			return true;
		if (test_bit(AIRVF_F_GONE, &vf->flags))
			return false;
		usleep_range(1000, 2000);
	}
	return false;
}

static int airvf_ring_tx_start(struct airvf *vf, struct airvf_tx_ring *ring)
{
	u32 q = ring->reg;
	bool throttled = vf->vector[ring->index % vf->vectors]->steps;

	airvf_wr(vf, VFTXDCTL(q), TXDCTL_SWFLSH);
	airvf_wr(vf, VFTDBAL(q), lower_32_bits(ring->dma));
	airvf_wr(vf, VFTDBAH(q), upper_32_bits(ring->dma));
	airvf_wr(vf, VFTDLEN(q), ring->count * sizeof(*ring->desc));
	airvf_wr(vf, VFTDWBAL(q), 0);
	airvf_wr(vf, VFTDWBAH(q), 0);
	airvf_wr(vf, VFDCA_TXCTRL(q), DCA_TXCTRL_DESC_RRO | DCA_TXCTRL_DATA_RRO);
	airvf_wr(vf, VFTDH(q), 0);
	airvf_wr(vf, VFTDT(q), 0);
	ring->next_to_use = 0;
	ring->next_to_clean = 0;
	ring->kicked = 0;
	ring->room = ring->count - 1;
	memset(ring->context, 0, sizeof(ring->context));
	memset(&ring->usual, 0xff, sizeof(ring->usual));
	ring->watch_pending = false;
	/*
	 * Write-backs wait for eight descriptors or the throttle's interval.
	 * Without an interval the ninth packet might never come.
	 */
	airvf_wr(vf, VFTXDCTL(q), TXDCTL_ENABLE | TXDCTL_PTHRESH(32) | TXDCTL_HTHRESH(1) |
		 TXDCTL_WTHRESH(throttled ? 8 : 1));
	if (airvf_ring_wait_enable(vf, VFTXDCTL(q), true))
		return 0;
	netif_err(vf, hw, vf->netdev, "Tx queue %u does not start\n", q);
	return -EIO;
}

static int airvf_ring_rx_start(struct airvf *vf, struct airvf_rx_ring *rx)
{
	bool strip = vf->netdev->features & NETIF_F_HW_VLAN_CTAG_RX;
	u32 q = rx->reg;

	airvf_wr(vf, VFRXDCTL(q), 0);
	if (!airvf_ring_wait_enable(vf, VFRXDCTL(q), false)) {
		netif_err(vf, hw, vf->netdev, "Rx queue %u does not stop\n", q);
		return -EIO;
	}
	airvf_wr(vf, VFRDBAL(q), lower_32_bits(rx->dma));
	airvf_wr(vf, VFRDBAH(q), upper_32_bits(rx->dma));
	airvf_wr(vf, VFRDLEN(q), rx->count * sizeof(*rx->desc));
	/* No relaxed order for what software reads first: the descriptor. */
	airvf_wr(vf, VFDCA_RXCTRL(q), DCA_RXCTRL_DESC_RRO);
	airvf_wr(vf, VFRDH(q), 0);
	airvf_wr(vf, VFRDT(q), 0);
	airvf_wr(vf, VFSRRCTL(q), AIRVF_RX_BUFFER >> SRRCTL_BSIZEPKT_SHIFT |
		 (256 / 64) << SRRCTL_BSIZEHDR_SHIFT | SRRCTL_DESC_ADV_ONEBUF |
		 SRRCTL_DROP_EN);
	rx->next_to_use = 0;
	rx->next_to_clean = 0;
	rx->skipping = false;
	rx->midway = false;
	rx->reserves = false;
	rx->holes = true;
	rx->frame.xdp.data = NULL;
	/* Not earlier: a ring that is not used in the end is freed while polls run. */
	if (rx->xsk)
		xsk_pool_set_rxq_info(rx->xsk, &rx->rxq);
	else
		airvf_pool_napi(rx->pool, &rx->vector->napi);
	airvf_wr(vf, VFRXDCTL(q), RXDCTL_ENABLE | (strip ? RXDCTL_VME : 0));
	if (!airvf_ring_wait_enable(vf, VFRXDCTL(q), true)) {
		netif_err(vf, hw, vf->netdev, "Rx queue %u does not start\n", q);
		return -EIO;
	}
	if (rx->xsk)
		airvf_xsk_refill(rx);
	else
		airvf_rx_refill(rx);
	return 0;
}

/* Queue pairs i to vector i modulo vectors, the mailbox to the last. */
static void airvf_ring_map_vectors(struct airvf *vf)
{
	u32 ivar[AIRVF_QUEUES_MAX / 2] = {};
	u32 i;

	for (i = 0; i < vf->rings.n_rx; i++) {
		u32 q = vf->rings.rx[i]->reg;

		ivar[q / 2] |= (i % vf->vectors | VTIVAR_VALID) << (16 * (q & 1));
	}
	for (i = 0; i < vf->rings.n_tx; i++) {
		u32 q = vf->rings.tx[i]->reg;

		ivar[q / 2] |= (i % vf->vectors | VTIVAR_VALID) << (16 * (q & 1) + 8);
	}
	for (i = 0; i < DIV_ROUND_UP(vf->granted, 2); i++)
		airvf_wr(vf, VTIVAR(i), ivar[i]);
	airvf_wr(vf, VTIVAR_MISC, vf->vectors | VTIVAR_VALID);
}

/* On failure some may run: airvf_rings_stop() is the caller's. */
int airvf_rings_start(struct airvf *vf)
{
	u32 queues = vf->tcs ? 1 : vf->rings.n_rx;
	int err = 0;
	u32 i;

	airvf_ring_map_vectors(vf);
	airvf_wr(vf, VFPSRTYPE, VFPSRTYPE_TCP | VFPSRTYPE_UDP | VFPSRTYPE_IPV4 |
		 VFPSRTYPE_IPV6 | VFPSRTYPE_L2 | FIELD_PREP(VFPSRTYPE_RQPL, ilog2(queues)));
	for (i = 0; i < vf->vectors_used; i++)
		airvf_itr_write(vf->vector[i], vf->vector[i]->steps);
	for (i = 0; !err && i < vf->rings.n_tx; i++)
		err = airvf_ring_tx_start(vf, vf->rings.tx[i]);
	for (i = 0; !err && i < vf->rings.n_rx; i++)
		err = airvf_ring_rx_start(vf, vf->rings.rx[i]);
	return test_bit(AIRVF_F_GONE, &vf->flags) ? -ENODEV : err;
}

/* The device owns no buffer any more when this returned 0. */
int airvf_rings_stop(struct airvf *vf)
{
	int err = 0;
	u32 i;

	for (i = 0; i < vf->rings.n_rx; i++)
		airvf_wr(vf, VFRXDCTL(vf->rings.rx[i]->reg), 0);
	for (i = 0; i < vf->rings.n_tx; i++)
		airvf_wr(vf, VFTXDCTL(vf->rings.tx[i]->reg), TXDCTL_SWFLSH);
	for (i = 0; i < vf->rings.n_rx; i++)
		if (!airvf_ring_wait_enable(vf, VFRXDCTL(vf->rings.rx[i]->reg), false))
			err = -EBUSY;
	for (i = 0; i < vf->rings.n_tx; i++)
		if (!airvf_ring_wait_enable(vf, VFTXDCTL(vf->rings.tx[i]->reg), false))
			err = -EBUSY;
	return test_bit(AIRVF_F_GONE, &vf->flags) ? 0 : err;
}

void airvf_rings_clean(struct airvf *vf)
{
	u32 i;

	for (i = 0; i < vf->rings.n_rx; i++) {
		struct airvf_rx_ring *rx = vf->rings.rx[i];

		if (rx->xsk) {
			airvf_xsk_free(rx);
			continue;
		}
		airvf_rx_free(rx);
		airvf_pool_napi(rx->pool, NULL);
	}
	for (i = 0; i < vf->rings.n_tx; i++)
		airvf_tx_free(vf->rings.tx[i]);
}
