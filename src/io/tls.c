/* SPDX-License-Identifier: Apache-2.0 */
#include "io/tls.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "io/io_impl.h"
#include "io/stream_impl.h"
#include "io/tls_openssl.h"
#include "io/tls_words.h"

#define RECORD_BYTES  16384
#define DOMAIN_MAX    255
#define OVERHEAD_EACH 8     /* of the stream below: one byte more for so many */
#define OVERHEAD      65536 /* and handshakes, tickets, alerts */
#define MS_IN_S       1000

struct tls {
        struct stream stream;
        struct stream *below; /* owned; NULL once let go of */
        SSL *ssl;             /* owned, and with it the two BIOs */
        BIO *in, *out;
        struct byte_queue early; /* plain, until the handshake is over */
        int64_t handshake_ms;
        char domain[DOMAIN_MAX + 1]; /* empty: any */
        bool is_identified;          /* the peer's certificate is of the domain */
        int refused;                 /* by the check of the certificate: ERR_UNTRUSTED */
        struct tls_reason why;
};

static const struct stream_ops tls_ops;

static struct tls *tls_of(const struct stream *stream)
{
        assert(stream->ops == &tls_ops);
        return (struct tls *)stream;
}

static bool is_over(const struct tls *tls)
{
        return tls->stream.state > STREAM_OPEN;
}

/* Ending. */

static void fail(struct tls *tls, int err, const char *why)
{
        if (!tls->stream.reason)
                tls->stream.reason = strdup(why); /* without memory, the code has to do */
        stream_fail(&tls->stream, err);
}

/* What OpenSSL has written goes below; the alert of a failure too. */
static void flush(struct tls *tls)
{
        char *p = NULL;
        long len = BIO_get_mem_data(tls->out, &p);
        if (len <= 0 || !tls->below)
                return;
        int err = stream_send(tls->below, (struct slice){p, (size_t)len});
        (void)BIO_reset(tls->out);
        if (err == ERR_FULL || err == ERR_TOO_LARGE)
                fail(tls, -ECONNRESET, "the peer wants answers from TLS and does not read them");
}

/* The last call of OpenSSL failed for good. */
static void fail_by_openssl(struct tls *tls)
{
        struct tls_reason why = tls->why;
        int err = tls->refused ? tls->refused : -EPROTO;
        if (!tls->refused)
                tls_words_of_error(ERR_peek_last_error(), tls->stream.state == STREAM_CONNECTING,
                                   &why);
        ERR_clear_error();
        flush(tls);
        fail(tls, err, why.text);
}

static void tls_release(struct stream *stream, bool reset)
{
        struct tls *tls = tls_of(stream);
        if (reset)
                stream_abort(tls->below);
        else
                stream_close(tls->below);
        tls->below = NULL;
        byte_queue_fini(&tls->early);
}

static void say_goodbye(struct tls *tls)
{
        ERR_clear_error();
        (void)SSL_shutdown(tls->ssl);
        ERR_clear_error();
        flush(tls);
}

static void tls_close(struct stream *stream)
{
        struct tls *tls = tls_of(stream);
        say_goodbye(tls);
        if (tls->below)
                stream_fail(stream, 0);
}

static void tls_destroy(struct stream *stream)
{
        struct tls *tls = tls_of(stream);
        SSL_free(tls->ssl);
        free(tls);
}

/* Sending. */

static int write_plain(struct tls *tls, struct slice data)
{
        ERR_clear_error();
        int n = SSL_write(tls->ssl, data.p, (int)data.len);
        if (n <= 0)
                fail_by_openssl(tls);
        else
                flush(tls);
        return tls->stream.state == STREAM_FAILED ? tls->stream.err : 0;
}

static int tls_send(struct stream *stream, struct slice data)
{
        struct tls *tls = tls_of(stream);
        if (stream->state == STREAM_OPEN)
                return write_plain(tls, data);
        int err = byte_queue_put(&tls->early, data);
        if (err)
                stream_fail(stream, err);
        return err;
}

