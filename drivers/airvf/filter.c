// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the PF lets through to us: MAC address, further unicast addresses,
 * groups, VLANs, promiscuity. All of it is the PF's to grant.
 */
#include <linux/etherdevice.h>
#include <linux/rtnetlink.h>

#include "airvf.h"
#include "filter.h"
#include "later.h"
#include "messages.h"
#include "pause.h"

/* Number of addresses, or -ENOMEM. */
static int airvf_filter_snapshot(struct net_device *netdev, struct netdev_hw_addr_list *list,
				 u8 **copy)
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

static bool airvf_filter_listed(const u8 *list, u32 n, const u8 *addr)
{
	while (n--)
		if (ether_addr_equal(list + ETH_ALEN * n, addr))
			return true;
	return false;
}

/* What the PF has stays in its list as long as all of that is still wanted. */
static bool airvf_filter_only_more(const struct airvf *vf, const u8 *list, u32 n)
{
	u32 i;

	for (i = 0; i < vf->uc_sent; i++)
		if (!airvf_filter_listed(list, n, vf->uc + ETH_ALEN * i))
			return false;
	return true;
}

/* One more for the PF; the first one replaces what it had. */
static int airvf_filter_send_unicast(struct airvf *vf, const u8 *addr)
{
	int err = airvf_msg_macvlan(vf, vf->uc_sent + 1, addr);

	if (!err)
		ether_addr_copy(vf->uc + ETH_ALEN * vf->uc_sent++, addr);
	return err;
}

static void airvf_filter_tell_unicast(struct airvf *vf, bool refused)
{
	if (refused && !vf->uc_told && vf->uc_sent)
		netif_warn(vf, drv, vf->netdev,
			   "PF accepts no more than %u further unicast addresses; the card has 128 for all functions\n",
			   vf->uc_sent);
	else if (refused && !vf->uc_told)
		netif_warn(vf, drv, vf->netdev,
			   "PF accepts no further unicast address; on the host: ip link set PF vf N trust on\n");
	vf->uc_told = refused;
}

/*
 * Addresses that come are appended, so that those that are there miss nothing;
 * only if one has gone the list is sent anew.
 */
static int airvf_filter_set_unicast(struct airvf *vf)
{
	u8 *list;
	int n = airvf_filter_snapshot(vf->netdev, &vf->netdev->uc, &list), i, err = 0;
	u8 *sent;

	if (n < 0)
		return n;
	/* The message makes PFs drop their spoof check: not without need. */
	if (!n && !vf->uc_sent)
		return 0;
	if (!n || !airvf_filter_only_more(vf, list, n)) {
		vf->uc_sent = 0;
		/* Otherwise the first of the new ones empties it. */
		if (!n)
			err = airvf_msg_macvlan(vf, 0, NULL);
	}
	sent = krealloc_array(vf->uc, max(n, 1), ETH_ALEN, GFP_KERNEL);
	if (!sent) {
		kfree(list);
		return -ENOMEM;
	}
	vf->uc = sent;
	for (i = 0; i < n && !err; i++)
		if (!airvf_filter_listed(vf->uc, vf->uc_sent, list + ETH_ALEN * i))
			err = airvf_filter_send_unicast(vf, list + ETH_ALEN * i);
	airvf_filter_tell_unicast(vf, err == -EACCES && n);
	kfree(list);
	return err;
}

static u32 airvf_filter_xcast_wanted(const struct net_device *netdev, int groups)
{
	if (netdev->flags & IFF_PROMISC)
		return AIRVF_XCAST_PROMISC;
	/* The message holds thirty: more, or unknown ones, only come as "all". */
	if ((netdev->flags & IFF_ALLMULTI) || groups > MBX_MULTICAST_MAX || groups < 0)
		return AIRVF_XCAST_ALLMULTI;
	return groups ? AIRVF_XCAST_MULTI : AIRVF_XCAST_NONE;
}

static const char *airvf_filter_xcast_name(u32 mode)
{
	static const char * const names[] = { "none", "multicast", "all multicast", "promiscuous" };

	return names[mode];
}

/* One message, not one for each change of the list. */
static void airvf_filter_tell_lowered(struct airvf *vf, bool lowered, u32 got, u32 wanted,
				      const char *why)
{
	if (lowered && !vf->mc_told)
		netif_warn(vf, drv, vf->netdev, "PF grants \"%s\" instead of \"%s\"; %s\n",
			   airvf_filter_xcast_name(got), airvf_filter_xcast_name(wanted), why);
	vf->mc_told = lowered;
}

