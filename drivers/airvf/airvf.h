/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The driver's objects. Who may touch what:
 *  - configuration (rings, queues, up and down) under RTNL;
 *  - a Tx ring's producer side under its netdev queue's lock, its consumer side
 *    and a Rx ring from the vector's NAPI poll;
 *  - the mailbox under its mutex, always from process context.
 * Work that the network stack asks for in atomic context is left in flags for
 * the service work.
 */
#ifndef AIRVF_H
#define AIRVF_H

#include <linux/ethtool.h>
#include <linux/if_ether.h>
#include <linux/if_vlan.h>
#include <linux/netdevice.h>
#include <linux/pci.h>
#include <linux/u64_stats_sync.h>
#include <linux/workqueue.h>

#include "compat.h"
#include "copy.h"
#include "regs.h"
#include "moderate.h"
#include "mtvd_config.h"

#define AIRVF_QUEUES_MAX	8	/* what a pool can own */
#define AIRVF_RSS_MAX		4	/* VFPSRTYPE.RQPL 2 */
#define AIRVF_RING_MIN		64
#define AIRVF_RING_MAX		4096
#define AIRVF_RETRY		max(HZ / 100, 1)
#define AIRVF_RX_RING		512
#define AIRVF_TX_RING		1024
#define AIRVF_TX_SMALL		(2 * AIRVF_COPY_BLOCK)	/* so short pieces are copied, not mapped */

/*
 * A page a buffer: headroom for XDP, 3 KB for the device, skb_shared_info. The
 * VF cannot limit frames (no RLPML), so a longer one continues in the next.
 */
#define AIRVF_RX_HEADROOM	XDP_PACKET_HEADROOM
#define AIRVF_RX_BUFFER		3072
#define AIRVF_RX_TRUESIZE	PAGE_SIZE
#define AIRVF_XDP_BULK		16
#define AIRVF_COPYBREAK		256
#define AIRVF_COPYBREAK_MAX	1024

#define AIRVF_FRAME_EXTRA	(ETH_HLEN + ETH_FCS_LEN)

enum airvf_flag {
	AIRVF_F_DOWN,		/* queues stopped; no register is armed */
	AIRVF_F_PAUSED,		/* nothing is sent while the PF is asked something */
	AIRVF_F_GONE,		/* reads all ones */
	AIRVF_F_DETACHED,	/* suspended, in FLR, or after a PCI error */
	AIRVF_F_REMOVING,
	AIRVF_F_RESET,		/* service: reset wanted */
	AIRVF_F_LINK,		/* service: link is to be read again */
	AIRVF_F_RXMODE,		/* service: filters changed */
	AIRVF_F_UNHEARD,	/* service: settings that the PF did not hear after a reset */
	AIRVF_F_TX_STUCK,	/* devlink: is to be told */
	AIRVF_F_TX_TIMEOUT,
	AIRVF_F_IRQ_LOST,
};

/* Optional parts of the mailbox protocol, computed once after negotiation. */
#define AIRVF_CAP_QUEUES	BIT(0)
#define AIRVF_CAP_RSS_QUERY	BIT(1)
#define AIRVF_CAP_XCAST		BIT(2)
#define AIRVF_CAP_PROMISC	BIT(3)
#define AIRVF_CAP_LINK_STATE	BIT(4)
#define AIRVF_CAP_JUMBO		BIT(5)
#define AIRVF_CAP_ESX		BIT(6)

/* One writer each: xmit for the first group, NAPI for the second, the service for the last. */
struct airvf_tx_stats {
	struct u64_stats_sync xmit_sync;
	u64 busy;
	u64 stop;
	u64 dma_errors;
	u64 dropped;
	u64 link_local;
	u64 csum_none;
	u64 needs_csum;
	u64 doorbells;
	u64 small;		/* counts for both of the two before */
	u64 xdp_xmit;
	u64 xdp_full;

	struct u64_stats_sync clean_sync ____cacheline_aligned_in_smp;
	u64 packets;
	u64 bytes;
	u64 wake;

	struct u64_stats_sync watch_sync;
	u64 hangs;
};

struct airvf_rx_stats {
	struct u64_stats_sync sync;
	u64 packets;
	u64 bytes;
	u64 csum_good;
	u64 csum_none;
	u64 csum_bad;
	u64 frame_errors;
	u64 bad_length;
	u64 own_multicast;
	u64 no_buffer;		/* polls that found the device without a buffer */
	u64 alloc_failed;	/* page of a buffer */
	u64 skb_failed;
	u64 copied;
	u64 multi_buffer;
	u64 xdp_pass;
	u64 xdp_drop;
	u64 xdp_tx;
	u64 xdp_redirect;
	u64 xdp_aborted;
} ____cacheline_aligned_in_smp;

