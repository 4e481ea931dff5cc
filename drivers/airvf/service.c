// SPDX-License-Identifier: GPL-2.0-only
/*
 * The service work, every two seconds while the interface is open and whenever
 * kicked: filters, link, lost interrupts, stuck queues, and resets.
 */
#include <linux/rtnetlink.h>

#include "airvf.h"
#include "count.h"
#include "devlink.h"
#include "filter.h"
#include "hw.h"
#include "later.h"
#include "link.h"
#include "mailbox.h"
#include "messages.h"
#include "service.h"
#include "updown.h"

#define PERIOD		(2 * HZ)
#define GAP_MAX		16	/* seconds between resets, at most */
#define STUCK		(6 * HZ)

/* Gaps between resets grow, so that a PF that fails is not asked all the time. */
static bool airvf_service_may_reset(const struct airvf *vf)
{
	return time_after_eq(jiffies, vf->last_reset + vf->reset_gap * HZ);
}

static void airvf_service_ask_reset(struct airvf *vf, const char *why)
{
	airvf_link_down(vf);
	if (airvf_service_may_reset(vf))
		airvf_reset_request(vf, why);
}

/*
 * While the link is down it is looked at every two seconds, and not whenever
 * the work happens to run: looking makes the mailbox interrupt, which runs it.
 */
static void airvf_service_link_later(struct airvf *vf)
{
	vf->link_again = true;
	vf->link_at = jiffies + PERIOD;
}

static bool airvf_service_link_due(struct airvf *vf)
{
	bool due = test_and_clear_bit(AIRVF_F_LINK, &vf->flags) ||
		   (vf->link_again && time_after_eq(jiffies, vf->link_at));

	if (due)
		vf->link_again = false;
	return due;
}

/* Rises are looked for while the link is down; it is falls that go unseen. */
static bool airvf_service_link_changed(struct airvf *vf)
{
	return netif_carrier_ok(vf->netdev) && !(airvf_rd(vf, VFLINKS) & VFLINKS_UP);
}

static void airvf_service_watch_link(struct airvf *vf)
{
	bool enabled = true;
	u32 speed;
	int err;

	if (!airvf_service_link_due(vf))
		return;

	/* Also without a link: a PF that came back wants to know us again. */
	err = airvf_mbx_peek(vf);
	if (!err && (vf->caps & AIRVF_CAP_LINK_STATE)) {
		err = airvf_msg_link_state(vf, &enabled);
		if (err == -EACCES) {
			vf->caps &= ~AIRVF_CAP_LINK_STATE;
			err = 0;
		}
	}
	/* Late, which has made us look again: without RTNL, and for longer. */
	if (err == -ETIMEDOUT && !vf->mbx.dead)
		return;
	if (err) {
		airvf_service_link_later(vf);
		airvf_link_down(vf);
		if (err == -ENETRESET)
			airvf_service_ask_reset(vf, "the PF has been reset");
		else if (err == -ETIMEDOUT)
			airvf_service_ask_reset(vf, "the PF does not answer");
		return;
	}
	if (enabled && !vf->frame_refused && airvf_hw_link(vf, &speed)) {
		airvf_link_up(vf, speed);
	} else {
		/* The PF does not tell of every rise. */
		airvf_service_link_later(vf);
		airvf_link_down(vf);
	}
}

static bool airvf_service_rx_waiting(const struct airvf_rx_ring *rx)
{
	const union airvf_rx_desc *desc = &rx->desc[READ_ONCE(rx->next_to_clean) % rx->count];

	return READ_ONCE(desc->wb.status_error) & cpu_to_le32(RXD_DD);
}

static bool airvf_service_has_work(const struct airvf_vector *vector)
{
	u32 i;

	for (i = 0; i < vector->n_rx; i++)
		if (airvf_service_rx_waiting(vector->rx[i]))
			return true;
	for (i = 0; i < vector->n_tx; i++)
		if (READ_ONCE(vector->tx[i]->next_to_clean) !=
		    READ_ONCE(vector->tx[i]->next_to_use))
			return true;
	return false;
}

