// SPDX-License-Identifier: GPL-2.0-only
/*
 * /dev/vfpoolN: requests and events (vfpool_ioctl.h). The file's mode is 0600:
 * who may use it is the administrator's decision, by udev. What a user's server
 * may do is the bridge's decision; the driver only says so early.
 */
#include <linux/fs.h>
#include <linux/poll.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "vfpool.h"

struct vfpool_file {
	struct vfpool *pool;
	struct mutex lock;	/* readers of one file */
	u32 next;		/* event to read */
};

static void pool_free(struct kref *ref)
{
	struct vfpool *pool = container_of(ref, struct vfpool, ref);

	mutex_destroy(&pool->lock);
	kvfree(pool->card);
	kfree(pool);
}

void vfpool_put(struct vfpool *pool)
{
	kref_put(&pool->ref, pool_free);
}

static int chardev_open(struct inode *inode, struct file *file)
{
	/* misc_open() holds the list's mutex: the device cannot go meanwhile. */
	struct vfpool *pool = container_of(file->private_data, struct vfpool, misc);
	struct vfpool_file *f = kzalloc(sizeof(*f), GFP_KERNEL);

	if (!f)
		return -ENOMEM;
	kref_get(&pool->ref);
	f->pool = pool;
	mutex_init(&f->lock);
	f->next = READ_ONCE(pool->next);
	file->private_data = f;
	return stream_open(inode, file);
}

static int chardev_release(struct inode *inode, struct file *file)
{
	struct vfpool_file *f = file->private_data;

	vfpool_put(f->pool);
	mutex_destroy(&f->lock);
	kfree(f);
	return 0;
}

static bool events_there(struct vfpool_file *f)
{
	return READ_ONCE(f->pool->next) != READ_ONCE(f->next);
}

/* The next event of this file; says what is missing before it. */
static bool next_event(struct vfpool_file *f, struct vfpool_event *event)
{
	struct vfpool *pool = f->pool;
	bool there;

	spin_lock(&pool->events_lock);
	there = pool->next != f->next;
	if (there && pool->next - f->next > VFPOOL_EVENTS) {
		memset(event, 0, sizeof(*event));
		event->kind = VFPOOL_EVENT_LOST;
		event->vf = VFPOOL_ANY;
		event->time = pool->log[pool->next % VFPOOL_EVENTS].time;
		event->sequence = pool->next - VFPOOL_EVENTS - 1;
		WRITE_ONCE(f->next, pool->next - VFPOOL_EVENTS);
	} else if (there) {
		*event = pool->log[f->next % VFPOOL_EVENTS];
		WRITE_ONCE(f->next, f->next + 1);
	}
	spin_unlock(&pool->events_lock);
	return there;
}

static ssize_t chardev_read(struct file *file, char __user *buffer, size_t size, loff_t *offset)
{
	struct vfpool_file *f = file->private_data;
	struct vfpool_event event;
	ssize_t done = 0;
	int err;

	if (size < sizeof(event))
		return -EINVAL;
	if (mutex_lock_interruptible(&f->lock))
		return -ERESTARTSYS;
	while (!events_there(f)) {
		mutex_unlock(&f->lock);
		if (READ_ONCE(f->pool->gone))
			return 0;
		if (file->f_flags & O_NONBLOCK)
			return -EAGAIN;
		err = wait_event_interruptible(f->pool->wait,
					       events_there(f) || READ_ONCE(f->pool->gone));
		if (err)
			return err;
		if (mutex_lock_interruptible(&f->lock))
			return -ERESTARTSYS;
	}
	while (size - done >= sizeof(event) && next_event(f, &event)) {
		if (copy_to_user(buffer + done, &event, sizeof(event))) {
			done = done ?: -EFAULT;
			break;
		}
		done += sizeof(event);
	}
	mutex_unlock(&f->lock);
	return done;
}

static __poll_t chardev_poll(struct file *file, struct poll_table_struct *table)
{
	struct vfpool_file *f = file->private_data;
	__poll_t mask = 0;

	poll_wait(file, &f->pool->wait, table);
	if (events_there(f))
		mask |= EPOLLIN | EPOLLRDNORM;
	if (READ_ONCE(f->pool->gone))
		mask |= EPOLLHUP | EPOLLIN;
	return mask;
}

