/* SPDX-License-Identifier: Apache-2.0 */
#include "io/dns.h"

#include <errno.h>

#include "../unit.h"
#include "base/buf.h"
#include "io/io_epoll.h"
#include "io/io_sim.h"

struct result {
        struct io *io;
        unsigned calls;
        int err;
        struct dns_answer answer;
        struct dns_query *to_cancel;
};

static void on_answer(void *arg, int err, const struct dns_answer *answer)
{
        struct result *r = arg;
        r->calls++;
        r->err = err;
        assert_int_equal(err != 0, answer == NULL);
        if (answer)
                r->answer = *answer;
        dns_cancel(r->to_cancel);
        io_stop(r->io);
}

static struct addr ip(const char *text)
{
        struct addr a = {0};
        assert_int_equal(addr_parse_ip(slice_from(text), &a), 0);
        return a;
}

static void resolve(struct io *io, const char *name, struct result *r)
{
        struct dns_query *query = NULL;
        *r = (struct result){.io = io};
        assert_int_equal(dns_resolve(io, slice_from(name), on_answer, r, &query), 0);
        assert_non_null(query);
        assert_int_equal(r->calls, 0);
        io_run(io);
        assert_int_equal(r->calls, 1);
}

static void an_ip_address_is_its_own_answer(void **state)
{
        (void)state;
        struct io *io = NULL;
        struct result r;
        assert_int_equal(io_create_epoll(&io), 0);
        resolve(io, "192.0.2.7", &r);
        struct addr four = ip("192.0.2.7"), six = ip("2001:db8::7");
        assert_int_equal(r.err, 0);
        assert_int_equal(r.answer.count, 1);
        assert_true(addr_equal(&r.answer.addrs[0], &four));
        assert_int_equal(r.answer.ttl_s, DNS_TTL_MAX_S);
        resolve(io, "[2001:db8::7]", &r);
        assert_true(addr_equal(&r.answer.addrs[0], &six));
        io_destroy(io);
}

static void localhost_is_found_without_a_server(void **state)
{
        (void)state;
        struct io *io = NULL;
        struct result r;
        assert_int_equal(io_create_epoll(&io), 0);
        for (int again = 0; again < 2; again++) {
                resolve(io, "localhost", &r);
                assert_int_equal(r.err, 0);
                assert_true(r.answer.count >= 1);
                assert_true(addr_is_loopback(&r.answer.addrs[0]));
                assert_int_equal(r.answer.addrs[0].port, 0);
                assert_true(r.answer.ttl_s >= DNS_TTL_MIN_S);
        }
        io_destroy(io);
}

static void what_is_no_host_name_is_refused(void **state)
{
        (void)state;
        static const char *const bad[] = {"",           ".",   "a..b", ".a",     "a b",
                                          "a/b",        "-\n", "[::1", "a:5060", "\xc3\xa4.example",
                                          "1.2.3.4.5:1"};
        struct io *io = NULL;
        struct dns_query *query = NULL;
        struct result r = {0};
        assert_int_equal(io_create_epoll(&io), 0);
        for (unsigned i = 0; i < sizeof bad / sizeof *bad; i++)
                assert_int_equal(dns_resolve(io, slice_from(bad[i]), on_answer, &r, &query),
                                 ERR_SYNTAX);
        char label[70];
        memset(label, 'a', sizeof label);
        assert_int_equal(dns_resolve(io, (struct slice){label, 64}, on_answer, &r, &query),
                         ERR_SYNTAX);
        char name[300];
        for (size_t i = 0; i < sizeof name; i++)
                name[i] = i % 50 == 49 ? '.' : 'a';
        assert_int_equal(dns_resolve(io, (struct slice){name, 254}, on_answer, &r, &query),
                         ERR_SYNTAX);
        assert_null(query);
        io_destroy(io);
}

/* A name server on loopback: one A record for "trunk", none for "gone", silence for the rest. */
struct server {
        struct io *io;
        struct io_udp *udp;
        unsigned questions;
};