/*
 * A vector with work gets an interrupt from us. If it had work and did nothing
 * for longer than any throttle, its own was lost; the device closed the mask as
 * it sent that, so neither would ours come.
 */
static void airvf_service_watch_vector(struct airvf_vector *vector)
{
	u64 interrupts = READ_ONCE(vector->interrupts), polls = READ_ONCE(vector->stats.polls);
	bool waiting = airvf_service_has_work(vector);

	if (!waiting || !vector->watch_waiting || interrupts != vector->watch_interrupts ||
	    polls != vector->watch_polls) {
		vector->watch_waiting = waiting;
		vector->watch_interrupts = interrupts;
		vector->watch_polls = polls;
		vector->watch_since = jiffies;
	} else if (time_after(jiffies, vector->watch_since + HZ / 10)) {
		vector->lost++;
		set_bit(AIRVF_F_IRQ_LOST, &vector->vf->flags);
		vector->watch_since = jiffies;
		airvf_wr(vector->vf, VTEIMS, BIT(vector->index));
	}
	if (waiting)
		airvf_irq_kick(vector);
}

/* Counted in time, not in looks: anything that queues the work makes it look. */
static void airvf_service_watch_tx(struct airvf *vf, struct airvf_tx_ring *ring)
{
	u16 clean = READ_ONCE(ring->next_to_clean);
	bool pending = clean != READ_ONCE(ring->next_to_use) && netif_carrier_ok(vf->netdev);

	if (!pending || !ring->watch_pending || clean != ring->watch_clean) {
		ring->watch_pending = pending;
		ring->watch_clean = clean;
		ring->watch_since = jiffies;
	} else if (time_after_eq(jiffies, ring->watch_since + STUCK)) {
		ring->watch_pending = false;
		u64_stats_update_begin(&ring->stats->watch_sync);
		ring->stats->hangs++;
		u64_stats_update_end(&ring->stats->watch_sync);
		set_bit(AIRVF_F_TX_STUCK, &vf->flags);
	}
}

/* Less than this in ten seconds, and the address is asked about. */
#define QUIET		(10 * HZ)
#define QUIET_PACKETS	100

static bool airvf_service_mac_due(const struct airvf *vf)
{
	return netif_carrier_ok(vf->netdev) && time_after_eq(jiffies, vf->quiet_since + QUIET);
}

static bool airvf_service_quiet(const struct airvf *vf)
{
	return vf->hw_rx_packets.total - vf->quiet_packets < QUIET_PACKETS;
}

static void airvf_service_watch_mac(struct airvf *vf)
{
	bool quiet = airvf_service_quiet(vf);

	if (!netif_carrier_ok(vf->netdev)) {
		vf->quiet_since = jiffies;
	} else if (airvf_service_mac_due(vf)) {
		vf->quiet_since = jiffies;
		vf->quiet_packets = vf->hw_rx_packets.total;
		if (quiet)
			airvf_check_mac(vf);
	}
}

/* A device that reads all ones may come back (reset by somebody else). */
static bool airvf_service_lost(struct airvf *vf)
{
	if (!airvf_gone(vf)) {
		if (test_and_clear_bit(AIRVF_F_GONE, &vf->flags))
			airvf_reset_request(vf, "device answers again");
		return false;
	}
	airvf_link_down(vf);
	return true;
}

static void airvf_service_grow_gap(struct airvf *vf)
{
	/* After a long rest the gaps grow from the beginning again. */
	if (time_after(jiffies, vf->last_reset + 2 * GAP_MAX * HZ))
		vf->reset_gap = 0;
	vf->reset_gap = clamp(2 * vf->reset_gap, 1u, (u32)GAP_MAX);
}

