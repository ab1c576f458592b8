/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The first byte says which records the rest, an answer of a name server, is read for.
 */
#include <errno.h>
#include <string.h>

#include "fuzz.h"
#include "io/dns_records.h"

static void check_name(const char *name, bool may_be_root)
{
        char again[DNS_NAME_MAX + 1];
        if (may_be_root && strcmp(name, ".") == 0)
                return;
        MUST(dns_read_name(slice_from(name), again) == 0);
        MUST(strcmp(name, again) == 0);
}

static bool has_srv(const struct dns_records *records, const struct dns_srv *srv)
{
        for (unsigned i = 0; i < records->count; i++) {
                if (memcmp(&records->srv[i], srv, sizeof *srv) == 0)
                        return true;
        }
        return false;
}

static void check_srv(struct dns_records *records, uint64_t seed)
{
        struct dns_records before = *records;
        struct random random;
        random_init_seeded(&random, seed);
        dns_srv_order(records, &random);
        MUST(records->count == before.count);
        for (unsigned i = 0; i < records->count; i++) {
                check_name(records->srv[i].target, true);
                MUST(has_srv(records, &before.srv[i]));
                MUST(!i || records->srv[i - 1].priority <= records->srv[i].priority);
        }
}

static void check_naptr(struct dns_records *records)
{
        dns_naptr_order(records);
        for (unsigned i = 0; i < records->count; i++) {
                const struct dns_naptr *n = &records->naptr[i];
                check_name(n->replacement, false);
                MUST(strlen(n->flags) < sizeof n->flags);
                MUST(strlen(n->service) < sizeof n->service);
                MUST(!i || n[-1].order < n->order ||
                     (n[-1].order == n->order && n[-1].preference <= n->preference));
        }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct dns_records records;
        if (!size)
                return 0;
        enum dns_kind kind = data[0] & 1 ? DNS_NAPTR : DNS_SRV;
        memset(&records, 0, sizeof records);
        int err = dns_records_decode(kind, (struct slice){(const char *)data + 1, size - 1},
                                     &records);
        MUST(err == 0 || err == ERR_SYNTAX || err == ERR_NOT_FOUND || err == -ENOMEM);
        if (err)
                return 0;
        MUST(records.count > 0 && records.count <= DNS_RECORDS_MAX);
        MUST(records.ttl_s >= DNS_TTL_MIN_S && records.ttl_s <= DNS_TTL_MAX_S);
        if (kind == DNS_SRV)
                check_srv(&records, size);
        else
                check_naptr(&records);
        return 0;
}
