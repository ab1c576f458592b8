/* SPDX-License-Identifier: Apache-2.0 */
/* Connections that come to us, and what becomes of them when their trunk changes. */
#include "scene.h"

#include <stdio.h>

#include "../log_capture.h"
#include "io/stream.h"

#define REQUEST                                                                                    \
        "OPTIONS sip:198.51.100.1 SIP/2.0\r\n"                                                     \
        "Via: SIP/2.0/TCP 192.0.2.10:5060;branch=z9hG4bK%c\r\n"                                    \
        "Max-Forwards: 70\r\n"                                                                     \
        "From: <sip:192.0.2.10>;tag=1\r\n"                                                         \
        "To: <sip:198.51.100.1>\r\n"                                                               \
        "Call-ID: %c\r\n"                                                                          \
        "CSeq: 1 OPTIONS\r\n"                                                                      \
        "Content-Length: 0\r\n\r\n"

static struct stream *stream; /* ours to close; NULL: over */
static unsigned answers;

static void on_data(void *arg, struct slice data)
{
        (void)arg;
        answers += slice_starts_with(data, SLICE("SIP/2.0 200 "));
}

static void on_close(void *arg, int err)
{
        (void)arg;
        (void)err;
        stream = NULL;
}

static void connect_as_carrier(struct scene *s)
{
        static const struct stream_options options = {.out_bytes_max = 65536, .connect_ms = 4000};
        static const struct stream_handlers handlers = {.on_data = on_data, .on_close = on_close};
        struct addr from = *io_udp_local(s->peer);
        from.port = 0;
        answers = 0;
        assert_int_equal(stream_connect(s->peer_io, &from, sip_ua_local(s->ua), &options, &handlers,
                                        NULL, &stream),
                         0);
        scene_run(s, 100);
        assert_non_null(stream);
}

static void ask(struct scene *s, char id)
{
        char text[512];
        int len = snprintf(text, sizeof text, REQUEST, id, id);
        assert_int_equal(stream_send(stream, (struct slice){text, (size_t)len}), 0);
        scene_run(s, 100);
}

static void change(struct scene *s)
{
        assert_int_equal(sip_trunks_put(s->trunks, &s->trunk), 0);
}

static void expect_closed(struct scene *s)
{
        ask(s, 'b');
        assert_int_equal(answers, 1);
        assert_null(stream);
        assert_int_equal(sip_ua_counters(s->ua)->streams.connections, 0);
        assert_int_equal(sip_ua_counters(s->ua)->streams.untrusted, 1);
}

static void a_trunk_that_has_become_tls_is_not_spoken_for_on_an_open_tcp_connection(void **state)
{
        struct scene *s = *state;
        connect_as_carrier(s);
        ask(s, 'a');
        assert_int_equal(answers, 1);
        s->trunk.transport = TRUNK_TLS;
        change(s);
        expect_closed(s);
}

static void a_connection_from_what_is_no_source_any_more_is_closed(void **state)
{
        struct scene *s = *state;
        connect_as_carrier(s);
        ask(s, 'a');
        s->trunk.source_count = 0;
        strcpy(s->trunk.peer_host, "192.0.2.99");
        change(s);
        expect_closed(s);
}

static void a_connection_of_a_trunk_that_was_removed_is_closed(void **state)
{
        struct scene *s = *state;
        connect_as_carrier(s);
        ask(s, 'a');
        sip_trunks_remove(s->trunks, TRUNK_ID);
        expect_closed(s);
        change(s);
}

static void a_change_that_is_none_to_a_connection_leaves_it_open(void **state)
{
        struct scene *s = *state;
        connect_as_carrier(s);
        ask(s, 'a');
        s->trunk.channels_max = 3;
        change(s);
        ask(s, 'b');
        assert_int_equal(answers, 2);
        stream_close(stream);
}

static unsigned count_of(const char *text, const char *what)
{
        unsigned count = 0;
        for (const char *at = text; (at = strstr(at, what)); at++)
                count++;
        return count;
}

static void say_nonsense(struct scene *s)
{
        connect_as_carrier(s);
        assert_int_equal(stream_send(stream, SLICE("GET / HTTP/1.1\r\n\r\n")), 0);
        scene_run(s, 100);
        assert_null(stream);
}

static void who_belongs_to_no_trunk_for_certain_does_not_fill_the_log(void **state)
{
        struct scene *s = *state;
        struct log_capture capture;
        char log[8192];
        struct trunk other = s->trunk;
        other.id = TRUNK_ID + 1;
        strcpy(other.name, "other");
        assert_int_equal(sip_trunks_put(s->trunks, &other), 0);
        log_capture_begin(&capture, LOG_WARN);
        for (unsigned i = 0; i < 20; i++)
                say_nonsense(s);
        unsigned soon = sip_ua_counters(s->ua)->streams.broken;
        scene_run(s, 10000);
        say_nonsense(s);
        log_capture_end(&capture, log, sizeof log);
        assert_int_equal(soon, 20);
        assert_int_equal(count_of(log, "trunk (unknown): the TCP connection from 192.0.2.10:"), 2);
        assert_non_null(strstr(log, "(19 more before it)"));
        sip_trunks_remove(s->trunks, other.id);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, scene_setup, scene_teardown)

int main(void)
{
        const struct CMUnitTest tests[] = {
                TEST(a_trunk_that_has_become_tls_is_not_spoken_for_on_an_open_tcp_connection),
                TEST(a_connection_from_what_is_no_source_any_more_is_closed),
                TEST(a_connection_of_a_trunk_that_was_removed_is_closed),
                TEST(who_belongs_to_no_trunk_for_certain_does_not_fill_the_log),
                TEST(a_change_that_is_none_to_a_connection_leaves_it_open),
        };
        return RUN_TESTS(tests);
}
