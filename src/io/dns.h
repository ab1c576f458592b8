/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dns.h - host names to addresses, without waiting.
 *
 * On the real loop c-ares asks /etc/hosts, then the servers of /etc/resolv.conf, which is read
 * again whenever no query was under way. On a simulated host a table answers that the test fills.
 */
#ifndef MASKLINE_IO_DNS_H
#define MASKLINE_IO_DNS_H

#include "base/addr.h"
#include "base/slice.h"
#include "io/io.h"

#define DNS_NAME_MAX    253
#define DNS_ADDRS_MAX   16
#define DNS_QUERIES_MAX 256

#define DNS_TTL_MIN_S 30 /* below it a record would be asked for all the time */
#define DNS_TTL_MAX_S 86400

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
void dns_cancel(struct dns_query *query); /* NULL is fine; `fn` is not called any more */

/* Asks this server, and not those of /etc/resolv.conf; for queries that begin later. */
int dns_set_server(struct io *io, const struct addr *server) MUST_CHECK;

/* What a simulated host finds under `name` from now on; count 0: nothing. */
int dns_sim_set(struct io *io, struct slice name, const struct addr *addrs, unsigned count,
                uint32_t ttl_s) MUST_CHECK;

#endif
