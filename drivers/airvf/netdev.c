// SPDX-License-Identifier: GPL-2.0-only
/* The network device's operations, and what brings queues up and down. */
#include <linux/bpf.h>
#include <linux/etherdevice.h>
#include <linux/log2.h>
#include <linux/rtnetlink.h>

#include "airvf.h"
#include "filter.h"
#include "mtvd.h"
#include "sysfs.h"
#include "xdp.h"

u16 airvf_queues_offered(const struct airvf *vf)
{
	/* RSS inside a pool is by powers of two; classes exclude it. */
	if (vf->tcs)
		return 1;
	return min_t(u16, rounddown_pow_of_two(vf->granted), AIRVF_RSS_MAX);
}

/* While closed: what opening would make, as far as is known. */
static int announce_queues(struct airvf *vf)
{
	u16 n_rx, n_tx;

	airvf_rings_count(vf, min(vf->param.queues, airvf_queues_offered(vf)), &n_rx, &n_tx);
	return netif_set_real_num_queues(vf->netdev, n_tx, n_rx);
}

static int publish_queues(struct airvf *vf)
{
	struct net_device *netdev = vf->netdev;
	u32 i;
	int err;

	err = netif_set_real_num_queues(netdev, vf->rings.n_tx, vf->rings.n_rx);
	if (err)
		return err;
	for (i = 0; i < AIRVF_QUEUES_MAX; i++) {
		struct napi_struct *napi = &vf->vector[i % vf->vectors]->napi;

		netif_queue_set_napi(netdev, i, NETDEV_QUEUE_TYPE_RX,
				     i < vf->rings.n_rx ? napi : NULL);
		netif_queue_set_napi(netdev, i, NETDEV_QUEUE_TYPE_TX,
				     i < vf->rings.n_tx ? napi : NULL);
	}
	return 0;
}

/* While down: rings as wanted and as the PF grants, which a reset can change. */
static int fit_rings(struct airvf *vf)
{
	struct airvf_ring_param param = vf->param;
	struct airvf_rings rings;
	u16 n_rx, n_tx;
	int err;

	param.queues = min(param.queues, airvf_queues_offered(vf));
	airvf_rings_count(vf, param.queues, &n_rx, &n_tx);
	/* Two queues can become two traffic classes: then only n_tx tells. */
	if (vf->rings.n_rx != n_rx || vf->rings.n_tx != n_tx) {
		err = airvf_rings_alloc(vf, &param, &rings);
		if (err)
			return err;
		if (vf->rings.n_rx)
			netif_info(vf, drv, vf->netdev, "now %u receive queues\n", n_rx);
		airvf_rings_free(vf, &vf->rings);
		vf->rings = rings;
	}
	airvf_rings_attach(vf);
	return publish_queues(vf);
}

static void limit_mtu(struct airvf *vf)
{
	/* A PF that speaks 1.0 takes no large frames. */
	vf->netdev->max_mtu = vf->caps & AIRVF_CAP_JUMBO ?
			      AIRVF_FRAME_MAX - AIRVF_FRAME_EXTRA : 1504;
}

/* The device owns no buffer any more afterwards. */
static void stop_rings(struct airvf *vf)
{
	if (airvf_rings_stop(vf)) {
		/* It may still write into buffers: only a reset ends that. */
		netif_warn(vf, drv, vf->netdev, "queues do not stop, resetting the VF\n");
		airvf_wr(vf, VFCTRL, VFCTRL_RST);
		airvf_rd(vf, VFSTATUS);
		usleep_range(10000, 20000);
		vf->registered = false;
	}
	/* One that we cannot talk to may still reach our memory; a reset gives it back. */
	if (test_bit(AIRVF_F_GONE, &vf->flags)) {
		pci_clear_master(vf->pdev);
		vf->registered = false;
	}
}

