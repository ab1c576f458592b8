/* SPDX-License-Identifier: Apache-2.0 */
#include "io/locate.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "io/dns.h"

#define SERVICES_MAX 8
#define HOSTS_MAX    16
#define PORT_USUAL   5060
#define PORT_TLS     5061

/* What SRV is asked for. */
struct service {
        struct locate *locate;
        enum sip_transport transport;
        char name[DNS_NAME_MAX + 1];
        struct dns_query *query;     /* NULL: not under way */
        struct dns_records *records; /* owned; NULL: none */
};

/* Whose addresses are asked for. */
struct host {
        struct locate *locate;
        enum sip_transport transport;
        uint16_t port;
        uint16_t rank, weight;
        char name[DNS_NAME_MAX + 1];
        struct dns_query *query; /* NULL: not under way */
        struct dns_answer answer;
};

struct locate {
        struct io *io;
        locate_fn *fn;
        void *arg;
        struct locate_params params; /* `host` is the text below */
        char text[DNS_NAME_MAX + 1];
        struct dns_query *naptr;
        struct service services[SERVICES_MAX];
        struct host hosts[HOSTS_MAX];
        unsigned services_count, hosts_count;
        unsigned pending; /* look-ups of this step */
        enum locate_way way;
        uint32_t ttl_s;
        int err; /* of what failed, unless it was only not found */
        struct io_task task;
};

static const char *const service_prefix[] = {
        [SIP_UDP] = "_sip._udp.",
        [SIP_TCP] = "_sip._tcp.",
        [SIP_TLS] = "_sips._tcp.",
};

static bool may_use(const struct locate *l, enum sip_transport transport)
{
        if (l->params.transport != SIP_TRANSPORT_OTHER && transport != l->params.transport)
                return false;
        return l->params.speaks & 1u << transport && (!l->params.secure || transport == SIP_TLS);
}

static void rest_on(struct locate *l, uint32_t ttl_s)
{
        if (ttl_s < l->ttl_s)
                l->ttl_s = ttl_s;
}

static void remember(struct locate *l, int err)
{
        if (err != ERR_NOT_FOUND && !l->err)
                l->err = err;
}

/* The end. */

static void destroy(struct locate *l)
{
        io_defer_cancel(l->io, &l->task);
        dns_cancel(l->naptr);
        for (unsigned i = 0; i < l->services_count; i++) {
                dns_cancel(l->services[i].query);
                free(l->services[i].records);
        }
        for (unsigned i = 0; i < l->hosts_count; i++)
                dns_cancel(l->hosts[i].query);
        free(l);
}

void locate_cancel(struct locate *l)
{
        if (l)
                destroy(l);
}

static bool has_target(const struct locate_answer *answer, const struct locate_target *target)
{
        for (unsigned i = 0; i < answer->count; i++) {
                if (answer->targets[i].transport == target->transport &&
                    addr_equal(&answer->targets[i].addr, &target->addr))
                        return true;
        }
        return false;
}

static void add_host(const struct locate *l, const struct host *host, struct locate_answer *out)
{
        for (unsigned i = 0; i < host->answer.count && out->count < LOCATE_TARGETS_MAX; i++) {
                struct locate_target target = {
                        .transport = host->transport,
                        .addr = host->answer.addrs[i],
                        .rank = host->rank,
                        .weight = host->weight,
                        .server = (uint8_t)(host - l->hosts),
                };
                if (l->params.family && target.addr.family != l->params.family)
                        continue;
                target.addr.port = host->port;
                if (!has_target(out, &target))
                        out->targets[out->count++] = target;
        }
}

static void bring(void *arg)
{
        struct locate *l = arg;
        locate_fn *fn = l->fn;
        void *fn_arg = l->arg;
        struct locate_answer answer = {.ttl_s = l->ttl_s, .way = l->way};
        for (unsigned i = 0; i < l->hosts_count; i++)
                add_host(l, &l->hosts[i], &answer);
        /* An error of one host does not matter when another was found. */
        int err = answer.count ? 0 : l->err ? l->err : ERR_NOT_FOUND;
        destroy(l);
        fn(fn_arg, err, err ? NULL : &answer);
}

static void finish(struct locate *l)
{
        io_defer(l->io, &l->task, bring, l);
}

