// SPDX-License-Identifier: GPL-2.0-only
/* Resets the VF and registers it with the PF (data sheet 4.2.2.2, 8.3.5.1.1). */
#include <linux/delay.h>

#include "airvf.h"
#include "count.h"
#include "hw.h"
#include "mailbox.h"
#include "messages.h"
#include "reset.h"

#define STOP_POLLS	20	/* of a millisecond at least */

/*
 * A former owner (kexec, a guest that died, ourselves while the device read all
 * ones) may have left queues enabled, with its addresses. They would come alive
 * when the PF answers RESET, so none may be left by then.
 */
static bool airvf_reset_queues_stopped(struct airvf *vf)
{
	u32 q, left;
	int i;

	for (i = 0; i < STOP_POLLS; i++) {
		left = 0;
		for (q = 0; q < AIRVF_QUEUES_MAX; q++) {
			/* TXDCTL's bit has the same place. */
			if (airvf_rd(vf, VFRXDCTL(q)) & RXDCTL_ENABLE) {
				airvf_wr(vf, VFRXDCTL(q), 0);
				left++;
			}
			if (airvf_rd(vf, VFTXDCTL(q)) & TXDCTL_ENABLE) {
				airvf_wr(vf, VFTXDCTL(q), 0);
				left++;
			}
		}
		if (!left || test_bit(AIRVF_F_GONE, &vf->flags))
			return true;
		usleep_range(1000, 2000);
	}
	return false;
}

/* Resets the VF and registers it with the PF. 0, or why it did not work. */
int airvf_reset(struct airvf *vf)
{
	bool done, stopped;
	int err, i;

	vf->registered = false;
	vf->last_reset = jiffies;
	vf->resets++;
	if (airvf_gone(vf))
		return -ENODEV;
	clear_bit(AIRVF_F_GONE, &vf->flags);

	airvf_hw_mask(vf);
	airvf_mbx_legacy(vf);
	stopped = airvf_reset_queues_stopped(vf);
	airvf_wr(vf, VFCTRL, VFCTRL_RST);
	airvf_rd(vf, VFSTATUS);
	usleep_range(1000, 2000);
	if (test_bit(AIRVF_F_GONE, &vf->flags))
		return -ENODEV;
	if (!stopped && !airvf_reset_queues_stopped(vf)) {
		netif_err(vf, hw, vf->netdev, "queues of a former owner do not stop\n");
		return -EIO;
	}
	/* Only now: whatever they would have written is not written any more. */
	pci_set_master(vf->pdev);

	/* RSTI is a level, RSTD is seen once; both must be over. */
	for (i = 0; airvf_mbx_pf_reset(vf, &done) || done; i++) {
		if (i == 200)
			return -EBUSY;
		if (test_bit(AIRVF_F_GONE, &vf->flags))
			return -ENODEV;
		usleep_range(1000, 2000);
	}

	WRITE_ONCE(vf->mbx.pf_was_reset, false);
	airvf_hw_count_base(vf);

	err = airvf_msg_register(vf);
	if (err)
		return err;
	airvf_hw_queue_defaults(vf);
	return 0;
}
