// SPDX-License-Identifier: GPL-2.0-only
/*
 * The owner's view of the pooled functions. It enumerates every VF of the card;
 * those are for users, so no driver of its own shall bind them by itself. An
 * administrator who wants one on the owner clears driver_override.
 */
#include <linux/device/driver.h>
#include <linux/netdevice.h>

#include "vfpool.h"

/* No driver has this name, so none matches. */
#define POOLED	"vfpool-pooled"

/*
 * The card's PF: the first function with SR-IOV below the upstream port that
 * shares our device number. The caller puts it.
 */
struct pci_dev *vfpool_card(struct vfpool *pool)
{
	struct pci_dev *self = pool->pdev, *pdev = NULL, *above;

	while ((pdev = pci_get_device(PCI_ANY_ID, PCI_ANY_ID, pdev))) {
		if (!pdev->is_physfn)
			continue;
		for (above = pci_upstream_bridge(pdev); above; above = pci_upstream_bridge(above))
			if (above->bus == self->bus &&
			    PCI_SLOT(above->devfn) == PCI_SLOT(self->devfn))
				return pdev;
	}
	return NULL;
}

/* The first network interface of the PF, held; NULL when its driver has none. */
struct net_device *vfpool_card_netdev(struct vfpool *pool)
{
	struct pci_dev *card = vfpool_card(pool);
	struct net_device *netdev, *found = NULL;

	if (!card)
		return NULL;
	rcu_read_lock();
	for_each_netdev_rcu(&init_net, netdev) {
		if (netdev->dev.parent == &card->dev) {
			found = netdev;
			dev_hold(found);
			break;
		}
	}
	rcu_read_unlock();
	pci_dev_put(card);
	return found;
}

/* Whether a driver of this server has the VF; its address is the owner's. */
bool vfpool_vf_bound(struct pci_dev *card, unsigned int vf, u64 *address)
{
	struct pci_dev *pdev = NULL;
	bool bound = false;

	while ((pdev = pci_get_device(card->vendor, PCI_ANY_ID, pdev))) {
		if (!pdev->is_virtfn || pci_physfn(pdev) != card || pci_iov_vf_id(pdev) != vf)
			continue;
		*address = (u64)pci_domain_nr(pdev->bus) << 16 | pci_dev_id(pdev);
		bound = READ_ONCE(pdev->dev.driver);
		pci_dev_put(pdev);
		break;
	}
	return bound;
}

static void pooled_keep(struct pci_dev *pdev)
{
	int err;

#ifdef VFPOOL_DEVICE_OVERRIDE
	err = device_set_driver_override(&pdev->dev, POOLED);
#else
	err = driver_set_override(&pdev->dev, &pdev->driver_override, POOLED, strlen(POOLED));
#endif
	if (err)
		pci_warn(pdev, "cannot be kept from the drivers of this server: %d\n", err);
}

static int pooled_notify(struct notifier_block *block, unsigned long action, void *data)
{
	struct vfpool *pool = container_of(block, struct vfpool, bus);
	struct pci_dev *pdev = to_pci_dev(data), *card;

	/* Before any driver is asked: a driver is looked for after this. */
	if (action != BUS_NOTIFY_ADD_DEVICE || !pdev->is_virtfn)
		return NOTIFY_DONE;
	card = vfpool_card(pool);
	if (card && pci_physfn(pdev) == card)
		pooled_keep(pdev);
	pci_dev_put(card);
	return NOTIFY_DONE;
}

int vfpool_pooled_start(struct vfpool *pool)
{
	struct pci_dev *card, *pdev = NULL;
	int err;

	pool->bus.notifier_call = pooled_notify;
	err = bus_register_notifier(&pci_bus_type, &pool->bus);
	if (err)
		return err;
	/* VFs that are there already; a driver that has one keeps it. */
	card = vfpool_card(pool);
	while (card && (pdev = pci_get_device(PCI_ANY_ID, PCI_ANY_ID, pdev)))
		if (pdev->is_virtfn && pci_physfn(pdev) == card && !READ_ONCE(pdev->dev.driver))
			pooled_keep(pdev);
	pci_dev_put(card);
	return 0;
}

void vfpool_pooled_stop(struct vfpool *pool)
{
	bus_unregister_notifier(&pci_bus_type, &pool->bus);
}
