/* SPDX-License-Identifier: GPL-2.0-only */
/* What any context may leave to the service work (service.c). */
#ifndef AIRVF_LATER_H
#define AIRVF_LATER_H

#include "airvf.h"

/* Makes it run now. */
static inline void airvf_service_kick(struct airvf *vf)
{
	if (!test_bit(AIRVF_F_REMOVING, &vf->flags))
		mod_delayed_work(vf->wq, &vf->service, 0);
}

/* May be called in any context. */
static inline void airvf_reset_request(struct airvf *vf, const char *why)
{
	if (test_bit(AIRVF_F_DOWN, &vf->flags) ||
	    test_and_set_bit(AIRVF_F_RESET, &vf->flags))
		return;
	netif_warn(vf, drv, vf->netdev, "reset wanted: %s\n", why);
	airvf_service_kick(vf);
}

/* The VF is down although it should be up. */
static inline void airvf_reset_later(struct airvf *vf)
{
	set_bit(AIRVF_F_RESET, &vf->flags);
	airvf_service_kick(vf);
}

#endif
