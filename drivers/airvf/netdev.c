// SPDX-License-Identifier: GPL-2.0-only
/* The network device's operations, and what brings queues up and down. */
#include <linux/bpf.h>
#include <linux/etherdevice.h>
#include <linux/log2.h>
#include <linux/rtnetlink.h>

#include "airvf.h"
#include "ethtool.h"
#include "filter.h"
#include "hints.h"
#include "hw.h"
#include "irq.h"
#include "later.h"
#include "link.h"
#include "mtvd.h"
#include "netdev.h"
#include "qstats.h"
#include "ring.h"
#include "rx.h"
#include "sysfs.h"
#include "tx.h"
#include "updown.h"
#include "xdp.h"
#include "xsk.h"

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
	if (!airvf_xdp_fits(mtu) && airvf_xdp_sockets(vf)) {
		netdev_warn(netdev, "AF_XDP sockets without copies take frames of one buffer only\n");
		return -EINVAL;
	}
	err = airvf_set_frame(vf, mtu);
	if (err) {
		if (err != -EACCES)
			return err;
		netdev_warn(netdev, "PF refuses MTU %d, is its own smaller?\n", mtu);
		return -EPERM;
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

	/* Closed by ourselves since the watchdog looked. */
	if (test_bit(AIRVF_F_DOWN, &vf->flags))
		return;
	vf->tx_timeouts++;
	/* Reported by the service work, since that sleeps. */
	set_bit(AIRVF_F_TX_TIMEOUT, &vf->flags);
	airvf_service_kick(vf);
}

static void airvf_get_stats64(struct net_device *netdev, struct rtnl_link_stats64 *sum)
{
	struct airvf *vf = netdev_priv(netdev);
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
	.ndo_xsk_wakeup = airvf_xsk_wakeup,
};

#define TUNNELS (NETIF_F_GSO_GRE | NETIF_F_GSO_GRE_CSUM | NETIF_F_GSO_IPXIP4 | \
		 NETIF_F_GSO_IPXIP6 | NETIF_F_GSO_UDP_TUNNEL | NETIF_F_GSO_UDP_TUNNEL_CSUM)
#define OFFLOADS (NETIF_F_SG | NETIF_F_TSO | NETIF_F_TSO6 | NETIF_F_HW_CSUM | NETIF_F_SCTP_CRC)
/* Not in tunnels: whether the inner or the outer UDP header counts, nothing says. */
#define PLAIN_OFFLOADS (OFFLOADS | NETIF_F_GSO_UDP_L4)

void airvf_netdev_init(struct net_device *netdev)
{
	netdev->netdev_ops = &airvf_netdev_ops;
	netdev->ethtool_ops = &airvf_ethtool_ops;
	/* The service work notices earlier (STUCK there), and tells devlink. */
	netdev->watchdog_timeo = 10 * HZ;
	netdev->min_mtu = ETH_MIN_MTU;
	netdev->priv_flags |= IFF_UNICAST_FLT | IFF_LIVE_ADDR_CHANGE;

	netdev->hw_features = PLAIN_OFFLOADS | NETIF_F_GSO_PARTIAL | TUNNELS |
			      NETIF_F_RXCSUM | NETIF_F_RXHASH | NETIF_F_HW_VLAN_CTAG_RX |
			      NETIF_F_HW_VLAN_CTAG_TX;
	netdev->gso_partial_features = TUNNELS;
	netdev->hw_enc_features = OFFLOADS | NETIF_F_TSO_MANGLEID | NETIF_F_HIGHDMA |
				  NETIF_F_GSO_PARTIAL | TUNNELS;
	netdev->vlan_features = netdev->hw_enc_features | PLAIN_OFFLOADS;
	/* No TSO: no pointer of the skb leads to the IP header behind labels. */
	netdev->mpls_features = NETIF_F_SG | NETIF_F_HW_CSUM;
	netdev->features = netdev->hw_features | NETIF_F_HIGHDMA | NETIF_F_HW_VLAN_CTAG_FILTER;
	netdev->sysfs_groups[0] = &airvf_sysfs_group;
	airvf_qstats_init(netdev);
	airvf_hints_init(netdev);
	airvf_xdp_features(netdev, true);
	airvf_limit_mtu(netdev_priv(netdev));
	/* Cannot fail before the device is registered. */
	airvf_announce_queues(netdev_priv(netdev));
}
