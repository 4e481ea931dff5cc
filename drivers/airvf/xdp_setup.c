// SPDX-License-Identifier: GPL-2.0-only
/* Loading and unloading XDP programs. RTNL. */
#include <linux/bpf.h>

#include "airvf.h"
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

int airvf_xdp_setup(struct net_device *netdev, struct netdev_bpf *bpf)
{
	switch (bpf->command) {
	case XDP_SETUP_PROG:
		return airvf_xdp_set_prog(netdev_priv(netdev), bpf->prog, bpf->extack);
	default:
		return -EINVAL;
	}
}