/* Whom a structure's `user` means: 0 for oneself, which the owner is not. */
static int user_named(const struct vfpool *pool, u8 *user)
{
	if (pool->role == VFPOOL_USER) {
		if (*user && *user != pool->port)
			return -EPERM;
		*user = pool->port;
		return 0;
	}
	return *user >= 1 && *user <= pool->users ? 0 : -EINVAL;
}

static int slot_named(const struct vfpool *pool, u8 slot)
{
	return slot < pool->slots ? 0 : -EINVAL;
}

static int do_slot(struct vfpool *pool, struct vfpool_slot_info *slot)
{
	struct vfpool_slot_info out = { .user = slot->user, .slot = slot->slot };
	int err = user_named(pool, &out.user);

	if (!err)
		err = slot_named(pool, out.slot);
	if (err)
		return err;
	vfpool_bridge_slot(pool, out.user, &out);
	*slot = out;
	return 0;
}

static int do_request(struct vfpool *pool, struct vfpool_request *request)
{
	if (pool->role != VFPOOL_USER)
		return -EPERM;
	if (request->flags & ~VFPOOL_BUTTON || request->reserved[0] || request->reserved[1] ||
	    (request->vf != VFPOOL_ANY && !vfpool_vf_named(pool, request->vf)))
		return -EINVAL;
	return slot_named(pool, request->slot) ?: vfpool_bridge_request(pool, request);
}

static int do_release(struct vfpool *pool, struct vfpool_release *release)
{
	int err = user_named(pool, &release->user);

	if (err)
		return err;
	if (release->flags & ~(VFPOOL_QUIET | VFPOOL_FORCE) || hweight32(release->flags) > 1 ||
	    release->reserved[0] || release->reserved[1])
		return -EINVAL;
	if (release->flags & VFPOOL_FORCE && pool->role != VFPOOL_OWNER)
		return -EPERM;
	return slot_named(pool, release->slot) ?: vfpool_bridge_release(pool, release);
}

static int do_profile(struct vfpool *pool, const struct vfpool_profile *profile)
{
	int err = vfpool_profile_check(pool, profile);

	if (err)
		return err;
	vfpool_policy(pool, profile->vf)->profile = *profile;
	return 0;
}

/* The argument, as large as the largest structure. */
union argument {
	struct vfpool_info info;
	struct vfpool_slot_info slot;
	struct vfpool_vf_info vf;
	struct vfpool_request request;
	struct vfpool_release release;
	struct vfpool_assign assign;
	struct vfpool_user_info user;
	struct vfpool_reserve reserve;
	struct vfpool_profile profile;
	struct vfpool_port_counters port_counters;
	struct vfpool_vf_counters vf_counters;
	struct vfpool_drops drops;
	struct vfpool_reset reset;
	struct vfpool_card_info card;
};

struct operation {
	unsigned int command;
	u16 size;	/* of the structure today */
	u16 oldest;	/* of its first form */
	bool owner;	/* the owner's alone */
};

#define OPERATION(ioc, type, who) \
	{ .command = (ioc), .size = sizeof(type), .oldest = sizeof(type), .owner = (who) }

static const struct operation operations[] = {
	OPERATION(VFPOOL_IOC_INFO, struct vfpool_info, false),
	OPERATION(VFPOOL_IOC_SLOT, struct vfpool_slot_info, false),
	OPERATION(VFPOOL_IOC_VF, struct vfpool_vf_info, true),
	OPERATION(VFPOOL_IOC_REQUEST, struct vfpool_request, false),
	OPERATION(VFPOOL_IOC_RELEASE, struct vfpool_release, false),
	OPERATION(VFPOOL_IOC_ASSIGN, struct vfpool_assign, true),
	OPERATION(VFPOOL_IOC_USER, struct vfpool_user_info, true),
	OPERATION(VFPOOL_IOC_RESERVE, struct vfpool_reserve, true),
	OPERATION(VFPOOL_IOC_GET_PROFILE, struct vfpool_profile, true),
	OPERATION(VFPOOL_IOC_SET_PROFILE, struct vfpool_profile, true),
	OPERATION(VFPOOL_IOC_PORT_COUNTERS, struct vfpool_port_counters, true),
	OPERATION(VFPOOL_IOC_VF_COUNTERS, struct vfpool_vf_counters, true),
	OPERATION(VFPOOL_IOC_DROPS, struct vfpool_drops, true),
	OPERATION(VFPOOL_IOC_RESET, struct vfpool_reset, true),
	OPERATION(VFPOOL_IOC_CARD, struct vfpool_card_info, true),
};