static size_t tls_pending(const struct stream *stream)
{
        const struct tls *tls = tls_of(stream);
        return tls->early.len + stream_pending(tls->below);
}

static void send_early(struct tls *tls)
{
        struct slice data = byte_queue_peek(&tls->early);
        if (!data.len)
                return;
        (void)write_plain(tls, data);
        byte_queue_fini(&tls->early);
}

static const struct stream_ops tls_ops = {
        .send = tls_send,
        .pending = tls_pending,
        .close = tls_close,
        .release = tls_release,
        .destroy = tls_destroy,
};

/* Receiving. */

/* A session that is resumed shows its certificate from memory: nothing was verified by the way. */
static void identify_resumed(struct tls *tls)
{
        struct tls_reason why;
        if (!tls->domain[0] || tls->is_identified)
                return;
        int err = SSL_get_verify_result(tls->ssl) == X509_V_OK
                          ? tls_check_peer(&tls->stream, slice_from(tls->domain), &why)
                          : ERR_UNTRUSTED;
        if (err)
                fail(tls, ERR_UNTRUSTED, "the certificate is not of the domain that is expected");
}

/* True when the handshake is over and the stream is not. */
static bool shake_hands(struct tls *tls)
{
        if (tls->stream.state == STREAM_OPEN)
                return true;
        ERR_clear_error();
        int done = SSL_do_handshake(tls->ssl);
        if (done != 1) {
                if (SSL_get_error(tls->ssl, done) == SSL_ERROR_WANT_READ)
                        flush(tls);
                else
                        fail_by_openssl(tls);
                return false;
        }
        flush(tls);
        if (!is_over(tls))
                identify_resumed(tls);
        if (is_over(tls))
                return false;
        stream_opened(&tls->stream);
        if (!is_over(tls))
                send_early(tls);
        if (!is_over(tls) && !stream_pending(tls->below))
                stream_drained(&tls->stream);
        return !is_over(tls);
}

static void read_plain(struct tls *tls)
{
        char plain[RECORD_BYTES];
        while (!is_over(tls)) {
                ERR_clear_error();
                int n = SSL_read(tls->ssl, plain, sizeof plain);
                if (n > 0) {
                        stream_received(&tls->stream, (struct slice){plain, (size_t)n});
                        continue;
                }
                switch (SSL_get_error(tls->ssl, n)) {
                case SSL_ERROR_WANT_READ:
                        flush(tls);
                        break;
                case SSL_ERROR_ZERO_RETURN:
                        if (!tls->stream.handlers->on_end)
                                say_goodbye(tls);
                        stream_ended(&tls->stream);
                        break;
                default:
                        fail_by_openssl(tls);
                        break;
                }
                break;
        }
        explicit_bzero(plain, sizeof plain);
}

static void go_on(struct tls *tls)
{
        if (!is_over(tls) && shake_hands(tls))
                read_plain(tls);
}

static void on_handshake_timeout(void *arg)
{
        fail(arg, -ETIMEDOUT, "the TLS handshake did not come to its end in time");
}

/* The handshake's time begins with the connection. */
static void begin(struct tls *tls)
{
        struct stream *stream = &tls->stream;
        stream->local = tls->below->local;
        io_timer_start(stream->io, &stream->timer, tls->handshake_ms, on_handshake_timeout, tls);
        if (!SSL_is_server(tls->ssl))
                go_on(tls);
}

static void below_opened(void *arg)
{
        begin(arg);
}

static void below_received(void *arg, struct slice data)
{
        struct tls *tls = arg;
        if (SSL_get_shutdown(tls->ssl) & SSL_RECEIVED_SHUTDOWN)
                return;
        if (BIO_write(tls->in, data.p, (int)data.len) != (int)data.len)
                stream_fail(&tls->stream, -ENOMEM);
        else
                go_on(tls);
}

static void below_drained(void *arg)
{
        struct tls *tls = arg;
        stream_drained(&tls->stream);
}

