/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Driver of the bridge's management function, 10ee:8086. The same function is
 * on every server; the ROLE register says whether this one is the owner of the
 * cards or a user of their VFs.
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

#define VFPOOL_MOST_VFS		VFPOOL_ANY	/* names of VFs: 0 to this, without it */
#define VFPOOL_MOST_USERS	16
#define VFPOOL_EVENTS		256	/* kept for readers; power of two */
#define VFPOOL_CARD_FILES	4	/* of each card in sysfs */

/* What the owner's driver knows of a VF or a card beside the bridge's registers. */
struct vfpool_vf_policy {
	struct vfpool_profile profile;
	u64 clean_since;
	u8 reserved_for;
	bool profiled;		/* the PF has its profile now, or may have an older one */
	bool asked_for;		/* its user has it by a request of its own */
};

/* A file of a card in sysfs. */
struct vfpool_card_file {
	struct device_attribute file;
	u8 card;
};

struct vfpool_card {
	struct vfpool_vf_policy vf[VFPOOL_CARD_VFS];
	unsigned long refreshed;	/* jiffies: its VFs' counters */
	u64 refreshed_at;		/* the same, ns since 1970 */
	struct vfpool_card_file files[VFPOOL_CARD_FILES];
	struct attribute *attrs[VFPOOL_CARD_FILES + 1];
	struct attribute_group folder;
	char name[16];			/* of the folder */
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
	const struct attribute_group *groups[VFPOOL_CARDS + 2];
	char name[24];
	int id;

	enum vfpool_side role;
	u8 port, users, slots, functions, cards;
	bool gone;			/* under lock: removed, or reads all ones */

	struct mutex lock;		/* commands, policy, profiles, counters */
	u8 quota[VFPOOL_MOST_USERS + 1];
	struct vfpool_card *card;	/* so many as cards; the owner's alone */
	struct vfpool_port_sums sums[1 + VFPOOL_MOST_USERS + VFPOOL_CARDS];
	struct vfpool_sum drops[VFPOOL_DROP_KINDS];

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

/* A VF that a card of this bridge may have; whether it offers it now, the bridge knows. */
static inline bool vfpool_vf_named(const struct vfpool *pool, u8 vf)
{
	return vf != VFPOOL_ANY && vf / VFPOOL_CARD_VFS < pool->cards;
}

/* The bridge's ports: the owner's, the users', then the cards'. */
static inline u8 vfpool_card_port(const struct vfpool *pool, unsigned int card)
{
	return 1 + pool->users + card;
}

/* Of a VF that is named. */
static inline struct vfpool_card *vfpool_card_of(struct vfpool *pool, u8 vf)
{
	return &pool->card[vf / VFPOOL_CARD_VFS];
}

static inline struct vfpool_vf_policy *vfpool_policy(struct vfpool *pool, u8 vf)
{
	return &vfpool_card_of(pool, vf)->vf[vf % VFPOOL_CARD_VFS];
}

/* bridge.c: the registers. All but vfpool_bridge_alive() with lock held. */
bool vfpool_bridge_alive(struct vfpool *pool);
int vfpool_bridge_identify(struct vfpool *pool);
void vfpool_bridge_info(struct vfpool *pool, struct vfpool_info *info);
u16 vfpool_bridge_payload(struct vfpool *pool, unsigned int port);
void vfpool_bridge_card(struct vfpool *pool, struct vfpool_card_info *card);
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
bool vfpool_bridge_logged_request(struct vfpool *pool, u8 user, u8 slot,
				  struct vfpool_event *request);
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

/* owner.c: with lock held, but for prepare, start and stop. */
int vfpool_owner_prepare(struct vfpool *pool);
int vfpool_owner_start(struct vfpool *pool);
void vfpool_owner_stop(struct vfpool *pool);
void vfpool_owner_event(struct vfpool *pool, const struct vfpool_event *event);
void vfpool_owner_catch_up(struct vfpool *pool);
int vfpool_owner_assign(struct vfpool *pool, const struct vfpool_assign *assign);
int vfpool_owner_user(struct vfpool *pool, struct vfpool_user_info *user);
int vfpool_owner_reserve(struct vfpool *pool, const struct vfpool_reserve *reserve);
int vfpool_owner_reset(struct vfpool *pool, const struct vfpool_reset *reset);
int vfpool_owner_vf(struct vfpool *pool, struct vfpool_vf_info *vf);
int vfpool_owner_card(struct vfpool *pool, struct vfpool_card_info *card);

/* pooled.c: the owner's own VF functions. */
u64 vfpool_address(struct pci_dev *pdev);
struct pci_dev *vfpool_pf(struct vfpool *pool, unsigned int card);
struct net_device *vfpool_pf_netdev(struct vfpool *pool, unsigned int card);
bool vfpool_vf_bound(struct vfpool *pool, u8 vf, u64 *address);
int vfpool_pooled_start(struct vfpool *pool);
void vfpool_pooled_stop(struct vfpool *pool);

/* profile.c: with lock held; take RTNL. */
int vfpool_profile_check(const struct vfpool *pool, const struct vfpool_profile *profile);
int vfpool_profile_apply(struct vfpool *pool, u8 vf);
void vfpool_profile_clear(struct vfpool *pool, u8 vf);

/* sysfs.c: fills pool->groups; after vfpool_owner_prepare(). */
void vfpool_sysfs_prepare(struct vfpool *pool);

#endif
