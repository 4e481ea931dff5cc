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

/* The ring's poll, rx->prog set. Only with PASS the frame is the caller's again. */
enum airvf_xdp_verdict airvf_xdp_run(struct airvf_rx_ring *rx, struct xdp_buff *xdp);
/* End of a poll: what was collected goes out. */
void airvf_xdp_finish(struct airvf_rx_ring *rx, bool tx, bool redirect);
/* .ndo_xdp_xmit */
int airvf_xdp_xmit(struct net_device *netdev, int n, struct xdp_frame **frames, u32 flags);
/* Does every frame of this MTU lie in one buffer? */
bool airvf_xdp_fits(u32 mtu);

/* xdp_setup.c: does a queue belong to an AF_XDP socket? */
bool airvf_xdp_sockets(const struct airvf *vf);
/* xdp_setup.c: .ndo_bpf */
int airvf_xdp_setup(struct net_device *netdev, struct netdev_bpf *bpf);

#endif
