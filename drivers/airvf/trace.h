/* SPDX-License-Identifier: GPL-2.0-only */
/* Trace events: every decision about the interrupt rate, every MTVD batch. */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM airvf

#if !defined(AIRVF_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define AIRVF_TRACE_H

#include <linux/netdevice.h>
#include <linux/tracepoint.h>

#include "moderation.h"

/* Programs that print from the raw buffer know no enums. */
TRACE_DEFINE_ENUM(AIRVF_KEEP);
TRACE_DEFINE_ENUM(AIRVF_NEEDED);
TRACE_DEFINE_ENUM(AIRVF_ENOUGH);
TRACE_DEFINE_ENUM(AIRVF_CEILING);
TRACE_DEFINE_ENUM(AIRVF_FLOOR);
TRACE_DEFINE_ENUM(AIRVF_LIGHT);
TRACE_DEFINE_ENUM(AIRVF_BURSTS);
TRACE_DEFINE_ENUM(AIRVF_CLASS);
TRACE_DEFINE_ENUM(AIRVF_FIXED);
TRACE_DEFINE_ENUM(AIRVF_DIM);

TRACE_EVENT(airvf_moderate,
	TP_PROTO(const struct net_device *netdev, u32 vector, u32 mode,
		 const struct airvf_load *load, const struct airvf_decision *decision,
		 const struct airvf_air *air),
	TP_ARGS(netdev, vector, mode, load, decision, air),
	TP_STRUCT__entry(
		__array(char, name, IFNAMSIZ)
		__field(u32, vector)
		__field(u32, mode)
		__field(u64, ns)
		__field(u64, packets)
		__field(u64, bytes)
		__field(u32, events)
		__field(u32, old_steps)
		__field(u32, new_steps)
		__field(u32, rate)
		__field(u32, ceiling)
		__field(u32, needed)
		__field(u64, bandwidth)
		__field(u32, size)
		__field(u32, reason)
		__field(u64, c)
		__field(u32, cpkt)
		__field(u32, cint)
		__field(u32, k)
	),
	TP_fast_assign(
		strscpy(__entry->name, netdev->name, IFNAMSIZ);
		__entry->vector = vector;
		__entry->mode = mode;
		__entry->ns = load->ns;
		__entry->packets = load->packets;
		__entry->bytes = load->bytes;
		__entry->events = load->events;
		__entry->old_steps = decision->old_steps;
		__entry->new_steps = decision->new_steps;
		__entry->rate = decision->rate;
		__entry->ceiling = decision->ceiling;
		__entry->needed = decision->needed;
		__entry->bandwidth = decision->bandwidth;
		__entry->size = decision->size;
		__entry->reason = decision->reason;
		/* Of mode air; meaningless in others. */
		__entry->c = air->cost.c;
		__entry->cpkt = air->cost.cpkt;
		__entry->cint = air->cost.cint;
		__entry->k = air->k;
	),
	TP_printk("%s vector %u %s: %llu ns %llu packets %llu bytes %u interrupts, B %llu S %u, C %llu Cpkt %u Cint %u k %u, ceiling %u needed %u wanted %u, steps %u -> %u (%s)",
		  __entry->name, __entry->vector,
		  __print_symbolic(__entry->mode, { 0, "fir" }, { 1, "cgr" }, { 2, "air" },
				   { 3, "dim" }),
		  __entry->ns, __entry->packets, __entry->bytes, __entry->events,
		  __entry->bandwidth, __entry->size, __entry->c, __entry->cpkt,
		  __entry->cint, __entry->k, __entry->ceiling, __entry->needed,
		  __entry->rate, __entry->old_steps, __entry->new_steps,
		  __print_symbolic(__entry->reason, { AIRVF_KEEP, "keep" },
				   { AIRVF_NEEDED, "needed" }, { AIRVF_ENOUGH, "enough" },
				   { AIRVF_CEILING, "ceiling" }, { AIRVF_FLOOR, "floor" },
				   { AIRVF_LIGHT, "light" }, { AIRVF_BURSTS, "bursts" },
				   { AIRVF_CLASS, "class" }, { AIRVF_FIXED, "fixed" },
				   { AIRVF_DIM, "dim" }))
);

TRACE_EVENT(airvf_worker,
	TP_PROTO(const struct net_device *netdev, u32 worker, u32 packets, u32 left),
	TP_ARGS(netdev, worker, packets, left),
	TP_STRUCT__entry(
		__array(char, name, IFNAMSIZ)
		__field(u32, worker)
		__field(u32, packets)
		__field(u32, left)
	),
	TP_fast_assign(
		strscpy(__entry->name, netdev->name, IFNAMSIZ);
		__entry->worker = worker;
		__entry->packets = packets;
		__entry->left = left;
	),
	TP_printk("%s worker %u: %u packets, %u left", __entry->name, __entry->worker,
		  __entry->packets, __entry->left)
);

#endif

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
