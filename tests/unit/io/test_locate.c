/* SPDX-License-Identifier: Apache-2.0 */
#include "io/locate.h"

#include <errno.h>
#include <stdio.h>

#include "../unit.h"
#include "dns_message.h"
#include "io/dns.h"
#include "io/io_epoll.h"
#include "io/io_sim.h"

#define ALL (1u << SIP_UDP | 1u << SIP_TCP | 1u << SIP_TLS)

struct found {
        unsigned calls;
        int err;
        struct locate_answer answer;
        char text[2048]; /* "udp 192.0.2.1:5060, ..." */
};

static struct sim_world *world;
static struct io *io;
static struct found found;

static void on_found(void *arg, int err, const struct locate_answer *answer)
{
        static const char *const names[] = {"udp", "tcp", "tls"};
        struct found *f = arg;
        struct buf b;
        f->calls++;
        f->err = err;
        assert_int_equal(err == 0, answer != NULL);
        buf_init(&b, f->text, sizeof f->text - 1);
        for (unsigned i = 0; answer && i < answer->count; i++)
                buf_printf(&b, "%s%s %s", i ? ", " : "", names[answer->targets[i].transport],
                           addr_format(&answer->targets[i].addr).text);
        assert_true(buf_ok(&b));
        f->text[b.len] = '\0';
        if (answer)
                f->answer = *answer;
}

static int set_up(void **state)
{
        (void)state;
        io = NULL;
        assert_int_equal(sim_world_create(5, &world), 0);
        assert_int_equal(io_create_sim(world, &io), 0);
        return 0;
}

static int tear_down(void **state)
{
        (void)state;
        sim_world_destroy(world);
        return 0;
}

/* What the DNS holds. */

static void host(const char *name, const char *ip1, const char *ip2, uint32_t ttl_s)
{
        struct addr addrs[2] = {0};
        assert_int_equal(addr_parse_ip(slice_from(ip1), &addrs[0]), 0);
        if (ip2)
                assert_int_equal(addr_parse_ip(slice_from(ip2), &addrs[1]), 0);
        assert_int_equal(dns_sim_set(io, slice_from(name), addrs, ip2 ? 2 : 1, ttl_s), 0);
}

static struct dns_srv srv(unsigned priority, unsigned port, const char *target)
{
        struct dns_srv s = {(uint16_t)priority, 1, (uint16_t)port, ""};
        snprintf(s.target, sizeof s.target, "%s", target);
        return s;
}

static struct dns_naptr naptr(unsigned order, unsigned preference, const char *service,
                              const char *replacement)
{
        struct dns_naptr n = {(uint16_t)order, (uint16_t)preference, "s", "", ""};
        snprintf(n.service, sizeof n.service, "%s", service);
        snprintf(n.replacement, sizeof n.replacement, "%s", replacement);
        return n;
}

#define SRV(name, ttl_s, ...)                                                                      \
        assert_int_equal(                                                                          \
                dns_sim_set_srv(io, SLICE(name), (struct dns_srv[]){__VA_ARGS__},                  \
                                sizeof((struct dns_srv[]){__VA_ARGS__}) / sizeof(struct dns_srv),  \
                                ttl_s),                                                            \
                0)
#define NAPTR(name, ttl_s, ...)                                                                    \
        assert_int_equal(dns_sim_set_naptr(io, SLICE(name), (struct dns_naptr[]){__VA_ARGS__},     \
                                           sizeof((struct dns_naptr[]){__VA_ARGS__}) /             \
                                                   sizeof(struct dns_naptr),                       \
                                           ttl_s),                                                 \
                         0)

static int locate(struct locate_params params)
{
        struct locate *l = NULL;
        found = (struct found){0};
        if (!params.speaks)
                params.speaks = ALL;
        int err = locate_start(io, &params, on_found, &found, &l);
        if (err)
                return err;
        assert_non_null(l);
        assert_int_equal(found.calls, 0);
        sim_world_run_ms(world, 0);
        assert_int_equal(found.calls, 1);
        return found.err;
}

