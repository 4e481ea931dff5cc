/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef AIRVF_HINTS_H
#define AIRVF_HINTS_H

#include <net/xdp_sock_drv.h>

#include "airvf.h"

/* Sets .xdp_metadata_ops, where the kernel has them. */
void airvf_hints_init(struct net_device *netdev);

/*
 * @desc, its last, says what a frame is. @xdp is embedded in a struct airvf_xdp_buff,
 * or a socket's, which has room behind it for the same.
 */
static inline void airvf_hints_set(struct xdp_buff *xdp, const union airvf_rx_desc *desc)
{
#ifdef AIRVF_XDP_HINTS
	XSK_CHECK_PRIV_TYPE(struct airvf_xdp_buff);
	container_of(xdp, struct airvf_xdp_buff, xdp)->desc = desc;
#endif
}

#endif
