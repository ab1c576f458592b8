/* SPDX-License-Identifier: Apache-2.0 */
#include "io/tls.h"

#include <stdlib.h>

#include "stream_scene.h"
#include "tls_files.h"

/* Made once: an authority, a server and a client that it has certified, and a stranger. */
static struct authority authority, other_authority;
static struct granted server_files, client_files, stranger_files;

struct tls_scene {
        struct scene s;
        struct tls_context *server_context, *client_context;
        struct tls_params server, client;
        const struct stream_handlers *server_with;
};

static bool is_simulated(void **state)
{
        return *state != NULL;
}

static void on_tls_accept(void *arg, struct stream *stream)
{
        struct tls_scene *t = arg;
        t->s.accepted++;
        t->server.context = t->server_context;
        assert_int_equal(
                tls_start(stream, &t->server, t->server_with, &t->s.server, &t->s.server.stream),
                0);
}

static void tls_scene_init(struct tls_scene *t, bool simulated)
{
        *t = (struct tls_scene){
                .server = {.is_server = true, .handshake_ms = 5000},
                .client = {.domain = SLICE("sip.example.com"), .handshake_ms = 5000},
                .server_with = &telling,
        };
        scene_init(&t->s, simulated);
        t->server_context = context_of(&server_files.files);
        t->client_context = context_of(&client_files.files);
        assert_int_equal(
                stream_listen(t->s.b, &t->s.ip_b, &usual, 100, on_tls_accept, t, &t->s.listener),
                0);
}

static void tls_scene_fini(struct tls_scene *t)
{
        scene_fini(&t->s);
        tls_context_destroy(t->server_context);
        tls_context_destroy(t->client_context);
}

static void tls_connect(struct tls_scene *t)
{
        struct stream *below = NULL;
        t->s.client = (struct end){.other = &t->s.server, .bytes = t->s.client.bytes};
        t->s.server = (struct end){.other = &t->s.client, .bytes = t->s.server.bytes};
        t->client.context = t->client_context;
        assert_int_equal(stream_connect(t->s.a, NULL, stream_listener_local(t->s.listener), &usual,
                                        &telling, &t->s.client, &below),
                         0);
        assert_int_equal(tls_start(below, &t->client, &telling, &t->s.client, &t->s.client.stream),
                         0);
}

static void tls_connect_both(struct tls_scene *t)
{
        tls_connect(t);
        RUN_UNTIL(&t->s, t->s.client.opened && t->s.server.opened);
}

/* Connects in vain; the client, or the server, is told `err`, and why. */
static void expect_client_told(struct tls_scene *t, int err, const char *why)
{
        tls_connect(t);
        RUN_UNTIL(&t->s, t->s.client.closed);
        assert_string_equal(t->s.client.reason, why);
        assert_int_equal(t->s.client.err, err);
        settle(&t->s);
}

static void bytes_pass_both_ways_and_nobody_reads_along(void **state)
{
        struct tls_scene t;
        struct tls_facts facts;
        tls_scene_init(&t, is_simulated(state));
        tls_connect(&t);
        assert_int_equal(stream_send(t.s.client.stream, SLICE("before the handshake")), 0);
        RUN_UNTIL(&t.s, t.s.server.received == 20 && t.s.client.opened);
        assert_memory_equal(t.s.server.bytes, "before the handshake", 20);
        assert_int_equal(stream_send(t.s.server.stream, SLICE("and back")), 0);
        RUN_UNTIL(&t.s, t.s.client.received == 8);
        assert_memory_equal(t.s.client.bytes, "and back", 8);
        assert_int_equal(t.s.client.opened, 1);
        assert_int_equal(t.s.server.opened, 1);
        tls_describe(t.s.client.stream, &facts);
        assert_string_equal(facts.version, "TLSv1.3");
        assert_true(facts.has_certificate);
        assert_true(facts.expires_ms == INT64_C(2493072000000));
        tls_describe(t.s.server.stream, &facts);
        assert_string_equal(facts.asked_name, "sip.example.com");
        assert_false(facts.has_certificate);
        assert_true(addr_equal(stream_peer(t.s.client.stream), stream_local(t.s.server.stream)));
        assert_true(addr_equal(stream_local(t.s.client.stream), stream_peer(t.s.server.stream)));
        tls_scene_fini(&t);
}

