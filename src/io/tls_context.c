/* SPDX-License-Identifier: Apache-2.0 */
#include "io/tls_context.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/secret.h"
#include "io/tls_openssl.h"

/* RFC 9325 4.2, without those that lack forward secrecy or authenticated encryption. */
#define CIPHERS_TLS12                                                                              \
        "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:"                               \
        "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:"                               \
        "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305"
#define SECURITY_LEVEL 2 /* 112 bits: RSA from 2048, no SHA-1 */
#define CHAIN_MAX      8
#define KEY_BYTES_MAX  65536
#define MS_IN_S        1000

struct tls_context {
        SSL_CTX *ssl; /* owned, as one of its holders: each connection is another */
        int64_t expires_ms;
};

static int says(struct tls_reason *why, int err, const char *file, const char *what)
{
        snprintf(why->text, sizeof why->text, "%s: %s", file, what);
        return err;
}

static int openssl_says(struct tls_reason *why, const char *file, const char *otherwise)
{
        unsigned long code = ERR_peek_last_error();
        const char *text = ERR_reason_error_string(code);
        bool no_memory = ERR_GET_REASON(code) == ERR_R_MALLOC_FAILURE;
        ERR_clear_error();
        if (no_memory)
                return says(why, -ENOMEM, file, err_text(-ENOMEM));
        snprintf(why->text, sizeof why->text, "%s: %s (%s)", file, otherwise,
                 text ? text : "no reason known");
        return ERR_SYNTAX;
}

/* Who can open a file says more than an answer of OpenSSL. */
static int check_readable(const char *file, struct tls_reason *why)
{
        int fd = open(file, O_RDONLY | O_CLOEXEC);
        if (fd < 0)
                return says(why, -errno, file, err_text(-errno));
        close(fd);
        return 0;
}

/* The key. */

static int open_key(const char *file, struct tls_reason *why, int *out)
{
        struct stat st = {0};
        int fd = open(file, O_RDONLY | O_CLOEXEC);
        int err = fd < 0 || fstat(fd, &st) < 0 ? -errno : 0;
        if (err)
                says(why, err, file, err_text(err));
        else if (!S_ISREG(st.st_mode))
                err = says(why, ERR_SYNTAX, file, "not a file");
        else if (st.st_mode & S_IRWXO)
                err = says(why, ERR_UNTRUSTED, file,
                           "anybody can read or change this key: chmod o=");
        else if (st.st_mode & S_IWGRP)
                err = says(why, ERR_UNTRUSTED, file, "its group can change this key: chmod g-w");
        if (err) {
                if (fd >= 0)
                        close(fd);
                return err;
        }
        *out = fd;
        return 0;
}

static int refuse_passphrase(char *buf, int size, int writing, void *arg)
{
        (void)buf;
        (void)size;
        (void)writing;
        *(bool *)arg = true;
        return -1;
}

static int parse_key(const char *file, const void *bytes, size_t len, struct tls_reason *why,
                     EVP_PKEY **out)
{
        bool is_locked = false;
        BIO *bio = BIO_new_mem_buf(bytes, (int)len);
        EVP_PKEY *key =
                bio ? PEM_read_bio_PrivateKey(bio, NULL, refuse_passphrase, &is_locked) : NULL;
        BIO_free(bio);
        if (key) {
                *out = key;
                return 0;
        }
        if (!is_locked)
                return openssl_says(why, file, "no private key in PEM form");
        ERR_clear_error();
        return says(why, ERR_SYNTAX, file, "this key has a passphrase, which nobody could enter");
}

static int read_key(const char *file, struct tls_reason *why, EVP_PKEY **out)
{
        int fd = -1;
        int err = open_key(file, why, &fd);
        if (err)
                return err;
        char *bytes = secret_alloc(KEY_BYTES_MAX);
        ssize_t n = bytes ? read(fd, bytes, KEY_BYTES_MAX) : -1;
        if (n < 0) {
                err = bytes ? -errno : -ENOMEM;
                says(why, err, file, err_text(err));
        } else {
                err = parse_key(file, bytes, (size_t)n, why, out);
        }
        secret_free(bytes, KEY_BYTES_MAX);
        close(fd);
        return err;
}

/* The rest. */

static int use_certificate(SSL_CTX *ssl, const struct tls_files *files, struct tls_reason *why)
{
        EVP_PKEY *key = NULL;
        if (!files->certificate)
                return 0;
        int err = check_readable(files->certificate, why);
        if (err)
                return err;
        if (!files->key)
                return says(why, ERR_SYNTAX, files->certificate, "a certificate without its key");
        if (SSL_CTX_use_certificate_chain_file(ssl, files->certificate) != 1)
                return openssl_says(why, files->certificate, "no certificate that can be used");
        err = read_key(files->key, why, &key);
        if (err)
                return err;
        bool fits = SSL_CTX_use_PrivateKey(ssl, key) == 1 && SSL_CTX_check_private_key(ssl) == 1;
        EVP_PKEY_free(key);
        if (fits)
                return 0;
        ERR_clear_error();
        return says(why, ERR_CONFLICT, files->key, "not the key of the certificate");
}

