// SPDX-License-Identifier: GPL-2.0-only
/*
 * Brings queues up and down, and changes what only a stopped queue takes. The
 * order is the data sheet's (4.6.7 receive, 4.6.8 transmit). All under RTNL.
 */
#include <linux/delay.h>
#include <linux/log2.h>
#include <linux/rtnetlink.h>

#include "airvf.h"
#include "count.h"
#include "filter.h"
#include "hw.h"
#include "irq.h"
#include "later.h"
#include "link.h"
#include "mtvd.h"
#include "reset.h"
#include "ring.h"
#include "updown.h"

u16 airvf_queues_offered(const struct airvf *vf)
{
	/* RSS inside a pool is by powers of two; classes exclude it. */
	if (vf->tcs)
		return 1;
	return min_t(u16, rounddown_pow_of_two(vf->granted), AIRVF_RSS_MAX);
}

/* While closed: what opening would make, as far as is known. */
int airvf_announce_queues(struct airvf *vf)
{
	u16 n_rx, n_tx;

	airvf_rings_count(vf, min(vf->param.queues, airvf_queues_offered(vf)), &n_rx, &n_tx);
	return netif_set_real_num_queues(vf->netdev, n_tx, n_rx);
}

static int airvf_updown_publish_queues(struct airvf *vf)
{
	struct net_device *netdev = vf->netdev;
	u32 i;
	int err;

	err = netif_set_real_num_queues(netdev, vf->rings.n_tx, vf->rings.n_rx);
	if (err)
		return err;
	for (i = 0; i < AIRVF_QUEUES_MAX; i++) {
		struct napi_struct *napi = &vf->vector[i % vf->vectors]->napi;

		netif_queue_set_napi(netdev, i, NETDEV_QUEUE_TYPE_RX,
				     i < vf->rings.n_rx ? napi : NULL);
		netif_queue_set_napi(netdev, i, NETDEV_QUEUE_TYPE_TX,
				     i < vf->rings.n_tx ? napi : NULL);
	}
	return 0;
}

/* While down: rings as wanted and as the PF grants, which a reset can change. */
static int airvf_updown_fit_rings(struct airvf *vf)
{
	struct airvf_ring_param param = vf->param;
	struct airvf_rings rings;
	u16 n_rx, n_tx;
	int err;

	param.queues = min(param.queues, airvf_queues_offered(vf));
	airvf_rings_count(vf, param.queues, &n_rx, &n_tx);
	/* Two queues can become two traffic classes: then only n_tx tells. */
	if (vf->rings.n_rx != n_rx || vf->rings.n_tx != n_tx) {
		err = airvf_rings_alloc(vf, &param, &rings);
		if (err)
			return err;
		if (vf->rings.n_rx)
			netif_info(vf, drv, vf->netdev, "now %u receive queues\n", n_rx);
		airvf_rings_free(vf, &vf->rings);
		vf->rings = rings;
	}
	airvf_rings_attach(vf);
	return airvf_updown_publish_queues(vf);
}

void airvf_limit_mtu(struct airvf *vf)
{
	/* A PF that speaks 1.0 takes no large frames. */
	vf->netdev->max_mtu = vf->caps & AIRVF_CAP_JUMBO ?
			      AIRVF_FRAME_MAX - AIRVF_FRAME_EXTRA : 1504;
}

/* The device owns no buffer any more afterwards. */
static void airvf_updown_stop_rings(struct airvf *vf)
{
	if (airvf_rings_stop(vf)) {
		/* It may still write into buffers: only a reset ends that. */
		netif_warn(vf, drv, vf->netdev, "queues do not stop, resetting the VF\n");
		airvf_wr(vf, VFCTRL, VFCTRL_RST);
		airvf_rd(vf, VFSTATUS);
		usleep_range(10000, 20000);
		vf->registered = false;
	}
	/* One that we cannot talk to may still reach our memory; a reset gives it back. */
	if (test_bit(AIRVF_F_GONE, &vf->flags)) {
		pci_clear_master(vf->pdev);
		vf->registered = false;
	}
}

/* Polls are stopped. On failure nothing runs, either. */
static int airvf_updown_start_rings(struct airvf *vf)
{
	int err = airvf_updown_fit_rings(vf);
	u32 i;

	if (err)
		return err;
	for (i = 0; i < vf->vectors_used; i++)
		airvf_mod_start(vf->vector[i]);
	err = airvf_rings_start(vf);
	if (err) {
		airvf_updown_stop_rings(vf);
		airvf_rings_clean(vf);
	}
	return err;
}