/* Third step: addresses. */

static void on_addresses(void *arg, int err, const struct dns_answer *answer)
{
        struct host *host = arg;
        struct locate *l = host->locate;
        host->query = NULL;
        if (err) {
                remember(l, err);
        } else {
                host->answer = *answer;
                rest_on(l, answer->ttl_s);
        }
        if (!--l->pending)
                finish(l);
}

static void ask_addresses(struct locate *l)
{
        l->err = 0;
        for (unsigned i = 0; i < l->hosts_count; i++) {
                struct host *host = &l->hosts[i];
                int err = dns_resolve(l->io, slice_from(host->name), on_addresses, host,
                                      &host->query);
                if (err)
                        remember(l, err);
                else
                        l->pending++;
        }
        if (!l->pending)
                finish(l);
}

/* NULL: there are too many. */
static struct host *add_host_name(struct locate *l, enum sip_transport transport, uint16_t port,
                                  const char *name)
{
        if (l->hosts_count == HOSTS_MAX)
                return NULL;
        struct host *host = &l->hosts[l->hosts_count++];
        host->locate = l;
        host->transport = transport;
        host->port = port;
        memcpy(host->name, name, strlen(name) + 1);
        return host;
}

static enum sip_transport usual_transport(const struct locate *l)
{
        if (may_use(l, SIP_UDP))
                return SIP_UDP;
        return may_use(l, SIP_TCP) ? SIP_TCP : SIP_TLS;
}

static void ask_own_addresses(struct locate *l)
{
        enum sip_transport transport = usual_transport(l);
        uint16_t port = transport == SIP_TLS ? PORT_TLS : PORT_USUAL;
        l->way = LOCATE_BY_ADDRESS;
        (void)add_host_name(l, transport, l->params.port ? l->params.port : port, l->text);
        ask_addresses(l);
}

/* Second step: SRV. */

/* "." says that the service is decidedly not there (RFC 2782, "Target"). */
static void take_servers(struct service *service)
{
        struct locate *l = service->locate;
        struct dns_records *records = service->records;
        uint16_t rank = l->hosts_count ? (uint16_t)(l->hosts[l->hosts_count - 1].rank + 1) : 0;
        dns_srv_order(records, io_random(l->io));
        for (unsigned i = 0; i < records->count; i++) {
                const struct dns_srv *srv = &records->srv[i];
                rank += i && srv->priority != records->srv[i - 1].priority;
                if (strcmp(srv->target, ".") == 0 || !srv->port)
                        continue;
                struct host *host = add_host_name(l, service->transport, srv->port, srv->target);
                if (!host)
                        return;
                host->rank = rank;
                host->weight = srv->weight;
        }
}

/*
 * A server that fails on a type it does not know (-EAGAIN) is as good as one that has no such
 * record; a server that cannot be asked is not.
 */
static bool is_final(int err)
{
        return err && err != -EAGAIN;
}

static void after_services(struct locate *l)
{
        bool any = false;
        for (unsigned i = 0; i < l->services_count; i++) {
                if (!l->services[i].records)
                        continue;
                take_servers(&l->services[i]);
                any = true;
        }
        if (any)
                ask_addresses(l);
        else if (is_final(l->err))
                finish(l);
        else
                ask_own_addresses(l);
}

static void on_service(void *arg, int err, const struct dns_records *records)
{
        struct service *service = arg;
        struct locate *l = service->locate;
        service->query = NULL;
        if (!err) {
                service->records = malloc(sizeof *records);
                err = service->records ? 0 : -ENOMEM;
        }
        if (err) {
                remember(l, err);
        } else {
                *service->records = *records;
                rest_on(l, records->ttl_s);
        }
        if (!--l->pending)
                after_services(l);
}

static void ask_services(struct locate *l)
{
        l->err = 0;
        for (unsigned i = 0; i < l->services_count; i++) {
                struct service *service = &l->services[i];
                int err = dns_resolve_records(l->io, DNS_SRV, slice_from(service->name), on_service,
                                              service, &service->query);
                if (err)
                        remember(l, err);
                else
                        l->pending++;
        }
        if (!l->pending)
                after_services(l);
}

