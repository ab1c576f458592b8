/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dns.h - host names to addresses, and SRV and NAPTR records, without waiting.
 *
 * On the real loop c-ares asks /etc/hosts (for addresses), then the servers of /etc/resolv.conf,
 * which is read again whenever no query was under way. On a simulated host a table answers that
 * the test fills. Nothing is remembered here: answers come with the time they may be kept.
 */
#ifndef MASKLINE_IO_DNS_H
#define MASKLINE_IO_DNS_H

#include "base/addr.h"
#include "base/slice.h"
#include "io/dns_records.h"
#include "io/io.h"

#define DNS_ADDRS_MAX   16
#define DNS_QUERIES_MAX 256

struct dns_answer {
        struct addr addrs[DNS_ADDRS_MAX]; /* best first (RFC 6724); ports are 0 */
        unsigned count;                   /* at least 1 */
        uint32_t ttl_s;                   /* from MIN to MAX; an IP address: MAX */
};

struct dns_query;

/*
 * Called once, from the loop and never from within dns_resolve(). On failure `answer` is NULL:
 * ERR_NOT_FOUND (no such name, or no address), -ETIMEDOUT, -ECONNREFUSED, -EAGAIN (the servers
 * could not tell). The query is gone when it is called.
 */
typedef void dns_fn(void *arg, int err, const struct dns_answer *answer);

/*
 * Looks up A and AAAA. An IP address is its own answer, and no server is asked. ERR_SYNTAX: not a
 * host name. ERR_FULL: DNS_QUERIES_MAX are under way.
 */
int dns_resolve(struct io *io, struct slice name, dns_fn *fn, void *arg,
                struct dns_query **out) MUST_CHECK;

/* The same for records, which come as the server gave them: dns_srv_order(), dns_naptr_order(). */
typedef void dns_records_fn(void *arg, int err, const struct dns_records *records);
int dns_resolve_records(struct io *io, enum dns_kind kind, struct slice name, dns_records_fn *fn,
                        void *arg, struct dns_query **out) MUST_CHECK;

void dns_cancel(struct dns_query *query); /* NULL is fine; `fn` is not called any more */

/* Asks this server, and not those of /etc/resolv.conf; for queries that begin later. */
int dns_set_server(struct io *io, const struct addr *server) MUST_CHECK;

/* What a simulated host finds under `name` from now on; count 0: nothing. */
int dns_sim_set(struct io *io, struct slice name, const struct addr *addrs, unsigned count,
                uint32_t ttl_s) MUST_CHECK;
int dns_sim_set_srv(struct io *io, struct slice name, const struct dns_srv *srv, unsigned count,
                    uint32_t ttl_s) MUST_CHECK;
int dns_sim_set_naptr(struct io *io, struct slice name, const struct dns_naptr *naptr,
                      unsigned count, uint32_t ttl_s) MUST_CHECK;

/* Whatever is asked for under `name` fails so, until `err` is 0. */
int dns_sim_set_error(struct io *io, struct slice name, int err) MUST_CHECK;

#endif
