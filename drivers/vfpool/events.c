// SPDX-License-Identifier: GPL-2.0-only
/*
 * Events: from the bridge's ring into the log that readers of the device file
 * follow, and to the owner's policy. The bridge sends one message for all that
 * has come since the last acknowledgment, so each run takes what there is.
 */
#include <linux/interrupt.h>
#include <linux/kobject.h>
#include <linux/ktime.h>

#include "vfpool.h"

/* Where no interrupt vector could be had. */
#define POLL_INTERVAL	msecs_to_jiffies(50)

static const char *const kinds[] = {
	[VFPOOL_EVENT_REQUEST] = "request",
	[VFPOOL_EVENT_DENIED] = "denied",
	[VFPOOL_EVENT_ASSIGNED] = "assigned",
	[VFPOOL_EVENT_RELEASED] = "released",
	[VFPOOL_EVENT_POWER] = "power",
	[VFPOOL_EVENT_FROZEN] = "frozen",
	[VFPOOL_EVENT_LINK] = "link",
	[VFPOOL_EVENT_GONE] = "gone",
};

static void events_tell_udev(struct vfpool *pool, const struct vfpool_event *event)
{
	char kind[32], user[24], slot[24], vf[24], reason[24], card[24];
	char *env[7] = { kind, user, slot, vf, reason, NULL };

	if (event->kind >= ARRAY_SIZE(kinds) || !kinds[event->kind])
		return;
	snprintf(kind, sizeof(kind), "VFPOOL_EVENT=%s", kinds[event->kind]);
	snprintf(user, sizeof(user), "VFPOOL_USER=%u", event->user);
	snprintf(slot, sizeof(slot), "VFPOOL_SLOT=%u", event->slot);
	snprintf(vf, sizeof(vf), "VFPOOL_VF=%u", event->vf);
	snprintf(reason, sizeof(reason), "VFPOOL_REASON=%u", event->reason);
	if (event->vf != VFPOOL_ANY) {
		snprintf(card, sizeof(card), "VFPOOL_CARD=%u", event->vf / VFPOOL_CARD_VFS);
		env[5] = card;
	}
	kobject_uevent_env(&pool->misc.this_device->kobj, KOBJ_CHANGE, env);
}

/* Gives the event its sequence number and time. */
void vfpool_events_add(struct vfpool *pool, struct vfpool_event *event)
{
	event->time = ktime_get_real_ns();
	spin_lock(&pool->events_lock);
	event->sequence = pool->next;
	pool->log[event->sequence % VFPOOL_EVENTS] = *event;
	/* Readers look at this one first, without the lock: see events_there(). */
	WRITE_ONCE(pool->next, event->sequence + 1);
	spin_unlock(&pool->events_lock);
	wake_up_interruptible(&pool->wait);
	events_tell_udev(pool, event);
}

static void events_collect(struct vfpool *pool)
{
	struct vfpool_event event;
	bool lost = false;
	u32 count;

	mutex_lock(&pool->lock);
	if (pool->gone)
		goto out;
	if (!vfpool_bridge_alive(pool)) {
		pool->gone = true;
		memset(&event, 0, sizeof(event));
		event.kind = VFPOOL_EVENT_GONE;
		event.vf = VFPOOL_ANY;
		vfpool_events_add(pool, &event);
		dev_err(&pool->pdev->dev, "the bridge does not answer any more\n");
		goto out;
	}
	/* Again after the acknowledgment: what came meanwhile sends no message. */
	while ((count = vfpool_bridge_event_count(pool)) != pool->seen) {
		for (; pool->seen != count; pool->seen++) {
			if (!vfpool_bridge_event(pool, pool->seen, &event)) {
				memset(&event, 0, sizeof(event));
				event.kind = VFPOOL_EVENT_LOST;
				event.vf = VFPOOL_ANY;
				lost = true;
			}
			vfpool_events_add(pool, &event);
			if (pool->role == VFPOOL_OWNER)
				vfpool_owner_event(pool, &event);
		}
		vfpool_bridge_event_ack(pool, count);
	}
	if (lost && pool->role == VFPOOL_OWNER)
		vfpool_owner_catch_up(pool);
out:
	mutex_unlock(&pool->lock);
}

static irqreturn_t events_irq(int irq, void *data)
{
	events_collect(data);
	return IRQ_HANDLED;
}

static void events_poll(struct work_struct *work)
{
	struct vfpool *pool = container_of(to_delayed_work(work), struct vfpool, poll);

	events_collect(pool);
	schedule_delayed_work(&pool->poll, POLL_INTERVAL);
}

int vfpool_events_start(struct vfpool *pool)
{
	struct pci_dev *pdev = pool->pdev;
	int err;

	INIT_DELAYED_WORK(&pool->poll, events_poll);
	mutex_lock(&pool->lock);
	pool->seen = vfpool_bridge_event_count(pool);
	vfpool_bridge_event_ack(pool, pool->seen);
	mutex_unlock(&pool->lock);

	err = pci_alloc_irq_vectors(pdev, 1, 1, PCI_IRQ_MSI);
	if (err == 1) {
		err = request_threaded_irq(pci_irq_vector(pdev, 0), NULL, events_irq,
					   IRQF_ONESHOT, pool->name, pool);
		if (!err)
			return 0;
		pci_free_irq_vectors(pdev);
	}
	pci_info(pdev, "no interrupt (%d): looks for events by itself\n", err);
	schedule_delayed_work(&pool->poll, POLL_INTERVAL);
	return 0;
}

void vfpool_events_stop(struct vfpool *pool)
{
	if (pool->pdev->msi_enabled) {
		free_irq(pci_irq_vector(pool->pdev, 0), pool);
		pci_free_irq_vectors(pool->pdev);
	}
	cancel_delayed_work_sync(&pool->poll);
}