/* @reset: also reset the VF and tell the PF everything again. */
int airvf_up(struct airvf *vf, bool reset)
{
	int err;
	u32 i;

	if (reset) {
		err = airvf_hw_reset(vf);
		if (err)
			return err;
		limit_mtu(vf);
		/* stop_rings() may have taken it away. */
		pci_set_master(vf->pdev);
	}
	err = fit_rings(vf);
	if (err)
		return err;
	for (i = 0; i < vf->vectors_used; i++)
		airvf_mod_start(vf->vector[i]);
	err = airvf_rings_start(vf);
	if (err) {
		stop_rings(vf);
		airvf_rings_clean(vf);
		return err;
	}
	if (reset)
		airvf_filters_restore(vf);

	for (i = 0; i < vf->vectors_used; i++)
		napi_enable(&vf->vector[i]->napi);
	/* Some kernels number a NAPI only as it is enabled. */
	for (i = 0; i < vf->rings.n_rx; i++)
		vf->rings.rx[i]->rxq.napi_id = vf->rings.rx[i]->vector->napi.napi_id;
	vf->up = true;
	clear_bit(AIRVF_F_RESET, &vf->flags);
	/* The rings first: who transmits looks at them once DOWN is gone. */
	smp_mb__before_atomic();
	clear_bit(AIRVF_F_DOWN, &vf->flags);
	airvf_irq_arm(vf);
	if (netif_carrier_ok(vf->netdev))
		netif_tx_wake_all_queues(vf->netdev);
	set_bit(AIRVF_F_LINK, &vf->flags);
	airvf_service_kick(vf);
	return 0;
}

/* Leaves rings without packets and buffers. The carrier is the caller's. */
void airvf_down(struct airvf *vf)
{
	u32 i;

	if (!vf->up)
		return;
	vf->up = false;
	set_bit(AIRVF_F_DOWN, &vf->flags);
	netif_tx_disable(vf->netdev);
	/* Frames that other devices redirect to us. */
	synchronize_net();

	stop_rings(vf);
	airvf_hw_mask(vf);
	airvf_irq_synchronize(vf);
	for (i = 0; i < vf->vectors_used; i++) {
		napi_disable(&vf->vector[i]->napi);
		/* Only polls start it. */
		cancel_delayed_work_sync(&vf->vector[i]->retry);
	}
	/* A poll that began before us may just have woken a queue. */
	netif_tx_disable(vf->netdev);
	airvf_mtvd_drain(vf);
	airvf_hw_count(vf);
	airvf_rings_clean(vf);
}

int airvf_reinit(struct airvf *vf)
{
	int err;

	airvf_link_down(vf);
	airvf_down(vf);
	err = airvf_up(vf, true);
	if (err)
		airvf_reset_later(vf);
	return err;
}

/* Same rings, same link: for settings that only a stopped queue takes. */
int airvf_restart(struct airvf *vf)
{
	int err;

	if (!vf->up)
		return 0;
	airvf_down(vf);
	err = airvf_up(vf, !vf->registered);
	if (err) {
		airvf_link_down(vf);
		set_bit(AIRVF_F_RESET, &vf->flags);
		airvf_service_kick(vf);
	}
	return err;
}

/* Other rings: first the memory, then the switch, so that failing changes nothing. */
int airvf_change(struct airvf *vf, const struct airvf_ring_param *param,
		 struct netlink_ext_ack *extack)
{
	struct airvf_ring_param fit = *param;
	bool was_up = vf->up;
	struct airvf_rings rings;
	int err;

	/* Closed: they are made at the next opening. */
	if (!vf->rings.n_rx) {
		vf->param = *param;
		return announce_queues(vf);
	}
	/* Not more than fit_rings() would leave, which can only fail while down. */
	fit.queues = min(fit.queues, airvf_queues_offered(vf));
	err = airvf_rings_alloc(vf, &fit, &rings);
	if (err) {
		NL_SET_ERR_MSG_MOD(extack, "not enough memory for the rings; nothing changed");
		return err;
	}
	airvf_down(vf);
	airvf_rings_free(vf, &vf->rings);
	vf->rings = rings;
	vf->param = *param;
	if (!was_up)
		return 0;
	err = airvf_up(vf, !vf->registered);
	if (err) {
		airvf_link_down(vf);
		set_bit(AIRVF_F_RESET, &vf->flags);
		airvf_service_kick(vf);
	}
	return err;
}

