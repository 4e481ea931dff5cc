// SPDX-License-Identifier: GPL-2.0-only
/*
 * The owner's policy: who gets which VF. It lives in memory only; the tools put
 * a saved one back (vfpool restore). What is assigned is the bridge's knowledge,
 * so a new instance of this driver finds it as it was.
 */
#include <linux/bitmap.h>
#include <linux/ktime.h>
#include <linux/moduleparam.h>
#include <linux/slab.h>

#include "vfpool.h"

static unsigned int heartbeat_ms = 3000;
module_param(heartbeat_ms, uint, 0444);
MODULE_PARM_DESC(heartbeat_ms,
		 "Owner: the bridge takes the VFs from their users when it has not heard of this server for so long (ms, 0: never; default 3000)");

/* What the bridge's register can hold. */
#define MOST_HEARTBEAT_MS	65535U

static bool grant = true;
module_param(grant, bool, 0444);
MODULE_PARM_DESC(grant, "Owner: users get free VFs when they ask (default); no: only an administrator assigns");

/* Most VFs that a user can have; a quota of 0xff is none. */
static unsigned int most_quota(const struct vfpool *pool)
{
	return min(pool->cards * VFPOOL_CARD_VFS, VFPOOL_MOST_VFS - 1);
}

/* The VFs that the cards offer now, by their names in the pool. */
static void offered(struct vfpool *pool, unsigned long *vfs)
{
	struct vfpool_card_info card = {};

	bitmap_zero(vfs, VFPOOL_MOST_VFS);
	for (; card.card < pool->cards; card.card++) {
		vfpool_bridge_card(pool, &card);
		bitmap_set(vfs, card.card * VFPOOL_CARD_VFS, card.vfs);
	}
}

/* The bridge splits no packet: it carries nothing between ports of two sizes. */
static bool same_payload(struct vfpool *pool, u8 vf, u8 user)
{
	u8 card = vfpool_card_port(pool, vf / VFPOOL_CARD_VFS);

	return vfpool_bridge_payload(pool, user) == vfpool_bridge_payload(pool, card);
}

/* A free VF that this user may have. */
static enum vfpool_reason usable(struct vfpool *pool, u8 index, u8 user)
{
	struct vfpool_vf_info vf = { .vf = index };

	vfpool_owner_vf(pool, &vf);
	if (vf.use != VFPOOL_USE_FREE)
		return VFPOOL_REASON_BUSY;
	if (vf.reserved_for && vf.reserved_for != user)
		return VFPOOL_REASON_RESERVED;
	return same_payload(pool, index, user) ? VFPOOL_REASON_NONE : VFPOOL_REASON_PAYLOAD;
}

static unsigned int held(struct vfpool *pool, u8 user)
{
	DECLARE_BITMAP(vfs, VFPOOL_MOST_VFS);
	unsigned int i, n = 0;

	offered(pool, vfs);
	for_each_set_bit(i, vfs, VFPOOL_MOST_VFS) {
		struct vfpool_vf_info vf = { .vf = i };

		vfpool_bridge_vf(pool, &vf);
		n += vf.user == user;
	}
	return n;
}

/*
 * Finds the VF for a request: its own before those that anybody may have, those
 * of the first card before those of the next.
 */
static enum vfpool_reason choose(struct vfpool *pool, const struct vfpool_event *request, u8 *found)
{
	enum vfpool_reason none = VFPOOL_REASON_NO_VF, no;
	DECLARE_BITMAP(vfs, VFPOOL_MOST_VFS);
	int best = -1;
	unsigned int i;

	offered(pool, vfs);
	if (bitmap_empty(vfs, VFPOOL_MOST_VFS))
		return VFPOOL_REASON_CARD;
	if (held(pool, request->user) >= pool->quota[request->user])
		return VFPOOL_REASON_QUOTA;
	if (request->vf != VFPOOL_ANY) {
		*found = request->vf;
		return test_bit(request->vf, vfs) ? usable(pool, request->vf, request->user) :
						    VFPOOL_REASON_CARD;
	}
	for_each_set_bit(i, vfs, VFPOOL_MOST_VFS) {
		no = usable(pool, i, request->user);
		if (no == VFPOOL_REASON_PAYLOAD)
			none = no;
		if (no)
			continue;
		if (vfpool_policy(pool, i)->reserved_for == request->user) {
			best = i;
			break;
		}
		if (best < 0)
			best = i;
	}
	*found = best;
	return best < 0 ? none : VFPOOL_REASON_NONE;
}

