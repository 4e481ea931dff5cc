// SPDX-License-Identifier: GPL-2.0-only
/* The carrier, and what the log says of it. */
#include "airvf.h"
#include "link.h"

void airvf_link_down(struct airvf *vf)
{
	if (!netif_carrier_ok(vf->netdev))
		return;
	netif_carrier_off(vf->netdev);
	netif_tx_stop_all_queues(vf->netdev);
	netif_info(vf, link, vf->netdev, "link down\n");
}

static void airvf_link_tell_speed(struct airvf *vf, const char *what)
{
	if (vf->link_speed == SPEED_UNKNOWN)
		netif_info(vf, link, vf->netdev, "%s, unknown speed\n", what);
	else
		netif_info(vf, link, vf->netdev, "%s, %u Mb/s\n", what, vf->link_speed);
}

void airvf_link_up(struct airvf *vf, u32 speed)
{
	bool changed = speed != vf->link_speed;

	vf->link_speed = speed;
	if (netif_carrier_ok(vf->netdev)) {
		if (changed)
			airvf_link_tell_speed(vf, "link changed");
		return;
	}
	airvf_link_tell_speed(vf, "link up");
	netif_carrier_on(vf->netdev);
	netif_tx_wake_all_queues(vf->netdev);
}
