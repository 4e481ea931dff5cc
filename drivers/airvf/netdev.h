/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef AIRVF_NETDEV_H
#define AIRVF_NETDEV_H

#include "airvf.h"

/* Operations, features and limits, before the device is registered. */
void airvf_netdev_init(struct net_device *netdev);

#endif
