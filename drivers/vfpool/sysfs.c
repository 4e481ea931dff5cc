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
	NULL
};

static const struct attribute_group vfpool_group = { .attrs = vfpool_attrs };
const struct attribute_group *vfpool_groups[] = { &vfpool_group, NULL };