static void find_secret(void *arg, const struct addr *from, const struct addr *to,
                        struct slice data)
{
        (void)from;
        (void)to;
        *(bool *)arg |= memmem(data.p, data.len, "+919888800001", 13) != NULL;
}

static void what_is_sent_is_not_seen_on_the_way(void **state)
{
        struct tls_scene t;
        bool seen = false;
        (void)state;
        tls_scene_init(&t, true);
        sim_world_on_stream(t.s.world, find_secret, &seen);
        tls_connect(&t);
        assert_int_equal(stream_send(t.s.client.stream, SLICE("+919888800001")), 0);
        RUN_UNTIL(&t.s, t.s.server.received == 13);
        assert_false(seen);
        tls_scene_fini(&t);
}

static char *large_bytes;
static size_t large_sent;
static unsigned large_full;

static void pour_tls(struct end *end)
{
        while (end->stream && large_sent < RECEIVED_MAX) {
                size_t piece = 1 + (large_sent * 7919) % 40000;
                if (piece > RECEIVED_MAX - large_sent)
                        piece = RECEIVED_MAX - large_sent;
                int err = stream_send(end->stream, (struct slice){large_bytes + large_sent, piece});
                if (err == ERR_FULL) {
                        large_full++;
                        return;
                }
                assert_int_equal(err, 0);
                large_sent += piece;
        }
}

static void a_large_amount_waits_and_arrives_whole(void **state)
{
        struct tls_scene t;
        tls_scene_init(&t, is_simulated(state));
        large_bytes = malloc(RECEIVED_MAX);
        assert_non_null(large_bytes);
        fill(large_bytes, RECEIVED_MAX, 9);
        large_sent = large_full = 0;
        tls_connect(&t);
        t.s.client.then = pour_tls;
        pour_tls(&t.s.client);
        assert_true(stream_pending(t.s.client.stream) <= usual.out_bytes_max);
        RUN_UNTIL(&t.s, t.s.server.received == RECEIVED_MAX);
        assert_memory_equal(t.s.server.bytes, large_bytes, RECEIVED_MAX);
        assert_true(large_full > 0);
        free(large_bytes);
        tls_scene_fini(&t);
}

static void pieces_of_any_size_are_put_together(void **state)
{
        struct tls_scene t;
        (void)state;
        tls_scene_init(&t, true);
        sim_world_set_network(t.s.world, &(struct sim_network){.delay_ms = 1,
                                                               .jitter_ms = 3,
                                                               .loss_permille = 20,
                                                               .segment_bytes_max = 3});
        tls_connect(&t);
        assert_int_equal(stream_send(t.s.client.stream, SLICE("whole")), 0);
        t.s.client.then = NULL;
        RUN_UNTIL(&t.s, t.s.server.received == 5 || t.s.client.closed);
        assert_string_equal(t.s.client.reason, "");
        assert_memory_equal(t.s.server.bytes, "whole", 5);
        tls_scene_fini(&t);
}

static void closing_says_goodbye(void **state)
{
        struct tls_scene t;
        static const struct stream_handlers *const ways[] = {&telling, &short_lived};
        for (unsigned i = 0; i < 2; i++) {
                tls_scene_init(&t, is_simulated(state));
                t.server_with = ways[i];
                tls_connect_both(&t);
                assert_int_equal(stream_send(t.s.client.stream, SLICE("bye")), 0);
                stream_close(t.s.client.stream);
                t.s.client.stream = NULL;
                RUN_UNTIL(&t.s, t.s.server.ended || t.s.server.closed);
                assert_int_equal(t.s.server.received, 3);
                assert_int_equal(t.s.server.ended, i == 0);
                assert_int_equal(t.s.server.err, 0);
                stream_close(t.s.server.stream);
                settle(&t.s);
                tls_scene_fini(&t);
        }
}

static void an_end_without_goodbye_is_a_reset(void **state)
{
        struct tls_scene t;
        struct stream *below = NULL;
        tls_scene_init(&t, is_simulated(state));
        assert_int_equal(stream_connect(t.s.a, NULL, stream_listener_local(t.s.listener), &usual,
                                        &telling, &t.s.client, &below),
                         0);
        t.s.client.stream = below;
        RUN_UNTIL(&t.s, t.s.server.stream && t.s.client.opened);
        stream_close(below);
        RUN_UNTIL(&t.s, t.s.server.closed);
        assert_int_equal(t.s.server.err, -ECONNRESET);
        assert_string_equal(t.s.server.reason,
                            "the peer closed the connection during the TLS handshake");

        tls_connect_both(&t);
        stream_abort(t.s.client.stream);
        RUN_UNTIL(&t.s, t.s.server.closed);
        assert_int_equal(t.s.server.err, -ECONNRESET);
        tls_scene_fini(&t);
}

