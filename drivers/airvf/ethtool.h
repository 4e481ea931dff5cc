/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef AIRVF_ETHTOOL_H
#define AIRVF_ETHTOOL_H

#include "airvf.h"

#define AIRVF_TESTS	4

extern const struct ethtool_ops airvf_ethtool_ops;
extern const char airvf_test_names[AIRVF_TESTS][ETH_GSTRING_LEN];

/* ethtool_stats.c */
int airvf_get_sset_count(struct net_device *netdev, int sset);
void airvf_get_strings(struct net_device *netdev, u32 sset, u8 *data);
void airvf_get_ethtool_stats(struct net_device *netdev, struct ethtool_stats *stats, u64 *data);

/* selftest.c */
void airvf_self_test(struct net_device *netdev, struct ethtool_test *test, u64 *data);

#endif
