// SPDX-License-Identifier: GPL-2.0-only
/* Module and PCI device: probe, remove, power, errors, function level reset. */
#include <linux/etherdevice.h>
#include <linux/module.h>
#include <linux/rtnetlink.h>

#include "airvf.h"
#include "devlink.h"
#include "hw.h"
#include "irq.h"
#include "later.h"
#include "link.h"
#include "mailbox.h"
#include "messages.h"
#include "mtvd.h"
#include "netdev.h"
#include "reset.h"
#include "service.h"
#include "updown.h"

#ifndef CONFIG_PAGE_POOL
#error "airvf needs a kernel with CONFIG_PAGE_POOL, which most network drivers select"
#endif

#define BAR0_SIZE	0x4000

static const struct pci_device_id airvf_ids[] = {
	{ PCI_VDEVICE(INTEL, AIRVF_DEV_82599_VF) },
	{ PCI_VDEVICE(INTEL, AIRVF_DEV_82599_VF_HV) },
	{ PCI_VDEVICE(INTEL, AIRVF_DEV_X540_VF) },
	{ PCI_VDEVICE(INTEL, AIRVF_DEV_X540_VF_HV) },
	{ }
};
MODULE_DEVICE_TABLE(pci, airvf_ids);

static void airvf_pci_first_address(struct airvf *vf)
{
	struct net_device *netdev = vf->netdev;

	if (vf->host_mac) {
		eth_hw_addr_set(netdev, vf->perm_addr);
		ether_addr_copy(netdev->perm_addr, vf->perm_addr);
		return;
	}
	eth_hw_addr_random(netdev);
	dev_info(&vf->pdev->dev, "the host gave no MAC address, using %pM\n", netdev->dev_addr);
}

static void airvf_pci_init_stats(struct airvf *vf)
{
	u32 i;

	for (i = 0; i < AIRVF_QUEUES_MAX; i++) {
		u64_stats_init(&vf->rx_stats[i].sync);
		u64_stats_init(&vf->tx_stats[i].xmit_sync);
		u64_stats_init(&vf->tx_stats[i].clean_sync);
		u64_stats_init(&vf->tx_stats[i].watch_sync);
	}
	u64_stats_init(&vf->hw_sync);
}

static int airvf_pci_setup(struct airvf *vf)
{
	int err;

	if (airvf_gone(vf)) {
		dev_err(&vf->pdev->dev, "registers read all ones; is the PF's memory space on?\n");
		return -ENODEV;
	}
	err = airvf_vectors_alloc(vf);
	if (err)
		return err;

	/* Works without PF for now: opening will ask again. */
	err = airvf_reset(vf);
	if (err == -ENODEV)
		goto fail;
	if (err)
		dev_warn(&vf->pdev->dev, "PF does not answer (%d); is its interface up?\n", err);
	/* With bus mastering on, which the reset has done. */
	pci_save_state(vf->pdev);
	airvf_pci_first_address(vf);
	vf->param = (struct airvf_ring_param){
		.queues = min_t(u32, AIRVF_RSS_MAX, rounddown_pow_of_two(num_online_cpus())),
		.rx_count = AIRVF_RX_RING,
		.tx_count = AIRVF_TX_RING,
	};
	airvf_netdev_init(vf->netdev);
	netif_carrier_off(vf->netdev);
	err = register_netdev(vf->netdev);
	if (!err)
		return 0;
fail:
	airvf_vectors_free(vf);
	return err;
}

