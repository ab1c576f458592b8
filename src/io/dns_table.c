/* SPDX-License-Identifier: Apache-2.0 */
#include "io/dns_table.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

const struct dns_entry *dns_table_find(const struct list *table, const char *name)
{
        list_for_each (node, table) {
                const struct dns_entry *entry = container_of(node, struct dns_entry, node);
                if (slice_equal_nocase(slice_from(entry->name), slice_from(name)))
                        return entry;
        }
        return NULL;
}

int dns_table_get(struct list *table, struct slice name, struct dns_entry **out)
{
        char text[DNS_NAME_MAX + 1];
        int err = dns_read_name(name, text);
        if (err)
                return err;
        struct dns_entry *entry = (struct dns_entry *)dns_table_find(table, text);
        if (!entry) {
                entry = calloc(1, sizeof *entry);
                if (!entry)
                        return -ENOMEM;
                memcpy(entry->name, text, sizeof text);
                list_add_tail(table, &entry->node);
        }
        *out = entry;
        return 0;
}

void dns_table_clear(struct list *table)
{
        list_for_each (node, table) {
                struct dns_entry *entry = container_of(node, struct dns_entry, node);
                list_remove(&entry->node);
                free(entry->srv);
                free(entry->naptr);
                free(entry);
        }
}
