/* SPDX-License-Identifier: Apache-2.0 */
#include "io/dns.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "io/dns_ares.h"
#include "io/io_impl.h"

/* One per io, made when the first name is asked for. */
struct dns {
        struct io *io;
        struct list queries; /* all of them, owned */
        unsigned queries_count;
        struct dns_ares *ares;   /* owned; NULL while nothing is under way */
        struct addr server;      /* family 0: those of the system */
        struct list sim_records; /* owned */
};

struct dns_query {
        struct list node;
        struct dns *dns;
        dns_fn *fn; /* NULL once cancelled */
        void *arg;
        bool asked;    /* c-ares holds a pointer to this query */
        bool finished; /* `err` and `answer` are there; `task` brings them */
        int err;
        struct dns_answer answer;
        struct io_task task;
};

struct sim_record {
        struct list node;
        char name[DNS_NAME_MAX + 1];
        struct dns_answer answer;
};

static int dns_of(struct io *io, struct dns **out)
{
        if (!io->dns) {
                struct dns *dns = calloc(1, sizeof *dns);
                if (!dns)
                        return -ENOMEM;
                dns->io = io;
                list_init(&dns->queries);
                list_init(&dns->sim_records);
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
        free(query);
}

void dns_destroy(struct dns *dns)
{
        if (!dns)
                return;
        list_for_each (node, &dns->queries)
                container_of(node, struct dns_query, node)->fn = NULL;
        dns_ares_destroy(dns->ares);
        list_for_each (node, &dns->queries)
                destroy_query(container_of(node, struct dns_query, node));
        list_for_each (node, &dns->sim_records)
                free(container_of(node, struct sim_record, node));
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

/* At the end of a turn, so that neither the asker nor c-ares is called from within itself. */
static void bring(void *arg)
{
        struct dns_query *query = arg;
        struct dns *dns = query->dns;
        dns_fn *fn = query->fn;
        void *fn_arg = query->arg;
        int err = query->err;
        struct dns_answer answer = query->answer;
        destroy_query(query);

        /* The next question finds a resolver that has read /etc/resolv.conf anew. */
        if (!anything_asked(dns)) {
                dns_ares_destroy(dns->ares);
                dns->ares = NULL;
        }
        if (fn)
                fn(fn_arg, err, err ? NULL : &answer);
}

static void finish(struct dns_query *query, int err, const struct dns_answer *answer)
{
        assert(!query->finished);
        query->finished = true;
        query->err = err;
        if (!err)
                query->answer = *answer;
        io_defer(query->dns->io, &query->task, bring, query);
}

static void on_asked(void *arg, int err, const struct dns_answer *answer)
{
        finish(arg, err, answer);
}

static bool is_name_char(char c)
{
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '-' || c == '_';
}

/* RFC 1123 2.1, and the underscore that people use all the same; a final dot is dropped. */
static int read_name(struct slice text, char out[DNS_NAME_MAX + 1])
{
        size_t label = 0;
        if (text.len > 1 && text.p[text.len - 1] == '.')
                text.len--;
        if (!text.len || text.len > DNS_NAME_MAX)
                return ERR_SYNTAX;
        for (size_t i = 0; i < text.len; i++) {
                if (text.p[i] == '.' && label) {
                        label = 0;
                        continue;
                }
                if (!is_name_char(text.p[i]) || ++label > 63)
                        return ERR_SYNTAX;
        }
        return label ? slice_to_text(text, out, DNS_NAME_MAX + 1) : ERR_SYNTAX;
}

static struct sim_record *find_record(struct dns *dns, const char *name)
{
        list_for_each (node, &dns->sim_records) {
                struct sim_record *record = container_of(node, struct sim_record, node);
                if (slice_equal_nocase(slice_from(record->name), slice_from(name)))
                        return record;
        }
        return NULL;
}

static int ask(struct dns_query *query, const char *name)
{
        struct dns *dns = query->dns;
        if (dns->io->ops->is_simulated) {
                const struct sim_record *record = find_record(dns, name);
                bool found = record && record->answer.count;
                finish(query, found ? 0 : ERR_NOT_FOUND, found ? &record->answer : NULL);
                return 0;
        }

        if (!dns->ares) {
                int err = dns_ares_create(dns->io, dns->server.family ? &dns->server : NULL,
                                          &dns->ares);
                if (err)
                        return err;
        }
        query->asked = true;
        dns_ares_ask(dns->ares, name, on_asked, query);
        return 0;
}

int dns_resolve(struct io *io, struct slice name, dns_fn *fn, void *arg, struct dns_query **out)
{
        struct dns *dns = NULL;
        struct dns_answer literal = {.count = 1, .ttl_s = DNS_TTL_MAX_S};
        char text[DNS_NAME_MAX + 1];
        assert(fn);
        bool is_literal = addr_parse_ip(name, &literal.addrs[0]) == 0;
        if (!is_literal && read_name(name, text))
                return ERR_SYNTAX;
        int err = dns_of(io, &dns);
        if (err)
                return err;
        if (dns->queries_count == DNS_QUERIES_MAX)
                return ERR_FULL;

        struct dns_query *query = calloc(1, sizeof *query);
        if (!query)
                return -ENOMEM;
        *query = (struct dns_query){.dns = dns, .fn = fn, .arg = arg};
        list_add_tail(&dns->queries, &query->node);
        dns->queries_count++;
        if (is_literal)
                finish(query, 0, &literal);
        else
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
        query->fn = NULL;
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

int dns_sim_set(struct io *io, struct slice name, const struct addr *addrs, unsigned count,
                uint32_t ttl_s)
{
        struct dns *dns = NULL;
        char text[DNS_NAME_MAX + 1];
        assert(io->ops->is_simulated);
        if (count > DNS_ADDRS_MAX)
                return ERR_TOO_LARGE;
        int err = read_name(name, text);
        if (!err)
                err = dns_of(io, &dns);
        if (err)
                return err;

        struct sim_record *record = find_record(dns, text);
        if (!record) {
                record = calloc(1, sizeof *record);
                if (!record)
                        return -ENOMEM;
                memcpy(record->name, text, sizeof text);
                list_add_tail(&dns->sim_records, &record->node);
        }
        record->answer = (struct dns_answer){.count = count, .ttl_s = ttl_s};
        for (unsigned i = 0; i < count; i++) {
                record->answer.addrs[i] = addrs[i];
                record->answer.addrs[i].port = 0;
        }
        return 0;
}