static int carry_out(struct vfpool *pool, unsigned int command, union argument *a)
{
	switch (command) {
	case VFPOOL_IOC_INFO:
		vfpool_bridge_info(pool, &a->info);
		a->info.sequence = READ_ONCE(pool->next);
		return 0;
	case VFPOOL_IOC_SLOT:
		return do_slot(pool, &a->slot);
	case VFPOOL_IOC_VF:
		return vfpool_owner_vf(pool, &a->vf);
	case VFPOOL_IOC_REQUEST:
		return do_request(pool, &a->request);
	case VFPOOL_IOC_RELEASE:
		return do_release(pool, &a->release);
	case VFPOOL_IOC_ASSIGN:
		return vfpool_owner_assign(pool, &a->assign);
	case VFPOOL_IOC_USER:
		return vfpool_owner_user(pool, &a->user);
	case VFPOOL_IOC_RESERVE:
		return vfpool_owner_reserve(pool, &a->reserve);
	case VFPOOL_IOC_GET_PROFILE:
		if (!vfpool_vf_named(pool, a->profile.vf))
			return -EINVAL;
		a->profile = vfpool_policy(pool, a->profile.vf)->profile;
		return 0;
	case VFPOOL_IOC_PORT_COUNTERS:
		return vfpool_counters_port(pool, &a->port_counters);
	case VFPOOL_IOC_VF_COUNTERS:
		return vfpool_counters_vf(pool, &a->vf_counters);
	case VFPOOL_IOC_DROPS:
		return vfpool_counters_drops(pool, &a->drops);
	case VFPOOL_IOC_RESET:
		return vfpool_owner_reset(pool, &a->reset);
	case VFPOOL_IOC_CARD:
		return vfpool_owner_card(pool, &a->card);
	default:
		return do_profile(pool, &a->profile);
	}
}

static long chardev_ioctl(struct file *file, unsigned int command, unsigned long argument)
{
	struct vfpool *pool = ((struct vfpool_file *)file->private_data)->pool;
	void __user *user = (void __user *)argument;
	const unsigned int size_bits = _IOC_SIZEMASK << _IOC_SIZESHIFT;
	const struct operation *op = NULL;
	size_t size = _IOC_SIZE(command);
	union argument a = {};
	long err;
	int i;

	/* The size is the caller's, all else must match. */
	for (i = 0; i < ARRAY_SIZE(operations) && !op; i++)
		if ((operations[i].command & ~size_bits) == (command & ~size_bits))
			op = &operations[i];
	if (!op || size < op->oldest)
		return -ENOTTY;
	if (op->owner && pool->role != VFPOOL_OWNER)
		return -EPERM;
	if (_IOC_DIR(command) & _IOC_WRITE) {
		err = copy_struct_from_user(&a, op->size, user, size);
		if (err)
			return err;
	}
	mutex_lock(&pool->lock);
	err = pool->gone || !vfpool_bridge_alive(pool) ? -ENODEV : carry_out(pool, op->command, &a);
	mutex_unlock(&pool->lock);
	if (!err && _IOC_DIR(command) & _IOC_READ &&
	    copy_to_user(user, &a, min_t(size_t, size, op->size)))
		return -EFAULT;
	return err;
}

static const struct file_operations chardev_fops = {
	.owner = THIS_MODULE,
	.open = chardev_open,
	.release = chardev_release,
	.read = chardev_read,
	.poll = chardev_poll,
	.unlocked_ioctl = chardev_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
};

int vfpool_chardev_add(struct vfpool *pool)
{
	pool->misc.minor = MISC_DYNAMIC_MINOR;
	pool->misc.name = pool->name;
	pool->misc.fops = &chardev_fops;
	pool->misc.mode = 0600;
	pool->misc.parent = &pool->pdev->dev;
	pool->misc.groups = pool->groups;
	return misc_register(&pool->misc);
}

/* Files that are still open find the bridge gone. */
void vfpool_chardev_remove(struct vfpool *pool)
{
	mutex_lock(&pool->lock);
	pool->gone = true;
	mutex_unlock(&pool->lock);
	wake_up_interruptible_all(&pool->wait);
	misc_deregister(&pool->misc);
}
