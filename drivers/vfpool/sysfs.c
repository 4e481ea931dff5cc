// SPDX-License-Identifier: GPL-2.0-only
/* /sys/class/misc/vfpoolN: docs/ABI/sysfs-class-misc-vfpool. Read-only, one value a file. */
#include <linux/device.h>
#include <linux/sysfs.h>

#include "vfpool.h"

static int sysfs_info(struct device *dev, struct vfpool_info *info)
{
	struct vfpool *pool = container_of(dev_get_drvdata(dev), struct vfpool, misc);
	int err = -ENODEV;

	mutex_lock(&pool->lock);
	if (!pool->gone && vfpool_bridge_alive(pool)) {
		vfpool_bridge_info(pool, info);
		err = 0;
	}
	mutex_unlock(&pool->lock);
	return err;
}

#define INFO_SHOW(name) \
static ssize_t name##_show(struct device *dev, struct device_attribute *attr, char *buf) \
{ \
	struct vfpool_info info = {}; \
	int err = sysfs_info(dev, &info); \
\
	return err ?: sysfs_emit(buf, "%u\n", info.name); \
}

INFO_SHOW(port)
static DEVICE_ATTR_RO(port);

INFO_SHOW(users)
static DEVICE_ATTR_RO(users);

INFO_SHOW(slots)
static DEVICE_ATTR_RO(slots);

INFO_SHOW(functions)
static DEVICE_ATTR_RO(functions);

INFO_SHOW(sriov)
static DEVICE_ATTR_RO(sriov);

INFO_SHOW(frozen)
static DEVICE_ATTR_RO(frozen);

INFO_SHOW(vfs)
static DEVICE_ATTR_RO(vfs);

INFO_SHOW(cards)
static DEVICE_ATTR_RO(cards);

static ssize_t role_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	struct vfpool *pool = container_of(dev_get_drvdata(dev), struct vfpool, misc);

	return sysfs_emit(buf, "%s\n", pool->role == VFPOOL_OWNER ? "owner" : "user");
}
static DEVICE_ATTR_RO(role);

static struct attribute *vfpool_attrs[] = {
	&dev_attr_role.attr,
	&dev_attr_port.attr,
	&dev_attr_users.attr,
	&dev_attr_slots.attr,
	&dev_attr_functions.attr,
	&dev_attr_sriov.attr,
	&dev_attr_frozen.attr,
	&dev_attr_vfs.attr,
	&dev_attr_cards.attr,
	NULL
};

static const struct attribute_group vfpool_group = { .attrs = vfpool_attrs };

/* The owner's: a folder for each card of the bridge. */
static int card_info(struct device *dev, struct device_attribute *attr,
		     struct vfpool_card_info *info)
{
	struct vfpool *pool = container_of(dev_get_drvdata(dev), struct vfpool, misc);
	int err = -ENODEV;

	info->card = container_of(attr, struct vfpool_card_file, file)->card;
	mutex_lock(&pool->lock);
	if (!pool->gone && vfpool_bridge_alive(pool))
		err = vfpool_owner_card(pool, info);
	mutex_unlock(&pool->lock);
	return err;
}

#define CARD_SHOW(name) \
static ssize_t card_##name##_show(struct device *dev, struct device_attribute *attr, char *buf) \
{ \
	struct vfpool_card_info info = {}; \
	int err = card_info(dev, attr, &info); \
\
	return err ?: sysfs_emit(buf, "%u\n", info.name); \
}

CARD_SHOW(link)
CARD_SHOW(sriov)
CARD_SHOW(vfs)

static ssize_t card_address_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	struct vfpool_card_info info = {};
	int err = card_info(dev, attr, &info);

	if (err || !info.address)
		return err ?: sysfs_emit(buf, "none\n");
	return sysfs_emit(buf, "%04x:%02x:%02x.%x\n", (u32)(info.address >> 16),
			  (u8)(info.address >> 8), PCI_SLOT((u8)info.address),
			  PCI_FUNC((u8)info.address));
}

static const struct device_attribute card_files[VFPOOL_CARD_FILES] = {
	__ATTR(address, 0444, card_address_show, NULL),
	__ATTR(link, 0444, card_link_show, NULL),
	__ATTR(sriov, 0444, card_sriov_show, NULL),
	__ATTR(vfs, 0444, card_vfs_show, NULL),
};

static void card_folder(struct vfpool_card *card, unsigned int number)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(card->files); i++) {
		card->files[i].file = card_files[i];
		card->files[i].card = number;
		sysfs_attr_init(&card->files[i].file.attr);
		card->attrs[i] = &card->files[i].file.attr;
	}
	snprintf(card->name, sizeof(card->name), "card%u", number);
	card->folder.name = card->name;
	card->folder.attrs = card->attrs;
}

void vfpool_sysfs_prepare(struct vfpool *pool)
{
	unsigned int i;

	pool->groups[0] = &vfpool_group;
	for (i = 0; pool->role == VFPOOL_OWNER && i < pool->cards; i++) {
		card_folder(&pool->card[i], i);
		pool->groups[1 + i] = &pool->card[i].folder;
	}
}