static void a_peer_of_another_name_is_refused(void **state)
{
        struct tls_scene t;
        tls_scene_init(&t, is_simulated(state));
        t.client.domain = SLICE("sip.other.example");
        expect_client_told(&t, ERR_UNTRUSTED,
                           "the certificate is for sip.example.com, not for sip.other.example");
        assert_int_equal(t.s.client.opened, 0);
        assert_int_equal(t.s.server.opened, 0);
        assert_int_equal(t.s.server.err, -EPROTO);
        assert_non_null(strstr(t.s.server.reason, "the TLS handshake failed: the peer refused us"));
        tls_scene_fini(&t);
}

static void a_peer_whom_nobody_vouches_for_is_refused(void **state)
{
        struct tls_scene t;
        tls_scene_init(&t, is_simulated(state));
        tls_context_destroy(t.server_context);
        t.server_context = context_of(&stranger_files.files);
        expect_client_told(&t, ERR_UNTRUSTED,
                           "the certificate is signed by 'other authority', who is not among those "
                           "we trust");
        tls_scene_fini(&t);
}

static void an_expired_certificate_is_refused_by_the_io_s_clock(void **state)
{
        struct tls_scene t;
        (void)state;
        tls_scene_init(&t, true);
        sim_set_wall_ms(t.s.a, INT64_C(2493072000000) + 1000);
        expect_client_told(&t, ERR_UNTRUSTED, "the certificate expired on 2049-01-01");
        sim_set_wall_ms(t.s.a, INT64_C(2493072000000) - 60000);
        tls_connect_both(&t);
        stream_abort(t.s.client.stream);
        sim_set_wall_ms(t.s.a, INT64_C(1700000000000));
        RUN_UNTIL(&t.s, t.s.server.closed);
        expect_client_told(&t, ERR_UNTRUSTED, "the certificate is not valid before 2025-01-01");
        tls_scene_fini(&t);
}

static void a_peer_s_own_certificate_may_be_the_trusted_one(void **state)
{
        struct tls_scene t;
        (void)state;
        tls_scene_init(&t, true);
        struct tls_files pinned = {.ca = server_files.certificate};
        tls_context_destroy(t.client_context);
        t.client_context = context_of(&pinned);
        tls_connect_both(&t);
        tls_scene_fini(&t);
}

static void a_client_must_show_its_certificate_when_asked(void **state)
{
        struct tls_scene t;
        struct tls_facts facts;
        struct tls_reason why;
        tls_scene_init(&t, is_simulated(state));
        t.server.ask_certificate = true;
        tls_connect_both(&t);
        tls_describe(t.s.server.stream, &facts);
        assert_true(facts.has_certificate);
        assert_int_equal(tls_check_peer(t.s.server.stream, SLICE("client.example.com"), &why), 0);
        assert_int_equal(tls_check_peer(t.s.server.stream, SLICE("x.example.com"), &why),
                         ERR_UNTRUSTED);
        assert_int_equal(tls_check_peer(t.s.client.stream, SLICE("sip.example.com"), &why), 0);
        stream_abort(t.s.client.stream);
        RUN_UNTIL(&t.s, t.s.server.closed);

        struct tls_files without = {.ca = authority.ca};
        tls_context_destroy(t.client_context);
        t.client_context = context_of(&without);
        tls_connect(&t);
        RUN_UNTIL(&t.s, t.s.server.closed && t.s.client.closed);
        assert_int_equal(t.s.server.err, -EPROTO);
        assert_string_equal(t.s.server.reason, "the TLS handshake failed: the peer showed no "
                                               "certificate, and must");
        assert_int_equal(t.s.client.err, -EPROTO);
        tls_scene_fini(&t);
}

static void a_client_must_be_who_is_expected(void **state)
{
        struct tls_scene t;
        tls_scene_init(&t, is_simulated(state));
        t.server.ask_certificate = true;
        t.server.domain = SLICE("client.example.com");
        tls_connect_both(&t);
        stream_abort(t.s.client.stream);
        RUN_UNTIL(&t.s, t.s.server.closed);

        t.server.domain = SLICE("carrier.example");
        tls_connect(&t);
        RUN_UNTIL(&t.s, t.s.server.closed && t.s.client.closed);
        assert_int_equal(t.s.server.err, ERR_UNTRUSTED);
        assert_string_equal(t.s.server.reason, "the certificate is for sip:client.example.com and "
                                               "x.example.com, not for carrier.example");
        assert_int_equal(t.s.server.opened, 0);
        tls_scene_fini(&t);
}