static void answer(struct vfpool *pool, const struct vfpool_event *request)
{
	struct vfpool_assign assign = {
		.user = request->user,
		.slot = request->slot,
		/* Its payload size has been looked at. */
		.flags = (request->reason & VFPOOL_BUTTON) | VFPOOL_FORCE,
	};
	enum vfpool_reason no = grant ? choose(pool, request, &assign.vf) : VFPOOL_REASON_POLICY;

	if (!no) {
		int err = vfpool_owner_assign(pool, &assign);

		if (!err) {
			vfpool_policy(pool, assign.vf)->asked_for = true;
			return;
		}
		no = err == -EBUSY || err == -EXDEV ? VFPOOL_REASON_SLOT : VFPOOL_REASON_PROFILE;
	}
	/* Without a policy the request stays for the administrator to see. */
	if (no == VFPOOL_REASON_POLICY)
		return;
	vfpool_bridge_deny(pool, request->user, request->slot, no);
}

/*
 * A server that is gone gives back what it had asked for. What an administrator
 * has assigned stays its own: it finds that again when it boots.
 */
static void reclaim(struct vfpool *pool, u8 user)
{
	DECLARE_BITMAP(vfs, VFPOOL_MOST_VFS);
	unsigned int i;

	offered(pool, vfs);
	for_each_set_bit(i, vfs, VFPOOL_MOST_VFS) {
		struct vfpool_vf_info vf = { .vf = i };
		struct vfpool_release release = { .user = user, .flags = VFPOOL_FORCE };

		vfpool_bridge_vf(pool, &vf);
		if (vf.user != user || !vfpool_policy(pool, i)->asked_for)
			continue;
		release.slot = vf.slot;
		vfpool_bridge_release(pool, &release);
	}
}

void vfpool_owner_event(struct vfpool *pool, const struct vfpool_event *event)
{
	switch (event->kind) {
	case VFPOOL_EVENT_LINK:
		if (!event->reason && event->user)
			reclaim(pool, event->user);
		break;
	case VFPOOL_EVENT_REQUEST:
		answer(pool, event);
		break;
	case VFPOOL_EVENT_RELEASED:
		if (!vfpool_vf_named(pool, event->vf))
			break;
		vfpool_profile_clear(pool, event->vf);
		vfpool_policy(pool, event->vf)->asked_for = false;
		vfpool_policy(pool, event->vf)->clean_since = ktime_get_real_ns();
		break;
	}
}

/*
 * Requests whose event this driver has not seen: they came while there was no
 * driver, or have fallen out of the bridge's log. Only the event says which VF
 * was asked for; where it is lost, too, the user has to ask again.
 */
void vfpool_owner_catch_up(struct vfpool *pool)
{
	u8 user, number;

	for (user = 1; user <= pool->users; user++)
		for (number = 0; number < pool->slots; number++) {
			struct vfpool_slot_info slot = { .slot = number };
			struct vfpool_event request;

			vfpool_bridge_slot(pool, user, &slot);
			if (!slot.requested)
				continue;
			if (vfpool_bridge_logged_request(pool, user, number, &request))
				answer(pool, &request);
			else if (grant)
				vfpool_bridge_deny(pool, user, number, VFPOOL_REASON_AGAIN);
		}
}

int vfpool_owner_assign(struct vfpool *pool, const struct vfpool_assign *assign)
{
	struct vfpool_vf_info vf = { .vf = assign->vf };
	int err;

	if (assign->flags & ~(VFPOOL_BUTTON | VFPOOL_FORCE) || !vfpool_vf_named(pool, assign->vf) ||
	    assign->user < 1 || assign->user > pool->users || assign->slot >= pool->slots ||
	    assign->function >= pool->functions)
		return -EINVAL;
	vfpool_owner_vf(pool, &vf);
	if (vf.use != VFPOOL_USE_FREE)
		return -EBUSY;
	if (!(assign->flags & VFPOOL_FORCE) && !same_payload(pool, assign->vf, assign->user))
		return -EPROTO;
	err = vfpool_profile_apply(pool, assign->vf);
	/* What the PF's driver says is about the profile, not about what was asked. */
	if (err)
		return err == -EMSGSIZE ? err : -EREMOTEIO;
	err = vfpool_bridge_assign(pool, assign);
	if (err)
		vfpool_profile_clear(pool, assign->vf);
	else
		vfpool_policy(pool, assign->vf)->asked_for = false;
	return err;
}

int vfpool_owner_user(struct vfpool *pool, struct vfpool_user_info *user)
{
	if (user->user < 1 || user->user > pool->users || user->reserved[0] || user->reserved[1] ||
	    (user->quota != 0xff && user->quota > most_quota(pool)) || !user->weight ||
	    (user->weight != 0xff && user->weight > VFPOOL_MOST_WEIGHT))
		return -EINVAL;
	if (user->quota != 0xff)
		pool->quota[user->user] = user->quota;
	if (user->weight != 0xff)
		vfpool_bridge_set_weight(pool, user->user, user->weight);
	user->quota = pool->quota[user->user];
	user->weight = vfpool_bridge_weight(pool, user->user);
	user->held = held(pool, user->user);
	user->payload = vfpool_bridge_payload(pool, user->user);
	return 0;
}

