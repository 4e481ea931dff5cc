// SPDX-License-Identifier: GPL-2.0-only
/* ethtool: what a person asks of the interface. */
#include <linux/ethtool.h>
#include <linux/log2.h>
#include <linux/rtnetlink.h>

#include "airvf.h"
#include "ethtool.h"
#include "hw.h"
#include "messages.h"
#include "updown.h"

#define USECS_MAX	(AIRVF_STEPS_MAX * AIRVF_STEP_NS / 1000)

static void airvf_ethtool_get_drvinfo(struct net_device *netdev, struct ethtool_drvinfo *info)
{
	struct airvf *vf = netdev_priv(netdev);

	strscpy(info->driver, KBUILD_MODNAME, sizeof(info->driver));
	snprintf(info->fw_version, sizeof(info->fw_version), "mailbox API %s",
		 airvf_api_name(vf->api));
	strscpy(info->bus_info, pci_name(vf->pdev), sizeof(info->bus_info));
}

/* Nothing that reading changes (VTEICR, VFMAILBOX). Format 1: address order. */
static const u16 regs[] = {
	VFSTATUS, VFLINKS, VFFRTIMER, VTEIMS, VTEIAC, VTEIAM,
	VTIVAR(0), VTIVAR(1), VTIVAR(2), VTIVAR(3), VTIVAR_MISC, VFPSRTYPE,
	VTEITR(0), VTEITR(1), VTEITR(2),
	VFGPRC, VFGORC_LSB, VFGORC_MSB, VFMPRC, VFGPTC, VFGOTC_LSB, VFGOTC_MSB,
};

static const u16 rx_regs[] = {
	VFRDBAL(0), VFRDBAH(0), VFRDLEN(0), VFDCA_RXCTRL(0), VFRDH(0), VFSRRCTL(0),
	VFRDT(0), VFRXDCTL(0),
};

static const u16 tx_regs[] = {
	VFTDBAL(0), VFTDBAH(0), VFTDLEN(0), VFDCA_TXCTRL(0), VFTDH(0), VFTDT(0),
	VFTXDCTL(0), VFTDWBAL(0), VFTDWBAH(0),
};

static int airvf_ethtool_get_regs_len(struct net_device *netdev)
{
	return sizeof(u32) * (ARRAY_SIZE(regs) + AIRVF_RSS_MAX *
			      (ARRAY_SIZE(rx_regs) + ARRAY_SIZE(tx_regs)));
}

static void airvf_ethtool_get_regs(struct net_device *netdev, struct ethtool_regs *info, void *data)
{
	struct airvf *vf = netdev_priv(netdev);
	u32 *out = data, q, i;

	info->version = 1;
	memset(data, 0, airvf_ethtool_get_regs_len(netdev));
	for (i = 0; i < ARRAY_SIZE(regs); i++)
		*out++ = airvf_rd(vf, regs[i]);
	for (q = 0; q < min_t(u32, vf->granted, AIRVF_RSS_MAX); q++) {
		for (i = 0; i < ARRAY_SIZE(rx_regs); i++)
			*out++ = airvf_rd(vf, rx_regs[i] + 0x40 * q);
		for (i = 0; i < ARRAY_SIZE(tx_regs); i++)
			*out++ = airvf_rd(vf, tx_regs[i] + 0x40 * q);
	}
}

static u32 airvf_ethtool_get_msglevel(struct net_device *netdev)
{
	struct airvf *vf = netdev_priv(netdev);

	return vf->msg_enable;
}

static void airvf_ethtool_set_msglevel(struct net_device *netdev, u32 level)
{
	struct airvf *vf = netdev_priv(netdev);

	vf->msg_enable = level;
}

static int airvf_ethtool_nway_reset(struct net_device *netdev)
{
	return netif_running(netdev) ? airvf_reinit(netdev_priv(netdev)) : 0;
}

static int airvf_ethtool_get_link_ksettings(struct net_device *netdev,
					    struct ethtool_link_ksettings *settings)
{
	struct airvf *vf = netdev_priv(netdev);
	bool up = netif_carrier_ok(netdev);

	ethtool_link_ksettings_zero_link_mode(settings, supported);
	ethtool_link_ksettings_zero_link_mode(settings, advertising);
	settings->base.port = PORT_NONE;
	settings->base.autoneg = AUTONEG_DISABLE;
	settings->base.speed = up ? vf->link_speed : SPEED_UNKNOWN;
	settings->base.duplex = up ? DUPLEX_FULL : DUPLEX_UNKNOWN;
	return 0;
}