static void a_peer_without_a_certificate_has_none_to_check(void **state)
{
        struct tls_scene t;
        struct tls_reason why;
        (void)state;
        tls_scene_init(&t, true);
        tls_connect_both(&t);
        assert_int_equal(tls_check_peer(t.s.server.stream, SLICE("a.example"), &why),
                         ERR_NOT_FOUND);
        assert_string_equal(why.text, "the peer showed no certificate");
        tls_scene_fini(&t);
}

static void a_reload_changes_what_comes_and_not_what_is(void **state)
{
        struct tls_scene t;
        struct tls_reason why = {""};
        tls_scene_init(&t, is_simulated(state));
        tls_connect_both(&t);
        struct tls_files broken = server_files.files;
        broken.certificate = broken.key;
        assert_int_equal(tls_context_reload(t.server_context, &broken, &why), ERR_SYNTAX);
        assert_int_equal(tls_context_reload(t.server_context, &stranger_files.files, &why), 0);
        assert_int_equal(stream_send(t.s.client.stream, SLICE("still here")), 0);
        RUN_UNTIL(&t.s, t.s.server.received == 10);
        stream_abort(t.s.client.stream);
        RUN_UNTIL(&t.s, t.s.server.closed);

        expect_client_told(&t, ERR_UNTRUSTED,
                           "the certificate is signed by 'other authority', who is not among those "
                           "we trust");
        /* A context may go before its connections. */
        assert_int_equal(tls_context_reload(t.server_context, &server_files.files, &why), 0);
        tls_connect_both(&t);
        tls_context_destroy(t.server_context);
        t.server_context = NULL;
        assert_int_equal(stream_send(t.s.client.stream, SLICE("and here")), 0);
        RUN_UNTIL(&t.s, t.s.server.received == 8);
        tls_scene_fini(&t);
}

static void a_peer_that_does_not_speak_tls_is_told_apart(void **state)
{
        struct tls_scene t;
        struct end plain = {0};
        tls_scene_init(&t, is_simulated(state));
        plain.bytes = t.s.client.bytes;
        assert_int_equal(stream_connect(t.s.a, NULL, stream_listener_local(t.s.listener), &usual,
                                        &short_lived, &plain, &plain.stream),
                         0);
        assert_int_equal(stream_send(plain.stream, SLICE("OPTIONS sip:a.example SIP/2.0\r\n")), 0);
        RUN_UNTIL(&t.s, t.s.server.closed);
        assert_int_equal(t.s.server.err, -EPROTO);
        assert_string_equal(t.s.server.reason,
                            "the TLS handshake failed: the peer does not speak TLS here");
        RUN_UNTIL(&t.s, plain.closed);
        tls_scene_fini(&t);
}

static void a_handshake_that_stalls_times_out(void **state)
{
        struct tls_scene t;
        struct end plain = {0};
        (void)state;
        tls_scene_init(&t, true);
        plain.bytes = t.s.client.bytes;
        assert_int_equal(stream_connect(t.s.a, NULL, stream_listener_local(t.s.listener), &usual,
                                        &short_lived, &plain, &plain.stream),
                         0);
        assert_int_equal(stream_send(plain.stream, SLICE("\x16\x03\x01\x02")), 0);
        sim_world_run_ms(t.s.world, 5009);
        assert_int_equal(t.s.server.closed, 0);
        sim_world_run_ms(t.s.world, 1);
        assert_int_equal(t.s.server.err, -ETIMEDOUT);
        assert_string_equal(t.s.server.reason, "the TLS handshake did not come to its end in time");
        tls_scene_fini(&t);
}

