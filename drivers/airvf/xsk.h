/* SPDX-License-Identifier: GPL-2.0-only */
/* Queues that belong to an AF_XDP socket: the device reads and writes its memory. */
#ifndef AIRVF_XSK_H
#define AIRVF_XSK_H

#include "airvf.h"

/* Gives the device what the socket offers. False: not all that there is room for. */
bool airvf_xsk_refill(struct airvf_rx_ring *rx);
/* One ring's share of a poll, as airvf_rx_poll(). */
bool airvf_xsk_poll(struct airvf_rx_ring *rx, struct napi_struct *napi, int budget,
		    struct airvf_work *work);
/* Takes the buffers back. The queue is stopped, its poll as well. */
void airvf_xsk_free(struct airvf_rx_ring *rx);
/* Sends what the socket wants sent, in the ring's poll. True: nothing left to do now. */
bool airvf_xsk_send(struct airvf_tx_ring *ring);
/* .ndo_xsk_wakeup */
int airvf_xsk_wakeup(struct net_device *netdev, u32 queue, u32 flags);

#endif
