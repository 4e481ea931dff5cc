/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef AIRVF_FILTER_H
#define AIRVF_FILTER_H

#include "airvf.h"

/* Tells the PF everything again, which a reset made it forget. RTNL; sleeps. */
void airvf_filters_restore(struct airvf *vf);
/* Asks the PF for frames of this MTU. 0, or why not; then the old ones are in force. */
int airvf_set_frame(struct airvf *vf, u32 mtu);
/* Service work, when hardly anything is received: did the host change our address? */
void airvf_check_mac(struct airvf *vf);
/* Tells the PF of groups, further addresses and promiscuity. Service work or bringing up; RTNL. */
void airvf_rx_mode(struct airvf *vf);
/* .ndo_vlan_rx_add_vid, .ndo_vlan_rx_kill_vid, .ndo_set_mac_address */
int airvf_vlan_add(struct net_device *netdev, __be16 proto, u16 vid);
int airvf_vlan_kill(struct net_device *netdev, __be16 proto, u16 vid);
int airvf_set_mac(struct net_device *netdev, void *p);

#endif