static void a_connection_that_fails_below_fails_above(void **state)
{
        struct tls_scene t;
        tls_scene_init(&t, is_simulated(state));
        tls_connect_both(&t);
        struct addr gone = *stream_listener_local(t.s.listener);
        stream_listener_close(t.s.listener);
        struct stream *below = NULL;
        struct end refused = {.bytes = t.s.client.bytes};
        assert_int_equal(stream_connect(t.s.a, NULL, &gone, &usual, &telling, &refused, &below), 0);
        assert_int_equal(tls_start(below, &t.client, &telling, &refused, &refused.stream), 0);
        RUN_UNTIL(&t.s, refused.closed);
        assert_int_equal(refused.err, -ECONNREFUSED);
        assert_string_equal(refused.reason, err_text(-ECONNREFUSED));
        tls_scene_fini(&t);
}

static void what_cannot_be_started_is_told_at_once(void **state)
{
        struct tls_scene t;
        struct stream *below = NULL, *above = NULL;
        (void)state;
        tls_scene_init(&t, true);
        assert_int_equal(stream_connect(t.s.a, NULL, stream_listener_local(t.s.listener), &usual,
                                        &telling, &t.s.client, &below),
                         0);
        struct tls_params bad = t.client;
        bad.context = t.client_context;
        bad.domain = SLICE("a b");
        assert_int_equal(tls_start(below, &bad, &telling, &t.s.client, &above), ERR_SYNTAX);
        bad.domain = SLICE_NONE;
        assert_int_equal(tls_start(below, &bad, &telling, &t.s.client, &above), ERR_SYNTAX);
        struct tls_files without = {.ca = authority.ca};
        struct tls_context *no_certificate = context_of(&without);
        bad = (struct tls_params){
                .context = no_certificate, .is_server = true, .handshake_ms = 1000};
        assert_int_equal(tls_start(below, &bad, &telling, &t.s.client, &above), ERR_NOT_FOUND);
        assert_null(above);
        tls_context_destroy(no_certificate);
        stream_abort(below);
        tls_scene_fini(&t);
}

static void close_own(struct end *end)
{
        stream_close(end->stream);
        end->stream = NULL;
}

static void abort_own(struct end *end)
{
        stream_abort(end->stream);
        end->stream = NULL;
}

static void abort_other(struct end *end)
{
        stream_abort(end->other->stream);
        end->other->stream = NULL;
}

static void ending_inside_any_handler_is_safe(void **state)
{
        struct tls_scene t;
        void (*const ways[])(struct end *) = {NULL, close_own, abort_own, abort_other};
        tls_scene_init(&t, is_simulated(state));
        for (unsigned i = 0; i < 16; i++) {
                t.server_with = i % 3 ? &telling : &short_lived;
                tls_connect(&t);
                t.s.client.then = ways[i % 4];
                t.s.server.then = ways[i / 4];
                assert_int_equal(stream_send(t.s.client.stream, SLICE("first")), 0);
                for (unsigned j = 0; j < 200 && t.s.client.stream && !t.s.client.closed; j++)
                        step(&t.s);
                settle(&t.s);
                stream_abort(t.s.client.stream);
                t.s.client.stream = NULL;
                settle(&t.s);
                assert_true(t.s.server.closed <= 1);
                stream_abort(t.s.server.stream);
                t.s.server.stream = NULL;
        }
        tls_scene_fini(&t);
}

/* A client of OpenSSL itself, over a plain stream of ours: what it does is its own affair. */
struct raw {
        struct end *end;
        SSL_CTX *ctx;
        SSL *ssl;
        int error; /* of the last turn, as SSL_get_error() says, and why */
        unsigned long code;
};

static void raw_flush(struct raw *raw)
{
        char *p = NULL;
        long len = BIO_get_mem_data(SSL_get_wbio(raw->ssl), &p);
        if (len > 0 && raw->end->stream)
                assert_int_equal(stream_send(raw->end->stream, (struct slice){p, (size_t)len}), 0);
        (void)BIO_reset(SSL_get_wbio(raw->ssl));
}

