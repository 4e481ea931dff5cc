// SPDX-License-Identifier: GPL-2.0-only
/*
 * Counters for the owner's tools: packets of the bridge's ports, whose 32-bit
 * registers are summed up here before they can wrap, and frames of the VFs,
 * which the PF's driver counts.
 */
#include <linux/ethtool.h>
#include <linux/ktime.h>
#include <linux/netdevice.h>
#include <linux/rtnetlink.h>
#include <linux/slab.h>

#include "vfpool.h"
#include "vfpool_regs.h"

/* A register of 32 bit wraps after 17 minutes at 4 million packets a second. */
#define SUM_INTERVAL	(60 * HZ)

/* ixgbe looks at its VFs' counters every 2 s; asked for all of its own, at once. */
#define FRESH		(HZ / 10)

static u64 sum_up(struct vfpool_sum *sum, u32 now)
{
	sum->total += now - sum->seen;
	sum->seen = now;
	return sum->total;
}

/* The cards are the ports after the last user's. */
static unsigned int ports(const struct vfpool *pool)
{
	return 1 + pool->users + pool->cards;
}

int vfpool_counters_port(struct vfpool *pool, struct vfpool_port_counters *c)
{
	struct vfpool_port_counters out = { .port = c->port };
	struct vfpool_port_sums *sums;
	int i;

	if (c->port >= ports(pool))
		return -EINVAL;
	sums = &pool->sums[c->port];
	for (i = 0; i < VFPOOL_PACKET_KINDS; i++) {
		out.rx[i] = sum_up(&sums->rx[i], vfpool_bridge_received(pool, c->port, i));
		out.tx[i] = sum_up(&sums->tx[i], vfpool_bridge_sent(pool, c->port, i));
	}
	out.time = ktime_get_real_ns();
	*c = out;
	return 0;
}

int vfpool_counters_drops(struct vfpool *pool, struct vfpool_drops *drops)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(drops->packets); i++)
		drops->packets[i] = sum_up(&pool->drops[i], vfpool_bridge_drops(pool, i));
	drops->time = ktime_get_real_ns();
	return 0;
}

static void sum_all(struct work_struct *work)
{
	struct vfpool *pool = container_of(to_delayed_work(work), struct vfpool, sum);
	struct vfpool_port_counters port = {};
	struct vfpool_drops drops;

	mutex_lock(&pool->lock);
	if (!pool->gone && vfpool_bridge_alive(pool)) {
		for (; port.port < ports(pool); port.port++)
			vfpool_counters_port(pool, &port);
		vfpool_counters_drops(pool, &drops);
	}
	mutex_unlock(&pool->lock);
	schedule_delayed_work(&pool->sum, SUM_INTERVAL);
}

/* Under RTNL. A driver that has nothing to ask keeps its counters fresh by itself, or not. */
static void refresh(struct net_device *netdev)
{
	const struct ethtool_ops *ops = netdev->ethtool_ops;
	struct ethtool_stats stats = { .cmd = ETHTOOL_GSTATS };
	int n;
	u64 *data;

	if (!ops || !ops->get_sset_count || !ops->get_ethtool_stats)
		return;
	n = ops->get_sset_count(netdev, ETH_SS_STATS);
	if (n <= 0)
		return;
	data = kvcalloc(n, sizeof(*data), GFP_KERNEL);
	if (!data)
		return;
	stats.n_stats = n;
	ops->get_ethtool_stats(netdev, &stats, data);
	kvfree(data);
}

int vfpool_counters_vf(struct vfpool *pool, struct vfpool_vf_counters *c)
{
	struct vfpool_vf_counters out = { .vf = c->vf };
	struct ifla_vf_stats stats = {};
	struct net_device *netdev;
	struct vfpool_card *card;
	int err = -EOPNOTSUPP;

	if (!vfpool_vf_named(pool, c->vf))
		return -EINVAL;
	card = vfpool_card_of(pool, c->vf);
	netdev = vfpool_pf_netdev(pool, c->vf / VFPOOL_CARD_VFS);
	if (!netdev)
		return -EOPNOTSUPP;
	rtnl_lock();
	if (netdev->netdev_ops->ndo_get_vf_stats) {
		if (time_after_eq(jiffies, card->refreshed + FRESH)) {
			refresh(netdev);
			card->refreshed = jiffies;
			card->refreshed_at = ktime_get_real_ns();
		}
		err = netdev->netdev_ops->ndo_get_vf_stats(netdev, c->vf % VFPOOL_CARD_VFS,
							   &stats);
	}
	rtnl_unlock();
	dev_put(netdev);
	if (err)
		return err;
	out.time = card->refreshed_at;
	out.rx_packets = stats.rx_packets;
	out.tx_packets = stats.tx_packets;
	out.rx_bytes = stats.rx_bytes;
	out.tx_bytes = stats.tx_bytes;
	out.rx_multicast = stats.multicast;
	out.rx_dropped = stats.rx_dropped;
	out.tx_dropped = stats.tx_dropped;
	*c = out;
	return 0;
}

void vfpool_counters_start(struct vfpool *pool)
{
	INIT_DELAYED_WORK(&pool->sum, sum_all);
	schedule_delayed_work(&pool->sum, 0);
}

void vfpool_counters_stop(struct vfpool *pool)
{
	cancel_delayed_work_sync(&pool->sum);
}