/* Without the goodbye, nobody knows whether this was the end (RFC 8446 6.1). */
static void below_ended(void *arg)
{
        struct tls *tls = arg;
        if (SSL_get_shutdown(tls->ssl) & SSL_RECEIVED_SHUTDOWN)
                return;
        fail(tls, -ECONNRESET,
             tls->stream.state == STREAM_CONNECTING
                     ? "the peer closed the connection during the TLS handshake"
                     : "the peer closed the connection without the goodbye of TLS");
}

static void below_closed(void *arg, int err)
{
        struct tls *tls = arg;
        stream_fail(&tls->stream, err ? err : -ECONNRESET);
}

static const struct stream_handlers from_below = {
        .on_open = below_opened,
        .on_data = below_received,
        .on_drained = below_drained,
        .on_end = below_ended,
        .on_close = below_closed,
};

/* The peer's certificate: called by OpenSSL for each of the chain, the peer's own last. */
static int on_verify(int is_fine, X509_STORE_CTX *chain)
{
        SSL *ssl = X509_STORE_CTX_get_ex_data(chain, SSL_get_ex_data_X509_STORE_CTX_idx());
        struct tls *tls = SSL_get_app_data(ssl);
        if (!is_fine) {
                tls->refused = ERR_UNTRUSTED;
                tls_words_of_chain(chain, &tls->why);
                return 0;
        }
        if (X509_STORE_CTX_get_error_depth(chain) > 0 || !tls->domain[0])
                return 1;
        tls->refused = tls_certificate_check(X509_STORE_CTX_get_current_cert(chain),
                                             slice_from(tls->domain), &tls->why);
        tls->is_identified = !tls->refused;
        if (tls->refused)
                X509_STORE_CTX_set_error(chain, X509_V_ERR_HOSTNAME_MISMATCH);
        return tls->is_identified;
}

/* Starting. */

static bool set_role(struct tls *tls, const struct tls_params *params)
{
        SSL *ssl = tls->ssl;
        struct addr ip;
        bool checks = !params->is_server || params->ask_certificate;
        SSL_set_app_data(ssl, tls);
        SSL_set_verify(ssl,
                       checks ? SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT : SSL_VERIFY_NONE,
                       on_verify);
        X509_VERIFY_PARAM_set_time(SSL_get0_param(ssl), io_wall_ms(tls->stream.io) / MS_IN_S);
        if (params->is_server) {
                /* Public CAs certify servers only by now, and a carrier's server is our client. */
                X509_VERIFY_PARAM_set_purpose(SSL_get0_param(ssl), X509_PURPOSE_ANY);
                SSL_set_accept_state(ssl);
                return true;
        }
        SSL_set_connect_state(ssl);
        /* RFC 6066 3: no addresses in SNI. */
        return addr_parse_ip(params->domain, &ip) == 0 ||
               SSL_set_tlsext_host_name(ssl, tls->domain) == 1;
}

static bool set_up(struct tls *tls, const struct tls_params *params)
{
        tls->ssl = SSL_new(tls_context_ssl(params->context));
        tls->in = BIO_new(BIO_s_mem());
        tls->out = BIO_new(BIO_s_mem());
        if (!tls->ssl || !tls->in || !tls->out) {
                BIO_free(tls->in);
                BIO_free(tls->out);
                return false;
        }
        SSL_set_bio(tls->ssl, tls->in, tls->out);
        return set_role(tls, params);
}

static int check_params(const struct tls_params *params, struct slice *domain)
{
        struct tls_reason why;
        *domain = params->domain;
        if (domain->len > 1 && domain->p[domain->len - 1] == '.')
                domain->len--;
        if (params->is_server && !SSL_CTX_get0_certificate(tls_context_ssl(params->context)))
                return ERR_NOT_FOUND;
        if (params->is_server && !domain->len)
                return 0;
        /* A domain that no certificate could be of is told now. */
        if (tls_names_check(NULL, 0, *domain, &why) == ERR_SYNTAX || domain->len > DOMAIN_MAX)
                return ERR_SYNTAX;
        return 0;
}

