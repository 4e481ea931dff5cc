/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Every difference between the kernels that the driver builds for (6.1 and
 * later). The rest of the driver is written for the newest form.
 */
#ifndef AIRVF_COMPAT_H
#define AIRVF_COMPAT_H

#include <linux/bpf.h>
#include <linux/dim.h>
#include <linux/ethtool.h>
#include <linux/netdevice.h>
#include <linux/skbuff.h>
#include <linux/timex.h>
#include <linux/version.h>
#include <net/devlink.h>
#include <net/xdp.h>
#include <net/xdp_sock_drv.h>
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 6, 0)
#include <net/page_pool/helpers.h>
#else
#include <net/page_pool.h>
#endif
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 12, 0)
#include <linux/unaligned.h>
#else
#include <asm/unaligned.h>
#endif
#ifdef CONFIG_X86_TSC
#include <asm/tsc.h>
#endif

#define AIRVF_KERNEL(a, b) (LINUX_VERSION_CODE >= KERNEL_VERSION(a, b, 0))

/* Is it in one piece, and no tag of a VLAN to be inserted? */
static inline bool airvf_skb_plain(const struct sk_buff *skb)
{
#if AIRVF_KERNEL(6, 2)
	return !(skb->data_len | skb->vlan_all);
#else
	return !skb->data_len && !skb_vlan_tag_present(skb);
#endif
}

#if AIRVF_KERNEL(6, 10)
#define AIRVF_QUEUE_STATS	1	/* netdev_stat_ops with alloc_fail, stop, wake */
#endif

#if !AIRVF_KERNEL(6, 6)
static inline void skb_frag_fill_page_desc(skb_frag_t *frag, struct page *page,
					   int off, int size)
{
	__skb_frag_set_page(frag, page);
	skb_frag_off_set(frag, off);
	skb_frag_size_set(frag, size);
}
#endif

#if !AIRVF_KERNEL(6, 8)
static inline void netif_queue_set_napi(struct net_device *netdev, unsigned int queue,
					int type, struct napi_struct *napi)
{
}

static inline void netif_napi_set_irq(struct napi_struct *napi, int irq)
{
}

static inline void ethtool_puts(u8 **data, const char *text)
{
	ethtool_sprintf(data, "%s", text);
}

#define NETDEV_QUEUE_TYPE_RX	0
#define NETDEV_QUEUE_TYPE_TX	1
#endif

static inline void airvf_pool_netdev(struct page_pool_params *params,
				     struct net_device *netdev)
{
#if AIRVF_KERNEL(6, 8)
	params->slow.netdev = netdev;
#endif
}

/* The poll that may recycle into the pool without a lock, or NULL; it must be disabled now. */
static inline void airvf_pool_napi(struct page_pool *pool, struct napi_struct *napi)
{
#if AIRVF_KERNEL(7, 0)
	if (napi)
		page_pool_enable_direct_recycling(pool, napi);
	else
		page_pool_disable_direct_recycling(pool);
#elif AIRVF_KERNEL(6, 4)
	WRITE_ONCE(pool->p.napi, napi);
#endif
}

static inline void airvf_napi_add(struct net_device *netdev, struct napi_struct *napi,
				  int (*poll)(struct napi_struct *, int), int index)
{
#if AIRVF_KERNEL(6, 13)
	netif_napi_add_config(netdev, napi, poll, index);
#else
	netif_napi_add(netdev, napi, poll);
#endif
}

/*
 * From 6.17 on leaving threaded NAPI waits, with the interface's own lock, for
 * polls that are disabled. Enabling them takes that lock, so who disables them
 * must have it until then.
 */
static inline void airvf_napi_lock(struct net_device *netdev)
{
#if AIRVF_KERNEL(6, 17)
	netdev_lock(netdev);
#endif
}

static inline void airvf_napi_unlock(struct net_device *netdev)
{
#if AIRVF_KERNEL(6, 17)
	netdev_unlock(netdev);
#endif
}

static inline void airvf_napi_disable(struct napi_struct *napi)
{
#if AIRVF_KERNEL(6, 17)
	napi_disable_locked(napi);
#else
	napi_disable(napi);
#endif
}

static inline void airvf_napi_enable(struct napi_struct *napi)
{
#if AIRVF_KERNEL(6, 17)
	napi_enable_locked(napi);
#else
	napi_enable(napi);
#endif
}

