// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a VF has when a user gets it (address, VLAN, trust, spoof check, rates),
 * set through the PF's driver as "ip link set PF vf N ..." does, and taken back
 * when the VF is released: nothing of the last user is left.
 */
#include <linux/etherdevice.h>
#include <linux/if_vlan.h>
#include <linux/netdevice.h>
#include <linux/rtnetlink.h>

#include "vfpool.h"

int vfpool_profile_check(const struct vfpool *pool, const struct vfpool_profile *p)
{
	if (!vfpool_vf_named(pool, p->vf) || p->trust > 1 || p->spoof_check > 1 || p->qos > 7 ||
	    p->vlan >= VLAN_VID_MASK || is_multicast_ether_addr(p->mac) ||
	    (p->max_rate && p->min_rate > p->max_rate) || (p->qos && !p->vlan) ||
	    (p->mtu && (p->mtu < ETH_MIN_MTU || p->mtu > ETH_MAX_MTU)) ||
	    memchr_inv(p->reserved, 0, sizeof(p->reserved)))
		return -EINVAL;
	return 0;
}

/*
 * ixgbe drops the address's filter at the VF's function-level reset, and then
 * cannot take the address away: given once more, it can.
 */
static int profile_write_mac(struct net_device *netdev, unsigned int vf, const u8 *from,
			     const u8 *to)
{
	int (*set)(struct net_device *, int, u8 *) = netdev->netdev_ops->ndo_set_vf_mac;
	u8 mac[ETH_ALEN];
	int err;

	if (!set)
		return -EOPNOTSUPP;
	ether_addr_copy(mac, to);
	err = set(netdev, vf, mac);
	if (err < 0 && is_zero_ether_addr(to)) {
		ether_addr_copy(mac, from);
		set(netdev, vf, mac);
		eth_zero_addr(mac);
		err = set(netdev, vf, mac);
	}
	/* Some drivers say where they put it. */
	return min(err, 0);
}

/*
 * Under RTNL. Asks the PF's driver only for what differs from what the VF has:
 * drivers refuse some settings at times (rates without a link) even where
 * nothing would change. -EOPNOTSUPP for what the driver lacks.
 */
static int profile_write(struct net_device *netdev, unsigned int vf, const struct vfpool_profile *p)
{
	const struct net_device_ops *ops = netdev->netdev_ops;
	struct ifla_vf_info now = {};
	int err;

	if (!ops->ndo_get_vf_config)
		return -EOPNOTSUPP;
	err = ops->ndo_get_vf_config(netdev, vf, &now);
	if (err)
		return err;
	if (!ether_addr_equal(now.mac, p->mac))
		err = profile_write_mac(netdev, vf, now.mac, p->mac);
	if (!err && (now.vlan != p->vlan || now.qos != p->qos))
		err = ops->ndo_set_vf_vlan ?
		      ops->ndo_set_vf_vlan(netdev, vf, p->vlan, p->qos, htons(ETH_P_8021Q)) :
		      -EOPNOTSUPP;
	if (!err && now.spoofchk != p->spoof_check)
		err = ops->ndo_set_vf_spoofchk ?
		      ops->ndo_set_vf_spoofchk(netdev, vf, p->spoof_check) : -EOPNOTSUPP;
	if (!err && now.trusted != p->trust)
		err = ops->ndo_set_vf_trust ?
		      ops->ndo_set_vf_trust(netdev, vf, p->trust) : -EOPNOTSUPP;
	if (!err && (now.min_tx_rate != p->min_rate || now.max_tx_rate != p->max_rate))
		err = ops->ndo_set_vf_rate ?
		      ops->ndo_set_vf_rate(netdev, vf, p->min_rate, p->max_rate) : -EOPNOTSUPP;
	return err;
}

static bool profile_empty(const struct vfpool_profile *p)
{
	return is_zero_ether_addr(p->mac) && !p->vlan && !p->trust && p->spoof_check &&
	       !p->min_rate && !p->max_rate && !p->mtu;
}

int vfpool_profile_apply(struct vfpool *pool, u8 vf)
{
	struct vfpool_vf_policy *policy = vfpool_policy(pool, vf);
	const struct vfpool_profile *p = &policy->profile;
	struct net_device *netdev;
	int err;

	/* Nothing asked for, and nothing of ours there: leave the PF alone. */
	if (profile_empty(p) && !policy->profiled)
		return 0;
	netdev = vfpool_pf_netdev(pool, vf / VFPOOL_CARD_VFS);
	/* Without a driver for VFs' settings there are none of an older profile either. */
	if (!netdev)
		return profile_empty(p) ? 0 : -ENODEV;
	rtnl_lock();
	/* The VF's own server sets its MTU; the PF's is the limit. */
	err = p->mtu > netdev->mtu ? -EMSGSIZE : profile_write(netdev, vf % VFPOOL_CARD_VFS, p);
	rtnl_unlock();
	dev_put(netdev);
	if (err == -EOPNOTSUPP && profile_empty(p))
		return 0;
	/* Also when only a part was taken: that part has to go again. */
	policy->profiled = true;
	if (err) {
		pci_warn(pool->pdev, "the PF's driver refuses the profile of VF %u of card %u: %d\n",
			 vf % VFPOOL_CARD_VFS, vf / VFPOOL_CARD_VFS, err);
		vfpool_profile_clear(pool, vf);
	}
	return err;
}

void vfpool_profile_clear(struct vfpool *pool, u8 vf)
{
	static const struct vfpool_profile none = { .spoof_check = 1 };
	struct vfpool_vf_policy *policy = vfpool_policy(pool, vf);
	struct net_device *netdev;

	if (!policy->profiled)
		return;
	netdev = vfpool_pf_netdev(pool, vf / VFPOOL_CARD_VFS);
	if (!netdev)
		return;
	rtnl_lock();
	if (!profile_write(netdev, vf % VFPOOL_CARD_VFS, &none))
		policy->profiled = false;
	rtnl_unlock();
	dev_put(netdev);
}
