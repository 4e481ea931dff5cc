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
#include "rx.h"
#include "tx.h"
#include "xdp.h"

static struct airvf_tx_ring *airvf_xdp_ring_of(struct airvf *vf, u32 wanted)
{
	return vf->rings.tx[wanted % vf->rings.n_tx];
}

/* What XDP_TX collected goes into the ring: one lock for many frames. */
static void airvf_xdp_transmit(struct airvf_rx_ring *rx, bool last)
{
	struct airvf_tx_ring *ring = airvf_xdp_ring_of(rx->vf, rx->index);
	u32 i, sent = 0;

	__netif_tx_lock(ring->txq, smp_processor_id());
	/* XDP's packets must not look like a stuck queue. */
	txq_trans_cond_update(ring->txq);
	for (i = 0; i < rx->xdp_tx_n; i++) {
		/* What is in a socket's memory has been copied out of it, and is not mapped. */
		if (likely(!airvf_tx_xdp(ring, rx->xdp_tx[i], !rx->xsk))) {
			sent++;
			continue;
		}
		xdp_return_frame(rx->xdp_tx[i]);
		trace_xdp_exception(rx->vf->netdev, rx->prog, XDP_TX);
	}
	if (last)
		airvf_tx_xdp_flush(ring);
	__netif_tx_unlock(ring->txq);
	airvf_rx_count(rx, &rx->stats->xdp_tx, sent);
	airvf_rx_count(rx, &rx->stats->xdp_aborted, rx->xdp_tx_n - sent);
	rx->xdp_tx_n = 0;
}

static bool airvf_xdp_collect(struct airvf_rx_ring *rx, struct xdp_buff *xdp)
{
	struct xdp_frame *xdpf = xdp_convert_buff_to_frame(xdp);

	if (unlikely(!xdpf))
		return false;
	rx->xdp_tx[rx->xdp_tx_n++] = xdpf;
	if (rx->xdp_tx_n == AIRVF_XDP_BULK)
		airvf_xdp_transmit(rx, false);
	return true;
}

enum airvf_xdp_verdict airvf_xdp_run(struct airvf_rx_ring *rx, struct xdp_buff *xdp)
{
	struct airvf_rx_stats *stats = rx->stats;
	struct net_device *netdev = rx->vf->netdev;
	struct bpf_prog *prog = rx->prog;
	u32 action;

	/* Longer than any frame should be: the VF cannot limit what it gets. */
	if (unlikely(xdp_buff_has_frags(xdp) && !prog->aux->xdp_has_frags)) {
		airvf_rx_count(rx, &stats->bad_length, 1);
		goto drop;
	}

	action = bpf_prog_run_xdp(prog, xdp);
	switch (action) {
	case XDP_PASS:
		airvf_rx_count(rx, &stats->xdp_pass, 1);
		return AIRVF_XDP_PASS;
	case XDP_TX:
		if (unlikely(!airvf_xdp_collect(rx, xdp)))
			goto aborted;
		return AIRVF_XDP_TX;
	case XDP_REDIRECT:
		if (unlikely(xdp_do_redirect(netdev, xdp, prog)))
			goto aborted;
		airvf_rx_count(rx, &stats->xdp_redirect, 1);
		return AIRVF_XDP_REDIRECT;
	default:
		bpf_warn_invalid_xdp_action(netdev, prog, action);
		fallthrough;
	case XDP_ABORTED:
aborted:
		trace_xdp_exception(netdev, prog, action);
		airvf_rx_count(rx, &stats->xdp_aborted, 1);
		break;
	case XDP_DROP:
		airvf_rx_count(rx, &stats->xdp_drop, 1);
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
	if (tx)
		airvf_xdp_transmit(rx, true);
}

/* Frames that other devices redirect to us. Returns how many were taken. */
int airvf_xdp_xmit(struct net_device *netdev, int n, struct xdp_frame **frames, u32 flags)
{
	struct airvf *vf = netdev_priv(netdev);
	u32 cpu = smp_processor_id();
	struct airvf_tx_ring *ring;
	int done, err;

	if (unlikely(flags & ~XDP_XMIT_FLAGS_MASK))
		return -EINVAL;
	/* Pairs with the barrier in airvf_up(); airvf_down() waits for our end. */
	if (unlikely(test_bit_acquire(AIRVF_F_DOWN, &vf->flags) || !netif_carrier_ok(netdev)))
		return -ENETDOWN;

	ring = airvf_xdp_ring_of(vf, cpu);
	__netif_tx_lock(ring->txq, cpu);
	txq_trans_cond_update(ring->txq);
	for (done = 0; done < n; done++) {
		err = airvf_tx_xdp(ring, frames[done], false);
		if (err == -ENOSPC)
			break;
		/* Taken and dropped: those behind it may still be sent. */
		if (unlikely(err))
			xdp_return_frame(frames[done]);
	}
	if (flags & XDP_XMIT_FLUSH)
		airvf_tx_xdp_flush(ring);
	__netif_tx_unlock(ring->txq);
	return done;
}

/* Does every frame of this MTU lie in one buffer? */
bool airvf_xdp_fits(u32 mtu)
{
	return mtu + ETH_HLEN + VLAN_HLEN <= AIRVF_RX_BUFFER;
}