static void raw_open(struct raw *raw, struct tls_scene *t, int version)
{
        *raw = (struct raw){.end = &t->s.client};
        raw->ctx = SSL_CTX_new(TLS_method());
        assert_non_null(raw->ctx);
        SSL_CTX_set_security_level(raw->ctx, 0);
        assert_int_equal(SSL_CTX_set_min_proto_version(raw->ctx, version), 1);
        assert_int_equal(SSL_CTX_set_max_proto_version(raw->ctx, version), 1);
        assert_int_equal(SSL_CTX_set_cipher_list(raw->ctx, "ALL"), 1);
        raw->ssl = SSL_new(raw->ctx);
        assert_non_null(raw->ssl);
        SSL_set_bio(raw->ssl, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
        SSL_set_connect_state(raw->ssl);
        t->s.client = (struct end){.bytes = t->s.client.bytes};
        t->s.server = (struct end){.bytes = t->s.server.bytes};
        assert_int_equal(stream_connect(t->s.a, NULL, stream_listener_local(t->s.listener), &usual,
                                        &telling, &t->s.client, &t->s.client.stream),
                         0);
}

/* One turn of the raw client, then of the world. */
static void raw_turn(struct raw *raw, struct tls_scene *t)
{
        char plain[256];
        if (t->s.client.received) {
                assert_true(BIO_write(SSL_get_rbio(raw->ssl), t->s.client.bytes,
                                      (int)t->s.client.received) > 0);
                t->s.client.received = 0;
        }
        ERR_clear_error();
        int n = SSL_is_init_finished(raw->ssl) ? SSL_read(raw->ssl, plain, sizeof plain)
                                               : SSL_do_handshake(raw->ssl);
        raw->code = ERR_peek_last_error();
        raw->error = SSL_get_error(raw->ssl, n);
        raw_flush(raw);
        sim_world_run_ms(t->s.world, 20);
}

static void raw_close(struct raw *raw)
{
        SSL_free(raw->ssl);
        SSL_CTX_free(raw->ctx);
        ERR_clear_error();
}

static void what_is_older_than_tls_1_2_is_refused(void **state)
{
        static const int versions[] = {TLS1_VERSION, TLS1_1_VERSION};
        struct tls_scene t;
        struct raw raw;
        (void)state;
        for (unsigned i = 0; i < 2; i++) {
                tls_scene_init(&t, true);
                raw_open(&raw, &t, versions[i]);
                for (unsigned j = 0; j < 10 && !t.s.server.closed; j++)
                        raw_turn(&raw, &t);
                assert_int_equal(t.s.server.err, -EPROTO);
                assert_string_equal(t.s.server.reason, "the TLS handshake failed: the peer speaks "
                                                       "neither TLS 1.2 nor 1.3");
                assert_int_equal(t.s.server.opened, 0);
                raw_close(&raw);
                tls_scene_fini(&t);
        }
}

static void tls_1_2_is_spoken_with_forward_secrecy(void **state)
{
        struct tls_scene t;
        struct tls_facts facts;
        struct raw raw;
        (void)state;
        tls_scene_init(&t, true);
        raw_open(&raw, &t, TLS1_2_VERSION);
        for (unsigned j = 0; j < 10 && !(t.s.server.opened && SSL_is_init_finished(raw.ssl)); j++)
                raw_turn(&raw, &t);
        assert_int_equal(t.s.server.opened, 1);
        tls_describe(t.s.server.stream, &facts);
        assert_string_equal(facts.version, "TLSv1.2");
        assert_int_equal(strncmp(facts.cipher, "ECDHE-", 6), 0);
        raw_close(&raw);
        tls_scene_fini(&t);
}

static void ciphers_without_forward_secrecy_are_refused(void **state)
{
        struct tls_scene t;
        struct raw raw;
        (void)state;
        tls_scene_init(&t, true);
        raw_open(&raw, &t, TLS1_2_VERSION);
        assert_int_equal(
                SSL_set_cipher_list(raw.ssl, "AES128-GCM-SHA256:AES256-SHA:ECDHE-ECDSA-AES128-SHA"),
                1);
        for (unsigned j = 0; j < 10 && !t.s.server.closed; j++)
                raw_turn(&raw, &t);
        assert_int_equal(t.s.server.err, -EPROTO);
        assert_string_equal(t.s.server.reason, "the TLS handshake failed: the peer has no cipher "
                                               "in common with us");
        raw_close(&raw);
        tls_scene_fini(&t);
}

static void a_renegotiation_is_refused(void **state)
{
        struct tls_scene t;
        struct raw raw;
        (void)state;
        tls_scene_init(&t, true);
        raw_open(&raw, &t, TLS1_2_VERSION);
        for (unsigned j = 0; j < 10 && !(t.s.server.opened && SSL_is_init_finished(raw.ssl)); j++)
                raw_turn(&raw, &t);
        assert_int_equal(t.s.server.opened, 1);
        assert_int_equal(SSL_renegotiate(raw.ssl), 1);
        ERR_clear_error();
        (void)SSL_do_handshake(raw.ssl);
        raw_flush(&raw);
        for (unsigned j = 0; j < 10 && raw.error != SSL_ERROR_SSL; j++)
                raw_turn(&raw, &t);
        assert_int_equal(raw.error, SSL_ERROR_SSL);
        assert_int_equal(ERR_GET_REASON(raw.code), SSL_R_NO_RENEGOTIATION);
        assert_int_equal(t.s.server.opened, 1);
        assert_int_equal(t.s.server.received, 0);
        raw_close(&raw);
        tls_scene_fini(&t);
}

static void garbage_inside_ends_the_stream(void **state)
{
        struct tls_scene t;
        struct raw raw;
        (void)state;
        tls_scene_init(&t, true);
        raw_open(&raw, &t, TLS1_3_VERSION);
        for (unsigned j = 0; j < 10 && !(t.s.server.opened && SSL_is_init_finished(raw.ssl)); j++)
                raw_turn(&raw, &t);
        assert_int_equal(t.s.server.opened, 1);
        static const char forged[] = "\x17\x03\x03\x00\x20"
                                     "0123456789abcdef0123456789abcdef";
        assert_int_equal(stream_send(t.s.client.stream, (struct slice){forged, sizeof forged - 1}),
                         0);
        sim_world_run_ms(t.s.world, 100);
        assert_int_equal(t.s.server.closed, 1);
        assert_int_equal(t.s.server.err, -EPROTO);
        assert_int_equal(t.s.server.received, 0);
        raw_close(&raw);
        tls_scene_fini(&t);
}

static int make_certificates(void **state)
{
        (void)state;
        authority_init(&authority, "test authority");
        authority_init(&other_authority, "other authority");
        grant(&authority, &(struct wish){.name = "server", .san = "DNS:sip.example.com"},
              &server_files);
        grant(&authority,
              &(struct wish){.name = "client",
                             .san = "URI:sip:client.example.com,DNS:x.example.com",
                             .usage = "serverAuth"},
              &client_files);
        grant(&other_authority, &(struct wish){.name = "server", .san = "DNS:sip.example.com"},
              &stranger_files);
        return 0;
}

static int remove_certificates(void **state)
{
        (void)state;
        authority_fini(&authority);
        authority_fini(&other_authority);
        return 0;
}

#define ON_BOTH(test)                                                                              \
        {#test " (tcp)", test, NULL, NULL, NULL},                                                  \
        {                                                                                          \
#test " (simulated)", test, NULL, NULL, &yes                                       \
        }

int main(void)
{
        static bool yes = true;
        const struct CMUnitTest tests[] = {
                ON_BOTH(bytes_pass_both_ways_and_nobody_reads_along),
                cmocka_unit_test(what_is_sent_is_not_seen_on_the_way),
                ON_BOTH(a_large_amount_waits_and_arrives_whole),
                cmocka_unit_test(pieces_of_any_size_are_put_together),
                ON_BOTH(closing_says_goodbye),
                ON_BOTH(an_end_without_goodbye_is_a_reset),
                ON_BOTH(a_peer_of_another_name_is_refused),
                ON_BOTH(a_peer_whom_nobody_vouches_for_is_refused),
                cmocka_unit_test(an_expired_certificate_is_refused_by_the_io_s_clock),
                cmocka_unit_test(a_peer_s_own_certificate_may_be_the_trusted_one),
                ON_BOTH(a_client_must_show_its_certificate_when_asked),
                ON_BOTH(a_client_must_be_who_is_expected),
                cmocka_unit_test(a_peer_without_a_certificate_has_none_to_check),
                ON_BOTH(a_reload_changes_what_comes_and_not_what_is),
                ON_BOTH(a_peer_that_does_not_speak_tls_is_told_apart),
                cmocka_unit_test(a_handshake_that_stalls_times_out),
                ON_BOTH(a_connection_that_fails_below_fails_above),
                cmocka_unit_test(what_cannot_be_started_is_told_at_once),
                ON_BOTH(ending_inside_any_handler_is_safe),
                cmocka_unit_test(what_is_older_than_tls_1_2_is_refused),
                cmocka_unit_test(tls_1_2_is_spoken_with_forward_secrecy),
                cmocka_unit_test(ciphers_without_forward_secrecy_are_refused),
                cmocka_unit_test(a_renegotiation_is_refused),
                cmocka_unit_test(garbage_inside_ends_the_stream),
        };
        return cmocka_run_group_tests(tests, make_certificates, remove_certificates);
}
