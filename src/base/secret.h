/* SPDX-License-Identifier: Apache-2.0 */
/*
 * secret.h - memory for keys and real numbers: locked where the limit allows, left out of core
 * dumps, wiped before it is given back.
 */
#ifndef MASKLINE_BASE_SECRET_H
#define MASKLINE_BASE_SECRET_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Zeroed pages, or NULL. A refused lock (RLIMIT_MEMLOCK) is no error, since swap is the operator's;
 * secret_is_locked() says whether one was.
 */
void *secret_alloc(size_t bytes);
void secret_free(void *p, size_t bytes); /* NULL is fine */
bool secret_is_locked(void);             /* nothing so far was refused its lock */

/*
 * malloc() and free() for libraries through which real numbers pass: what is freed is wiped. Not
 * locked; only for what lives briefly.
 */
void *secret_heap_alloc(size_t bytes);
void secret_heap_free(void *p); /* NULL is fine */

#endif