static void airvf_service_do_reset(struct airvf *vf)
{
	int err;

	if (!test_bit(AIRVF_F_RESET, &vf->flags) || !airvf_service_may_reset(vf))
		return;
	clear_bit(AIRVF_F_RESET, &vf->flags);
	airvf_service_grow_gap(vf);
	err = airvf_reinit(vf);
	if (err)
		netif_warn(vf, drv, vf->netdev, "reset failed (%d), will try again\n", err);
}

static bool airvf_service_usable(const struct airvf *vf)
{
	return netif_running(vf->netdev) && !test_bit(AIRVF_F_DETACHED, &vf->flags) &&
	       !test_bit(AIRVF_F_REMOVING, &vf->flags);
}

/*
 * One read, at every look and not only after an interrupt: a reset of the device
 * takes mask and vectors along, so that none may come.
 */
static void airvf_service_look_for_news(struct airvf *vf)
{
	if (airvf_service_usable(vf) && vf->up &&
	    (airvf_mbx_news(vf) || airvf_service_link_changed(vf)))
		set_bit(AIRVF_F_LINK, &vf->flags);
}

/* Is the PF to be asked anything? */
static bool airvf_service_wants_pf(const struct airvf *vf)
{
	if (!airvf_service_usable(vf) || test_bit(AIRVF_F_GONE, &vf->flags))
		return false;
	if (test_bit(AIRVF_F_RESET, &vf->flags))
		return airvf_service_may_reset(vf);
	return vf->up && (test_bit(AIRVF_F_RXMODE, &vf->flags) ||
			  test_bit(AIRVF_F_UNHEARD, &vf->flags) ||
			  test_bit(AIRVF_F_LINK, &vf->flags) ||
			  (vf->link_again && time_after_eq(jiffies, vf->link_at)) ||
			  (airvf_service_mac_due(vf) && airvf_service_quiet(vf)));
}

/* Nobody answers: a reset is tried when somebody does, and that is asked by its rule. */
static void airvf_service_pf_is_away(struct airvf *vf)
{
	airvf_link_down(vf);
	set_bit(AIRVF_F_RESET, &vf->flags);
	airvf_service_grow_gap(vf);
	vf->last_reset = jiffies;
	queue_delayed_work(vf->wq, &vf->service, PERIOD);
}

void airvf_service(struct work_struct *work)
{
	struct airvf *vf = container_of(to_delayed_work(work), struct airvf, service);
	u32 i;

	/* All that the PF will be asked is known before RTNL is taken. */
	airvf_service_look_for_news(vf);
	if (airvf_service_wants_pf(vf) && !airvf_mbx_alive(vf)) {
		airvf_service_pf_is_away(vf);
		return;
	}
	/* Rings, filters and resets are all RTNL's. */
	rtnl_lock();
	if (!airvf_service_usable(vf) || airvf_service_lost(vf))
		goto out;
	airvf_service_do_reset(vf);
	if (!vf->up)
		goto out;
	if (test_bit(AIRVF_F_UNHEARD, &vf->flags))
		airvf_filters_restore(vf);
	if (test_and_clear_bit(AIRVF_F_RXMODE, &vf->flags))
		airvf_rx_mode(vf);
	airvf_service_watch_link(vf);
	airvf_hw_count(vf);
	airvf_service_watch_mac(vf);
	for (i = 0; i < vf->vectors_used; i++)
		airvf_service_watch_vector(vf->vector[i]);
	for (i = 0; i < vf->rings.n_tx; i++)
		airvf_service_watch_tx(vf, vf->rings.tx[i]);
out:
	if (airvf_service_usable(vf))
		queue_delayed_work(vf->wq, &vf->service,
				   test_bit(AIRVF_F_RESET, &vf->flags) &&
						   airvf_service_may_reset(vf)
					   ? 0
					   : PERIOD);
	rtnl_unlock();
	airvf_devlink_tell(vf);
}
