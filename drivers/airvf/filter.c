// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the PF lets through to us: MAC address, further unicast addresses,
 * groups, VLANs, promiscuity. All of it is the PF's to grant.
 */
#include <linux/etherdevice.h>
#include <linux/rtnetlink.h>

#include "airvf.h"
#include "filter.h"

/* Number of addresses, or -ENOMEM. */
static int snapshot(struct net_device *netdev, struct netdev_hw_addr_list *list, u8 **copy)
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
		return -ENOMEM;
	netif_addr_lock_bh(netdev);
	list_for_each_entry(ha, &list->list, list) {
		if (n == room)
			break;
		ether_addr_copy(*copy + ETH_ALEN * n++, ha->addr);
	}
	netif_addr_unlock_bh(netdev);
	return n;
}

static int set_unicast(struct airvf *vf)
{
	u8 *list;
	int n = snapshot(vf->netdev, &vf->netdev->uc, &list), i, err;

	if (n < 0)
		return n;
	/* The message makes PFs drop their spoof check: not without need. */
	if (!n && !vf->uc_sent)
		return 0;
	err = airvf_msg_macvlan(vf, 0, NULL);
	for (i = 0; i < n && !err; i++)
		err = airvf_msg_macvlan(vf, i + 1, list + ETH_ALEN * i);
	vf->uc_sent = n || err;
	if (err == -EACCES && n) {
		if (!vf->uc_told)
			netif_warn(vf, drv, vf->netdev,
				   "PF accepts %d of %d further unicast addresses\n",
				   i ? i - 1 : 0, n);
		vf->uc_told = true;
	} else {
		vf->uc_told = false;
	}
	kfree(list);
	return err;
}

static u32 xcast_wanted(const struct net_device *netdev, int groups)
{
	if (netdev->flags & IFF_PROMISC)
		return AIRVF_XCAST_PROMISC;
	/* The message holds thirty: more, or unknown ones, only come as "all". */
	if ((netdev->flags & IFF_ALLMULTI) || groups > MBX_MULTICAST_MAX || groups < 0)
		return AIRVF_XCAST_ALLMULTI;
	return groups ? AIRVF_XCAST_MULTI : AIRVF_XCAST_NONE;
}

static const char *xcast_name(u32 mode)
{
	static const char * const names[] = { "none", "multicast", "all multicast", "promiscuous" };

	return names[mode];
}

/* One message, not one for each change of the list. */
static void tell_lowered(struct airvf *vf, bool lowered, u32 got, u32 wanted, const char *why)
{
	if (lowered && !vf->mc_told)
		netif_warn(vf, drv, vf->netdev, "PF grants \"%s\" instead of \"%s\"; %s\n",
			   xcast_name(got), xcast_name(wanted), why);
	vf->mc_told = lowered;
}

/* Asks for a mode and, if refused, for less. */
static int set_xcast(struct airvf *vf, u32 wanted)
{
	u32 mode = wanted, got;
	int err;

	if (!(vf->caps & AIRVF_CAP_XCAST)) {
		tell_lowered(vf, wanted > AIRVF_XCAST_MULTI, AIRVF_XCAST_MULTI, wanted,
			     "it speaks a protocol older than 1.2");
		return 0;
	}
	if (mode == AIRVF_XCAST_PROMISC && !(vf->caps & AIRVF_CAP_PROMISC))
		mode = AIRVF_XCAST_ALLMULTI;
	for (;;) {
		got = mode;
		err = airvf_msg_xcast(vf, &got);
		if (err != -EACCES || mode == AIRVF_XCAST_NONE)
			break;
		mode--;
	}
	if (!err)
		tell_lowered(vf, got < wanted && wanted > AIRVF_XCAST_MULTI, got, wanted,
			     "is the VF trusted?");
	return err;
}

/* Service work, or bringing up. RTNL. */
void airvf_rx_mode(struct airvf *vf)
{
	u8 *groups;
	int n = snapshot(vf->netdev, &vf->netdev->mc, &groups);
	int unicast, multicast, mode;

	unicast = set_unicast(vf);
	multicast = n < 0 ? n : airvf_msg_multicast(vf, groups, n);
	mode = set_xcast(vf, xcast_wanted(vf->netdev, n));
	kfree(groups);
	/* The PF's refusal is final; whatever else went wrong may go well later. */
	if ((unicast && unicast != -EACCES) || (multicast && multicast != -EACCES) ||
	    (mode && mode != -EACCES))
		set_bit(AIRVF_F_RXMODE, &vf->flags);
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
		return -EPERM;
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

static void adopt_host_mac(struct airvf *vf)
{
	struct net_device *netdev = vf->netdev;

	eth_hw_addr_set(netdev, vf->perm_addr);
	netdev->addr_assign_type = NET_ADDR_PERM;
	call_netdevice_notifiers(NETDEV_CHANGEADDR, netdev);
}

/* The address in force, or the one that the host's administrator insists on. */
static void restore_mac(struct airvf *vf)
{
	struct net_device *netdev = vf->netdev;

	if (vf->host_mac) {
		ether_addr_copy(netdev->perm_addr, vf->perm_addr);
		/* Ours was only for want of one: no PF answered at the probe. */
		if (netdev->addr_assign_type == NET_ADDR_RANDOM)
			adopt_host_mac(vf);
	}
	if (airvf_msg_mac(vf, netdev->dev_addr) != -EACCES)
		return;
	if (!vf->host_mac || ether_addr_equal(netdev->dev_addr, vf->perm_addr)) {
		netif_warn(vf, drv, netdev, "PF refuses MAC address %pM\n", netdev->dev_addr);
		return;
	}
	netif_warn(vf, drv, netdev, "the host changed the MAC address to %pM\n", vf->perm_addr);
	adopt_host_mac(vf);
}

int airvf_set_mac(struct net_device *netdev, void *p)
{
	struct airvf *vf = netdev_priv(netdev);
	struct sockaddr *addr = p;
	int err = 0;

	if (!is_valid_ether_addr(addr->sa_data))
		return -EADDRNOTAVAIL;
	/* While closed, too: who is refused should hear of it now. */
	if (vf->registered)
		err = airvf_msg_mac(vf, addr->sa_data);
	/* Other failures: while closed opening repeats it. */
	if (err == -EACCES || (err && vf->up)) {
		netif_warn(vf, drv, netdev, "PF refuses MAC address %pM (%d)\n",
			   addr->sa_data, err);
		return err == -EACCES ? -EPERM : err;
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
