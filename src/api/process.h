/* SPDX-License-Identifier: Apache-2.0 */
/*
 * process.h - what the process takes of the machine, as the kernel and the allocator count it.
 */
#ifndef MASKLINE_API_PROCESS_H
#define MASKLINE_API_PROCESS_H

#include <stdint.h>

struct process_use {
        uint64_t open_files;
        uint64_t resident_bytes;
        uint64_t heap_bytes; /* allocated and not freed; pools in locked memory are not in it */
};

/* What is not known is 0. */
void process_use(struct process_use *out);

#endif