static int airvf_open(struct net_device *netdev)
{
	struct airvf *vf = netdev_priv(netdev);
	int err;

	if (airvf_gone(vf))
		return -ENODEV;
	err = airvf_irq_request(vf);
	if (err)
		return err;
	netif_carrier_off(netdev);
	err = airvf_up(vf, true);
	if (!err)
		return 0;

	netdev_err(netdev, "cannot register with the PF (%d); is its interface up?\n", err);
	airvf_rings_free(vf, &vf->rings);
	airvf_irq_free(vf);
	return err == -ETIMEDOUT || err == -EBUSY ? -EIO : err;
}

static int airvf_stop(struct net_device *netdev)
{
	struct airvf *vf = netdev_priv(netdev);

	airvf_link_down(vf);
	airvf_down(vf);
	/* While suspended the interrupts have been given back already. */
	if (vf->irqs)
		airvf_irq_free(vf);
	airvf_rings_free(vf, &vf->rings);
	clear_bit(AIRVF_F_RESET, &vf->flags);
	return 0;
}

static void airvf_set_rx_mode(struct net_device *netdev)
{
	struct airvf *vf = netdev_priv(netdev);

	/* Messages to the PF sleep, this must not. */
	set_bit(AIRVF_F_RXMODE, &vf->flags);
	if (!test_bit(AIRVF_F_DOWN, &vf->flags))
		airvf_service_kick(vf);
}

static int airvf_change_mtu(struct net_device *netdev, int mtu)
{
	struct airvf *vf = netdev_priv(netdev);
	int err;

	if (vf->prog && !vf->prog->aux->xdp_has_frags && !airvf_xdp_fits(mtu)) {
		netdev_warn(netdev, "the XDP program does not support frames of several buffers\n");
		return -EINVAL;
	}
	err = airvf_set_frame(vf, mtu);
	if (err) {
		netdev_warn(netdev, "PF refuses MTU %d (%d), is its own smaller?\n", mtu, err);
		return err == -EACCES ? -EPERM : err;
	}
	WRITE_ONCE(netdev->mtu, mtu);
	if (vf->up) {
		/* Perhaps there was no link because the old one was refused. */
		set_bit(AIRVF_F_LINK, &vf->flags);
		airvf_service_kick(vf);
	}
	return 0;
}

static void airvf_tx_timeout(struct net_device *netdev, unsigned int queue)
{
	struct airvf *vf = netdev_priv(netdev);

	vf->tx_timeouts++;
	airvf_reset_request(vf, "transmit timeout");
}

static void airvf_get_stats64(struct net_device *netdev, struct rtnl_link_stats64 *sum)
{
	struct airvf *vf = netdev_priv(netdev);
	u64 dispatched, full, csum_bad, failed;
	u32 i, start;

	/* Kept outside the rings, so that they survive any change of these. */
	for (i = 0; i < AIRVF_QUEUES_MAX; i++) {
		struct airvf_tx_stats tx;
		struct airvf_rx_stats rx;

		airvf_rx_sum(vf, i, &rx);
		sum->rx_packets += rx.packets;
		sum->rx_bytes += rx.bytes;
		sum->rx_errors += rx.frame_errors + rx.bad_length;
		sum->rx_length_errors += rx.bad_length;
		sum->rx_dropped += rx.skb_failed;

		airvf_tx_sum(vf, i, &tx);
		sum->tx_packets += tx.packets;
		sum->tx_bytes += tx.bytes;
		sum->tx_dropped += tx.dropped + tx.link_local;
	}
	airvf_mtvd_sum(vf, &dispatched, &full, &csum_bad, &failed);
	sum->rx_dropped += full;
	do {
		start = u64_stats_fetch_begin(&vf->hw_sync);
		sum->multicast = vf->hw_multicast.total;
	} while (u64_stats_fetch_retry(&vf->hw_sync, start));
}