int vfpool_owner_reserve(struct vfpool *pool, const struct vfpool_reserve *reserve)
{
	if (!vfpool_vf_named(pool, reserve->vf) || reserve->user > pool->users ||
	    memchr_inv(reserve->reserved, 0, sizeof(reserve->reserved)))
		return -EINVAL;
	vfpool_policy(pool, reserve->vf)->reserved_for = reserve->user;
	return 0;
}

int vfpool_owner_reset(struct vfpool *pool, const struct vfpool_reset *reset)
{
	struct vfpool_vf_info vf = { .vf = reset->vf };

	if (!vfpool_vf_named(pool, reset->vf) ||
	    memchr_inv(reset->reserved, 0, sizeof(reset->reserved)))
		return -EINVAL;
	vfpool_bridge_vf(pool, &vf);
	return vf.use == VFPOOL_USE_BROKEN ? vfpool_bridge_reset(pool, reset->vf) : -EALREADY;
}

int vfpool_owner_vf(struct vfpool *pool, struct vfpool_vf_info *vf)
{
	struct vfpool_vf_info out = { .vf = vf->vf };

	if (!vfpool_vf_named(pool, vf->vf))
		return -EINVAL;
	vfpool_bridge_vf(pool, &out);
	out.reserved_for = vfpool_policy(pool, vf->vf)->reserved_for;
	out.clean_since = vfpool_policy(pool, vf->vf)->clean_since;
	out.bound = vfpool_vf_bound(pool, vf->vf, &out.address);
	if (out.bound && out.use == VFPOOL_USE_FREE)
		out.use = VFPOOL_USE_OWNED;
	*vf = out;
	return 0;
}

int vfpool_owner_card(struct vfpool *pool, struct vfpool_card_info *card)
{
	struct vfpool_card_info out = { .card = card->card };
	struct pci_dev *pf;

	if (card->card >= pool->cards)
		return -EINVAL;
	vfpool_bridge_card(pool, &out);
	pf = vfpool_pf(pool, out.card);
	if (pf)
		out.address = vfpool_address(pf);
	pci_dev_put(pf);
	*card = out;
	return 0;
}

static void beat(struct work_struct *work)
{
	struct vfpool *pool = container_of(to_delayed_work(work), struct vfpool, beat);

	mutex_lock(&pool->lock);
	if (!pool->gone)
		vfpool_bridge_beat(pool);
	mutex_unlock(&pool->lock);
	schedule_delayed_work(&pool->beat,
			      msecs_to_jiffies(clamp(heartbeat_ms / 4, 1U, MOST_HEARTBEAT_MS / 4)));
}

/*
 * VFs that are there before this driver may have the profiles that another
 * instance of it gave them, whether they are assigned or were released while
 * there was none.
 */
static void inherit(struct vfpool *pool, unsigned int card)
{
	struct pci_dev *pf = vfpool_pf(pool, card);
	int vf, vfs = pf ? min(pci_num_vf(pf), VFPOOL_CARD_VFS) : 0;

	for (vf = 0; vf < vfs; vf++)
		pool->card[card].vf[vf].profiled = true;
	pci_dev_put(pf);
}

/* The policy, before anybody can ask for it. */
int vfpool_owner_prepare(struct vfpool *pool)
{
	unsigned int vf, card;

	pool->card = kvcalloc(pool->cards, sizeof(*pool->card), GFP_KERNEL);
	if (!pool->card)
		return -ENOMEM;
	memset(pool->quota, most_quota(pool), sizeof(pool->quota));
	for (vf = 0; vf < VFPOOL_MOST_VFS && vfpool_vf_named(pool, vf); vf++) {
		vfpool_policy(pool, vf)->profile.vf = vf;
		vfpool_policy(pool, vf)->profile.spoof_check = 1;
	}
	for (card = 0; card < pool->cards; card++) {
		inherit(pool, card);
		/* Counters that were never read are old. */
		pool->card[card].refreshed = jiffies - HZ;
	}
	return 0;
}

int vfpool_owner_start(struct vfpool *pool)
{
	int err;

	INIT_DELAYED_WORK(&pool->beat, beat);
	err = vfpool_pooled_start(pool);
	if (err)
		return err;
	vfpool_counters_start(pool);
	mutex_lock(&pool->lock);
	if (heartbeat_ms)
		vfpool_bridge_watch(pool, min(heartbeat_ms, MOST_HEARTBEAT_MS));
	vfpool_owner_catch_up(pool);
	mutex_unlock(&pool->lock);
	if (heartbeat_ms)
		schedule_delayed_work(&pool->beat, 0);
	return 0;
}

/* An orderly end is not a death: the users keep their VFs. */
void vfpool_owner_stop(struct vfpool *pool)
{
	cancel_delayed_work_sync(&pool->beat);
	vfpool_counters_stop(pool);
	mutex_lock(&pool->lock);
	if (vfpool_bridge_alive(pool))
		vfpool_bridge_watch(pool, 0);
	mutex_unlock(&pool->lock);
	vfpool_pooled_stop(pool);
}