/* The plain stream has the limit that the caller set; the one below carries a little more. */
static void take_over(struct tls *tls, struct stream *below)
{
        struct stream_options options = below->options;
        options.connect_ms += tls->handshake_ms;
        stream_init(&tls->stream, below->io, &tls_ops, STREAM_CONNECTING, &options);
        tls->stream.local = below->local;
        tls->stream.peer = below->peer;
        tls->below = below;
        below->tells_each_time = true;
        below->options.out_bytes_max += options.out_bytes_max / OVERHEAD_EACH + OVERHEAD;
        stream_set_handlers(below, &from_below, tls);
}

int tls_start(struct stream *below, const struct tls_params *params,
              const struct stream_handlers *handlers, void *arg, struct stream **out)
{
        struct slice domain;
        assert(params->handshake_ms > 0);
        if (below->state > STREAM_OPEN)
                return ERR_STATE;
        int err = check_params(params, &domain);
        if (err)
                return err;
        struct tls *tls = calloc(1, sizeof *tls);
        if (!tls)
                return -ENOMEM;
        tls->stream.io = below->io;
        tls->handshake_ms = params->handshake_ms;
        err = slice_to_text(domain, tls->domain, sizeof tls->domain);
        if (err || !set_up(tls, params)) {
                SSL_free(tls->ssl);
                free(tls);
                ERR_clear_error();
                return err ? err : -ENOMEM;
        }
        take_over(tls, below);
        stream_set_handlers(&tls->stream, handlers, arg);
        if (below->state == STREAM_OPEN)
                begin(tls);
        *out = &tls->stream;
        return 0;
}

/* Asking. */

static int64_t expiry_ms(const X509 *certificate)
{
        struct tm tm = {0};
        if (ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &tm) != 1)
                return 0;
        return (int64_t)timegm(&tm) * MS_IN_S;
}

/* The common name, or the whole; whatever is not printable ASCII is escaped. */
static void put_name(char *out, size_t out_bytes, const X509_NAME *name)
{
        BIO *bio = BIO_new(BIO_s_mem());
        out[0] = '\0';
        if (!bio)
                return;
        if (X509_NAME_print_ex(bio, name, 0, XN_FLAG_RFC2253 & ~XN_FLAG_DUMP_UNKNOWN_FIELDS) >= 0) {
                int bytes = BIO_read(bio, out, (int)out_bytes - 1);
                out[bytes > 0 ? bytes : 0] = '\0';
        }
        BIO_free(bio);
}

void tls_describe(const struct stream *stream, struct tls_facts *out)
{
        const struct tls *tls = tls_of(stream);
        const X509 *certificate = SSL_get0_peer_certificate(tls->ssl);
        const char *name = SSL_get_servername(tls->ssl, TLSEXT_NAMETYPE_host_name);
        *out = (struct tls_facts){0};
        if (SSL_is_init_finished(tls->ssl)) {
                out->version = SSL_get_version(tls->ssl);
                out->cipher = SSL_get_cipher_name(tls->ssl);
        }
        if (name && SSL_is_server(tls->ssl) &&
            slice_to_text(slice_from(name), out->asked_name, sizeof out->asked_name))
                out->asked_name[0] = '\0';
        if (certificate) {
                out->has_certificate = true;
                out->expires_ms = expiry_ms(certificate);
                put_name(out->subject, sizeof out->subject, X509_get_subject_name(certificate));
                put_name(out->issuer, sizeof out->issuer, X509_get_issuer_name(certificate));
        }
}

int tls_check_peer(const struct stream *stream, struct slice domain, struct tls_reason *why)
{
        const struct tls *tls = tls_of(stream);
        X509 *certificate = SSL_get0_peer_certificate(tls->ssl);
        if (!certificate) {
                strcpy(why->text, "the peer showed no certificate");
                return ERR_NOT_FOUND;
        }
        return tls_certificate_check(certificate, domain, why);
}