static void airvf_ethtool_get_ringparam(struct net_device *netdev, struct ethtool_ringparam *ring,
					struct kernel_ethtool_ringparam *kernel,
					struct netlink_ext_ack *extack)
{
	struct airvf *vf = netdev_priv(netdev);

	ring->rx_max_pending = AIRVF_RING_MAX;
	ring->tx_max_pending = AIRVF_RING_MAX;
	ring->rx_pending = vf->param.rx_count;
	ring->tx_pending = vf->param.tx_count;
}

static int airvf_ethtool_set_ringparam(struct net_device *netdev, struct ethtool_ringparam *ring,
				       struct kernel_ethtool_ringparam *kernel,
				       struct netlink_ext_ack *extack)
{
	struct airvf *vf = netdev_priv(netdev);
	struct airvf_ring_param param = vf->param;

	if (ring->rx_mini_pending || ring->rx_jumbo_pending) {
		NL_SET_ERR_MSG_MOD(extack, "there are no mini or jumbo rings");
		return -EINVAL;
	}
	if (ring->rx_pending < AIRVF_RING_MIN || ring->tx_pending < AIRVF_RING_MIN) {
		NL_SET_ERR_MSG_MOD(extack, "a ring has at least 64 descriptors");
		return -EINVAL;
	}
	/* The core has checked the maximum. Lengths go by 128 bytes. */
	param.rx_count = min_t(u32, ALIGN(ring->rx_pending, 8), AIRVF_RING_MAX);
	param.tx_count = min_t(u32, ALIGN(ring->tx_pending, 8), AIRVF_RING_MAX);
	if (param.rx_count == vf->param.rx_count && param.tx_count == vf->param.tx_count)
		return 0;
	return airvf_change(vf, &param, extack);
}

static void airvf_ethtool_get_channels(struct net_device *netdev, struct ethtool_channels *channels)
{
	struct airvf *vf = netdev_priv(netdev);

	channels->max_combined = airvf_queues_offered(vf);
	channels->combined_count = min(vf->param.queues, airvf_queues_offered(vf));
	channels->max_other = 1;
	channels->other_count = 1;
}

static int airvf_ethtool_set_channels(struct net_device *netdev, struct ethtool_channels *channels)
{
	struct airvf *vf = netdev_priv(netdev);
	struct airvf_ring_param param = vf->param;

	/* The operation has no extack: the reason goes to the log. */
	if (vf->tcs) {
		netdev_warn(netdev, "queues are the traffic classes', their number is the host's\n");
		return -EOPNOTSUPP;
	}
	if (channels->rx_count || channels->tx_count || channels->other_count != 1) {
		netdev_warn(netdev, "only the number of combined queues can be set\n");
		return -EINVAL;
	}
	/* VFPSRTYPE.RQPL */
	if (!is_power_of_2(channels->combined_count)) {
		netdev_warn(netdev, "RSS of a VF takes 1, 2 or 4 queues\n");
		return -EINVAL;
	}
	if (channels->combined_count == vf->param.queues)
		return 0;
	param.queues = channels->combined_count;
	return airvf_change(vf, &param, NULL);
}

/* The longest interval is 1046.5 us: what is shown must be what may be set. */
static u32 airvf_ethtool_steps_to_usecs(u32 steps)
{
	return min_t(u32, DIV_ROUND_CLOSEST(steps * AIRVF_STEP_NS, 1000), USECS_MAX);
}

static int airvf_ethtool_get_coalesce(struct net_device *netdev, struct ethtool_coalesce *coalesce,
				      struct kernel_ethtool_coalesce *kernel,
				      struct netlink_ext_ack *extack)
{
	struct airvf_mod_config config;

	/* What is fixed; what an adaptive mode does now is in the statistics. */
	airvf_mod_get(netdev_priv(netdev), &config);
	coalesce->rx_coalesce_usecs = airvf_ethtool_steps_to_usecs(config.fir_steps);
	coalesce->use_adaptive_rx_coalesce = config.mode != AIRVF_FIR;
	return 0;
}

