/* SPDX-License-Identifier: GPL-2.0-only */
/* Short packets are copied in blocks of a fixed size, whatever their length. */
#ifndef AIRVF_COPY_H
#define AIRVF_COPY_H

#include "compat.h"

#define AIRVF_COPY_BLOCK	64

/*
 * Word by word: of a memcpy() compilers make a string instruction here, which takes
 * longer to begin than this takes in all.
 */
static __always_inline void airvf_copy_block(void *to, const void *from)
{
	const u64 *in = from;
	u64 *out = to;

	put_unaligned(get_unaligned(in + 0), out + 0);
	put_unaligned(get_unaligned(in + 1), out + 1);
	put_unaligned(get_unaligned(in + 2), out + 2);
	put_unaligned(get_unaligned(in + 3), out + 3);
	put_unaligned(get_unaligned(in + 4), out + 4);
	put_unaligned(get_unaligned(in + 5), out + 5);
	put_unaligned(get_unaligned(in + 6), out + 6);
	put_unaligned(get_unaligned(in + 7), out + 7);
}

#endif
