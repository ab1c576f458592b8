/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mutate_sip.h - mutations that know what a SIP message is made of: lines, headers and their values,
 * parameters, URIs, lines of a description, and a Content-Length that still is right. Beside those
 * of bytes they reach what no random byte would.
 */
#ifndef MASKLINE_TESTS_MUTATE_SIP_H
#define MASKLINE_TESTS_MUTATE_SIP_H

#include <stddef.h>
#include <stdint.h>

/* The mutator of bytes; libFuzzer's own in a fuzz target. */
typedef size_t mutate_bytes_fn(uint8_t *data, size_t size, size_t size_max);

/* Of one message; returns its new size, at most `size_max`. */
size_t mutate_sip_message(uint8_t *data, size_t size, size_t size_max, unsigned seed,
                          mutate_bytes_fn *mutate_bytes);

/* Of a conversation as fuzz_sip_ua.c plays it: one of its messages, or the order of its steps. */
size_t mutate_sip_talk(uint8_t *data, size_t size, size_t size_max, unsigned seed,
                       mutate_bytes_fn *mutate_bytes);

#endif