/* A net_device that only carries NAPI instances. */
static inline struct net_device *airvf_dummy_alloc(void)
{
#if AIRVF_KERNEL(6, 10)
	return alloc_netdev_dummy(0);
#else
	struct net_device *dummy = kzalloc(sizeof(*dummy), GFP_KERNEL);

	if (dummy)
		init_dummy_netdev(dummy);
	return dummy;
#endif
}

static inline void airvf_dummy_free(struct net_device *dummy)
{
#if AIRVF_KERNEL(6, 10)
	if (dummy)
		free_netdev(dummy);
#else
	kfree(dummy);
#endif
}

static inline int airvf_set_threaded(struct net_device *dummy)
{
#if AIRVF_KERNEL(6, 17)
	netif_threaded_enable(dummy);
	return 0;
#else
	return dev_set_threaded(dummy, true);
#endif
}

static inline void airvf_xdp_features(struct net_device *netdev, bool redirect_sg)
{
#if AIRVF_KERNEL(6, 3)
	xdp_set_features_flag(netdev, NETDEV_XDP_ACT_BASIC | NETDEV_XDP_ACT_REDIRECT |
			      NETDEV_XDP_ACT_RX_SG | NETDEV_XDP_ACT_NDO_XMIT |
			      NETDEV_XDP_ACT_XSK_ZEROCOPY |
			      (redirect_sg ? NETDEV_XDP_ACT_NDO_XMIT_SG : 0));
#endif
}

static inline void airvf_net_dim(struct dim *dim, struct dim_sample *sample)
{
#if IS_REACHABLE(CONFIG_DIMLIB)
#if AIRVF_KERNEL(6, 13)
	net_dim(dim, sample);
#else
	net_dim(dim, *sample);
#endif
#endif
}

/* What an skb made of several buffers inherits from the XDP buffer. */
static inline u32 airvf_xdp_skb_flags(struct xdp_buff *xdp)
{
#if AIRVF_KERNEL(6, 18)
	return xdp_buff_get_skb_flags(xdp);
#else
	return xdp_buff_is_frag_pfmemalloc(xdp);
#endif
}

static inline void airvf_skb_frags(struct sk_buff *skb, u8 frags, u32 size, u32 truesize,
				   u32 flags)
{
#if AIRVF_KERNEL(6, 18)
	xdp_update_skb_frags_info(skb, frags, size, truesize, flags);
#else
	xdp_update_skb_shared_info(skb, frags, size, truesize, flags);
#endif
}

#if AIRVF_KERNEL(6, 8)
#define AIRVF_XDP_HINTS		1	/* xdp_metadata_ops with VLAN tags */
#define AIRVF_RXFH_PARAM	1	/* struct ethtool_rxfh_param */
#endif
#if AIRVF_KERNEL(6, 18)
#define AIRVF_RX_RING_COUNT	1	/* get_rx_ring_count instead of GRXRINGS */
#endif

static inline void airvf_xsk_sync_for_cpu(struct xdp_buff *xdp, struct xsk_buff_pool *pool)
{
#if AIRVF_KERNEL(6, 10)
	xsk_buff_dma_sync_for_cpu(xdp);
#else
	xsk_buff_dma_sync_for_cpu(xdp, pool);
#endif
}

static inline struct devlink_health_reporter *
airvf_health_create(struct devlink *devlink, const struct devlink_health_reporter_ops *ops,
		    void *priv)
{
#if AIRVF_KERNEL(6, 18)
	return devlink_health_reporter_create(devlink, ops, priv);
#else
	return devlink_health_reporter_create(devlink, ops, 0, priv);
#endif
}

/* Later kernels know it. */
static inline int airvf_devlink_driver_name(struct devlink_info_req *req)
{
#if AIRVF_KERNEL(6, 2)
	return 0;
#else
	return devlink_info_driver_name_put(req, KBUILD_MODNAME);
#endif
}

/*
 * The clock that costs are measured in: cycles where a counter is at hand, and
 * its rate known (tsc_khz 0: it could not be calibrated).
 */
static inline u64 airvf_cycles(void)
{
#ifdef CONFIG_X86_TSC
	if (likely(tsc_khz))
		return rdtsc();
#endif
	return ktime_get_mono_fast_ns();
}

static inline u64 airvf_cycles_per_second(void)
{
#ifdef CONFIG_X86_TSC
	if (likely(tsc_khz))
		return (u64)tsc_khz * 1000;
#endif
	return NSEC_PER_SEC;
}

#endif
