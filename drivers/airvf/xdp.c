// SPDX-License-Identifier: GPL-2.0-only
/*
 * XDP: pass, drop, transmit, redirect, with frames of several buffers. The VF
 * has too few queues for rings of its own, so XDP shares the stack's Tx rings
 * under their netdev queue lock.
 */
#include <linux/bpf.h>
#include <linux/bpf_trace.h>
#include <linux/filter.h>
#include <net/xdp.h>

#include "airvf.h"
#include "xdp.h"

static struct airvf_tx_ring *ring_of(struct airvf *vf, u32 wanted)
{
	return vf->rings.tx[wanted % vf->rings.n_tx];
}

static bool transmit(struct airvf_rx_ring *rx, struct xdp_buff *xdp)
{
	struct airvf_tx_ring *ring = ring_of(rx->vf, rx->index);
	struct xdp_frame *xdpf = xdp_convert_buff_to_frame(xdp);
	bool sent;

	if (unlikely(!xdpf))
		return false;
	__netif_tx_lock(ring->txq, smp_processor_id());
	/* XDP's packets must not look like a stuck queue. */
	txq_trans_cond_update(ring->txq);
	sent = airvf_tx_xdp(ring, xdpf, true);
	__netif_tx_unlock(ring->txq);
	return sent;
}

enum airvf_xdp_verdict airvf_xdp_run(struct airvf_rx_ring *rx, struct xdp_buff *xdp)
{
	struct airvf_rx_stats *stats = rx->stats;
	struct net_device *netdev = rx->vf->netdev;
	struct bpf_prog *prog = rx->prog;
	u32 action;

	/* Longer than any frame should be: the VF cannot limit what it gets. */
	if (unlikely(xdp_buff_has_frags(xdp) && !prog->aux->xdp_has_frags)) {
		stats->bad_length++;
		goto drop;
	}

	action = bpf_prog_run_xdp(prog, xdp);
	switch (action) {
	case XDP_PASS:
		stats->xdp_pass++;
		return AIRVF_XDP_PASS;
	case XDP_TX:
		if (unlikely(!transmit(rx, xdp)))
			goto aborted;
		stats->xdp_tx++;
		return AIRVF_XDP_TX;
	case XDP_REDIRECT:
		if (unlikely(xdp_do_redirect(netdev, xdp, prog)))
			goto aborted;
		stats->xdp_redirect++;
		return AIRVF_XDP_REDIRECT;
	default:
		bpf_warn_invalid_xdp_action(netdev, prog, action);
		fallthrough;
	case XDP_ABORTED:
aborted:
		trace_xdp_exception(netdev, prog, action);
		stats->xdp_aborted++;
		break;
	case XDP_DROP:
		stats->xdp_drop++;
		break;
	}
drop:
	xdp_return_buff(xdp);
	return AIRVF_XDP_CONSUMED;
}

/* End of a poll: what was collected goes out. */
void airvf_xdp_finish(struct airvf_rx_ring *rx, bool tx, bool redirect)
{
	if (redirect)
		xdp_do_flush();
	if (tx) {
		struct airvf_tx_ring *ring = ring_of(rx->vf, rx->index);

		__netif_tx_lock(ring->txq, smp_processor_id());
		airvf_tx_xdp_flush(ring);
		__netif_tx_unlock(ring->txq);
	}
}

/* Frames that other devices redirect to us. Returns how many were taken. */
int airvf_xdp_xmit(struct net_device *netdev, int n, struct xdp_frame **frames, u32 flags)
{
	struct airvf *vf = netdev_priv(netdev);
	u32 cpu = smp_processor_id();
	struct airvf_tx_ring *ring;
	int sent = 0;

	if (unlikely(flags & ~XDP_XMIT_FLAGS_MASK))
		return -EINVAL;
	if (unlikely(test_bit(AIRVF_F_DOWN, &vf->flags) || !netif_carrier_ok(netdev)))
		return -ENETDOWN;

	ring = ring_of(vf, cpu);
	__netif_tx_lock(ring->txq, cpu);
	txq_trans_cond_update(ring->txq);
	while (sent < n && airvf_tx_xdp(ring, frames[sent], false))
		sent++;
	if (flags & XDP_XMIT_FLUSH)
		airvf_tx_xdp_flush(ring);
	__netif_tx_unlock(ring->txq);
	return sent;
}

/* Does every frame of this MTU lie in one buffer? */
bool airvf_xdp_fits(u32 mtu)
{
	return mtu + ETH_HLEN + VLAN_HLEN <= AIRVF_RX_BUFFER;
}

static int set_prog(struct airvf *vf, struct bpf_prog *prog, struct netlink_ext_ack *extack)
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
		return set_prog(netdev_priv(netdev), bpf->prog, bpf->extack);
	default:
		return -EINVAL;
	}
}