#define LOCATE(...) locate((struct locate_params){__VA_ARGS__})
#define ANY         .transport = SIP_TRANSPORT_OTHER

static void an_address_needs_no_questions(void **state)
{
        (void)state;
        assert_int_equal(LOCATE(.host = SLICE("192.0.2.1"), ANY), 0);
        assert_string_equal(found.text, "udp 192.0.2.1:5060");
        assert_int_equal(found.answer.ttl_s, DNS_TTL_MAX_S);
        assert_int_equal(LOCATE(.host = SLICE("192.0.2.1"), .port = 5080, ANY), 0);
        assert_string_equal(found.text, "udp 192.0.2.1:5080");
        assert_int_equal(LOCATE(.host = SLICE("[2001:db8::1]"), .transport = SIP_TCP), 0);
        assert_string_equal(found.text, "tcp [2001:db8::1]:5060");
        assert_int_equal(LOCATE(.host = SLICE("192.0.2.1"), .secure = true, ANY), 0);
        assert_string_equal(found.text, "tls 192.0.2.1:5061");
        assert_int_equal(LOCATE(.host = SLICE("192.0.2.1"), .port = 443, .transport = SIP_TLS), 0);
        assert_string_equal(found.text, "tls 192.0.2.1:443");
        assert_int_equal(LOCATE(.host = SLICE("192.0.2.1"), .speaks = 1u << SIP_TCP, ANY), 0);
        assert_string_equal(found.text, "tcp 192.0.2.1:5060");
}

static void with_a_port_only_addresses_are_asked_for(void **state)
{
        (void)state;
        host("trunk.example", "192.0.2.1", "192.0.2.2", 600);
        NAPTR("trunk.example", 60, naptr(1, 1, "SIP+D2T", "_sip._tcp.trunk.example"));
        SRV("_sip._tcp.trunk.example", 60, srv(1, 5070, "other.example"));
        assert_int_equal(LOCATE(.host = SLICE("trunk.example"), .port = 5060, ANY), 0);
        assert_string_equal(found.text, "udp 192.0.2.1:5060, udp 192.0.2.2:5060");
        assert_int_equal(found.answer.ttl_s, 600);
        assert_int_equal(found.answer.way, LOCATE_BY_ADDRESS);
}

static void naptr_says_which_transport_first(void **state)
{
        (void)state;
        NAPTR("trunk.example", 3600, naptr(10, 30, "SIP+D2U", "_sip._udp.trunk.example"),
              naptr(10, 10, "SIPS+D2T", "_sips._tcp.edge.example"),
              naptr(10, 20, "sip+d2t", "_sip._tcp.trunk.example"),
              naptr(20, 1, "SIP+D2U", "_sip._udp.later.example"));
        SRV("_sips._tcp.edge.example", 600, srv(1, 5061, "s.example"));
        SRV("_sip._tcp.trunk.example", 120, srv(1, 5060, "t.example"));
        SRV("_sip._udp.trunk.example", 900, srv(1, 5060, "u1.example"), srv(2, 5062, "u2.example"));
        SRV("_sip._udp.later.example", 900, srv(1, 5060, "never.example"));
        host("s.example", "192.0.2.1", NULL, 700);
        host("t.example", "192.0.2.2", NULL, 700);
        host("u1.example", "192.0.2.3", NULL, 700);
        host("u2.example", "192.0.2.4", "2001:db8::4", 700);
        host("never.example", "192.0.2.9", NULL, 700);
        assert_int_equal(LOCATE(.host = SLICE("Trunk.Example."), ANY), 0);
        assert_string_equal(found.text, "tls 192.0.2.1:5061, tcp 192.0.2.2:5060, "
                                        "udp 192.0.2.3:5060, udp 192.0.2.4:5062, "
                                        "udp [2001:db8::4]:5062");
        assert_int_equal(found.answer.ttl_s, 120);
        assert_int_equal(found.answer.way, LOCATE_BY_NAPTR);

        assert_int_equal(LOCATE(.host = SLICE("trunk.example"), .secure = true, ANY), 0);
        assert_string_equal(found.text, "tls 192.0.2.1:5061");
        assert_int_equal(
                LOCATE(.host = SLICE("trunk.example"), .speaks = 1u << SIP_UDP, .family = 4, ANY),
                0);
        assert_string_equal(found.text, "udp 192.0.2.3:5060, udp 192.0.2.4:5062");
}

