/* SPDX-License-Identifier: Apache-2.0 */
/*
 * flow_dns.c - what DNS says in a flow: SRV, address and, where a flow names transports, NAPTR records.
 */
#include <errno.h>
#include <stdio.h>

#include "../unit/unit.h"
#include "flow_run.h"
#include "io/dns.h"

#define NAME_BYTES 80

/* By transport: TRUNK_UDP, TRUNK_TCP, TRUNK_TLS. */
static const struct {
        const char *service, *naptr;
} ways[] = {
        [TRUNK_UDP] = {"_sip._udp", "SIP+D2U"},
        [TRUNK_TCP] = {"_sip._tcp", "SIP+D2T"},
        [TRUNK_TLS] = {"_sips._tcp", "SIPS+D2T"},
};

static void name_service(char out[NAME_BYTES], enum trunk_transport way, const char *name)
{
        snprintf(out, NAME_BYTES, "%s.%s", ways[way].service, name);
}

static void set_reachable(struct io *io, const char *name, bool is_reachable)
{
        int err = is_reachable ? 0 : -ETIMEDOUT;
        char service[NAME_BYTES];
        assert_int_equal(dns_sim_set_error(io, slice_from(name), err), 0);
        for (unsigned i = TRUNK_UDP; i <= TRUNK_TLS; i++) {
                name_service(service, (enum trunk_transport)i, name);
                assert_int_equal(dns_sim_set_error(io, slice_from(service), err), 0);
        }
}

/* Each server has an address record of its own. */
static unsigned set_addresses(struct io *io, const struct flow_step *step,
                              struct dns_srv srv[FLOW_SERVERS_MAX])
{
        const struct flow_servers *servers = &step->servers;
        for (unsigned i = 0; i < servers->count; i++) {
                struct addr ip = servers->rows[i].addr;
                srv[i] = (struct dns_srv){
                        .priority = servers->rows[i].priority,
                        .weight = servers->rows[i].weight,
                        .port = ip.port,
                };
                snprintf(srv[i].target, sizeof srv[i].target, "s%u.%s", i, step->who);
                ip.port = 0;
                assert_int_equal(dns_sim_set(io, slice_from(srv[i].target), &ip, 1, servers->ttl_s),
                                 0);
        }
        return servers->count;
}

static void set_naptr(struct io *io, const struct flow_step *step)
{
        const struct flow_servers *servers = &step->servers;
        struct dns_naptr naptr[TRUNK_TRANSPORTS];
        for (unsigned i = 0; i < servers->way_count; i++) {
                naptr[i] = (struct dns_naptr){.order = (uint16_t)(10 + i), .flags = "S"};
                snprintf(naptr[i].service, sizeof naptr[i].service, "%s",
                         ways[servers->ways[i]].naptr);
                name_service(naptr[i].replacement, servers->ways[i], step->who);
        }
        assert_int_equal(dns_sim_set_naptr(io, slice_from(step->who), naptr, servers->way_count,
                                           servers->ttl_s),
                         0);
}

/* Without NAPTR both plain transports are offered. */
static bool is_offered(const struct flow_servers *servers, enum trunk_transport way)
{
        for (unsigned i = 0; i < servers->way_count; i++) {
                if (servers->ways[i] == way)
                        return true;
        }
        return servers->way_count == 0 && way != TRUNK_TLS;
}

void flow_dns_change(struct flow_run *run, const struct flow_step *step)
{
        struct io *io = run->platform->io;
        struct dns_srv srv[FLOW_SERVERS_MAX];
        char service[NAME_BYTES];
        set_reachable(io, step->who, !step->servers.is_unreachable);
        unsigned count = set_addresses(io, step, srv);
        set_naptr(io, step);
        for (unsigned i = TRUNK_UDP; i <= TRUNK_TLS; i++) {
                enum trunk_transport way = (enum trunk_transport)i;
                name_service(service, way, step->who);
                assert_int_equal(dns_sim_set_srv(io, slice_from(service), srv,
                                                 is_offered(&step->servers, way) ? count : 0,
                                                 step->servers.ttl_s),
                                 0);
        }
}

void flow_dns_begin(struct flow_run *run)
{
        for (unsigned i = run->flow->step_count; i > 0; i--) {
                if (run->flow->steps[i - 1].kind == FLOW_SERVERS)
                        flow_dns_change(run, &run->flow->steps[i - 1]);
        }
}

void flow_dns_begin_again(struct flow_run *run)
{
        flow_dns_begin(run);
        for (const struct flow_step *step = run->flow->steps; step < run->step; step++) {
                if (step->kind == FLOW_SERVERS)
                        flow_dns_change(run, step);
        }
}
