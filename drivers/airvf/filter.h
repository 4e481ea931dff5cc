/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef AIRVF_FILTER_H
#define AIRVF_FILTER_H

#include "airvf.h"

void airvf_filters_restore(struct airvf *vf);
/* Asks the PF for frames of this MTU. 0, or why not; then the old ones are in force. */
int airvf_set_frame(struct airvf *vf, u32 mtu);
/* Service work, when hardly anything is received: did the host change our address? */
void airvf_check_mac(struct airvf *vf);
int airvf_vlan_add(struct net_device *netdev, __be16 proto, u16 vid);
int airvf_vlan_kill(struct net_device *netdev, __be16 proto, u16 vid);
int airvf_set_mac(struct net_device *netdev, void *p);

#endif
