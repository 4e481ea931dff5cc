// SPDX-License-Identifier: GPL-2.0-only
/* Nothing is sent for a moment; the queues of the device go on. */
#include <linux/delay.h>

#include "airvf.h"
#include "hw.h"
#include "pause.h"

static bool airvf_pause_all_sent(const struct airvf *vf)
{
	u32 i;

	for (i = 0; i < vf->rings.n_tx; i++)
		if (READ_ONCE(vf->rings.tx[i]->next_to_clean) !=
		    READ_ONCE(vf->rings.tx[i]->next_to_use))
			return false;
	return true;
}

int airvf_pause_tx(struct airvf *vf)
{
	int tries = 20;

	if (!vf->up)
		return 0;
	set_bit(AIRVF_F_PAUSED, &vf->flags);
	/* A poll that does not know of it yet may wake a queue. */
	synchronize_net();
	netif_tx_disable(vf->netdev);
	while (!airvf_pause_all_sent(vf)) {
		if (!tries--) {
			airvf_resume_tx(vf);
			return -EBUSY;
		}
		usleep_range(900, 1000);
	}
	return 0;
}

void airvf_resume_tx(struct airvf *vf)
{
	u32 i;

	if (!vf->up)
		return;
	clear_bit(AIRVF_F_PAUSED, &vf->flags);
	/* What sockets want sent: no packet of the stack's makes their polls look. */
	for (i = 0; i < vf->vectors_used; i++)
		airvf_irq_kick(vf->vector[i]);
	if (netif_carrier_ok(vf->netdev))
		netif_tx_wake_all_queues(vf->netdev);
}