static void naptr_of_other_services_is_passed_over(void **state)
{
        (void)state;
        struct dns_naptr terminal = naptr(1, 1, "SIP+D2U", "_sip._udp.trunk.example");
        terminal.flags[0] = 'u';
        NAPTR("trunk.example", 60, naptr(1, 1, "SIP+D2S", "_sip._sctp.trunk.example"),
              naptr(1, 1, "E2U+sip", "x.example"), terminal);
        SRV("_sip._udp.trunk.example", 60, srv(1, 5060, "u.example"));
        host("u.example", "192.0.2.3", NULL, 60);
        assert_int_equal(LOCATE(.host = SLICE("trunk.example"), ANY), 0);
        assert_string_equal(found.text, "udp 192.0.2.3:5060");
        assert_int_equal(found.answer.way, LOCATE_BY_SRV);
}

static void without_naptr_every_transport_s_srv_is_asked_for(void **state)
{
        (void)state;
        SRV("_sip._tcp.trunk.example", 60, srv(1, 5070, "t.example"));
        SRV("_sips._tcp.trunk.example", 60, srv(1, 5071, "t.example"));
        host("t.example", "192.0.2.2", NULL, 60);
        host("trunk.example", "192.0.2.9", NULL, 60);
        assert_int_equal(LOCATE(.host = SLICE("trunk.example"), ANY), 0);
        assert_string_equal(found.text, "tcp 192.0.2.2:5070, tls 192.0.2.2:5071");
        assert_int_equal(LOCATE(.host = SLICE("trunk.example"), .secure = true, ANY), 0);
        assert_string_equal(found.text, "tls 192.0.2.2:5071");
        /* With a transport given, NAPTR is not asked for (RFC 3263 4.1, 4.2). */
        NAPTR("trunk.example", 60, naptr(1, 1, "SIP+D2U", "_sip._udp.trunk.example"));
        assert_int_equal(LOCATE(.host = SLICE("trunk.example"), .transport = SIP_TCP), 0);
        assert_string_equal(found.text, "tcp 192.0.2.2:5070");
        assert_int_equal(LOCATE(.host = SLICE("trunk.example"), .transport = SIP_UDP), 0);
        assert_string_equal(found.text, "udp 192.0.2.9:5060");
}

static void each_target_says_by_what_it_may_be_drawn_again(void **state)
{
        static const unsigned ranks[] = {0, 0, 0, 0, 1, 2}, servers[] = {0, 0, 1, 1, 2, 3};
        (void)state;
        NAPTR("trunk.example", 60, naptr(1, 1, "SIP+D2U", "_sip._udp.trunk.example"),
              naptr(1, 2, "SIP+D2T", "_sip._tcp.trunk.example"));
        SRV("_sip._udp.trunk.example", 60, srv(5, 5060, "u.example"), srv(5, 5062, "u.example"),
            srv(9, 5060, "v.example"));
        SRV("_sip._tcp.trunk.example", 60, srv(0, 5060, "v.example"));
        host("u.example", "192.0.2.3", "192.0.2.4", 60);
        host("v.example", "192.0.2.5", NULL, 60);
        assert_int_equal(LOCATE(.host = SLICE("trunk.example"), ANY), 0);
        assert_int_equal(found.answer.count, 6);
        for (unsigned i = 0; i < 6; i++) {
                assert_int_equal(found.answer.targets[i].rank, ranks[i]);
                assert_int_equal(found.answer.targets[i].server, servers[i]);
                assert_int_equal(found.answer.targets[i].weight, 1);
        }
}

