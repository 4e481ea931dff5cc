/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Driver of the bridge's management function, 10ee:8086. The same function is
 * on every server; the ROLE register says whether this one is the owner of the
 * card or a user of its VFs.
 *
 * Locks: `lock` serialises commands to the bridge and protects policy, profiles,
 * counters and the VFs' states; taken with interrupts on, never under `events_lock`.
 * `events_lock` (spin) protects the log of events. RTNL, which profiles need,
 * is taken inside `lock`.
 */
#ifndef VFPOOL_H
#define VFPOOL_H

#include <linux/kref.h>
#include <linux/miscdevice.h>
#include <linux/mutex.h>
#include <linux/notifier.h>
#include <linux/pci.h>
#include <linux/spinlock.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include "vfpool_ioctl.h"

#define VFPOOL_MOST_VFS		64
#define VFPOOL_MOST_WEIGHT	31
#define VFPOOL_MOST_USERS	16
#define VFPOOL_EVENTS		256	/* kept for readers; power of two */

/* What the owner's driver knows of a VF beside the bridge's registers. */
struct vfpool_vf_policy {
	struct vfpool_profile profile;
	u64 clean_since;
	u8 reserved_for;
	bool profiled;		/* the PF has its profile now */
	bool asked_for;		/* its user has it by a request of its own */
};

/* A counter of the bridge, and what its 32 bits have counted so far. */
struct vfpool_sum {
	u32 seen;
	u64 total;
};

struct vfpool_port_sums {
	struct vfpool_sum rx[VFPOOL_PACKET_KINDS], tx[VFPOOL_PACKET_KINDS];
};

struct vfpool {
	struct kref ref;		/* probe, and each open file */
	struct pci_dev *pdev;
	void __iomem *regs;
	struct miscdevice misc;
	char name[24];
	int id;

	enum vfpool_side role;
	u8 port, users, slots, functions;
	bool gone;			/* under lock: removed, or reads all ones */

	struct mutex lock;		/* commands, policy, profiles, counters */
	u8 quota[VFPOOL_MOST_USERS + 1];
	struct vfpool_vf_policy vf[VFPOOL_MOST_VFS];
	struct vfpool_port_sums sums[VFPOOL_MOST_USERS + 2];
	struct vfpool_sum drops[VFPOOL_DROP_KINDS];
	unsigned long refreshed;	/* jiffies: the VFs' counters */
	u64 refreshed_at;		/* the same, ns since 1970 */

	spinlock_t events_lock;		/* log, next */
	struct vfpool_event log[VFPOOL_EVENTS];
	u32 next;			/* sequence of the event to come */
	u32 seen;			/* of the bridge's own count */
	wait_queue_head_t wait;

	struct delayed_work poll;	/* events without interrupt */
	struct delayed_work beat;	/* owner */
	struct delayed_work sum;	/* owner */
	struct notifier_block bus;	/* owner */
};

/* bridge.c: the registers. All but vfpool_bridge_alive() with lock held. */
bool vfpool_bridge_alive(struct vfpool *pool);
int vfpool_bridge_identify(struct vfpool *pool);
void vfpool_bridge_info(struct vfpool *pool, struct vfpool_info *info);
void vfpool_bridge_slot(struct vfpool *pool, u8 user, struct vfpool_slot_info *slot);
void vfpool_bridge_vf(struct vfpool *pool, struct vfpool_vf_info *vf);
int vfpool_bridge_request(struct vfpool *pool, const struct vfpool_request *request);
int vfpool_bridge_deny(struct vfpool *pool, u8 user, u8 slot, enum vfpool_reason reason);
int vfpool_bridge_assign(struct vfpool *pool, const struct vfpool_assign *assign);
int vfpool_bridge_release(struct vfpool *pool, const struct vfpool_release *release);
int vfpool_bridge_reset(struct vfpool *pool, u8 vf);
u8 vfpool_bridge_weight(struct vfpool *pool, u8 user);
void vfpool_bridge_set_weight(struct vfpool *pool, u8 user, u8 weight);
u32 vfpool_bridge_received(struct vfpool *pool, u8 port, unsigned int kind);
u32 vfpool_bridge_sent(struct vfpool *pool, u8 port, unsigned int kind);
u32 vfpool_bridge_drops(struct vfpool *pool, unsigned int reason);
void vfpool_bridge_watch(struct vfpool *pool, unsigned int ms);
void vfpool_bridge_beat(struct vfpool *pool);
u32 vfpool_bridge_event_count(struct vfpool *pool);
bool vfpool_bridge_event(struct vfpool *pool, u32 index, struct vfpool_event *event);
void vfpool_bridge_event_ack(struct vfpool *pool, u32 count);

/* events.c */
int vfpool_events_start(struct vfpool *pool);
void vfpool_events_stop(struct vfpool *pool);
void vfpool_events_add(struct vfpool *pool, struct vfpool_event *event);

/* chardev.c */
int vfpool_chardev_add(struct vfpool *pool);
void vfpool_chardev_remove(struct vfpool *pool);
void vfpool_put(struct vfpool *pool);

/* counters.c: owner; with lock held, but for start and stop. The VFs' take RTNL. */
void vfpool_counters_start(struct vfpool *pool);
void vfpool_counters_stop(struct vfpool *pool);
int vfpool_counters_port(struct vfpool *pool, struct vfpool_port_counters *c);
int vfpool_counters_drops(struct vfpool *pool, struct vfpool_drops *drops);
int vfpool_counters_vf(struct vfpool *pool, struct vfpool_vf_counters *c);

/* owner.c: with lock held, but for start and stop. */
int vfpool_owner_start(struct vfpool *pool);
void vfpool_owner_stop(struct vfpool *pool);
void vfpool_owner_event(struct vfpool *pool, const struct vfpool_event *event);
int vfpool_owner_assign(struct vfpool *pool, const struct vfpool_assign *assign);
int vfpool_owner_user(struct vfpool *pool, struct vfpool_user_info *user);
int vfpool_owner_reserve(struct vfpool *pool, const struct vfpool_reserve *reserve);
int vfpool_owner_reset(struct vfpool *pool, const struct vfpool_reset *reset);
int vfpool_owner_vf(struct vfpool *pool, struct vfpool_vf_info *vf);

/* pooled.c: the owner's own VF functions. */
struct pci_dev *vfpool_card(struct vfpool *pool);
struct net_device *vfpool_card_netdev(struct vfpool *pool);
bool vfpool_vf_bound(struct pci_dev *card, unsigned int vf, u64 *address);
int vfpool_pooled_start(struct vfpool *pool);
void vfpool_pooled_stop(struct vfpool *pool);

/* profile.c: with lock held; take RTNL. */
int vfpool_profile_check(const struct vfpool_profile *profile);
int vfpool_profile_apply(struct vfpool *pool, unsigned int vf);
void vfpool_profile_clear(struct vfpool *pool, unsigned int vf);

/* sysfs.c */
extern const struct attribute_group *vfpool_groups[];

#endif
