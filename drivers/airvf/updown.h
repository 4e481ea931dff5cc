/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef AIRVF_UPDOWN_H
#define AIRVF_UPDOWN_H

#include "airvf.h"

/* Queue pairs that can be used of those that the PF granted: 1, 2 or 4. */
u16 airvf_queues_offered(const struct airvf *vf);
/* While closed: tells the stack what opening would make, as far as is known. */
int airvf_announce_queues(struct airvf *vf);
/* The largest MTU by what the PF speaks. */
void airvf_limit_mtu(struct airvf *vf);

/**
 * airvf_up() - starts queues, NAPI and interrupts
 * @vf: the VF, down
 * @reset: also reset the VF and tell the PF everything again
 *
 * RTNL. Return: 0, or an error, and all is as before.
 */
int airvf_up(struct airvf *vf, bool reset);
/* Stops them, and leaves rings without packets and buffers. The carrier is the caller's. */
void airvf_down(struct airvf *vf);
/* After netif_device_detach(), up or down: the stack sees the device again. RTNL. */
void airvf_attach(struct airvf *vf);
/* Down and up with a reset; if that fails, the service work tries again. */
int airvf_reinit(struct airvf *vf);
/* Same rings, same link: for settings that only a stopped queue takes. */
int airvf_restart(struct airvf *vf);
/* Other rings. -ENOMEM: nothing has changed. */
int airvf_change(struct airvf *vf, const struct airvf_ring_param *param,
		 struct netlink_ext_ack *extack);
/* Puts a configuration of the moderation in force. -EOPNOTSUPP, -ENOMEM: nothing has changed. */
int airvf_set_moderation(struct airvf *vf, const struct airvf_mod_config *config);

#endif
