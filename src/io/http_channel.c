/* SPDX-License-Identifier: Apache-2.0 */
#include "io/http_channel.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "io/io_epoll.h"
#include "io/tls_openssl.h"

/* OpenSSL's own BIO for sockets raises SIGPIPE. */

static int bio_write(BIO *bio, const char *data, int len)
{
        BIO_clear_retry_flags(bio);
        ssize_t n = send((int)(intptr_t)BIO_get_data(bio), data, (size_t)len, MSG_NOSIGNAL);
        if (n < 0 && (errno == EAGAIN || errno == EINTR))
                BIO_set_retry_write(bio);
        return (int)n;
}

static int bio_read(BIO *bio, char *out, int len)
{
        BIO_clear_retry_flags(bio);
        ssize_t n = recv((int)(intptr_t)BIO_get_data(bio), out, (size_t)len, 0);
        if (n < 0 && (errno == EAGAIN || errno == EINTR))
                BIO_set_retry_read(bio);
        if (n == 0)
                BIO_set_flags(bio, BIO_FLAGS_IN_EOF);
        return (int)n;
}

static long bio_ctrl(BIO *bio, int what, long number, void *arg)
{
        (void)number;
        (void)arg;
        if (what == BIO_CTRL_EOF)
                return BIO_test_flags(bio, BIO_FLAGS_IN_EOF) != 0;
        return what == BIO_CTRL_FLUSH;
}

static BIO *new_bio(int fd)
{
        static BIO_METHOD *method;
        if (!method) {
                method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "http");
                if (!method)
                        return NULL;
                BIO_meth_set_write(method, bio_write);
                BIO_meth_set_read(method, bio_read);
                BIO_meth_set_ctrl(method, bio_ctrl);
        }
        BIO *bio = BIO_new(method);
        if (!bio)
                return NULL;
        BIO_set_data(bio, (void *)(intptr_t)fd);
        BIO_set_init(bio, 1);
        return bio;
}

static int open_tls(struct http_channel *channel, const struct tls_context *tls)
{
        SSL *ssl = SSL_new(tls_context_ssl(tls));
        BIO *bio = ssl ? new_bio(channel->fd) : NULL;
        if (!bio) {
                SSL_free(ssl);
                ERR_clear_error();
                return -ENOMEM;
        }
        SSL_set_bio(ssl, bio, bio);
        SSL_set_mode(ssl, SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_ENABLE_PARTIAL_WRITE);
        channel->ssl = ssl;
        return 0;
}

int http_channel_accept(struct http_channel *channel, int fd, const struct tls_context *tls)
{
        *channel = (struct http_channel){.fd = fd};
        if (!tls)
                return 0;
        int err = open_tls(channel, tls);
        if (err)
                return err;
        SSL_set_verify(channel->ssl, SSL_VERIFY_NONE, NULL);
        SSL_set_accept_state(channel->ssl);
        return 0;
}

/* Of whom the certificate must be, and the name that is asked for (SNI, which takes no address). */
static bool expect(SSL *ssl, const char *name)
{
        X509_VERIFY_PARAM *param = SSL_get0_param(ssl);
        if (X509_VERIFY_PARAM_set1_ip_asc(param, name) == 1)
                return true;
        ERR_clear_error();
        SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
        return SSL_set1_host(ssl, name) == 1 && SSL_set_tlsext_host_name(ssl, name) == 1;
}

int http_channel_connect(struct http_channel *channel, int fd, const struct tls_context *tls,
                         const struct http_tls *server)
{
        *channel = (struct http_channel){.fd = fd};
        if (!tls)
                return 0;
        int err = open_tls(channel, tls);
        if (err)
                return err;
        SSL_set_connect_state(channel->ssl);
        SSL_set_verify(channel->ssl, server->pin ? SSL_VERIFY_NONE : SSL_VERIFY_PEER, NULL);
        if (server->pin || expect(channel->ssl, server->name))
                return 0;
        http_channel_close(channel);
        return -EINVAL;
}

void http_channel_close(struct http_channel *channel)
{
        SSL_free(channel->ssl);
        channel->ssl = NULL;
}