static int airvf_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct net_device *netdev;
	struct airvf *vf;
	int err;

	if (id->device == AIRVF_DEV_82599_VF_HV || id->device == AIRVF_DEV_X540_VF_HV) {
		dev_err(&pdev->dev,
			"a VF under Hyper-V has no mailbox and is not supported; use ixgbevf\n");
		return -ENODEV;
	}
	err = pci_enable_device_mem(pdev);
	if (err)
		return err;
	err = dma_set_mask_and_coherent(&pdev->dev, DMA_BIT_MASK(64));
	if (err) {
		dev_err(&pdev->dev, "no usable DMA addressing: %d\n", err);
		goto disable;
	}
	if (pci_resource_len(pdev, 0) < BAR0_SIZE) {
		dev_err(&pdev->dev, "BAR 0 has %llu bytes, expected %u\n",
			(u64)pci_resource_len(pdev, 0), BAR0_SIZE);
		err = -ENODEV;
		goto disable;
	}
	err = pci_request_mem_regions(pdev, KBUILD_MODNAME);
	if (err)
		goto disable;

	netdev = alloc_etherdev_mq(sizeof(*vf), AIRVF_QUEUES_MAX);
	if (!netdev) {
		err = -ENOMEM;
		goto regions;
	}
	SET_NETDEV_DEV(netdev, &pdev->dev);
	pci_set_drvdata(pdev, netdev);
	vf = netdev_priv(netdev);
	vf->netdev = netdev;
	vf->pdev = pdev;
	vf->msg_enable = NETIF_MSG_DRV | NETIF_MSG_PROBE | NETIF_MSG_LINK | NETIF_MSG_HW;
	vf->card = id->device == AIRVF_DEV_X540_VF ? "X540" : "82599";
	vf->copybreak = AIRVF_COPYBREAK;
	vf->granted = 1;
	set_bit(AIRVF_F_DOWN, &vf->flags);
	airvf_mbx_init(vf);
	airvf_mtvd_init(vf);
	INIT_DELAYED_WORK(&vf->service, airvf_service);
	airvf_pci_init_stats(vf);

	vf->base = pci_ioremap_bar(pdev, 0);
	if (!vf->base) {
		/* The BAR is there, as its size has been looked at. */
		err = -ENOMEM;
		goto free;
	}
	vf->wq = alloc_ordered_workqueue("%s", 0, "airvf");
	if (!vf->wq) {
		err = -ENOMEM;
		goto unmap;
	}
	err = airvf_mod_init(vf);
	if (err)
		goto wq;
	err = airvf_mtvd_register(vf);
	if (err)
		goto mod;
	err = airvf_devlink_init(vf);
	if (err)
		goto mtvd;
	err = airvf_pci_setup(vf);
	if (err)
		goto devlink;
	netif_info(vf, probe, netdev, "%s VF, mailbox API %s, %u queue pairs granted, %pM\n",
		   vf->card, airvf_api_name(vf->api), vf->granted, netdev->dev_addr);
	return 0;

devlink:
	airvf_devlink_free(vf);
mtvd:
	airvf_mtvd_unregister(vf);
mod:
	airvf_mod_free(vf);
wq:
	destroy_workqueue(vf->wq);
unmap:
	iounmap(vf->base);
free:
	free_netdev(netdev);
regions:
	pci_release_mem_regions(pdev);
disable:
	pci_disable_device(pdev);
	return err;
}

/* Once: after a PCI error, or a reset that failed, it is disabled already. */
static void airvf_pci_disable(struct pci_dev *pdev)
{
	if (pci_is_enabled(pdev))
		pci_disable_device(pdev);
}

static void airvf_remove(struct pci_dev *pdev)
{
	struct net_device *netdev = pci_get_drvdata(pdev);
	struct airvf *vf = netdev_priv(netdev);

	set_bit(AIRVF_F_REMOVING, &vf->flags);
	cancel_delayed_work_sync(&vf->service);
	airvf_mtvd_unregister(vf);
	airvf_mtvd_free(vf);
	unregister_netdev(netdev);
	cancel_delayed_work_sync(&vf->service);
	airvf_devlink_free(vf);
	destroy_workqueue(vf->wq);
	/* The PF forgets this VF's filters. */
	airvf_wr(vf, VFCTRL, VFCTRL_RST);
	airvf_vectors_free(vf);
	airvf_mod_free(vf);
	iounmap(vf->base);
	kfree(vf->uc);
	pci_release_mem_regions(pdev);
	airvf_pci_disable(pdev);
	free_netdev(netdev);
}

/* Nothing touches the device between these two. RTNL. */
static void airvf_pci_detach(struct airvf *vf)
{
	set_bit(AIRVF_F_DETACHED, &vf->flags);
	netif_device_detach(vf->netdev);
	airvf_link_down(vf);
	airvf_down(vf);
}

static int airvf_pci_attach(struct airvf *vf)
{
	int err = 0;

	clear_bit(AIRVF_F_GONE, &vf->flags);
	clear_bit(AIRVF_F_DETACHED, &vf->flags);
	if (netif_running(vf->netdev)) {
		err = airvf_up(vf, true);
		if (err) {
			dev_warn(&vf->pdev->dev, "cannot bring the VF up (%d), will try again\n",
				 err);
			set_bit(AIRVF_F_RESET, &vf->flags);
		}
	}
	airvf_attach(vf);
	airvf_service_kick(vf);
	return err;
}