static void add_service(struct locate *l, enum sip_transport transport, const char *prefix,
                        const char *name)
{
        struct buf b;
        char text[DNS_NAME_MAX];
        buf_init(&b, text, sizeof text);
        buf_put_text(&b, prefix);
        buf_put_text(&b, name);
        /* A name that grows too long has no such record. */
        if (!buf_ok(&b) || l->services_count == SERVICES_MAX)
                return;
        struct service *service = &l->services[l->services_count];
        if (slice_to_text(buf_slice(&b), service->name, sizeof service->name))
                return;
        service->locate = l;
        service->transport = transport;
        l->services_count++;
}

static void ask_own_services(struct locate *l)
{
        l->way = LOCATE_BY_SRV;
        for (unsigned t = SIP_UDP; t <= SIP_TLS; t++) {
                if (may_use(l, (enum sip_transport)t))
                        add_service(l, (enum sip_transport)t, service_prefix[t], l->text);
        }
        ask_services(l);
}

/* First step: NAPTR. */

static enum sip_transport transport_of(const struct dns_naptr *naptr)
{
        struct slice service = slice_from(naptr->service);
        if (!slice_equal_nocase(slice_from(naptr->flags), SLICE("s")))
                return SIP_TRANSPORT_OTHER;
        if (slice_equal_nocase(service, SLICE("SIP+D2U")))
                return SIP_UDP;
        if (slice_equal_nocase(service, SLICE("SIP+D2T")))
                return SIP_TCP;
        if (slice_equal_nocase(service, SLICE("SIPS+D2T")))
                return SIP_TLS;
        return SIP_TRANSPORT_OTHER;
}

/* Of the lowest order that has anything for us, all that fits (RFC 3263 4.1, RFC 3403 4.1). */
static void take_services(struct locate *l, struct dns_records *records)
{
        uint16_t order = 0;
        dns_naptr_order(records);
        for (unsigned i = 0; i < records->count; i++) {
                const struct dns_naptr *naptr = &records->naptr[i];
                enum sip_transport transport = transport_of(naptr);
                if (transport == SIP_TRANSPORT_OTHER || !may_use(l, transport))
                        continue;
                if (l->services_count && naptr->order != order)
                        break;
                order = naptr->order;
                add_service(l, transport, "", naptr->replacement);
        }
}

static void on_naptr(void *arg, int err, const struct dns_records *records)
{
        struct locate *l = arg;
        l->naptr = NULL;
        if (!err) {
                struct dns_records ordered = *records;
                take_services(l, &ordered);
        }
        if (l->services_count) {
                l->way = LOCATE_BY_NAPTR;
                rest_on(l, records->ttl_s);
                ask_services(l);
        } else if (err == ERR_NOT_FOUND || !is_final(err)) {
                ask_own_services(l);
        } else {
                remember(l, err);
                finish(l);
        }
}

/* The beginning. */

static int begin(struct locate *l)
{
        struct addr ip;
        if (l->params.port || addr_parse_ip(l->params.host, &ip) == 0) {
                ask_own_addresses(l);
                return 0;
        }
        if (l->params.transport != SIP_TRANSPORT_OTHER) {
                ask_own_services(l);
                return 0;
        }
        return dns_resolve_records(l->io, DNS_NAPTR, l->params.host, on_naptr, l, &l->naptr);
}

static int take_host(struct locate *l)
{
        struct addr ip;
        struct slice host = l->params.host;
        int err = addr_parse_ip(host, &ip) == 0 ? slice_to_text(host, l->text, sizeof l->text)
                                                : dns_read_name(host, l->text);
        l->params.host = slice_from(l->text);
        return err ? ERR_SYNTAX : 0;
}

int locate_start(struct io *io, const struct locate_params *params, locate_fn *fn, void *arg,
                 struct locate **out)
{
        assert(fn);
        struct locate *l = calloc(1, sizeof *l);
        if (!l)
                return -ENOMEM;
        l->io = io;
        l->fn = fn;
        l->arg = arg;
        l->params = *params;
        l->ttl_s = DNS_TTL_MAX_S;
        int err = take_host(l);
        if (!err && !may_use(l, usual_transport(l)))
                err = ERR_CONFLICT;
        if (!err)
                err = begin(l);
        if (err) {
                destroy(l);
                return err;
        }
        *out = l;
        return 0;
}