static void without_anything_the_host_s_own_addresses_serve(void **state)
{
        (void)state;
        host("trunk.example", "192.0.2.9", NULL, 45);
        assert_int_equal(LOCATE(.host = SLICE("trunk.example"), ANY), 0);
        assert_string_equal(found.text, "udp 192.0.2.9:5060");
        assert_int_equal(found.answer.ttl_s, 45);
        assert_int_equal(found.answer.way, LOCATE_BY_ADDRESS);
        assert_int_equal(LOCATE(.host = SLICE("trunk.example"), .secure = true, ANY), 0);
        assert_string_equal(found.text, "tls 192.0.2.9:5061");
        assert_int_equal(LOCATE(.host = SLICE("trunk.example"), .family = 6, ANY), ERR_NOT_FOUND);
        assert_int_equal(LOCATE(.host = SLICE("gone.example"), ANY), ERR_NOT_FOUND);
}

static void servers_that_have_no_address_are_passed_over(void **state)
{
        (void)state;
        SRV("_sip._udp.trunk.example", 60, srv(1, 5060, "gone.example"), srv(2, 0, "zero.example"),
            srv(3, 5060, "slow.example"), srv(4, 5060, "u.example"), srv(5, 5060, "u.example"));
        host("zero.example", "192.0.2.2", NULL, 60);
        host("u.example", "192.0.2.3", NULL, 60);
        assert_int_equal(dns_sim_set_error(io, SLICE("slow.example"), -ETIMEDOUT), 0);
        assert_int_equal(LOCATE(.host = SLICE("trunk.example"), .transport = SIP_UDP), 0);
        assert_string_equal(found.text, "udp 192.0.2.3:5060");
        /* When none is left, the reason that weighs more is told. */
        SRV("_sip._udp.trunk.example", 60, srv(1, 5060, "gone.example"),
            srv(3, 5060, "slow.example"));
        assert_int_equal(LOCATE(.host = SLICE("trunk.example"), .transport = SIP_UDP), -ETIMEDOUT);
        SRV("_sip._udp.trunk.example", 60, srv(1, 5060, "gone.example"));
        assert_int_equal(LOCATE(.host = SLICE("trunk.example"), .transport = SIP_UDP),
                         ERR_NOT_FOUND);
}

/* RFC 2782: a target of "." means that the service is decidedly not available at this domain. */
static void a_service_that_is_denied_is_not_looked_for_elsewhere(void **state)
{
        (void)state;
        SRV("_sip._udp.trunk.example", 60, srv(0, 5060, "."));
        host("trunk.example", "192.0.2.9", NULL, 60);
        assert_int_equal(LOCATE(.host = SLICE("trunk.example"), .transport = SIP_UDP),
                         ERR_NOT_FOUND);
        SRV("_sip._tcp.trunk.example", 60, srv(0, 5060, "trunk.example"));
        assert_int_equal(LOCATE(.host = SLICE("trunk.example"), ANY), 0);
        assert_string_equal(found.text, "tcp 192.0.2.9:5060");
}

static void a_server_that_cannot_be_asked_is_no_answer(void **state)
{
        (void)state;
        host("trunk.example", "192.0.2.9", NULL, 60);
        assert_int_equal(dns_sim_set_error(io, SLICE("_sip._udp.trunk.example"), -ETIMEDOUT), 0);
        assert_int_equal(LOCATE(.host = SLICE("trunk.example"), .transport = SIP_UDP), -ETIMEDOUT);
        /* One that fails on types it does not know is as good as one that has no such record. */
        assert_int_equal(dns_sim_set_error(io, SLICE("_sip._udp.trunk.example"), -EAGAIN), 0);
        assert_int_equal(LOCATE(.host = SLICE("trunk.example"), .transport = SIP_UDP), 0);
        assert_string_equal(found.text, "udp 192.0.2.9:5060");
        assert_int_equal(dns_sim_set_error(io, SLICE("trunk.example"), -ETIMEDOUT), 0);
        assert_int_equal(LOCATE(.host = SLICE("trunk.example"), ANY), -ETIMEDOUT);
        assert_int_equal(dns_sim_set_error(io, SLICE("trunk.example"), 0), 0);
        assert_int_equal(LOCATE(.host = SLICE("trunk.example"), ANY), 0);
}