/* Receive statistics that workers write: several may work for one queue. */
struct airvf_made_stats {
	atomic64_t csum_good;
	atomic64_t csum_none;
	atomic64_t csum_bad;
	atomic64_t failed;
	atomic64_t copied;
	atomic64_t own_multicast;
} ____cacheline_aligned_in_smp;

#define AIRVF_HIST	12	/* 0, 1, 2-3, 4-7, ... 512-1023, 1024 and more */

/* The statistics unit's view of one vector; written by its NAPI poll only. */
struct airvf_vector_stats {
	struct u64_stats_sync sync;
	u64 polls;
	u64 empty;		/* polls that found nothing */
	u64 exhausted;		/* polls that used up the budget */
	u64 packets;
	u64 bytes;
	u64 cycles;
	u64 decisions;
	u64 writes;		/* of VTEITR */
	u64 dispatched;		/* to workers */
	u64 in_place;		/* not dispatched: workers slept, and it was little */
	u64 full;		/* polls that ended since workers had no room */
	u64 sent;		/* those of packets that were sent */
	u64 dry;		/* polls that found a receive ring without buffers */
	u64 hist[AIRVF_HIST];	/* packets per interrupt */
};

enum airvf_tx_type {
	AIRVF_TX_SHORT,		/* skb that was copied: one descriptor, one segment */
	AIRVF_TX_SKB,
	AIRVF_TX_XDP,		/* frame mapped by us (ndo_xdp_xmit) */
	AIRVF_TX_XDP_POOL,	/* frame in our page pool (XDP_TX) */
	AIRVF_TX_XSK,		/* of a socket's memory */
};

/* One a descriptor; what concerns the whole packet stands in its first. */
struct airvf_tx_buf {
	union {
		struct sk_buff *skb;
		struct xdp_frame *xdpf;
	};
	dma_addr_t dma;
	u32 len;		/* mapped; 0: nothing to unmap */
	u32 bytes;
	u16 segs;
	u16 type;		/* enum airvf_tx_type */
	u32 eop;		/* index of the packet's last descriptor */
};

/* The two fields of an skb that say where its checksum is, as one. */
union airvf_tx_csum {
	struct {
		u16 start;
		u16 offset;
	};
	__wsum both;
};

/* What airvf_tx_usual() knows of the packets that context 0 fits; all ones: nothing. */
struct airvf_tx_usual {
	u32 mac;			/* bytes before the IP header */
	union airvf_tx_csum csum;	/* from there on */
};

/* A context that the device keeps for a queue (data sheet 7.2.3.2.3). */
struct airvf_tx_context {
	u32 lens;
	u32 type;
	u32 mss;
	bool known;		/* it has been given to the device */
};

struct airvf_tx_ring {
	struct airvf_tx_desc *desc;
	struct airvf_tx_buf *buf;
	void __iomem *tail;
	struct device *dev;	/* for DMA */
	struct airvf *vf;
	struct netdev_queue *txq;
	struct airvf_tx_stats *stats;
	u32 count;
	u16 index;		/* netdev queue */
	u16 reg;		/* hardware queue */
	struct xsk_buff_pool *xsk;	/* socket whose frames it sends, or NULL */
	void *small;		/* a place for each descriptor's short piece, or NULL */
	dma_addr_t small_dma;
	u32 next_to_use ____cacheline_aligned_in_smp;
	u32 kicked;		/* last value of the tail register */
	u32 room;		/* at least so many descriptors can be filled */
	struct airvf_tx_usual usual;
	struct airvf_tx_context context[2];	/* 0: checksum and plain, 1: segmented */
	u16 next_to_clean ____cacheline_aligned_in_smp;
	u16 watch_clean;	/* service: progress since the last look */
	bool watch_pending;
	unsigned long watch_since;
	dma_addr_t dma;
};

/* What a descriptor of a receive ring stands for; its page is found by its address. */
struct airvf_rx_buf {
	void *data;		/* where the device writes to: behind the headroom. NULL: no page */
	dma_addr_t dma;		/* the same for the device */
};

/* Counted by whoever makes skbs: the poll, or a worker. */
struct airvf_skb_count {
	u32 csum_good;
	u32 copied;
	/* The others are rare. */
	u32 csum_none;
	u32 csum_bad;
	u32 failed;
	u32 own_multicast;
};