static void on_question(void *arg, const struct addr *from, struct slice data)
{
        struct server *server = arg;
        uint8_t message[512];
        struct buf b;
        server->questions++;
        assert_true(data.len > 17 && data.len < 256);
        bool is_trunk = memcmp(data.p + 12, "\5trunk", 6) == 0;
        bool is_gone = memcmp(data.p + 12, "\4gone", 5) == 0;
        size_t end = 12 + strnlen(data.p + 12, data.len - 12) + 1;
        bool is_a = data.p[end + 1] == 1;
        if (!is_trunk && !is_gone)
                return;

        buf_init(&b, message, sizeof message);
        buf_put(&b, data.p, 2);
        buf_put_be16(&b, is_gone ? 0x8183 : 0x8180); /* NXDOMAIN, or no error */
        buf_put_be16(&b, 1);
        buf_put_be16(&b, is_trunk && is_a);
        buf_put_be32(&b, 0);
        buf_put(&b, data.p + 12, end + 4 - 12);
        if (is_trunk && is_a) {
                buf_put_be16(&b, 0xc00c);
                buf_put_be16(&b, 1);
                buf_put_be16(&b, 1);
                buf_put_be32(&b, 120);
                buf_put_be16(&b, 4);
                buf_put(&b, "\xc0\x00\x02\x0a", 4);
        }
        assert_true(buf_ok(&b));
        io_udp_send(server->udp, from, buf_slice(&b));
}

static void server_init(struct server *server)
{
        struct addr local = ip("127.0.0.1");
        *server = (struct server){0};
        assert_int_equal(io_create_epoll(&server->io), 0);
        assert_int_equal(io_udp_open(server->io, &local, on_question, server, &server->udp), 0);
        assert_int_equal(dns_set_server(server->io, io_udp_local(server->udp)), 0);
}

static void server_fini(struct server *server)
{
        io_udp_close(server->udp);
        io_destroy(server->io);
}

static void a_name_is_asked_for_at_the_server(void **state)
{
        (void)state;
        struct server server;
        struct result r;
        server_init(&server);
        struct addr expected = ip("192.0.2.10");
        for (int again = 0; again < 2; again++) {
                resolve(server.io, "trunk.example.", &r);
                assert_int_equal(r.err, 0);
                assert_int_equal(r.answer.count, 1);
                assert_true(addr_equal(&r.answer.addrs[0], &expected));
                assert_int_equal(r.answer.ttl_s, 120);
        }
        assert_int_equal(server.questions, 4); /* A and AAAA, twice */
        server_fini(&server);
}

static void a_name_that_does_not_exist_is_not_found(void **state)
{
        (void)state;
        struct server server;
        struct result r;
        server_init(&server);
        resolve(server.io, "gone.example", &r);
        assert_int_equal(r.err, ERR_NOT_FOUND);
        server_fini(&server);
}

#define TURNS_MAX 100000

static void queries_under_way_may_be_cancelled_or_left(void **state)
{
        (void)state;
        struct server server;
        struct dns_query *left = NULL, *cancelled = NULL, *literal = NULL;
        server_init(&server);
        struct result r = {.io = server.io};
        assert_int_equal(dns_resolve(r.io, SLICE("left.example"), on_answer, &r, &left), 0);
        assert_int_equal(dns_resolve(r.io, SLICE("trunk.example"), on_answer, &r, &cancelled), 0);
        dns_cancel(cancelled);
        assert_int_equal(dns_resolve(r.io, SLICE("192.0.2.1"), on_answer, &r, &literal), 0);
        dns_cancel(literal);
        dns_cancel(NULL);
        /* Without memory a question is never asked. */
        for (int turns = 0; server.questions < 4 && turns < TURNS_MAX; turns++) {
                io_stop(r.io);
                io_run(r.io);
        }
        assert_int_equal(server.questions, 4);
        for (int turns = 0; turns < 8; turns++) {
                io_stop(r.io);
                io_run(r.io);
        }
        assert_int_equal(r.calls, 0);
        server_fini(&server);
        assert_int_equal(r.calls, 0);
}