static int use_ca(SSL_CTX *ssl, const struct tls_files *files, struct tls_reason *why)
{
        if (!files->ca) {
                if (SSL_CTX_set_default_verify_paths(ssl) == 1)
                        return 0;
                return openssl_says(why, "the system's certificates", "cannot be used");
        }
        int err = check_readable(files->ca, why);
        if (err)
                return err;
        if (SSL_CTX_load_verify_file(ssl, files->ca) != 1)
                return openssl_says(why, files->ca, "no certificates in PEM form");
        /* Clients are told whom we trust, so that they can choose what to show. */
        STACK_OF(X509_NAME) *names = SSL_load_client_CA_file(files->ca);
        if (!names)
                return openssl_says(why, files->ca, "no certificates in PEM form");
        SSL_CTX_set_client_CA_list(ssl, names);
        return 0;
}

static bool harden(SSL_CTX *ssl)
{
        static const unsigned char id[] = "maskline";
        SSL_CTX_set_options(ssl, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION |
                                         SSL_OP_CIPHER_SERVER_PREFERENCE);
        SSL_CTX_clear_options(ssl, SSL_OP_IGNORE_UNEXPECTED_EOF | SSL_OP_LEGACY_SERVER_CONNECT);
        /* What is shown is what is in the file, and not what happens to be trusted as well. */
        SSL_CTX_set_mode(ssl, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_NO_AUTO_CHAIN);
        SSL_CTX_set_session_cache_mode(ssl, SSL_SESS_CACHE_OFF); /* tickets need none */
        SSL_CTX_set_security_level(ssl, SECURITY_LEVEL);
        SSL_CTX_set_verify_depth(ssl, CHAIN_MAX);
        /* A peer's own certificate among the trusted ones is as good as its issuer's. */
        X509_VERIFY_PARAM_set_flags(SSL_CTX_get0_param(ssl), X509_V_FLAG_PARTIAL_CHAIN);
        return SSL_CTX_set_min_proto_version(ssl, TLS1_2_VERSION) == 1 &&
               SSL_CTX_set_max_proto_version(ssl, 0) == 1 &&
               SSL_CTX_set_cipher_list(ssl, CIPHERS_TLS12) == 1 &&
               SSL_CTX_set_session_id_context(ssl, id, sizeof id - 1) == 1;
}

static int create_ssl(const struct tls_files *files, struct tls_reason *why, SSL_CTX **out)
{
        int err;
        ERR_clear_error();
        SSL_CTX *ssl = SSL_CTX_new(TLS_method());
        if (!ssl || !harden(ssl)) {
                err = openssl_says(why, "TLS", "cannot be set up");
                goto fail;
        }
        err = use_certificate(ssl, files, why);
        if (err)
                goto fail;
        err = use_ca(ssl, files, why);
        if (err)
                goto fail;
        *out = ssl;
        return 0;
fail:
        SSL_CTX_free(ssl);
        return err;
}

static int64_t expiry_ms(const SSL_CTX *ssl)
{
        struct tm tm = {0};
        const X509 *certificate = SSL_CTX_get0_certificate(ssl);
        if (!certificate || ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &tm) != 1)
                return 0;
        return (int64_t)timegm(&tm) * MS_IN_S;
}

int tls_context_create(const struct tls_files *files, struct tls_reason *why,
                       struct tls_context **out)
{
        struct tls_context *context = calloc(1, sizeof *context);
        if (!context)
                return says(why, -ENOMEM, "TLS", err_text(-ENOMEM));
        int err = tls_context_reload(context, files, why);
        if (err) {
                free(context);
                return err;
        }
        *out = context;
        return 0;
}

int tls_context_reload(struct tls_context *context, const struct tls_files *files,
                       struct tls_reason *why)
{
        SSL_CTX *ssl = NULL;
        int err = create_ssl(files, why, &ssl);
        if (err)
                return err;
        SSL_CTX_free(context->ssl);
        context->ssl = ssl;
        context->expires_ms = expiry_ms(ssl);
        return 0;
}

void tls_context_destroy(struct tls_context *context)
{
        if (!context)
                return;
        SSL_CTX_free(context->ssl);
        free(context);
}

int64_t tls_context_expires_ms(const struct tls_context *context)
{
        return context->expires_ms;
}

int tls_context_fingerprint(const struct tls_context *context, uint8_t out[32])
{
        uint8_t digest[EVP_MAX_MD_SIZE];
        unsigned bytes = 0;
        const X509 *certificate = SSL_CTX_get0_certificate(context->ssl);
        if (!certificate || X509_digest(certificate, EVP_sha256(), digest, &bytes) != 1)
                return ERR_NOT_FOUND;
        assert(bytes == 32);
        memcpy(out, digest, bytes);
        return 0;
}

struct ssl_ctx_st *tls_context_ssl(const struct tls_context *context)
{
        return context->ssl;
}
