// SPDX-License-Identifier: GPL-2.0-only
/*
 * devlink: what this is, and two health reporters. "tx" is told of queues that
 * are stuck, and cures them by a reset of the VF; "rx" of interrupts that were
 * lost, which the service work has made up for already.
 *
 * devlink's lock comes before RTNL.
 */
#include <linux/rtnetlink.h>
#include <net/devlink.h>

#include "airvf.h"
#include "devlink.h"
#include "hw.h"
#include "irq.h"
#include "later.h"
#include "messages.h"

#ifndef CONFIG_NET_DEVLINK
#error "airvf needs a kernel with CONFIG_NET_DEVLINK, which most network drivers select"
#endif

struct airvf_devlink {
	struct airvf *vf;
};

static int airvf_devlink_info(struct devlink *devlink, struct devlink_info_req *req,
			      struct netlink_ext_ack *extack)
{
	struct airvf_devlink *priv = devlink_priv(devlink);
	int err = airvf_devlink_driver_name(req);

	if (!err)
		err = devlink_info_version_fixed_put(req, DEVLINK_INFO_VERSION_GENERIC_ASIC_ID,
						     priv->vf->card);
	if (!err)
		err = devlink_info_version_running_put(req, "mailbox",
						       airvf_api_name(priv->vf->api));
	return err;
}

static const struct devlink_ops airvf_devlink_ops = {
	.info_get = airvf_devlink_info,
};

static void airvf_devlink_show_tx(struct airvf *vf, struct devlink_fmsg *fmsg)
{
	u32 i;

	for (i = 0; i < vf->rings.n_tx; i++) {
		const struct airvf_tx_ring *ring = vf->rings.tx[i];

		devlink_fmsg_obj_nest_start(fmsg);
		devlink_fmsg_u32_pair_put(fmsg, "queue", i);
		devlink_fmsg_u32_pair_put(fmsg, "count", ring->count);
		devlink_fmsg_u32_pair_put(fmsg, "use", READ_ONCE(ring->next_to_use));
		devlink_fmsg_u32_pair_put(fmsg, "clean", READ_ONCE(ring->next_to_clean));
		devlink_fmsg_u32_pair_put(fmsg, "head", airvf_rd(vf, VFTDH(ring->reg)));
		devlink_fmsg_u32_pair_put(fmsg, "tail", airvf_rd(vf, VFTDT(ring->reg)));
		devlink_fmsg_u32_pair_put(fmsg, "control", airvf_rd(vf, VFTXDCTL(ring->reg)));
		devlink_fmsg_u64_pair_put(fmsg, "hangs", ring->stats->hangs);
		devlink_fmsg_obj_nest_end(fmsg);
	}
}

static void airvf_devlink_show_rx(struct airvf *vf, struct devlink_fmsg *fmsg)
{
	u32 i;

	for (i = 0; i < vf->rings.n_rx; i++) {
		const struct airvf_rx_ring *rx = vf->rings.rx[i];

		devlink_fmsg_obj_nest_start(fmsg);
		devlink_fmsg_u32_pair_put(fmsg, "queue", i);
		devlink_fmsg_u32_pair_put(fmsg, "count", rx->count);
		devlink_fmsg_u32_pair_put(fmsg, "use", READ_ONCE(rx->next_to_use));
		devlink_fmsg_u32_pair_put(fmsg, "clean", READ_ONCE(rx->next_to_clean));
		devlink_fmsg_u32_pair_put(fmsg, "head", airvf_rd(vf, VFRDH(rx->reg)));
		devlink_fmsg_u32_pair_put(fmsg, "tail", airvf_rd(vf, VFRDT(rx->reg)));
		devlink_fmsg_u32_pair_put(fmsg, "control", airvf_rd(vf, VFRXDCTL(rx->reg)));
		devlink_fmsg_u32_pair_put(fmsg, "vector", rx->vector->index);
		devlink_fmsg_u64_pair_put(fmsg, "interrupts", airvf_irq_count(rx->vector));
		devlink_fmsg_u64_pair_put(fmsg, "lost", rx->vector->lost);
		devlink_fmsg_obj_nest_end(fmsg);
	}
}

