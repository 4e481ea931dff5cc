/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the pure code (air.c, cgr.c, cost.c, rate.c, spread.c, spsc.h) needs from its
 * surroundings, in the kernel and in user space. Those files include nothing
 * else, so the tests and the paper model run the very source that the driver
 * runs.
 */
#ifndef AIRVF_PURE_H
#define AIRVF_PURE_H

#ifdef __KERNEL__
#include <asm/barrier.h>
#include <linux/cache.h>
#include <linux/limits.h>
#include <linux/math64.h>
#include <linux/minmax.h>
#include <linux/types.h>
#else
#include <stdbool.h>
#include <stdint.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int64_t s64;

#ifndef U32_MAX
#define U32_MAX UINT32_MAX
#define U64_MAX UINT64_MAX
#endif

static inline u64 div64_u64(u64 dividend, u64 divisor)
{
	return dividend / divisor;
}

#define smp_load_acquire(p) __atomic_load_n(p, __ATOMIC_ACQUIRE)
#define smp_store_release(p, v) __atomic_store_n(p, v, __ATOMIC_RELEASE)
#define ____cacheline_aligned_in_smp __attribute__((aligned(64)))

#ifndef __cplusplus
#define min_t(type, a, b) ((type)(a) < (type)(b) ? (type)(a) : (type)(b))
#define max_t(type, a, b) ((type)(a) > (type)(b) ? (type)(a) : (type)(b))
#define clamp_t(type, v, lo, hi) min_t(type, max_t(type, v, lo), hi)
#endif
#endif /* __KERNEL__ */

#endif
