// SPDX-License-Identifier: GPL-2.0-only
/* Probe and removal of the management function. */
#include <linux/idr.h>
#include <linux/module.h>
#include <linux/slab.h>

#include "vfpool.h"

#define VFPOOL_VENDOR	0x10ee
#define VFPOOL_DEVICE	0x8086

static DEFINE_IDA(vfpool_ids);

static struct vfpool *vfpool_alloc(struct pci_dev *pdev)
{
	struct vfpool *pool = kzalloc(sizeof(*pool), GFP_KERNEL);

	if (!pool)
		return NULL;
	kref_init(&pool->ref);
	pool->pdev = pdev;
	mutex_init(&pool->lock);
	spin_lock_init(&pool->events_lock);
	init_waitqueue_head(&pool->wait);
	return pool;
}

static int vfpool_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct vfpool *pool;
	int err;

	err = pcim_enable_device(pdev);
	if (err)
		return err;
	pool = vfpool_alloc(pdev);
	if (!pool)
		return -ENOMEM;
	pci_set_drvdata(pdev, pool);
	pool->regs = pcim_iomap(pdev, 0, 0);
	if (!pool->regs) {
		err = -ENOMEM;
		goto put;
	}
	pci_set_master(pdev);
	err = vfpool_bridge_identify(pool);
	if (err)
		goto put;
	pool->id = ida_alloc(&vfpool_ids, GFP_KERNEL);
	if (pool->id < 0) {
		err = pool->id;
		goto put;
	}
	snprintf(pool->name, sizeof(pool->name), "vfpool%d", pool->id);
	if (pool->role == VFPOOL_OWNER) {
		err = vfpool_owner_prepare(pool);
		if (err)
			goto free_id;
	}
	vfpool_sysfs_prepare(pool);
	err = vfpool_chardev_add(pool);
	if (err)
		goto free_id;
	err = vfpool_events_start(pool);
	if (err)
		goto remove_chardev;
	if (pool->role == VFPOOL_OWNER) {
		err = vfpool_owner_start(pool);
		if (err)
			goto stop_events;
	}
	pci_info(pdev, "%s: %s, port %u of %u users with %u slots, %u card%s\n", pool->name,
		 pool->role == VFPOOL_OWNER ? "owner" : "user", pool->port, pool->users,
		 pool->slots, pool->cards, pool->cards > 1 ? "s" : "");
	return 0;

stop_events:
	vfpool_events_stop(pool);
remove_chardev:
	vfpool_chardev_remove(pool);
free_id:
	ida_free(&vfpool_ids, pool->id);
put:
	vfpool_put(pool);
	return err;
}

static void vfpool_remove(struct pci_dev *pdev)
{
	struct vfpool *pool = pci_get_drvdata(pdev);

	if (pool->role == VFPOOL_OWNER)
		vfpool_owner_stop(pool);
	vfpool_events_stop(pool);
	vfpool_chardev_remove(pool);
	ida_free(&vfpool_ids, pool->id);
	vfpool_put(pool);
}

static const struct pci_device_id vfpool_table[] = {
	{ PCI_DEVICE(VFPOOL_VENDOR, VFPOOL_DEVICE) },
	{ }
};
MODULE_DEVICE_TABLE(pci, vfpool_table);

static struct pci_driver vfpool_driver = {
	.name = "vfpool",
	.id_table = vfpool_table,
	.probe = vfpool_probe,
	.remove = vfpool_remove,
	.shutdown = vfpool_remove,
};
module_pci_driver(vfpool_driver);

MODULE_DESCRIPTION("Pooled SR-IOV functions: allocation between servers");
MODULE_LICENSE("GPL");
