/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef AIRVF_XDP_H
#define AIRVF_XDP_H

#include "airvf.h"

/* What became of a frame that a program saw. */
enum airvf_xdp_verdict {
	AIRVF_XDP_PASS,
	AIRVF_XDP_CONSUMED,
	AIRVF_XDP_TX,
	AIRVF_XDP_REDIRECT,
};

/* tx.c */
int airvf_tx_xdp(struct airvf_tx_ring *ring, struct xdp_frame *xdpf, bool pool);
void airvf_tx_xdp_flush(struct airvf_tx_ring *ring);

/* xdp.c */
enum airvf_xdp_verdict airvf_xdp_run(struct airvf_rx_ring *rx, struct xdp_buff *xdp);
void airvf_xdp_finish(struct airvf_rx_ring *rx, bool tx, bool redirect);
int airvf_xdp_setup(struct net_device *netdev, struct netdev_bpf *bpf);
int airvf_xdp_xmit(struct net_device *netdev, int n, struct xdp_frame **frames, u32 flags);
bool airvf_xdp_fits(u32 mtu);

#endif
