// SPDX-License-Identifier: GPL-2.0-only
/*
 * The owner's view of the pooled functions. It enumerates every VF of the cards;
 * those are for users, so no driver of its own shall bind them by itself. An
 * administrator who wants one on the owner clears driver_override.
 */
#include <linux/device/driver.h>
#include <linux/netdevice.h>

#include "vfpool.h"

/* No driver has this name, so none matches. */
#define POOLED	"vfpool-pooled"

/* As struct vfpool_vf_info and struct vfpool_card_info have it. */
u64 vfpool_address(struct pci_dev *pdev)
{
	return (u64)pci_domain_nr(pdev->bus) << 16 | pci_dev_id(pdev);
}

/*
 * The card that a function belongs to, -1: it is of another tree. Below the
 * upstream port that shares our device number is a port for each card, whose
 * device number is that of the card.
 */
static int card_above(struct vfpool *pool, struct pci_dev *pdev)
{
	struct pci_dev *self = pool->pdev, *port = NULL, *above;

	for (above = pci_upstream_bridge(pdev); above; above = pci_upstream_bridge(above)) {
		if (port && above->bus == self->bus &&
		    PCI_SLOT(above->devfn) == PCI_SLOT(self->devfn))
			return PCI_SLOT(port->devfn);
		port = above;
	}
	return -1;
}

/* The card's PF: its first function with SR-IOV. The caller puts it. */
struct pci_dev *vfpool_pf(struct vfpool *pool, unsigned int card)
{
	struct pci_dev *pdev = NULL;

	while ((pdev = pci_get_device(PCI_ANY_ID, PCI_ANY_ID, pdev)))
		if (pdev->is_physfn && card_above(pool, pdev) == card)
			return pdev;
	return NULL;
}

/* The first network interface of the PF, held; NULL when its driver has none. */
struct net_device *vfpool_pf_netdev(struct vfpool *pool, unsigned int card)
{
	struct pci_dev *pf = vfpool_pf(pool, card);
	struct net_device *netdev, *found = NULL;

	if (!pf)
		return NULL;
	rcu_read_lock();
	for_each_netdev_rcu(&init_net, netdev) {
		if (netdev->dev.parent == &pf->dev) {
			found = netdev;
			dev_hold(found);
			break;
		}
	}
	rcu_read_unlock();
	pci_dev_put(pf);
	return found;
}

/* Whether a driver of this server has the VF; its address is the owner's. */
bool vfpool_vf_bound(struct vfpool *pool, u8 vf, u64 *address)
{
	struct pci_dev *pf = vfpool_pf(pool, vf / VFPOOL_CARD_VFS), *pdev = NULL;
	bool bound = false;

	while (pf && (pdev = pci_get_device(pf->vendor, PCI_ANY_ID, pdev))) {
		if (!pdev->is_virtfn || pci_physfn(pdev) != pf ||
		    pci_iov_vf_id(pdev) != vf % VFPOOL_CARD_VFS)
			continue;
		*address = vfpool_address(pdev);
		bound = READ_ONCE(pdev->dev.driver);
		pci_dev_put(pdev);
		break;
	}
	pci_dev_put(pf);
	return bound;
}

/* A VF of a card's first function with SR-IOV; those of its others are the owner's. */
static bool pooled(struct vfpool *pool, struct pci_dev *pdev)
{
	struct pci_dev *pf;
	int card;
	bool is;

	if (!pdev->is_virtfn)
		return false;
	card = card_above(pool, pci_physfn(pdev));
	if (card < 0)
		return false;
	pf = vfpool_pf(pool, card);
	is = pf == pci_physfn(pdev);
	pci_dev_put(pf);
	return is;
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

	/* Before any driver is asked: a driver is looked for after this. */
	if (action == BUS_NOTIFY_ADD_DEVICE && pooled(pool, to_pci_dev(data)))
		pooled_keep(to_pci_dev(data));
	return NOTIFY_DONE;
}

int vfpool_pooled_start(struct vfpool *pool)
{
	struct pci_dev *pdev = NULL;
	int err;

	pool->bus.notifier_call = pooled_notify;
	err = bus_register_notifier(&pci_bus_type, &pool->bus);
	if (err)
		return err;
	/* VFs that are there already; a driver that has one keeps it. */
	while ((pdev = pci_get_device(PCI_ANY_ID, PCI_ANY_ID, pdev)))
		if (pooled(pool, pdev) && !READ_ONCE(pdev->dev.driver))
			pooled_keep(pdev);
	return 0;
}

void vfpool_pooled_stop(struct vfpool *pool)
{
	bus_unregister_notifier(&pci_bus_type, &pool->bus);
}
