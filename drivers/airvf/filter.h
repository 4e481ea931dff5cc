/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef AIRVF_FILTER_H
#define AIRVF_FILTER_H

#include "airvf.h"

void airvf_filters_restore(struct airvf *vf);
int airvf_vlan_add(struct net_device *netdev, __be16 proto, u16 vid);
int airvf_vlan_kill(struct net_device *netdev, __be16 proto, u16 vid);
int airvf_set_mac(struct net_device *netdev, void *p);

#endif