/* Of an operation that has failed. */
static ssize_t result_of(struct http_channel *channel, int n)
{
        int why = SSL_get_error(channel->ssl, n);
        channel->wants_read = why == SSL_ERROR_WANT_READ;
        channel->wants_write = why == SSL_ERROR_WANT_WRITE;
        if (channel->wants_read || channel->wants_write)
                return -EAGAIN;
        channel->broken = why != SSL_ERROR_ZERO_RETURN;
        ERR_clear_error();
        if (why == SSL_ERROR_ZERO_RETURN)
                return 0;
        return why == SSL_ERROR_SYSCALL ? -ECONNRESET : -EPROTO;
}

ssize_t http_channel_recv(struct http_channel *channel, void *out, size_t bytes)
{
        if (!channel->ssl) {
                ssize_t n = recv(channel->fd, out, bytes, 0);
                return n < 0 ? -errno : n;
        }
        ERR_clear_error();
        channel->wants_read = channel->wants_write = false;
        int n = SSL_read(channel->ssl, out, bytes > INT_MAX ? INT_MAX : (int)bytes);
        return n > 0 ? n : result_of(channel, n);
}

ssize_t http_channel_send(struct http_channel *channel, const void *data, size_t bytes)
{
        if (!channel->ssl) {
                ssize_t n = send(channel->fd, data, bytes, MSG_NOSIGNAL);
                return n < 0 ? -errno : n;
        }
        ERR_clear_error();
        channel->wants_read = channel->wants_write = false;
        int n = SSL_write(channel->ssl, data, bytes > INT_MAX ? INT_MAX : (int)bytes);
        if (n > 0)
                return n;
        ssize_t result = result_of(channel, n);
        return result ? result : -ECONNRESET;
}

unsigned http_channel_events(const struct http_channel *channel, unsigned wanted)
{
        if (wanted == IO_READ && channel->wants_write)
                return IO_WRITE;
        return wanted == IO_WRITE && channel->wants_read ? IO_READ : wanted;
}

int http_channel_end(struct http_channel *channel)
{
        channel->wants_read = channel->wants_write = false;
        if (channel->ssl && !channel->broken && SSL_is_init_finished(channel->ssl)) {
                ERR_clear_error();
                (void)SSL_shutdown(channel->ssl);
                ERR_clear_error();
        }
        return shutdown(channel->fd, SHUT_WR) < 0 ? -errno : 0;
}

static bool is_pinned(SSL *ssl, const uint8_t pin[HTTP_PIN_BYTES])
{
        uint8_t digest[EVP_MAX_MD_SIZE];
        unsigned bytes = 0;
        X509 *certificate = SSL_get0_peer_certificate(ssl);
        return certificate && X509_digest(certificate, EVP_sha256(), digest, &bytes) == 1 &&
               bytes == HTTP_PIN_BYTES && memcmp(digest, pin, bytes) == 0;
}

bool http_channel_is_open(const struct http_channel *channel)
{
        return !channel->ssl || SSL_is_init_finished(channel->ssl);
}

static int distrust(const struct http_channel *channel, struct tls_reason *why)
{
        long result = SSL_get_verify_result(channel->ssl);
        if (result == X509_V_OK)
                return -EPROTO;
        snprintf(why->text, sizeof why->text, "%s", X509_verify_cert_error_string(result));
        return ERR_UNTRUSTED;
}

int http_channel_shake_hands(struct http_channel *channel, const struct http_tls *server,
                             struct tls_reason *why)
{
        if (!channel->ssl)
                return 0;
        ERR_clear_error();
        channel->wants_read = channel->wants_write = false;
        int n = SSL_do_handshake(channel->ssl);
        if (n <= 0) {
                ssize_t result = result_of(channel, n);
                return result == -EPROTO ? distrust(channel, why) : result ? (int)result : -EPROTO;
        }
        if (!server->pin || is_pinned(channel->ssl, server->pin))
                return 0;
        snprintf(why->text, sizeof why->text,
                 "it is not the certificate of the server that this data directory belongs to");
        return ERR_UNTRUSTED;
}
