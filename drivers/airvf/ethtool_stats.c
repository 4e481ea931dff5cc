// SPDX-License-Identifier: GPL-2.0-only
/*
 * ethtool -S. Queues first, under the names that people know from ixgbevf, then
 * the statistics unit's view of each vector, then mailbox and device.
 */
#include <linux/ethtool.h>

#include "airvf.h"
#include "count.h"
#include "ethtool.h"
#include "irq.h"
#include "mtvd.h"
#include "rx.h"
#include "tx.h"

struct item {
	const char *name;
	size_t offset;
};

/* Fails to build if a name with its prefix is longer than the core takes. */
#define CHECK(text) BUILD_BUG_ON_ZERO(sizeof(text) > ETH_GSTRING_LEN)

#define ITEM(prefix, type, field) \
	{ #field + CHECK(prefix #field), offsetof(type, field) }
#define RX_ITEM(field) ITEM("rx_queue_0_", struct airvf_rx_stats, field)
#define TX_ITEM(field) ITEM("tx_queue_0_", struct airvf_tx_stats, field)
#define VECTOR_ITEM(field) ITEM("vector_0_", struct airvf_vector_stats, field)

static const struct item rx_items[] = {
	RX_ITEM(packets),
	RX_ITEM(bytes),
	RX_ITEM(csum_good),
	RX_ITEM(csum_none),
	RX_ITEM(csum_bad),
	RX_ITEM(frame_errors),
	RX_ITEM(bad_length),
	RX_ITEM(own_multicast),
	RX_ITEM(no_buffer),
	RX_ITEM(alloc_failed),
	RX_ITEM(skb_failed),
	RX_ITEM(copied),
	RX_ITEM(multi_buffer),
	RX_ITEM(xdp_pass),
	RX_ITEM(xdp_drop),
	RX_ITEM(xdp_tx),
	RX_ITEM(xdp_redirect),
	RX_ITEM(xdp_aborted),
};

static const struct item tx_items[] = {
	TX_ITEM(packets),
	TX_ITEM(bytes),
	TX_ITEM(busy),
	TX_ITEM(stop),
	TX_ITEM(wake),
	TX_ITEM(dropped),
	TX_ITEM(link_local),
	TX_ITEM(dma_errors),
	TX_ITEM(doorbells),
	TX_ITEM(xdp_xmit),
	TX_ITEM(xdp_full),
	TX_ITEM(hangs),
};

static const struct item vector_items[] = {
	VECTOR_ITEM(polls),
	VECTOR_ITEM(empty),
	VECTOR_ITEM(exhausted),
	VECTOR_ITEM(packets),
	VECTOR_ITEM(bytes),
	VECTOR_ITEM(cycles),
	VECTOR_ITEM(decisions),
	VECTOR_ITEM(writes),
};

/* Computed from the above, or kept elsewhere. */
#define MORE(name) (#name + CHECK("vector_0_" #name))

static const char * const vector_more[] = {
	MORE(interrupts), MORE(lost_interrupts), MORE(rate), MORE(average_size),
	MORE(cycles_per_packet), MORE(cycles_per_interrupt), MORE(fit_cpkt),
	MORE(fit_cint), MORE(fit_csent),
};

/* Packets per interrupt. */
#define HIST(range) ("per_irq_" #range + CHECK("vector_0_per_irq_" #range))

static const char * const hist_names[AIRVF_HIST] = {
	HIST(0), HIST(1), HIST(2_3), HIST(4_7), HIST(8_15), HIST(16_31),
	HIST(32_63), HIST(64_127), HIST(128_255), HIST(256_511), HIST(512_1023),
	HIST(1024_up),
};

static const char * const sum_names[] = {
	"rx_packets", "tx_packets", "rx_bytes", "tx_bytes", "multicast",
	"tx_busy", "tx_restart_queue", "tx_timeout_count", "rx_csum_offload_errors",
	"alloc_rx_page_failed", "alloc_rx_buff_failed",
};

static const struct item vf_items[] = {
	{ "hw_rx_packets", offsetof(struct airvf, hw_rx_packets.total) },
	{ "hw_rx_bytes", offsetof(struct airvf, hw_rx_bytes.total) },
	{ "hw_rx_multicast", offsetof(struct airvf, hw_multicast.total) },
	{ "hw_tx_packets", offsetof(struct airvf, hw_tx_packets.total) },
	{ "hw_tx_bytes", offsetof(struct airvf, hw_tx_bytes.total) },
	{ "resets", offsetof(struct airvf, resets) },
	{ "mbx_interrupts", offsetof(struct airvf, mbx_interrupts) },
	{ "mbx_sent", offsetof(struct airvf, mbx.sent) },
	{ "mbx_refused", offsetof(struct airvf, mbx.refused) },
	{ "mbx_timeouts", offsetof(struct airvf, mbx.timeouts) },
	{ "mbx_pings", offsetof(struct airvf, mbx.pings) },
};

static const char * const mtvd_names[] = {
	"mtvd_dispatched", "mtvd_in_place", "mtvd_full", "mtvd_csum_bad", "mtvd_skb_failed",
};

static const char * const worker_names[] = { "packets", "bytes", "polls", "depth_max", "cpu" };

#define MTVD_ITEMS (ARRAY_SIZE(mtvd_names) + AIRVF_WORKERS_MAX * ARRAY_SIZE(worker_names))

#define PER_VECTOR (ARRAY_SIZE(vector_items) + ARRAY_SIZE(vector_more) + AIRVF_HIST)

int airvf_get_sset_count(struct net_device *netdev, int sset)
{
	struct airvf *vf = netdev_priv(netdev);

	switch (sset) {
	case ETH_SS_STATS:
		/* All possible queues: the number must not change between calls. */
		return ARRAY_SIZE(sum_names) + AIRVF_QUEUES_MAX *
		       (ARRAY_SIZE(rx_items) + ARRAY_SIZE(tx_items)) +
		       vf->vectors * PER_VECTOR + ARRAY_SIZE(vf_items) + MTVD_ITEMS;
	case ETH_SS_TEST:
		return AIRVF_TESTS;
	default:
		return -EOPNOTSUPP;
	}
}

void airvf_get_strings(struct net_device *netdev, u32 sset, u8 *data)
{
	struct airvf *vf = netdev_priv(netdev);
	u32 i, j;

	if (sset == ETH_SS_TEST) {
		memcpy(data, airvf_test_names, sizeof(airvf_test_names));
		return;
	}
	if (sset != ETH_SS_STATS)
		return;
	for (i = 0; i < ARRAY_SIZE(sum_names); i++)
		ethtool_puts(&data, sum_names[i]);
	for (i = 0; i < AIRVF_QUEUES_MAX; i++) {
		for (j = 0; j < ARRAY_SIZE(tx_items); j++)
			ethtool_sprintf(&data, "tx_queue_%u_%s", i, tx_items[j].name);
		for (j = 0; j < ARRAY_SIZE(rx_items); j++)
			ethtool_sprintf(&data, "rx_queue_%u_%s", i, rx_items[j].name);
	}
	for (i = 0; i < vf->vectors; i++) {
		for (j = 0; j < ARRAY_SIZE(vector_items); j++)
			ethtool_sprintf(&data, "vector_%u_%s", i, vector_items[j].name);
		for (j = 0; j < ARRAY_SIZE(vector_more); j++)
			ethtool_sprintf(&data, "vector_%u_%s", i, vector_more[j]);
		for (j = 0; j < AIRVF_HIST; j++)
			ethtool_sprintf(&data, "vector_%u_%s", i, hist_names[j]);
	}
	for (i = 0; i < ARRAY_SIZE(vf_items); i++)
		ethtool_puts(&data, vf_items[i].name);
	for (i = 0; i < ARRAY_SIZE(mtvd_names); i++)
		ethtool_puts(&data, mtvd_names[i]);
	for (i = 0; i < AIRVF_WORKERS_MAX; i++)
		for (j = 0; j < ARRAY_SIZE(worker_names); j++)
			ethtool_sprintf(&data, "worker_%u_%s", i, worker_names[j]);
}

static u64 *airvf_stats_copy(u64 *data, const void *from, const struct item *items, u32 n)
{
	u32 i;

	for (i = 0; i < n; i++)
		data[i] = *(const u64 *)(from + items[i].offset);
	return data + n;
}

static u64 *airvf_stats_vector_values(const struct airvf_vector *vector, u64 *data)
{
	u64 interrupts = airvf_irq_count(vector);
	struct airvf_vector_stats stats;
	u32 start;

	do {
		start = u64_stats_fetch_begin(&vector->stats.sync);
		stats = vector->stats;
	} while (u64_stats_fetch_retry(&vector->stats.sync, start));
	data = airvf_stats_copy(data, &stats, vector_items, ARRAY_SIZE(vector_items));
	*data++ = interrupts;
	*data++ = vector->lost;
	*data++ = vector->steps ? airvf_steps_to_rate(vector->steps) : 0;
	*data++ = stats.packets ? div64_u64(stats.bytes, stats.packets) : 0;
	*data++ = stats.packets ? div64_u64(stats.cycles, stats.packets) : 0;
	*data++ = interrupts ? div64_u64(stats.cycles, interrupts) : 0;
	*data++ = vector->mod.fit.cpkt;
	*data++ = vector->mod.fit.cint;
	*data++ = vector->mod.fit.csent;
	memcpy(data, stats.hist, sizeof(stats.hist));
	return data + AIRVF_HIST;
}

static void airvf_stats_mtvd_values(const struct airvf *vf, u64 *data)
{
	const struct airvf_mtvd *mtvd = rtnl_dereference(vf->mtvd);
	struct airvf_mtvd_sum sum;
	u32 i, start;

	static_assert(sizeof(sum) == ARRAY_SIZE(mtvd_names) * sizeof(*data));
	airvf_mtvd_sum(vf, &sum);
	memcpy(data, &sum, sizeof(sum));
	data += ARRAY_SIZE(mtvd_names);
	for (i = 0; i < AIRVF_WORKERS_MAX; i++, data += ARRAY_SIZE(worker_names)) {
		const struct airvf_worker *worker = mtvd ? mtvd->worker[i] : NULL;

		memset(data, 0, ARRAY_SIZE(worker_names) * sizeof(*data));
		if (!worker)
			continue;
		do {
			start = u64_stats_fetch_begin(&worker->stats.sync);
			data[0] = worker->stats.packets;
			data[1] = worker->stats.bytes;
			data[2] = worker->stats.polls;
			data[3] = worker->stats.depth_max;
		} while (u64_stats_fetch_retry(&worker->stats.sync, start));
		data[4] = worker->cpu;
	}
}

static u64 *airvf_stats_sums(struct airvf *vf, u64 *data)
{
	struct rtnl_link_stats64 net = {};
	u64 busy = 0, wake = 0, csum = 0, page = 0, skb = 0;
	u32 i;

	dev_get_stats(vf->netdev, &net);
	for (i = 0; i < AIRVF_QUEUES_MAX; i++) {
		struct airvf_tx_stats tx;
		struct airvf_rx_stats rx;

		airvf_tx_sum(vf, i, &tx);
		airvf_rx_sum(vf, i, &rx);
		busy += tx.busy;
		wake += tx.wake;
		csum += rx.csum_bad;
		page += rx.alloc_failed;
		skb += rx.skb_failed;
	}
	*data++ = net.rx_packets;
	*data++ = net.tx_packets;
	*data++ = net.rx_bytes;
	*data++ = net.tx_bytes;
	*data++ = net.multicast;
	*data++ = busy;
	*data++ = wake;
	*data++ = vf->tx_timeouts;
	*data++ = csum;
	*data++ = page;
	*data++ = skb;
	return data;
}

void airvf_get_ethtool_stats(struct net_device *netdev, struct ethtool_stats *stats, u64 *data)
{
	struct airvf *vf = netdev_priv(netdev);
	u32 i;

	if (vf->up)
		airvf_hw_count(vf);
	data = airvf_stats_sums(vf, data);
	for (i = 0; i < AIRVF_QUEUES_MAX; i++) {
		struct airvf_tx_stats tx;
		struct airvf_rx_stats rx;

		airvf_tx_sum(vf, i, &tx);
		data = airvf_stats_copy(data, &tx, tx_items, ARRAY_SIZE(tx_items));
		airvf_rx_sum(vf, i, &rx);
		data = airvf_stats_copy(data, &rx, rx_items, ARRAY_SIZE(rx_items));
	}
	for (i = 0; i < vf->vectors; i++)
		data = airvf_stats_vector_values(vf->vector[i], data);
	for (i = 0; i < ARRAY_SIZE(vf_items); i++)
		*data++ = *(const u64 *)((const void *)vf + vf_items[i].offset);
	airvf_stats_mtvd_values(vf, data);
}
