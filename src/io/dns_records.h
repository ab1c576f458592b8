/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dns_records.h - SRV and NAPTR records as values: from an answer's bytes, and in the order in
 * which they are to be tried.
 */
#ifndef MASKLINE_IO_DNS_RECORDS_H
#define MASKLINE_IO_DNS_RECORDS_H

#include <stdint.h>

#include "base/random.h"
#include "base/slice.h"

#define DNS_NAME_MAX    253
#define DNS_RECORDS_MAX 32 /* of one answer; what is beyond is left out */

#define DNS_TTL_MIN_S 30 /* below it a record would be asked for all the time */
#define DNS_TTL_MAX_S 86400

enum dns_kind {
        DNS_SRV,
        DNS_NAPTR,
};

struct dns_srv {
        uint16_t priority, weight, port;
        char target[DNS_NAME_MAX + 1]; /* ".": decidedly not offered here (RFC 2782) */
};

struct dns_naptr {
        uint16_t order, preference;
        char flags[8], service[24];
        char replacement[DNS_NAME_MAX + 1];
};

struct dns_records {
        enum dns_kind kind;
        unsigned count; /* at least 1 */
        uint32_t ttl_s; /* the least of all, from DNS_TTL_MIN_S to DNS_TTL_MAX_S */
        union {
                struct dns_srv srv[DNS_RECORDS_MAX];
                struct dns_naptr naptr[DNS_RECORDS_MAX];
        };
};

/*
 * A host name of at most 63 bytes a label: RFC 1123 2.1, and the underscore that services and
 * people use; a final dot is dropped. ERR_SYNTAX.
 */
int dns_read_name(struct slice text, char out[DNS_NAME_MAX + 1]) MUST_CHECK;

uint32_t dns_clamp_ttl(uint32_t ttl_s);

/*
 * From an answer as it came from the network. Records that name no host, and NAPTR records that
 * rewrite by a regular expression, are left out. ERR_SYNTAX; ERR_NOT_FOUND: none is left; -ENOMEM.
 */
int dns_records_decode(enum dns_kind kind, struct slice message,
                       struct dns_records *out) MUST_CHECK;

/* By priority, then at random by weight (RFC 2782). */
void dns_srv_order(struct dns_records *records, struct random *random);

/* By order, then by preference (RFC 3403 4.1). */
void dns_naptr_order(struct dns_records *records);

#endif