/* @reset: also reset the VF and tell the PF everything again. */
int airvf_up(struct airvf *vf, bool reset)
{
	int err;

	if (reset) {
		err = airvf_reset(vf);
		if (err)
			return err;
		airvf_limit_mtu(vf);
		/* airvf_updown_stop_rings() may have taken it away. */
		pci_set_master(vf->pdev);
	}
	airvf_polls_stop(vf);
	err = airvf_updown_start_rings(vf);
	airvf_polls_go(vf);
	if (err)
		return err;
	if (reset)
		airvf_filters_restore(vf);

	vf->up = true;
	clear_bit(AIRVF_F_RESET, &vf->flags);
	/* The rings first: who transmits looks at them once DOWN is gone. */
	smp_mb__before_atomic();
	clear_bit(AIRVF_F_DOWN, &vf->flags);
	airvf_irq_arm(vf);
	if (netif_carrier_ok(vf->netdev))
		netif_tx_wake_all_queues(vf->netdev);
	set_bit(AIRVF_F_LINK, &vf->flags);
	airvf_service_kick(vf);
	return 0;
}

/* Leaves rings without packets and buffers. The carrier is the caller's. */
void airvf_down(struct airvf *vf)
{
	if (!vf->up)
		return;
	vf->up = false;
	set_bit(AIRVF_F_DOWN, &vf->flags);
	netif_tx_disable(vf->netdev);
	/* Frames that other devices redirect to us. */
	synchronize_net();

	airvf_updown_stop_rings(vf);
	airvf_hw_mask(vf);
	airvf_irq_synchronize(vf);
	airvf_polls_stop(vf);
	/* A poll that began before us may just have woken a queue. */
	netif_tx_disable(vf->netdev);
	airvf_mtvd_drain(vf);
	airvf_hw_count(vf);
	airvf_rings_clean(vf);
	airvf_polls_go(vf);
}

int airvf_reinit(struct airvf *vf)
{
	int err;

	airvf_link_down(vf);
	airvf_down(vf);
	err = airvf_up(vf, true);
	if (err)
		airvf_reset_later(vf);
	return err;
}

void airvf_attach(struct airvf *vf)
{
	netif_device_attach(vf->netdev);
	/* That wakes the queues, for which there is nothing behind yet. */
	if (!vf->up)
		netif_tx_disable(vf->netdev);
}

/*
 * Down and up again with the same link. The stack's watchdog takes queues that
 * stay closed under a carrier for stuck ones, and a starved processor can take
 * longer than it waits; it leaves a device alone that is not present.
 */
static void airvf_updown_hold(struct airvf *vf)
{
	netif_device_detach(vf->netdev);
	airvf_down(vf);
}

static int airvf_updown_release(struct airvf *vf)
{
	int err = airvf_up(vf, !vf->registered);

	if (err) {
		airvf_link_down(vf);
		set_bit(AIRVF_F_RESET, &vf->flags);
		airvf_service_kick(vf);
	}
	airvf_attach(vf);
	return err;
}

/* Same rings, same link: for settings that only a stopped queue takes. */
int airvf_restart(struct airvf *vf)
{
	if (!vf->up)
		return 0;
	airvf_updown_hold(vf);
	return airvf_updown_release(vf);
}

/* Other rings: first the memory, then the switch, so that failing changes nothing. */
int airvf_change(struct airvf *vf, const struct airvf_ring_param *param,
		 struct netlink_ext_ack *extack)
{
	struct airvf_ring_param fit = *param;
	bool was_up = vf->up;
	struct airvf_rings rings;
	int err;

	/* Closed: they are made at the next opening. */
	if (!vf->rings.n_rx) {
		vf->param = *param;
		return airvf_announce_queues(vf);
	}
	/* Not more than airvf_updown_fit_rings() would leave, which can only fail while down. */
	fit.queues = min(fit.queues, airvf_queues_offered(vf));
	err = airvf_rings_alloc(vf, &fit, &rings);
	if (err) {
		NL_SET_ERR_MSG_MOD(extack, "not enough memory for the rings; nothing changed");
		return err;
	}
	if (was_up)
		airvf_updown_hold(vf);
	airvf_rings_free(vf, &vf->rings);
	vf->rings = rings;
	vf->param = *param;
	return was_up ? airvf_updown_release(vf) : 0;
}

int airvf_set_moderation(struct airvf *vf, const struct airvf_mod_config *config)
{
	bool restart;
	int err = airvf_mod_set(vf, config, &restart);

	/* In force in any case; should it fail, it is repeated. */
	if (!err && restart)
		airvf_restart(vf);
	return err;
}
