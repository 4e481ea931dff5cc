/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef AIRVF_QSTATS_H
#define AIRVF_QSTATS_H

#include "airvf.h"

/* Statistics by queue, where the kernel asks for them. */
void airvf_qstats_init(struct net_device *netdev);

#endif