static int airvf_set_features(struct net_device *netdev, netdev_features_t features)
{
	struct airvf *vf = netdev_priv(netdev);
	netdev_features_t changed = netdev->features ^ features;

	if (!(changed & NETIF_F_HW_VLAN_CTAG_RX) || !vf->up)
		return 0;
	/* The bit stands in the ring's control register. */
	netdev->features = features;
	airvf_restart(vf);
	/* Positive: features are set already. */
	return 1;
}

static const struct net_device_ops airvf_netdev_ops = {
	.ndo_open = airvf_open,
	.ndo_stop = airvf_stop,
	.ndo_start_xmit = airvf_xmit,
	.ndo_features_check = airvf_features_check,
	.ndo_set_features = airvf_set_features,
	.ndo_set_rx_mode = airvf_set_rx_mode,
	.ndo_set_mac_address = airvf_set_mac,
	.ndo_validate_addr = eth_validate_addr,
	.ndo_change_mtu = airvf_change_mtu,
	.ndo_tx_timeout = airvf_tx_timeout,
	.ndo_get_stats64 = airvf_get_stats64,
	.ndo_vlan_rx_add_vid = airvf_vlan_add,
	.ndo_vlan_rx_kill_vid = airvf_vlan_kill,
	.ndo_bpf = airvf_xdp_setup,
	.ndo_xdp_xmit = airvf_xdp_xmit,
};

#define TUNNELS (NETIF_F_GSO_GRE | NETIF_F_GSO_GRE_CSUM | NETIF_F_GSO_IPXIP4 | \
		 NETIF_F_GSO_IPXIP6 | NETIF_F_GSO_UDP_TUNNEL | NETIF_F_GSO_UDP_TUNNEL_CSUM)
#define OFFLOADS (NETIF_F_SG | NETIF_F_TSO | NETIF_F_TSO6 | NETIF_F_HW_CSUM | NETIF_F_SCTP_CRC)

void airvf_netdev_init(struct net_device *netdev)
{
	netdev->netdev_ops = &airvf_netdev_ops;
	netdev->ethtool_ops = &airvf_ethtool_ops;
	netdev->watchdog_timeo = 5 * HZ;
	netdev->min_mtu = ETH_MIN_MTU;
	netdev->priv_flags |= IFF_UNICAST_FLT | IFF_LIVE_ADDR_CHANGE;

	netdev->hw_features = OFFLOADS | NETIF_F_RXCSUM | NETIF_F_RXHASH | NETIF_F_GSO_PARTIAL |
			      TUNNELS | NETIF_F_HW_VLAN_CTAG_RX | NETIF_F_HW_VLAN_CTAG_TX;
	netdev->gso_partial_features = TUNNELS;
	netdev->vlan_features = OFFLOADS | NETIF_F_TSO_MANGLEID | NETIF_F_HIGHDMA |
				NETIF_F_GSO_PARTIAL | TUNNELS;
	netdev->hw_enc_features = netdev->vlan_features;
	/* No TSO: no pointer of the skb leads to the IP header behind labels. */
	netdev->mpls_features = NETIF_F_SG | NETIF_F_HW_CSUM;
	netdev->features = netdev->hw_features | NETIF_F_HIGHDMA | NETIF_F_HW_VLAN_CTAG_FILTER;
	netdev->sysfs_groups[0] = &airvf_sysfs_group;
	airvf_qstats_init(netdev);
	airvf_xdp_features(netdev, true);
	limit_mtu(netdev_priv(netdev));
	/* Cannot fail before the device is registered. */
	announce_queues(netdev_priv(netdev));
}
