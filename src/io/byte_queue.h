/* SPDX-License-Identifier: Apache-2.0 */
/*
 * byte_queue.h - bytes that wait to be sent. Grows as needed, is wiped when freed, and takes no
 * memory while empty; how much may wait is the owner's to limit.
 */
#ifndef MASKLINE_IO_BYTE_QUEUE_H
#define MASKLINE_IO_BYTE_QUEUE_H

#include "base/slice.h"

struct byte_queue {
        char *p; /* owned */
        size_t head, len, cap;
};

int byte_queue_put(struct byte_queue *q, struct slice data) MUST_CHECK; /* -ENOMEM */
struct slice byte_queue_peek(const struct byte_queue *q);               /* all of it */
void byte_queue_drop(struct byte_queue *q, size_t bytes);
void byte_queue_fini(struct byte_queue *q);

#endif