static int airvf_suspend(struct device *dev)
{
	struct airvf *vf = netdev_priv(dev_get_drvdata(dev));

	cancel_delayed_work_sync(&vf->service);
	rtnl_lock();
	airvf_pci_detach(vf);
	if (vf->irqs)
		airvf_irq_free(vf);
	pci_free_irq_vectors(vf->pdev);
	rtnl_unlock();
	return 0;
}

static int airvf_resume(struct device *dev)
{
	struct airvf *vf = netdev_priv(dev_get_drvdata(dev));
	int err;

	rtnl_lock();
	err = airvf_vectors_alloc(vf);
	if (!err && netif_running(vf->netdev))
		err = airvf_irq_request(vf);
	if (!err)
		airvf_pci_attach(vf);
	rtnl_unlock();
	return err;
}

static DEFINE_SIMPLE_DEV_PM_OPS(airvf_pm_ops, airvf_suspend, airvf_resume);

static void airvf_shutdown(struct pci_dev *pdev)
{
	struct airvf *vf = netdev_priv(pci_get_drvdata(pdev));

	cancel_delayed_work_sync(&vf->service);
	rtnl_lock();
	airvf_pci_detach(vf);
	rtnl_unlock();
	airvf_pci_disable(pdev);
}

static pci_ers_result_t airvf_error_detected(struct pci_dev *pdev, pci_channel_state_t state)
{
	struct airvf *vf = netdev_priv(pci_get_drvdata(pdev));

	dev_warn(&pdev->dev, "PCI error, channel state %d\n", state);
	rtnl_lock();
	airvf_pci_detach(vf);
	if (state != pci_channel_io_perm_failure)
		airvf_pci_disable(pdev);
	rtnl_unlock();
	return state == pci_channel_io_perm_failure ? PCI_ERS_RESULT_DISCONNECT :
						      PCI_ERS_RESULT_NEED_RESET;
}

static pci_ers_result_t airvf_slot_reset(struct pci_dev *pdev)
{
	struct airvf *vf = netdev_priv(pci_get_drvdata(pdev));

	if (pci_enable_device_mem(pdev)) {
		dev_err(&pdev->dev, "cannot enable the device after its reset\n");
		return PCI_ERS_RESULT_DISCONNECT;
	}
	pci_restore_state(pdev);
	pci_save_state(pdev);
	if (airvf_gone(vf)) {
		dev_err(&pdev->dev, "device does not answer after its reset\n");
		return PCI_ERS_RESULT_DISCONNECT;
	}
	return PCI_ERS_RESULT_RECOVERED;
}

static void airvf_error_resume(struct pci_dev *pdev)
{
	rtnl_lock();
	airvf_pci_attach(netdev_priv(pci_get_drvdata(pdev)));
	rtnl_unlock();
}

/* FLR by somebody else (sysfs, VFIO): queues must be stopped before it. */
static void airvf_reset_prepare(struct pci_dev *pdev)
{
	rtnl_lock();
	airvf_pci_detach(netdev_priv(pci_get_drvdata(pdev)));
	rtnl_unlock();
}

static void airvf_reset_done(struct pci_dev *pdev)
{
	rtnl_lock();
	airvf_pci_attach(netdev_priv(pci_get_drvdata(pdev)));
	rtnl_unlock();
}

static const struct pci_error_handlers airvf_error_handlers = {
	.error_detected = airvf_error_detected,
	.slot_reset = airvf_slot_reset,
	.resume = airvf_error_resume,
	.reset_prepare = airvf_reset_prepare,
	.reset_done = airvf_reset_done,
};

static struct pci_driver airvf_driver = {
	.name = KBUILD_MODNAME,
	.id_table = airvf_ids,
	.probe = airvf_probe,
	.remove = airvf_remove,
	.shutdown = airvf_shutdown,
	.driver.pm = pm_sleep_ptr(&airvf_pm_ops),
	.err_handler = &airvf_error_handlers,
};

static int __init airvf_module_init(void)
{
	int err = airvf_mtvd_module_init();

	if (err)
		return err;
	err = pci_register_driver(&airvf_driver);
	if (err)
		airvf_mtvd_module_exit();
	return err;
}
module_init(airvf_module_init);

static void __exit airvf_module_exit(void)
{
	pci_unregister_driver(&airvf_driver);
	airvf_mtvd_module_exit();
}
module_exit(airvf_module_exit);

MODULE_DESCRIPTION("Intel 82599 virtual function with adaptive interrupt rate control");
MODULE_AUTHOR("The vfpool authors");
MODULE_LICENSE("GPL");
