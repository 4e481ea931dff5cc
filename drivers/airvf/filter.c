// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the PF lets through to us: MAC address, further unicast addresses,
 * groups, VLANs, promiscuity. All of it is the PF's to grant.
 */
#include <linux/etherdevice.h>
#include <linux/rtnetlink.h>

#include "airvf.h"
#include "filter.h"

static u32 snapshot(struct net_device *netdev, struct netdev_hw_addr_list *list, u8 **copy)
{
	struct netdev_hw_addr *ha;
	u32 n = 0, room;

	*copy = NULL;
	/* The list may grow while memory is fetched: the next round sees that. */
	room = READ_ONCE(list->count);
	if (!room)
		return 0;
	*copy = kcalloc(room, ETH_ALEN, GFP_KERNEL);
	if (!*copy)
		return 0;
	netif_addr_lock_bh(netdev);
	list_for_each_entry(ha, &list->list, list) {
		if (n == room)
			break;
		ether_addr_copy(*copy + ETH_ALEN * n++, ha->addr);
	}
	netif_addr_unlock_bh(netdev);
	return n;
}

static void set_unicast(struct airvf *vf)
{
	u8 *list;
	u32 n = snapshot(vf->netdev, &vf->netdev->uc, &list), i;
	int err;

	/* The message makes PFs drop their spoof check: not without need. */
	if (!n && !vf->uc_sent)
		return;
	vf->uc_sent = n;
	err = airvf_msg_macvlan(vf, 0, NULL);
	for (i = 0; i < n && !err; i++)
		err = airvf_msg_macvlan(vf, i + 1, list + ETH_ALEN * i);
	if (err == -EACCES && n) {
		if (!vf->uc_told)
			netif_warn(vf, drv, vf->netdev,
				   "PF accepts %u of %u further unicast addresses\n",
				   i ? i - 1 : 0, n);
		vf->uc_told = true;
	} else {
		vf->uc_told = false;
	}
	kfree(list);
}

static u32 xcast_wanted(const struct net_device *netdev, u32 groups)
{
	if (netdev->flags & IFF_PROMISC)
		return AIRVF_XCAST_PROMISC;
	/* The message holds thirty: more can only be had as "all". */
	if ((netdev->flags & IFF_ALLMULTI) || groups > MBX_MULTICAST_MAX)
		return AIRVF_XCAST_ALLMULTI;
	return groups ? AIRVF_XCAST_MULTI : AIRVF_XCAST_NONE;
}

static const char *xcast_name(u32 mode)
{
	static const char * const names[] = { "none", "multicast", "all multicast", "promiscuous" };

	return names[mode];
}

/* Asks for a mode and, if refused, for less. */
static void set_xcast(struct airvf *vf, u32 wanted)
{
	u32 mode = wanted, got;
	int err;

	if (!(vf->caps & AIRVF_CAP_XCAST))
		return;
	if (mode == AIRVF_XCAST_PROMISC && !(vf->caps & AIRVF_CAP_PROMISC))
		mode = AIRVF_XCAST_ALLMULTI;
	for (;;) {
		got = mode;
		err = airvf_msg_xcast(vf, &got);
		if (err != -EACCES || mode == AIRVF_XCAST_NONE)
			break;
		mode--;
	}
	if (err)
		return;
	vf->xcast = got;
	if (got < wanted && wanted > AIRVF_XCAST_MULTI) {
		if (!vf->mc_told)
			netif_warn(vf, drv, vf->netdev,
				   "PF grants \"%s\" instead of \"%s\"; is the VF trusted?\n",
				   xcast_name(got), xcast_name(wanted));
		vf->mc_told = true;
	} else {
		vf->mc_told = false;
	}
}

/* Service work, or bringing up. RTNL. */
void airvf_rx_mode(struct airvf *vf)
{
	u8 *groups;
	u32 n = snapshot(vf->netdev, &vf->netdev->mc, &groups);

	set_unicast(vf);
	airvf_msg_multicast(vf, groups, n);
	set_xcast(vf, xcast_wanted(vf->netdev, n));
	kfree(groups);
}

int airvf_vlan_add(struct net_device *netdev, __be16 proto, u16 vid)
{
	struct airvf *vf = netdev_priv(netdev);
	int err = 0;

	/* While down it is only noted; bringing up tells the PF. */
	if (vf->up && vid)
		err = airvf_msg_vlan(vf, vid, true);
	if (err == -EACCES) {
		netif_err(vf, drv, netdev, "PF refuses VLAN %u\n", vid);
		return err;
	}
	/* Other failures are the mailbox's: the reset that follows repeats it. */
	set_bit(vid, vf->vlans);
	return 0;
}

int airvf_vlan_kill(struct net_device *netdev, __be16 proto, u16 vid)
{
	struct airvf *vf = netdev_priv(netdev);

	clear_bit(vid, vf->vlans);
	if (vf->up && vid)
		airvf_msg_vlan(vf, vid, false);
	return 0;
}

static void restore_vlans(struct airvf *vf)
{
	u32 vid;

	for_each_set_bit(vid, vf->vlans, VLAN_N_VID)
		if (vid && airvf_msg_vlan(vf, vid, true) == -EACCES)
			netif_err(vf, drv, vf->netdev, "PF refuses VLAN %u\n", vid);
}

/* The address in force, or the one that the host's administrator insists on. */
static void restore_mac(struct airvf *vf)
{
	struct net_device *netdev = vf->netdev;

	if (airvf_msg_mac(vf, netdev->dev_addr) != -EACCES)
		return;
	if (!vf->host_mac || ether_addr_equal(netdev->dev_addr, vf->perm_addr)) {
		netif_warn(vf, drv, netdev, "PF refuses MAC address %pM\n", netdev->dev_addr);
		return;
	}
	netif_warn(vf, drv, netdev, "the host changed the MAC address to %pM\n", vf->perm_addr);
	eth_hw_addr_set(netdev, vf->perm_addr);
	call_netdevice_notifiers(NETDEV_CHANGEADDR, netdev);
}

int airvf_set_mac(struct net_device *netdev, void *p)
{
	struct airvf *vf = netdev_priv(netdev);
	struct sockaddr *addr = p;
	int err;

	if (!is_valid_ether_addr(addr->sa_data))
		return -EADDRNOTAVAIL;
	if (vf->up) {
		err = airvf_msg_mac(vf, addr->sa_data);
		if (err) {
			netif_warn(vf, drv, netdev, "PF refuses MAC address %pM (%d)\n",
				   addr->sa_data, err);
			return err == -EACCES ? -EPERM : err;
		}
	}
	eth_hw_addr_set(netdev, addr->sa_data);
	return 0;
}

/* After a reset the PF has forgotten everything. */
void airvf_filters_restore(struct airvf *vf)
{
	vf->mc_told = false;
	vf->uc_told = false;
	vf->uc_sent = false;
	if (airvf_msg_lpe(vf, vf->netdev->mtu + AIRVF_FRAME_EXTRA) == -EACCES)
		netif_err(vf, drv, vf->netdev,
			  "PF refuses frames of MTU %u; nothing may be received\n",
			  vf->netdev->mtu);
	restore_mac(vf);
	restore_vlans(vf);
	clear_bit(AIRVF_F_RXMODE, &vf->flags);
	airvf_rx_mode(vf);
}
