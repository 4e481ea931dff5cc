// SPDX-License-Identifier: GPL-2.0-only
/* Statistics per queue for netlink (`netdev-genl qstats-get`). */
#include <linux/netdevice.h>

#include "airvf.h"
#include "qstats.h"
#include "rx.h"
#include "tx.h"

#ifdef AIRVF_QUEUE_STATS
#include <net/netdev_queues.h>

static void airvf_qstats_rx_stats(struct net_device *netdev, int index,
				  struct netdev_queue_stats_rx *stats)
{
	struct airvf_rx_stats sum;

	airvf_rx_sum(netdev_priv(netdev), index, &sum);
	stats->packets = sum.packets;
	stats->bytes = sum.bytes;
	stats->csum_unnecessary = sum.csum_good;
	stats->csum_none = sum.csum_none;
	stats->csum_bad = sum.csum_bad;
	stats->alloc_fail = sum.skb_failed + sum.alloc_failed;
}

static void airvf_qstats_tx_stats(struct net_device *netdev, int index,
				  struct netdev_queue_stats_tx *stats)
{
	struct airvf_tx_stats sum;

	airvf_tx_sum(netdev_priv(netdev), index, &sum);
	stats->packets = sum.packets;
	stats->bytes = sum.bytes;
	stats->wake = sum.wake;
	stats->csum_none = sum.csum_none;
	stats->needs_csum = sum.needs_csum;
	stats->stop = sum.stop;
}

/* Queues that were in use before the number of channels was lowered. */
static void airvf_qstats_base_stats(struct net_device *netdev, struct netdev_queue_stats_rx *rx,
				    struct netdev_queue_stats_tx *tx)
{
	u32 i;

	/* Only what is collected: the core takes the rest for not supported. */
	rx->packets = 0;
	rx->bytes = 0;
	rx->csum_unnecessary = 0;
	rx->csum_none = 0;
	rx->csum_bad = 0;
	rx->alloc_fail = 0;
	tx->packets = 0;
	tx->bytes = 0;
	tx->wake = 0;
	tx->csum_none = 0;
	tx->needs_csum = 0;
	tx->stop = 0;
	for (i = netdev->real_num_rx_queues; i < AIRVF_QUEUES_MAX; i++) {
		struct netdev_queue_stats_rx one = {};

		airvf_qstats_rx_stats(netdev, i, &one);
		rx->packets += one.packets;
		rx->bytes += one.bytes;
		rx->csum_unnecessary += one.csum_unnecessary;
		rx->csum_none += one.csum_none;
		rx->csum_bad += one.csum_bad;
		rx->alloc_fail += one.alloc_fail;
	}
	for (i = netdev->real_num_tx_queues; i < AIRVF_QUEUES_MAX; i++) {
		struct netdev_queue_stats_tx one = {};

		airvf_qstats_tx_stats(netdev, i, &one);
		tx->packets += one.packets;
		tx->bytes += one.bytes;
		tx->wake += one.wake;
		tx->csum_none += one.csum_none;
		tx->needs_csum += one.needs_csum;
		tx->stop += one.stop;
	}
}

static const struct netdev_stat_ops stat_ops = {
	.get_queue_stats_rx = airvf_qstats_rx_stats,
	.get_queue_stats_tx = airvf_qstats_tx_stats,
	.get_base_stats = airvf_qstats_base_stats,
};

void airvf_qstats_init(struct net_device *netdev)
{
	netdev->stat_ops = &stat_ops;
}
#else
void airvf_qstats_init(struct net_device *netdev)
{
}
#endif