static int airvf_devlink_show(struct devlink_health_reporter *reporter, struct devlink_fmsg *fmsg)
{
	struct airvf *vf = devlink_health_reporter_priv(reporter);

	rtnl_lock();
	devlink_fmsg_arr_pair_nest_start(fmsg, "rings");
	if (vf->up && reporter == vf->tx_health)
		airvf_devlink_show_tx(vf, fmsg);
	else if (vf->up)
		airvf_devlink_show_rx(vf, fmsg);
	devlink_fmsg_arr_pair_nest_end(fmsg);
	rtnl_unlock();
	return 0;
}

static int airvf_devlink_diagnose(struct devlink_health_reporter *reporter,
				  struct devlink_fmsg *fmsg, struct netlink_ext_ack *extack)
{
	return airvf_devlink_show(reporter, fmsg);
}

static int airvf_devlink_dump(struct devlink_health_reporter *reporter, struct devlink_fmsg *fmsg,
			      void *context, struct netlink_ext_ack *extack)
{
	return airvf_devlink_show(reporter, fmsg);
}

static int airvf_devlink_cure_tx(struct devlink_health_reporter *reporter, void *context,
				 struct netlink_ext_ack *extack)
{
	struct airvf *vf = devlink_health_reporter_priv(reporter);

	/* Whoever reports an ill says which; a person does not. */
	airvf_reset_request(vf, context ?: "asked for by devlink");
	return 0;
}

static int airvf_devlink_cure_rx(struct devlink_health_reporter *reporter, void *context,
				 struct netlink_ext_ack *extack)
{
	struct airvf *vf = devlink_health_reporter_priv(reporter);
	u32 i;

	rtnl_lock();
	for (i = 0; vf->up && i < vf->vectors_used; i++) {
		airvf_wr(vf, VTEIMS, BIT(i));
		airvf_irq_kick(vf->vector[i]);
	}
	rtnl_unlock();
	return 0;
}

static const struct devlink_health_reporter_ops airvf_devlink_tx_ops = {
	.name = "tx",
	.recover = airvf_devlink_cure_tx,
	.dump = airvf_devlink_dump,
	.diagnose = airvf_devlink_diagnose,
};

static const struct devlink_health_reporter_ops airvf_devlink_rx_ops = {
	.name = "rx",
	.recover = airvf_devlink_cure_rx,
	.dump = airvf_devlink_dump,
	.diagnose = airvf_devlink_diagnose,
};

static void airvf_devlink_tell_one(struct airvf *vf, enum airvf_flag flag,
				   struct devlink_health_reporter *reporter, char *what)
{
	if (test_and_clear_bit(flag, &vf->flags))
		devlink_health_report(reporter, what, what);
}

void airvf_devlink_tell(struct airvf *vf)
{
	airvf_devlink_tell_one(vf, AIRVF_F_TX_STUCK, vf->tx_health, "transmit queue is stuck");
	airvf_devlink_tell_one(vf, AIRVF_F_TX_TIMEOUT, vf->tx_health, "transmit timeout");
	airvf_devlink_tell_one(vf, AIRVF_F_IRQ_LOST, vf->rx_health, "an interrupt was lost");
}

int airvf_devlink_init(struct airvf *vf)
{
	struct airvf_devlink *priv;
	int err;

	vf->devlink = devlink_alloc(&airvf_devlink_ops, sizeof(*priv), &vf->pdev->dev);
	if (!vf->devlink)
		return -ENOMEM;
	priv = devlink_priv(vf->devlink);
	priv->vf = vf;
	vf->tx_health = airvf_health_create(vf->devlink, &airvf_devlink_tx_ops, vf);
	if (IS_ERR(vf->tx_health)) {
		err = PTR_ERR(vf->tx_health);
		goto free;
	}
	vf->rx_health = airvf_health_create(vf->devlink, &airvf_devlink_rx_ops, vf);
	if (IS_ERR(vf->rx_health)) {
		err = PTR_ERR(vf->rx_health);
		goto tx;
	}
	devlink_register(vf->devlink);
	return 0;
tx:
	devlink_health_reporter_destroy(vf->tx_health);
free:
	devlink_free(vf->devlink);
	return err;
}

void airvf_devlink_free(struct airvf *vf)
{
	devlink_unregister(vf->devlink);
	devlink_health_reporter_destroy(vf->rx_health);
	devlink_health_reporter_destroy(vf->tx_health);
	devlink_free(vf->devlink);
}