/* Returns the steps of VTEITR, or an error. */
static int airvf_ethtool_usecs_to_steps(u32 usecs, struct netlink_ext_ack *extack)
{
	if (usecs == 1) {
		NL_SET_ERR_MSG_MOD(extack,
				   "the shortest interval is 2 us (0: none); adaptive is adaptive-rx on");
		return -EINVAL;
	}
	if (usecs > USECS_MAX) {
		NL_SET_ERR_MSG_MOD(extack, "the longest interval is 1046 us");
		return -ERANGE;
	}
	return usecs ? max(DIV_ROUND_CLOSEST(usecs * 1000, AIRVF_STEP_NS), 1) : 0;
}

static int airvf_ethtool_set_coalesce(struct net_device *netdev, struct ethtool_coalesce *coalesce,
				      struct kernel_ethtool_coalesce *kernel,
				      struct netlink_ext_ack *extack)
{
	struct airvf *vf = netdev_priv(netdev);
	u32 usecs = coalesce->rx_coalesce_usecs;
	struct airvf_mod_config config;
	int steps;

	airvf_mod_get(vf, &config);
	if (usecs != airvf_ethtool_steps_to_usecs(config.fir_steps)) {
		if (coalesce->use_adaptive_rx_coalesce) {
			NL_SET_ERR_MSG_MOD(extack, "rx-usecs is fixed only with adaptive-rx off");
			return -EINVAL;
		}
		steps = airvf_ethtool_usecs_to_steps(usecs, extack);
		if (steps < 0)
			return steps;
		config.fir_steps = steps;
	}
	if (!coalesce->use_adaptive_rx_coalesce)
		config.mode = AIRVF_FIR;
	else if (config.mode == AIRVF_FIR)
		config.mode = config.adaptive;
	/* For all queues. */
	config.own = 0;
	return airvf_set_moderation(vf, &config);
}

/* Queues that share a vector share its interval. */
static int airvf_ethtool_get_queue_coalesce(struct net_device *netdev, u32 queue,
					    struct ethtool_coalesce *coalesce)
{
	struct airvf *vf = netdev_priv(netdev);
	struct airvf_mod_config config;
	u32 i = queue % vf->vectors;

	if (queue >= netdev->real_num_rx_queues)
		return -EINVAL;
	airvf_mod_get(vf, &config);
	coalesce->rx_coalesce_usecs = airvf_ethtool_steps_to_usecs(airvf_mod_fir_steps(&config, i));
	coalesce->use_adaptive_rx_coalesce = airvf_mod_mode(&config, i) != AIRVF_FIR;
	return 0;
}

/* Adaptive: as all are. The operation has no extack. */
static int airvf_ethtool_set_queue_coalesce(struct net_device *netdev, u32 queue,
					    struct ethtool_coalesce *coalesce)
{
	u32 usecs = coalesce->rx_coalesce_usecs, i;
	struct airvf *vf = netdev_priv(netdev);
	struct airvf_mod_config config;
	int steps;

	if (queue >= netdev->real_num_rx_queues)
		return -EINVAL;
	i = queue % vf->vectors;
	airvf_mod_get(vf, &config);
	if (coalesce->use_adaptive_rx_coalesce) {
		if (config.mode == AIRVF_FIR)
			return -EINVAL;
		/* The same as now, or what all have, is no wish for another interval. */
		if (usecs != airvf_ethtool_steps_to_usecs(airvf_mod_fir_steps(&config, i)) &&
		    usecs != airvf_ethtool_steps_to_usecs(config.fir_steps))
			return -EINVAL;
		config.own &= ~BIT(i);
	} else {
		steps = airvf_ethtool_usecs_to_steps(usecs, NULL);
		if (steps < 0)
			return steps;
		config.own |= BIT(i);
		config.own_steps[i] = steps;
	}
	return airvf_set_moderation(vf, &config);
}

static int airvf_ethtool_get_tunable(struct net_device *netdev,
				     const struct ethtool_tunable *tunable, void *data)
{
	struct airvf *vf = netdev_priv(netdev);

	if (tunable->id != ETHTOOL_RX_COPYBREAK)
		return -EOPNOTSUPP;
	*(u32 *)data = vf->copybreak;
	return 0;
}

static int airvf_ethtool_set_tunable(struct net_device *netdev,
				     const struct ethtool_tunable *tunable, const void *data)
{
	struct airvf *vf = netdev_priv(netdev);
	u32 value;

	if (tunable->id != ETHTOOL_RX_COPYBREAK)
		return -EOPNOTSUPP;
	value = *(const u32 *)data;
	if (value > AIRVF_COPYBREAK_MAX)
		return -ERANGE;
	WRITE_ONCE(vf->copybreak, value);
	return 0;
}