/* What the poll that runs did with a ring; zero between polls but for copybreak. */
struct airvf_rx_pass {
	u32 packets;
	u32 bytes;
	struct airvf_skb_count skbs;
	u32 copybreak;	/* longest frame that is copied */
	bool no_buffer;	/* the device was found without a buffer */
	bool tx;
	bool redirect;
};

/* A frame for an XDP program, and where the device says what it is. */
struct airvf_xdp_buff {
	struct xdp_buff xdp;
	const union airvf_rx_desc *desc;	/* of its last buffer */
};

struct airvf_rx_ring {
	union airvf_rx_desc *desc;
	struct airvf_rx_buf *buf;
	struct xsk_buff_pool *xsk;	/* socket that it belongs to (xsk.c), or NULL */
	struct xdp_buff **xsk_buf;	/* instead of buf[] */
	struct device *dev;	/* for DMA */
	enum dma_data_direction dma_dir;
	u32 count;
	u16 index;
	u16 next_to_use;
	u16 next_to_clean;
	bool midway;		/* in a frame that began, but did not end */
	bool skipping;		/* the rest of one that was given up */
	bool reserves;		/* some pages are the emergency reserves' */
	bool holes;		/* descriptors that are not the device's may lack a page */
	struct page_pool *pool;
	struct bpf_prog *prog;	/* the poll's copy, valid within one poll ... */
	struct airvf_mtvd *mtvd;	/* ... as is who gets its frames; NULL: the stack */
	struct airvf_rx_pass pass;
	struct airvf *vf;
	struct airvf_vector *vector;
	struct airvf_rx_stats *stats;
	void __iomem *tail;
	u16 reg;
	struct airvf_xdp_buff frame;	/* being gathered; data NULL: none */
	struct page *head;	/* its first page */
	struct xdp_rxq_info rxq;
	struct xdp_frame *xdp_tx[AIRVF_XDP_BULK];	/* verdict TX, within one poll */
	u32 xdp_tx_n;
	dma_addr_t dma;
};

/*
 * What a poll did, for statistics and moderation.
 * @received: frames
 * @sent: packets whose clean-up was done; one, however many segments it became
 * @bytes: of both
 * @dry: a receive ring was found without buffers
 * @start: airvf_cycles() at its beginning; 0: it is not timed
 * @cleaned: the same when what was sent was cleaned up; @start if nothing was
 */
struct airvf_work {
	u32 received;
	u32 sent;
	u32 bytes;
	bool dry;
	u64 start;
	u64 cleaned;
};

struct airvf_vector {
	struct napi_struct napi;
	struct airvf *vf;
	struct airvf_tx_ring *tx[AIRVF_QUEUES_MAX];
	struct airvf_rx_ring *rx[AIRVF_QUEUES_MAX];
	u8 n_tx;
	u8 n_rx;
	u8 index;
	bool requested;
	int irq;
	u64 interrupts;		/* written by the interrupt handler only, within ... */
	struct u64_stats_sync irq_sync;
	u64 watch_interrupts;	/* service: at the last look */
	u64 watch_polls;
	unsigned long watch_since;
	bool watch_waiting;
	u64 lost;		/* looks that found work but no interrupt */
	struct airvf_work work;	/* of the poll that runs */
	u32 since_irq;		/* packets since the last interrupt */
	u16 steps;		/* interval in VTEITR; 0: no throttling */
	struct airvf_mtvd *mtvd;	/* the poll's; NULL: it delivers itself */
	struct airvf_mtvd *mtvd_next;
	u32 mtvd_switch;	/* enum airvf_switch */
	struct airvf_mod mod;
	struct airvf_vector_stats stats;
	struct delayed_work retry;	/* polls when memory was short */
	char name[IFNAMSIZ + 16];
};

struct airvf_rings {
	u16 n_rx;
	u16 n_tx;
	struct airvf_rx_ring *rx[AIRVF_QUEUES_MAX];
	struct airvf_tx_ring *tx[AIRVF_QUEUES_MAX];
};

/* What a set of rings is made from. */
struct airvf_ring_param {
	u16 queues;
	u16 rx_count;
	u16 tx_count;
	bool xdp;		/* buffers are also read by the device */
};