static void what_cannot_be_is_refused_at_once(void **state)
{
        static char name[DNS_NAME_MAX + 2];
        (void)state;
        assert_int_equal(LOCATE(.host = SLICE(""), ANY), ERR_SYNTAX);
        assert_int_equal(LOCATE(.host = SLICE("a b"), ANY), ERR_SYNTAX);
        assert_int_equal(LOCATE(.host = SLICE("a.example:5060"), ANY), ERR_SYNTAX);
        assert_int_equal(LOCATE(.host = SLICE("a.example"), .transport = SIP_UDP, .secure = true),
                         ERR_CONFLICT);
        assert_int_equal(
                LOCATE(.host = SLICE("a.example"), .transport = SIP_TLS, .speaks = 1u << SIP_UDP),
                ERR_CONFLICT);
        assert_int_equal(
                LOCATE(.host = SLICE("a.example"), ANY, .secure = true, .speaks = 1u << SIP_UDP),
                ERR_CONFLICT);
        /* A name that is as long as it may be has no room for "_sip._udp.". */
        for (size_t i = 0; i < DNS_NAME_MAX; i++)
                name[i] = i % 50 == 49 ? '.' : 'a';
        assert_int_equal(LOCATE(.host = slice_from(name), ANY), ERR_NOT_FOUND);
        host(name, "192.0.2.1", NULL, 60);
        assert_int_equal(LOCATE(.host = slice_from(name), ANY), 0);
}

static void a_search_may_be_cancelled_at_any_step(void **state)
{
        (void)state;
        NAPTR("trunk.example", 60, naptr(1, 1, "SIP+D2U", "_sip._udp.trunk.example"));
        SRV("_sip._udp.trunk.example", 60, srv(1, 5060, "u.example"), srv(1, 5060, "v.example"));
        host("u.example", "192.0.2.3", NULL, 60);
        struct locate_params params = {.host = SLICE("trunk.example"), ANY, .speaks = ALL};
        struct locate *l = NULL;
        found = (struct found){0};
        assert_int_equal(locate_start(io, &params, on_found, &found, &l), 0);
        locate_cancel(l);
        locate_cancel(NULL);
        sim_world_run_ms(world, 10);
        assert_int_equal(found.calls, 0);
}

static void as_many_targets_as_fit_are_told(void **state)
{
        (void)state;
        struct dns_srv many[DNS_RECORDS_MAX];
        struct addr addrs[DNS_ADDRS_MAX];
        for (unsigned i = 0; i < DNS_RECORDS_MAX; i++) {
                char name[32];
                snprintf(name, sizeof name, "h%u.example", i);
                many[i] = srv(i, 5060, name);
                for (unsigned j = 0; j < DNS_ADDRS_MAX; j++)
                        addrs[j] =
                                (struct addr){.family = 4, .ip = {192, 0, (uint8_t)i, (uint8_t)j}};
                assert_int_equal(dns_sim_set(io, slice_from(name), addrs, DNS_ADDRS_MAX, 60), 0);
        }
        assert_int_equal(
                dns_sim_set_srv(io, SLICE("_sip._udp.trunk.example"), many, DNS_RECORDS_MAX, 60),
                0);
        assert_int_equal(LOCATE(.host = SLICE("trunk.example"), .transport = SIP_UDP), 0);
        assert_int_equal(found.answer.count, LOCATE_TARGETS_MAX);
        assert_int_equal(found.answer.targets[0].addr.ip[2], 0);
        assert_int_equal(found.answer.targets[16].addr.ip[2], 1);
}

/* On the real loop: a name server on loopback that knows one trunk. */

struct server {
        struct io *io;
        struct io_udp *udp;
        unsigned questions;
};

