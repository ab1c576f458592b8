/* SPDX-License-Identifier: Apache-2.0 */
#include "io/dns.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "io/dns_ares.h"
#include "io/dns_table.h"
#include "io/io_impl.h"

/* One per io, made when the first name is asked for. */
struct dns {
        struct io *io;
        struct list queries; /* all of them, owned */
        unsigned queries_count;
        struct dns_ares *ares; /* owned; NULL while nothing is under way */
        struct addr server;    /* family 0: those of the system */
        struct list sim_table; /* owned; dns_table.h */
};

struct dns_query {
        struct list node;
        struct dns *dns;
        dns_fn *fn;                 /* for addresses, else NULL */
        dns_records_fn *records_fn; /* for records, else NULL */
        enum dns_kind kind;         /* of the records */
        void *arg;
        bool cancelled;
        bool asked;    /* c-ares holds a pointer to this query */
        bool finished; /* `err` and what was found are there; `task` brings them */
        int err;
        struct dns_answer answer;
        struct dns_records *records; /* owned; NULL: none */
        struct io_task task;
};

static int dns_of(struct io *io, struct dns **out)
{
        if (!io->dns) {
                struct dns *dns = calloc(1, sizeof *dns);
                if (!dns)
                        return -ENOMEM;
                dns->io = io;
                list_init(&dns->queries);
                list_init(&dns->sim_table);
                io->dns = dns;
        }
        *out = io->dns;
        return 0;
}

static void destroy_query(struct dns_query *query)
{
        io_defer_cancel(query->dns->io, &query->task);
        list_remove(&query->node);
        query->dns->queries_count--;
        free(query->records);
        free(query);
}

void dns_destroy(struct dns *dns)
{
        if (!dns)
                return;
        list_for_each (node, &dns->queries)
                container_of(node, struct dns_query, node)->cancelled = true;
        dns_ares_destroy(dns->ares);
        list_for_each (node, &dns->queries)
                destroy_query(container_of(node, struct dns_query, node));
        dns_table_clear(&dns->sim_table);
        free(dns);
}

static bool anything_asked(const struct dns *dns)
{
        list_for_each (node, &dns->queries) {
                const struct dns_query *query = container_of(node, struct dns_query, node);
                if (query->asked && !query->finished)
                        return true;
        }
        return false;
}

static void tell(const struct dns_query *query)
{
        if (query->cancelled)
                return;
        if (query->fn)
                query->fn(query->arg, query->err, query->err ? NULL : &query->answer);
        else
                query->records_fn(query->arg, query->err, query->err ? NULL : query->records);
}

/* At the end of a turn, so that neither the asker nor c-ares is called from within itself. */
static void bring(void *arg)
{
        struct dns_query *query = arg;
        struct dns *dns = query->dns;
        struct dns_query brought = *query;
        query->records = NULL;
        destroy_query(query);

        /* The next question finds a resolver that has read /etc/resolv.conf anew. */
        if (!anything_asked(dns)) {
                dns_ares_destroy(dns->ares);
                dns->ares = NULL;
        }
        tell(&brought);
        free(brought.records);
}

static void finish(struct dns_query *query, int err)
{
        assert(!query->finished);
        query->finished = true;
        query->err = err;
        io_defer(query->dns->io, &query->task, bring, query);
}

static void on_asked(void *arg, int err, const struct dns_answer *answer)
{
        struct dns_query *query = arg;
        if (!err)
                query->answer = *answer;
        finish(query, err);
}

static void on_records_asked(void *arg, int err, const struct dns_records *records)
{
        struct dns_query *query = arg;
        if (!err) {
                query->records = malloc(sizeof *records);
                if (query->records)
                        *query->records = *records;
                else
                        err = -ENOMEM;
        }
        finish(query, err);
}

static void ask_table(struct dns_query *query, const char *name)
{
        const struct dns_entry *entry = dns_table_find(&query->dns->sim_table, name);
        int err = entry ? entry->err : ERR_NOT_FOUND;
        if (query->fn) {
                if (!err && !entry->addresses.count)
                        err = ERR_NOT_FOUND;
                on_asked(query, err, err ? NULL : &entry->addresses);
                return;
        }
        const struct dns_records *records = NULL;
        if (entry)
                records = query->kind == DNS_SRV ? entry->srv : entry->naptr;
        if (!err && !records)
                err = ERR_NOT_FOUND;
        on_records_asked(query, err, records);
}

static int ask(struct dns_query *query, const char *name)
{
        struct dns *dns = query->dns;
        if (dns->io->ops->is_simulated) {
                ask_table(query, name);
                return 0;
        }
        if (!dns->ares) {
                int err = dns_ares_create(dns->io, dns->server.family ? &dns->server : NULL,
                                          &dns->ares);
                if (err)
                        return err;
        }
        query->asked = true;
        if (query->fn)
                dns_ares_ask(dns->ares, name, on_asked, query);
        else
                dns_ares_ask_records(dns->ares, query->kind, name, on_records_asked, query);
        return 0;
}