struct airvf_mailbox {
	struct mutex lock;	/* one transaction at a time */
	spinlock_t bits;	/* VFMAILBOX and the next two; process context */
	u32 seen;		/* read-to-clear bits that were read */
	bool pf_was_reset;	/* since our last reset */
	bool esx;		/* keep the lock until the PF acknowledged */
	bool late;		/* a caller gave up; others fail at once until the PF is back */
	bool dead;		/* nobody is there; fails at once until the next reset */
	u32 slowest;		/* polls that answers need at most, of late */
	u32 waited;		/* polls of the transaction, which may have ... */
	u32 limit;		/* ... so many */
	u64 sent;
	u64 refused;
	u64 timeouts;
	u64 pings;
};

struct airvf_counter {
	u64 total;
	u64 last;
};

struct airvf {
	struct net_device *netdev;
	struct pci_dev *pdev;
	const char *card;	/* its name */
	void __iomem *base;
	unsigned long flags;
	u32 msg_enable;

	struct airvf_rings rings;
	struct airvf_ring_param param;
	struct airvf_vector *vector[AIRVF_VECTORS_MAX];
	char mbx_name[IFNAMSIZ + 8];
	u8 vectors;		/* allocated */
	u8 vectors_used;
	struct bpf_prog *prog;
	struct xsk_buff_pool *xsk[AIRVF_QUEUES_MAX];	/* queues that belong to a socket */
	u32 copybreak;
	struct airvf_mod_config __rcu *mod_config;

	struct airvf_mailbox mbx;
	enum airvf_api api;
	u32 caps;
	u32 filter_type;	/* which bits of a group address are hashed */
	u16 granted;		/* queue pairs of the pool */
	u16 tcs;		/* traffic classes, 0: none */
	u16 default_queue;
	bool registered;	/* the PF answered our RESET */
	bool up;
	bool irqs;		/* requested */
	bool host_mac;		/* MAC given by the host's administrator */
	u8 perm_addr[ETH_ALEN];
	unsigned long vlans[BITS_TO_LONGS(VLAN_N_VID)];
	unsigned long vlans_left[BITS_TO_LONGS(VLAN_N_VID)];	/* the PF has not heard it */

	struct airvf_mtvd __rcu *mtvd;	/* changed under RTNL and mtvd_lock */
	struct airvf_mtvd_config mtvd_config;
	struct mutex mtvd_lock;	/* workers against CPU hot-plug, which has no RTNL */
	struct hlist_node cpu_node;

	struct devlink *devlink;
	struct devlink_health_reporter *tx_health, *rx_health;

	struct workqueue_struct *wq;
	struct delayed_work service;
	unsigned long last_reset;
	u32 reset_gap;		/* seconds to keep between resets, grows */
	u32 link_speed;
	bool link_again;	/* look at the link again, at ... */
	unsigned long link_at;
	bool mc_told;		/* one message, not one a change */
	bool uc_told;
	u8 *uc;			/* further unicast addresses that the PF has of us */
	u32 uc_sent;
	bool frame_refused;	/* the PF lets nothing in: it refuses our MTU */
	bool mac_refused;	/* the PF refused our address as we registered */
	bool trust_known;
	bool trusted;		/* by the host's administrator */
	unsigned long quiet_since;	/* look whether anything is received, ... */
	u64 quiet_packets;	/* ... and what had been by then */

	u64 resets;
	u64 tx_timeouts;
	u64 mbx_interrupts;
	struct airvf_counter hw_rx_packets, hw_tx_packets, hw_multicast;
	struct airvf_counter hw_rx_bytes, hw_tx_bytes;
	struct u64_stats_sync hw_sync;	/* written under RTNL */

	struct airvf_tx_stats tx_stats[AIRVF_QUEUES_MAX];
	struct airvf_rx_stats rx_stats[AIRVF_QUEUES_MAX];
	struct airvf_made_stats made[AIRVF_QUEUES_MAX];
};

static inline u16 airvf_tx_unused(const struct airvf_tx_ring *ring)
{
	u16 clean = READ_ONCE(ring->next_to_clean), use = ring->next_to_use;

	return (clean > use ? 0 : ring->count) + clean - use - 1;
}

/* Descriptors that the device has been given, and that were not taken since. */
static inline u32 airvf_rx_given(const struct airvf_rx_ring *rx)
{
	return (rx->next_to_use >= rx->next_to_clean ? 0 : rx->count) +
	       rx->next_to_use - rx->next_to_clean;
}

static inline u32 airvf_rx_unused(const struct airvf_rx_ring *rx)
{
	return rx->count - 1 - airvf_rx_given(rx);
}

#endif