static void put_answer(struct buf *b, const char *question, unsigned type)
{
        char name[64];
        struct buf wire;
        static const struct {
                const char *name;
                unsigned type;
        } known[] = {{"trunk.example", ns_t_naptr},
                     {"_sip._tcp.trunk.example", ns_t_srv},
                     {"edge.example", ns_t_a}};
        unsigned which = 3;
        for (unsigned i = 0; i < 3; i++) {
                buf_init(&wire, name, sizeof name);
                put_name(&wire, known[i].name);
                if (memcmp(question, name, wire.len) == 0 && type == known[i].type)
                        which = i;
        }
        buf_put_be16(b, 1);
        buf_put_be16(b, which < 3);
        buf_put_be32(b, 0);
        buf_put(b, question, strlen(question) + 1 + 4);
        switch (which) {
        case 0:
                put_naptr(b, 300, 1, 1, "S", "SIP+D2T", "", "_sip._tcp.trunk.example");
                break;
        case 1:
                put_srv(b, 200, 1, 1, 5070, "edge.example");
                break;
        case 2:
                put_record(b, ns_t_a, 100, 4);
                buf_put(b, "\xc0\x00\x02\x07", 4);
                break;
        }
}

static void on_question(void *arg, const struct addr *from, struct slice data)
{
        struct server *server = arg;
        uint8_t bytes[512];
        struct buf b;
        server->questions++;
        assert_true(data.len > 17 && data.len < 256);
        const char *question = data.p + 12;
        const char *type = question + strnlen(question, data.len - 12) + 1;
        buf_init(&b, bytes, sizeof bytes);
        buf_put(&b, data.p, 2);
        buf_put_be16(&b, 0x8180);
        put_answer(&b, question, (unsigned)(uint8_t)type[0] << 8 | (uint8_t)type[1]);
        assert_true(buf_ok(&b));
        io_udp_send(server->udp, from, buf_slice(&b));
}

static void a_name_server_is_asked_step_by_step(void **state)
{
        struct server server = {0};
        struct addr local = {.family = 4, .ip = {127, 0, 0, 1}};
        struct locate *l = NULL;
        struct locate_params params = {.host = SLICE("trunk.example"), ANY, .speaks = ALL};
        (void)state;
        assert_int_equal(io_create_epoll(&server.io), 0);
        assert_int_equal(io_udp_open(server.io, &local, on_question, &server, &server.udp), 0);
        assert_int_equal(dns_set_server(server.io, io_udp_local(server.udp)), 0);
        found = (struct found){0};
        assert_int_equal(locate_start(server.io, &params, on_found, &found, &l), 0);
        for (unsigned i = 0; !found.calls; i++) {
                assert_true(i < 400000);
                io_stop(server.io);
                io_run(server.io);
        }
        assert_int_equal(found.err, 0);
        assert_string_equal(found.text, "tcp 192.0.2.7:5070");
        assert_int_equal(found.answer.ttl_s, 100);
        assert_int_equal(found.answer.way, LOCATE_BY_NAPTR);
        assert_int_equal(server.questions, 4); /* NAPTR, SRV, A and AAAA */

        /* Under way when it is cancelled: c-ares still holds the question. */
        assert_int_equal(locate_start(server.io, &params, on_found, &found, &l), 0);
        locate_cancel(l);
        io_udp_close(server.udp);
        io_destroy(server.io);
        assert_int_equal(found.calls, 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
        const struct CMUnitTest tests[] = {
                TEST(an_address_needs_no_questions),
                TEST(with_a_port_only_addresses_are_asked_for),
                TEST(naptr_says_which_transport_first),
                TEST(naptr_of_other_services_is_passed_over),
                TEST(without_naptr_every_transport_s_srv_is_asked_for),
                TEST(each_target_says_by_what_it_may_be_drawn_again),
                TEST(without_anything_the_host_s_own_addresses_serve),
                TEST(servers_that_have_no_address_are_passed_over),
                TEST(a_service_that_is_denied_is_not_looked_for_elsewhere),
                TEST(a_server_that_cannot_be_asked_is_no_answer),
                TEST(what_cannot_be_is_refused_at_once),
                TEST(a_search_may_be_cancelled_at_any_step),
                TEST(as_many_targets_as_fit_are_told),
                cmocka_unit_test(a_name_server_is_asked_step_by_step),
        };
        return RUN_TESTS(tests);
}
