/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dns_ares.h - c-ares on the loop; for dns.c only.
 */
#ifndef MASKLINE_IO_DNS_ARES_H
#define MASKLINE_IO_DNS_ARES_H

#include "io/dns.h"

struct dns_ares;

/*
 * Reads /etc/resolv.conf, unless `server` (else NULL) says whom to ask. A resolver lives as long
 * as questions are under way.
 */
int dns_ares_create(struct io *io, const struct addr *server, struct dns_ares **out) MUST_CHECK;

/* Questions under way are answered -ECANCELED. Not from within an answer. NULL is fine. */
void dns_ares_destroy(struct dns_ares *ares);

/* `fn` is called exactly once, perhaps before this returns. */
void dns_ares_ask(struct dns_ares *ares, const char *name, dns_fn *fn, void *arg);
void dns_ares_ask_records(struct dns_ares *ares, enum dns_kind kind, const char *name,
                          dns_records_fn *fn, void *arg);

#endif
