// SPDX-License-Identifier: GPL-2.0-only
/* Loading and unloading XDP programs; giving queues to AF_XDP sockets. RTNL. */
#include <linux/bpf.h>
#include <net/xdp_sock_drv.h>

#include "airvf.h"
#include "later.h"
#include "link.h"
#include "ring.h"
#include "updown.h"
#include "xdp.h"

static int airvf_xdp_set_prog(struct airvf *vf, struct bpf_prog *prog,
			      struct netlink_ext_ack *extack)
{
	struct airvf_ring_param param = vf->param;
	struct bpf_prog *old;
	int err;

	if (prog && !prog->aux->xdp_has_frags && !airvf_xdp_fits(vf->netdev->mtu)) {
		NL_SET_ERR_MSG_MOD(extack,
				   "MTU needs frames of several buffers, which the program does not support");
		return -EOPNOTSUPP;
	}
	/* Buffers that the device may also read come before the program ... */
	if (prog && !param.xdp) {
		param.xdp = true;
		err = airvf_change(vf, &param, extack);
		if (err)
			return err;
	}
	old = xchg(&vf->prog, prog);
	if (old) {
		/* Polls that still run the old one. */
		synchronize_net();
		bpf_prog_put(old);
	}
	/* ... and go after it. Failing to make simpler ones is no harm. */
	if (!prog && param.xdp) {
		param.xdp = false;
		airvf_change(vf, &param, NULL);
	}
	return 0;
}

bool airvf_xdp_sockets(const struct airvf *vf)
{
	return memchr_inv(vf->xsk, 0, sizeof(vf->xsk));
}

/* Is it so already? The ring's memory may be the socket's. */
static bool airvf_xdp_has_socket(const struct airvf *vf, u16 queue)
{
	return queue < vf->rings.n_rx && vf->rings.rx[queue]->xsk;
}

/* Any refusal leaves the socket with copies, unless it insists. */
static int airvf_xdp_give_queue(struct airvf *vf, struct xsk_buff_pool *pool, u16 queue)
{
	int err;

	/* Buffers are whole KB, as are all other queues' here: 2 KB chunks have less than 2. */
	if (xsk_pool_get_rx_frame_size(pool) < AIRVF_RX_BUFFER) {
		netdev_warn(vf->netdev, "AF_XDP without copies needs chunks of 4 KB\n");
		return -EOPNOTSUPP;
	}
	if (!airvf_xdp_fits(vf->netdev->mtu)) {
		netdev_warn(vf->netdev, "AF_XDP without copies takes frames of one buffer only\n");
		return -EOPNOTSUPP;
	}
	/* Traffic classes share one queue to send from. */
	if (vf->tcs || queue >= vf->netdev->real_num_rx_queues)
		return -EOPNOTSUPP;
	err = xsk_pool_dma_map(pool, &vf->pdev->dev, 0);
	if (err)
		return err;
	WRITE_ONCE(vf->xsk[queue], pool);
	err = airvf_change(vf, &vf->param, NULL);
	/* Should the PF not answer now, the service work repeats it. */
	if (!err || airvf_xdp_has_socket(vf, queue))
		return 0;
	WRITE_ONCE(vf->xsk[queue], NULL);
	xsk_pool_dma_unmap(pool, 0);
	return err;
}

static int airvf_xdp_take_queue(struct airvf *vf, u16 queue)
{
	struct xsk_buff_pool *pool = vf->xsk[queue];

	if (!pool)
		return -EINVAL;
	WRITE_ONCE(vf->xsk[queue], NULL);
	if (airvf_change(vf, &vf->param, NULL) && airvf_xdp_has_socket(vf, queue)) {
		/* No memory for others: they are made as soon as there is. */
		airvf_link_down(vf);
		airvf_down(vf);
		airvf_rings_free(vf, &vf->rings);
		airvf_reset_later(vf);
	}
	xsk_pool_dma_unmap(pool, 0);
	return 0;
}

static int airvf_xdp_set_socket(struct airvf *vf, struct xsk_buff_pool *pool, u16 queue)
{
	if (queue >= AIRVF_QUEUES_MAX)
		return -EINVAL;
	return pool ? airvf_xdp_give_queue(vf, pool, queue) : airvf_xdp_take_queue(vf, queue);
}

int airvf_xdp_setup(struct net_device *netdev, struct netdev_bpf *bpf)
{
	switch (bpf->command) {
	case XDP_SETUP_PROG:
		return airvf_xdp_set_prog(netdev_priv(netdev), bpf->prog, bpf->extack);
	case XDP_SETUP_XSK_POOL:
		return airvf_xdp_set_socket(netdev_priv(netdev), bpf->xsk.pool,
					    bpf->xsk.queue_id);
	default:
		return -EINVAL;
	}
}
