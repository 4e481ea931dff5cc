/* SPDX-License-Identifier: GPL-2.0-only */
/* The few kernel names that the driver's pure code uses (drivers/airvf/pure.h), for C and C++ programs. */
#ifndef AIRVF_PURE_USER_H
#define AIRVF_PURE_USER_H

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

#endif