/* Asks for a mode and, if refused, for less. */
static int airvf_filter_set_xcast(struct airvf *vf, u32 wanted)
{
	const char *cure = "is the VF trusted? (on the host: ip link set PF vf N trust on)";
	u32 mode = wanted, got;
	int err;

	if (!(vf->caps & AIRVF_CAP_XCAST)) {
		airvf_filter_tell_lowered(vf, wanted > AIRVF_XCAST_MULTI, AIRVF_XCAST_MULTI, wanted,
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
	if (wanted == AIRVF_XCAST_PROMISC && vf->pdev->device == AIRVF_DEV_82599_VF)
		cure = "no 82599 does; bridge fdb add MAC dev IFACE self, for each behind it";
	if (!err)
		airvf_filter_tell_lowered(vf, got < wanted && wanted > AIRVF_XCAST_MULTI, got,
					  wanted, cure);
	return err;
}

void airvf_rx_mode(struct airvf *vf)
{
	u8 *groups;
	int n = airvf_filter_snapshot(vf->netdev, &vf->netdev->mc, &groups);
	int unicast, multicast, mode;

	unicast = airvf_filter_set_unicast(vf);
	multicast = n < 0 ? n : airvf_msg_multicast(vf, groups, n);
	mode = airvf_filter_set_xcast(vf, airvf_filter_xcast_wanted(vf->netdev, n));
	kfree(groups);
	/* The PF's refusal is final; whatever else went wrong may go well later. */
	if ((unicast && unicast != -EACCES) || (multicast && multicast != -EACCES) ||
	    (mode && mode != -EACCES))
		set_bit(AIRVF_F_RXMODE, &vf->flags);
}

/*
 * While closed, too, as long as the PF knows us: who is refused should hear of
 * it at once. Opening repeats everything.
 */
static bool airvf_filter_may_ask(const struct airvf *vf)
{
	return vf->registered && !test_bit(AIRVF_F_DETACHED, &vf->flags);
}

int airvf_set_frame(struct airvf *vf, u32 mtu)
{
	int err;

	if (!airvf_filter_may_ask(vf))
		return 0;
	err = airvf_msg_lpe(vf, mtu + AIRVF_FRAME_EXTRA);
	/* A PF that refuses also stops our reception: what is in force is said again. */
	if (err == -EACCES)
		airvf_msg_lpe(vf, vf->netdev->mtu + AIRVF_FRAME_EXTRA);
	else if (!err)
		vf->frame_refused = false;
	/* Other failures: while closed opening repeats it. */
	return err == -EACCES || vf->up ? err : 0;
}

int airvf_vlan_add(struct net_device *netdev, __be16 proto, u16 vid)
{
	struct airvf *vf = netdev_priv(netdev);
	int err = 0;

	if (airvf_filter_may_ask(vf) && vid)
		err = airvf_msg_vlan(vf, vid, true);
	if (err == -EACCES) {
		netif_err(vf, drv, netdev,
			  "PF refuses VLAN %u; the card has 64 for all functions, and none for a VF with a port VLAN\n",
			  vid);
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
	if (airvf_filter_may_ask(vf) && vid && airvf_msg_vlan(vf, vid, false) == -ETIMEDOUT)
		set_bit(vid, vf->vlans_left);
	return 0;
}

/*
 * What neither is granted nor refused, because pings drowned it or the mailbox
 * failed, is said again by the service.
 */
static int airvf_filter_heard(struct airvf *vf, int err)
{
	if (err && err != -EACCES)
		set_bit(AIRVF_F_UNHEARD, &vf->flags);
	return err;
}

static void airvf_filter_restore_vlans(struct airvf *vf)
{
	u32 vid, refused = 0, first = 0;

	/* Refused, too, is gone: the PF did not have it. */
	for_each_set_bit(vid, vf->vlans_left, VLAN_N_VID)
		if (test_bit(vid, vf->vlans) ||
		    airvf_filter_heard(vf, airvf_msg_vlan(vf, vid, false)) != -ETIMEDOUT)
			clear_bit(vid, vf->vlans_left);
	for_each_set_bit(vid, vf->vlans, VLAN_N_VID) {
		if (!vid || airvf_filter_heard(vf, airvf_msg_vlan(vf, vid, true)) != -EACCES)
			continue;
		if (!refused++)
			first = vid;
	}
	if (refused)
		netif_err(vf, drv, vf->netdev,
			  "PF refuses %u VLANs that it granted before, VLAN %u the first; nothing is received there\n",
			  refused, first);
}

static void airvf_filter_adopt_host_mac(struct airvf *vf)
{
	struct net_device *netdev = vf->netdev;

	eth_hw_addr_set(netdev, vf->perm_addr);
	netdev->addr_assign_type = NET_ADDR_PERM;
	call_netdevice_notifiers(NETDEV_CHANGEADDR, netdev);
}

/*
 * The address that we have already. PFs take it out of the filter and put it back,
 * and meanwhile drop what has it as its source: so nothing is sent.
 */
static int airvf_filter_repeat_mac(struct airvf *vf)
{
	int err = airvf_pause_tx(vf);

	if (err)
		return err;
	err = airvf_msg_mac(vf, vf->netdev->dev_addr);
	airvf_resume_tx(vf);
	return err;
}

/* The address in force, or the one that the host's administrator insists on. */
static void airvf_filter_restore_mac(struct airvf *vf)
{
	struct net_device *netdev = vf->netdev;

	if (vf->host_mac) {
		ether_addr_copy(netdev->perm_addr, vf->perm_addr);
		/* Ours was only for want of one: no PF answered at the probe. */
		if (netdev->addr_assign_type == NET_ADDR_RANDOM)
			airvf_filter_adopt_host_mac(vf);
	}
	vf->mac_refused = airvf_filter_heard(vf, airvf_filter_repeat_mac(vf)) == -EACCES;
	if (!vf->mac_refused)
		return;
	if (!vf->host_mac || ether_addr_equal(netdev->dev_addr, vf->perm_addr)) {
		netif_warn(vf, drv, netdev, "PF refuses MAC address %pM\n", netdev->dev_addr);
		return;
	}
	netif_warn(vf, drv, netdev, "the host changed the MAC address to %pM\n", vf->perm_addr);
	airvf_filter_adopt_host_mac(vf);
	vf->mac_refused = false;
}

int airvf_set_mac(struct net_device *netdev, void *p)
{
	struct airvf *vf = netdev_priv(netdev);
	struct sockaddr *addr = p;
	int err = 0;

	if (!is_valid_ether_addr(addr->sa_data))
		return -EADDRNOTAVAIL;
	if (airvf_filter_may_ask(vf))
		err = airvf_msg_mac(vf, addr->sa_data);
	if (err == -EACCES) {
		netif_warn(vf, drv, netdev, "PF refuses MAC address %pM\n", addr->sa_data);
		return -EPERM;
	}
	/* Other failures: while closed opening repeats it. */
	if (err && vf->up)
		return err;
	eth_hw_addr_set(netdev, addr->sa_data);
	return 0;
}

/*
 * All groups are granted to a VF that the host's administrator trusts. Asked once
 * after each reset, which comes with every change of the trust.
 */
static bool airvf_filter_trusted(struct airvf *vf)
{
	u32 mode = AIRVF_XCAST_ALLMULTI;

	if (vf->trust_known || !(vf->caps & AIRVF_CAP_XCAST))
		return vf->trusted;
	if (airvf_msg_xcast(vf, &mode))
		return false;
	vf->trust_known = true;
	vf->trusted = mode == AIRVF_XCAST_ALLMULTI;
	/* As it was. */
	set_bit(AIRVF_F_RXMODE, &vf->flags);
	airvf_service_kick(vf);
	return vf->trusted;
}

/*
 * Nothing tells a running VF that the host gave it another address. But the PF
 * refuses the old one then, and a reset brings the new one. Not if the VF is
 * trusted: the PF would take it as a wish to override the administrator.
 */
void airvf_check_mac(struct airvf *vf)
{
	if (airvf_filter_trusted(vf) || airvf_filter_repeat_mac(vf) != -EACCES)
		return;
	/* Refused already when it was set: the administrator's own never is. */
	if (vf->mac_refused)
		return;
	airvf_reset_request(vf, "the host gave another MAC address");
}

/* After a reset the PF has forgotten everything. */
void airvf_filters_restore(struct airvf *vf)
{
	int err;

	vf->mc_told = false;
	vf->uc_told = false;
	vf->uc_sent = 0;
	vf->trust_known = false;
	vf->trusted = false;
	clear_bit(AIRVF_F_UNHEARD, &vf->flags);
	err = airvf_filter_heard(vf, airvf_msg_lpe(vf, vf->netdev->mtu + AIRVF_FRAME_EXTRA));
	vf->frame_refused = err == -EACCES;
	if (vf->frame_refused)
		netif_err(vf, drv, vf->netdev,
			  "PF refuses frames of MTU %u and lets nothing in; lower it, or raise the PF's\n",
			  vf->netdev->mtu);
	airvf_filter_restore_mac(vf);
	airvf_filter_restore_vlans(vf);
	clear_bit(AIRVF_F_RXMODE, &vf->flags);
	airvf_rx_mode(vf);
}
