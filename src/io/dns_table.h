/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dns_table.h - what a simulated host finds in its DNS; for dns.c only.
 */
#ifndef MASKLINE_IO_DNS_TABLE_H
#define MASKLINE_IO_DNS_TABLE_H

#include "io/dns.h"

struct dns_entry {
        struct list node;
        char name[DNS_NAME_MAX + 1];
        int err;                         /* 0, or what every question ends with */
        struct dns_answer addresses;     /* count 0: none */
        struct dns_records *srv, *naptr; /* owned; NULL: none */
};

const struct dns_entry *dns_table_find(const struct list *table, const char *name); /* or NULL */
int dns_table_get(struct list *table, struct slice name, struct dns_entry **out) MUST_CHECK;
void dns_table_clear(struct list *table);

#endif