static int create_query(struct io *io, struct dns_query **out)
{
        struct dns *dns = NULL;
        int err = dns_of(io, &dns);
        if (err)
                return err;
        if (dns->queries_count == DNS_QUERIES_MAX)
                return ERR_FULL;
        struct dns_query *query = calloc(1, sizeof *query);
        if (!query)
                return -ENOMEM;
        query->dns = dns;
        list_add_tail(&dns->queries, &query->node);
        dns->queries_count++;
        *out = query;
        return 0;
}

int dns_resolve(struct io *io, struct slice name, dns_fn *fn, void *arg, struct dns_query **out)
{
        struct dns_query *query = NULL;
        struct dns_answer literal = {.count = 1, .ttl_s = DNS_TTL_MAX_S};
        char text[DNS_NAME_MAX + 1];
        assert(fn);
        bool is_literal = addr_parse_ip(name, &literal.addrs[0]) == 0;
        if (!is_literal && dns_read_name(name, text))
                return ERR_SYNTAX;
        int err = create_query(io, &query);
        if (err)
                return err;

        query->fn = fn;
        query->arg = arg;
        if (is_literal)
                on_asked(query, 0, &literal);
        else
                err = ask(query, text);
        if (err) {
                destroy_query(query);
                return err;
        }
        *out = query;
        return 0;
}

int dns_resolve_records(struct io *io, enum dns_kind kind, struct slice name, dns_records_fn *fn,
                        void *arg, struct dns_query **out)
{
        struct dns_query *query = NULL;
        char text[DNS_NAME_MAX + 1];
        assert(fn);
        if (dns_read_name(name, text))
                return ERR_SYNTAX;
        int err = create_query(io, &query);
        if (err)
                return err;

        query->records_fn = fn;
        query->kind = kind;
        query->arg = arg;
        err = ask(query, text);
        if (err) {
                destroy_query(query);
                return err;
        }
        *out = query;
        return 0;
}

void dns_cancel(struct dns_query *query)
{
        if (!query)
                return;
        /* c-ares cannot forget a single question: the query waits, silent, for its answer. */
        query->cancelled = true;
        if (!query->asked)
                destroy_query(query);
}

int dns_set_server(struct io *io, const struct addr *server)
{
        struct dns *dns = NULL;
        int err = dns_of(io, &dns);
        if (!err)
                dns->server = *server;
        return err;
}

/* The table of a simulated host. */

static int entry_of(struct io *io, struct slice name, struct dns_entry **out)
{
        struct dns *dns = NULL;
        assert(io->ops->is_simulated);
        int err = dns_of(io, &dns);
        return err ? err : dns_table_get(&dns->sim_table, name, out);
}

int dns_sim_set(struct io *io, struct slice name, const struct addr *addrs, unsigned count,
                uint32_t ttl_s)
{
        struct dns_entry *entry = NULL;
        if (count > DNS_ADDRS_MAX)
                return ERR_TOO_LARGE;
        int err = entry_of(io, name, &entry);
        if (err)
                return err;
        entry->addresses = (struct dns_answer){.count = count, .ttl_s = ttl_s};
        for (unsigned i = 0; i < count; i++) {
                entry->addresses.addrs[i] = addrs[i];
                entry->addresses.addrs[i].port = 0;
        }
        return 0;
}

static int replace(struct dns_records **old, const struct dns_records *records)
{
        struct dns_records *kept = NULL;
        if (records->count) {
                kept = malloc(sizeof *kept);
                if (!kept)
                        return -ENOMEM;
                *kept = *records;
        }
        free(*old);
        *old = kept;
        return 0;
}

int dns_sim_set_srv(struct io *io, struct slice name, const struct dns_srv *srv, unsigned count,
                    uint32_t ttl_s)
{
        struct dns_entry *entry = NULL;
        struct dns_records records = {.kind = DNS_SRV, .count = count, .ttl_s = ttl_s};
        if (count > DNS_RECORDS_MAX)
                return ERR_TOO_LARGE;
        int err = entry_of(io, name, &entry);
        if (err)
                return err;
        for (unsigned i = 0; i < count; i++)
                records.srv[i] = srv[i];
        return replace(&entry->srv, &records);
}

int dns_sim_set_naptr(struct io *io, struct slice name, const struct dns_naptr *naptr,
                      unsigned count, uint32_t ttl_s)
{
        struct dns_entry *entry = NULL;
        struct dns_records records = {.kind = DNS_NAPTR, .count = count, .ttl_s = ttl_s};
        if (count > DNS_RECORDS_MAX)
                return ERR_TOO_LARGE;
        int err = entry_of(io, name, &entry);
        if (err)
                return err;
        for (unsigned i = 0; i < count; i++)
                records.naptr[i] = naptr[i];
        return replace(&entry->naptr, &records);
}

int dns_sim_set_error(struct io *io, struct slice name, int err)
{
        struct dns_entry *entry = NULL;
        int failed = entry_of(io, name, &entry);
        if (!failed)
                entry->err = err;
        return failed;
}