static u32 airvf_ethtool_get_rxfh_indir_size(struct net_device *netdev)
{
	return AIRVF_RETA_SIZE;
}

static u32 airvf_ethtool_get_rxfh_key_size(struct net_device *netdev)
{
	return AIRVF_RSS_KEY_SIZE;
}

/* Table and key are the port's; the PF tells if the host allows the question. */
static int airvf_ethtool_query_rss(struct airvf *vf, u32 *table, u8 *key)
{
	u32 mask = vf->rings.n_rx ? vf->rings.n_rx - 1 : 0, i;
	int err = 0;

	/* Classes share the queues out, not RSS. */
	if (vf->tcs || !(vf->caps & AIRVF_CAP_RSS_QUERY))
		return -EOPNOTSUPP;
	if (table) {
		err = airvf_msg_reta(vf, table);
		/* Of an entry only the bits that RQPL admits count. */
		for (i = 0; !err && i < AIRVF_RETA_SIZE; i++)
			table[i] &= mask;
	}
	if (!err && key)
		err = airvf_msg_rss_key(vf, key);
	return err == -EACCES ? -EPERM : err;
}

#ifdef AIRVF_RXFH_PARAM
static int airvf_ethtool_get_rxfh(struct net_device *netdev, struct ethtool_rxfh_param *rxfh)
{
	rxfh->hfunc = ETH_RSS_HASH_TOP;
	return airvf_ethtool_query_rss(netdev_priv(netdev), rxfh->indir, rxfh->key);
}
#else
static int airvf_ethtool_get_rxfh(struct net_device *netdev, u32 *indir, u8 *key, u8 *hfunc)
{
	if (hfunc)
		*hfunc = ETH_RSS_HASH_TOP;
	return airvf_ethtool_query_rss(netdev_priv(netdev), indir, key);
}
#endif

#ifdef AIRVF_RX_RING_COUNT
static u32 airvf_ethtool_get_rx_ring_count(struct net_device *netdev)
{
	return netdev->real_num_rx_queues;
}
#else
static int airvf_ethtool_get_rxnfc(struct net_device *netdev, struct ethtool_rxnfc *info,
				   u32 *rules)
{
	if (info->cmd != ETHTOOL_GRXRINGS)
		return -EOPNOTSUPP;
	info->data = netdev->real_num_rx_queues;
	return 0;
}
#endif

const struct ethtool_ops airvf_ethtool_ops = {
	.supported_coalesce_params = ETHTOOL_COALESCE_RX_USECS | ETHTOOL_COALESCE_USE_ADAPTIVE_RX,
	.get_drvinfo = airvf_ethtool_get_drvinfo,
	.get_regs_len = airvf_ethtool_get_regs_len,
	.get_regs = airvf_ethtool_get_regs,
	.get_msglevel = airvf_ethtool_get_msglevel,
	.set_msglevel = airvf_ethtool_set_msglevel,
	.nway_reset = airvf_ethtool_nway_reset,
	.get_link = ethtool_op_get_link,
	.get_link_ksettings = airvf_ethtool_get_link_ksettings,
	.get_ringparam = airvf_ethtool_get_ringparam,
	.set_ringparam = airvf_ethtool_set_ringparam,
	.get_channels = airvf_ethtool_get_channels,
	.set_channels = airvf_ethtool_set_channels,
	.get_coalesce = airvf_ethtool_get_coalesce,
	.set_coalesce = airvf_ethtool_set_coalesce,
	.get_per_queue_coalesce = airvf_ethtool_get_queue_coalesce,
	.set_per_queue_coalesce = airvf_ethtool_set_queue_coalesce,
	.get_tunable = airvf_ethtool_get_tunable,
	.set_tunable = airvf_ethtool_set_tunable,
	.get_rxfh_indir_size = airvf_ethtool_get_rxfh_indir_size,
	.get_rxfh_key_size = airvf_ethtool_get_rxfh_key_size,
	.get_rxfh = airvf_ethtool_get_rxfh,
#ifdef AIRVF_RX_RING_COUNT
	.get_rx_ring_count = airvf_ethtool_get_rx_ring_count,
#else
	.get_rxnfc = airvf_ethtool_get_rxnfc,
#endif
	.get_ts_info = ethtool_op_get_ts_info,
	.get_sset_count = airvf_get_sset_count,
	.get_strings = airvf_get_strings,
	.get_ethtool_stats = airvf_get_ethtool_stats,
	.self_test = airvf_self_test,
};