static struct sim_world *world_with_host(struct io **io)
{
        struct sim_world *world = NULL;
        assert_int_equal(sim_world_create(1, &world), 0);
        assert_int_equal(io_create_sim(world, io), 0);
        return world;
}

static void a_simulated_host_answers_from_its_table(void **state)
{
        (void)state;
        struct io *io = NULL;
        struct result r;
        struct sim_world *world = world_with_host(&io);
        struct addr addrs[2] = {ip("192.0.2.1"), ip("2001:db8::1")};
        assert_int_equal(dns_sim_set(io, SLICE("trunk.example"), addrs, 2, 300), 0);
        resolve(io, "Trunk.Example.", &r);
        assert_int_equal(r.err, 0);
        assert_int_equal(r.answer.count, 2);
        assert_true(addr_equal(&r.answer.addrs[1], &addrs[1]));
        assert_int_equal(r.answer.ttl_s, 300);

        assert_int_equal(dns_sim_set(io, SLICE("trunk.example"), addrs + 1, 1, 60), 0);
        resolve(io, "trunk.example", &r);
        assert_int_equal(r.answer.count, 1);
        assert_true(addr_equal(&r.answer.addrs[0], &addrs[1]));

        assert_int_equal(dns_sim_set(io, SLICE("trunk.example"), NULL, 0, 0), 0);
        resolve(io, "trunk.example", &r);
        assert_int_equal(r.err, ERR_NOT_FOUND);
        resolve(io, "other.example", &r);
        assert_int_equal(r.err, ERR_NOT_FOUND);
        sim_world_destroy(world);
}

static void a_cancelled_query_is_never_answered(void **state)
{
        (void)state;
        struct io *io = NULL;
        struct dns_query *query = NULL, *other = NULL;
        struct sim_world *world = world_with_host(&io);
        struct result r = {.io = io}, first = {.io = io};
        assert_int_equal(dns_resolve(io, SLICE("a.example"), on_answer, &r, &query), 0);
        dns_cancel(query);
        sim_world_run_ms(world, 10);
        assert_int_equal(r.calls, 0);

        /* Also when another answer of the same turn cancels it. */
        assert_int_equal(dns_resolve(io, SLICE("a.example"), on_answer, &first, &other), 0);
        assert_int_equal(dns_resolve(io, SLICE("b.example"), on_answer, &r, &first.to_cancel), 0);
        sim_world_run_ms(world, 10);
        assert_int_equal(first.calls, 1);
        assert_int_equal(r.calls, 0);
        sim_world_destroy(world);
}

static void queries_have_a_limit(void **state)
{
        (void)state;
        struct io *io = NULL;
        struct dns_query *query = NULL;
        struct sim_world *world = world_with_host(&io);
        struct result r = {.io = io};
        for (unsigned i = 0; i < DNS_QUERIES_MAX; i++)
                assert_int_equal(dns_resolve(io, SLICE("a.example"), on_answer, &r, &query), 0);
        assert_int_equal(dns_resolve(io, SLICE("a.example"), on_answer, &r, &query), ERR_FULL);
        sim_world_run_ms(world, 10);
        assert_int_equal(r.calls, DNS_QUERIES_MAX);
        assert_int_equal(dns_resolve(io, SLICE("a.example"), on_answer, &r, &query), 0);
        sim_world_destroy(world);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(an_ip_address_is_its_own_answer),
                cmocka_unit_test(localhost_is_found_without_a_server),
                cmocka_unit_test(what_is_no_host_name_is_refused),
                cmocka_unit_test(a_name_is_asked_for_at_the_server),
                cmocka_unit_test(a_name_that_does_not_exist_is_not_found),
                cmocka_unit_test(queries_under_way_may_be_cancelled_or_left),
                cmocka_unit_test(a_simulated_host_answers_from_its_table),
                cmocka_unit_test(a_cancelled_query_is_never_answered),
                cmocka_unit_test(queries_have_a_limit),
        };
        return RUN_TESTS(tests);
}
