/* SPDX-License-Identifier: Apache-2.0 */
/*
 * steps_libc.h - searches of libc that count the bytes they have looked at. The build puts it in
 * front of every source of base/ and wire/ when it counts (src/meson.build), and nobody includes it.
 */
#ifndef MASKLINE_BASE_STEPS_LIBC_H
#define MASKLINE_BASE_STEPS_LIBC_H

#include <stddef.h>
#include <string.h>

void *steps_memchr(const void *s, int c, size_t bytes);
void *steps_memrchr(const void *s, int c, size_t bytes);
void *steps_memmem(const void *s, size_t bytes, const void *what, size_t what_bytes);

#define memchr(s, c, bytes)             steps_memchr(s, c, bytes)
#define memrchr(s, c, bytes)            steps_memrchr(s, c, bytes)
#define memmem(s, bytes, what, w_bytes) steps_memmem(s, bytes, what, w_bytes)

#endif
