// SPDX-License-Identifier: GPL-2.0-only
/* ethtool: what a person asks of the interface. */
#include <linux/ethtool.h>

#include "airvf.h"

static void get_drvinfo(struct net_device *netdev, struct ethtool_drvinfo *info)
{
	struct airvf *vf = netdev_priv(netdev);

	strscpy(info->driver, KBUILD_MODNAME, sizeof(info->driver));
	snprintf(info->fw_version, sizeof(info->fw_version), "mailbox API %s",
		 airvf_api_name(vf->api));
	strscpy(info->bus_info, pci_name(vf->pdev), sizeof(info->bus_info));
}

const struct ethtool_ops airvf_ethtool_ops = {
	.get_drvinfo = get_drvinfo,
	.get_link = ethtool_op_get_link,
};
