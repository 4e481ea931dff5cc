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

int vfpool_profile_check(const struct vfpool_profile *p)
{
	if (p->vf >= VFPOOL_MOST_VFS || p->trust > 1 || p->spoof_check > 1 || p->qos > 7 ||
	    p->vlan >= VLAN_VID_MASK || is_multicast_ether_addr(p->mac) ||
	    (p->max_rate && p->min_rate > p->max_rate) || (p->qos && !p->vlan) ||
	    memchr_inv(p->reserved, 0, sizeof(p->reserved)))
		return -EINVAL;
	return 0;
}

/* The first network interface of the PF, held; NULL when its driver has none. */
static struct net_device *profile_netdev(struct vfpool *pool)
{
	struct pci_dev *card = vfpool_card(pool);
	struct net_device *netdev, *found = NULL;

	if (!card)
		return NULL;
	rcu_read_lock();
	for_each_netdev_rcu(&init_net, netdev) {
		if (netdev->dev.parent == &card->dev) {
			found = netdev;
			dev_hold(found);
			break;
		}
	}
	rcu_read_unlock();
	pci_dev_put(card);
	return found;
}

/* Under RTNL. -EOPNOTSUPP only for what is asked for and the driver lacks. */
static int profile_write(struct net_device *netdev, unsigned int vf, const struct vfpool_profile *p)
{
	const struct net_device_ops *ops = netdev->netdev_ops;
	u8 mac[ETH_ALEN];
	int err = 0;

	ether_addr_copy(mac, p->mac);
	if (ops->ndo_set_vf_mac)
		err = ops->ndo_set_vf_mac(netdev, vf, mac);
	else if (!is_zero_ether_addr(mac))
		err = -EOPNOTSUPP;
	if (!err && ops->ndo_set_vf_vlan)
		err = ops->ndo_set_vf_vlan(netdev, vf, p->vlan, p->qos, htons(ETH_P_8021Q));
	else if (!err && p->vlan)
		err = -EOPNOTSUPP;
	if (!err && ops->ndo_set_vf_spoofchk)
		err = ops->ndo_set_vf_spoofchk(netdev, vf, p->spoof_check);
	if (!err && ops->ndo_set_vf_trust)
		err = ops->ndo_set_vf_trust(netdev, vf, p->trust);
	else if (!err && p->trust)
		err = -EOPNOTSUPP;
	if (!err && ops->ndo_set_vf_rate)
		err = ops->ndo_set_vf_rate(netdev, vf, p->min_rate, p->max_rate);
	else if (!err && (p->min_rate || p->max_rate))
		err = -EOPNOTSUPP;
	return err;
}

static bool profile_empty(const struct vfpool_profile *p)
{
	return is_zero_ether_addr(p->mac) && !p->vlan && !p->trust && p->spoof_check &&
	       !p->min_rate && !p->max_rate;
}

int vfpool_profile_apply(struct vfpool *pool, unsigned int vf)
{
	const struct vfpool_profile *p = &pool->vf[vf].profile;
	struct net_device *netdev;
	int err;

	/* Nothing asked for, and nothing of ours there: leave the PF alone. */
	if (profile_empty(p) && !pool->vf[vf].profiled)
		return 0;
	netdev = profile_netdev(pool);
	if (!netdev)
		return -ENODEV;
	rtnl_lock();
	err = profile_write(netdev, vf, p);
	rtnl_unlock();
	dev_put(netdev);
	/* Also when only a part was taken: that part has to go again. */
	pool->vf[vf].profiled = true;
	if (err) {
		pci_warn(pool->pdev, "the PF's driver refuses the profile of VF %u: %d\n", vf, err);
		vfpool_profile_clear(pool, vf);
	}
	return err;
}

void vfpool_profile_clear(struct vfpool *pool, unsigned int vf)
{
	static const struct vfpool_profile none = { .spoof_check = 1 };
	struct net_device *netdev;

	if (!pool->vf[vf].profiled)
		return;
	netdev = profile_netdev(pool);
	if (!netdev)
		return;
	rtnl_lock();
	if (!profile_write(netdev, vf, &none))
		pool->vf[vf].profiled = false;
	rtnl_unlock();
	dev_put(netdev);
}
