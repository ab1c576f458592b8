/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tls_files.h - certificates made on the spot: an authority, and what it has signed, as files in a
 * directory of their own.
 */
#ifndef MASKLINE_TESTS_TLS_FILES_H
#define MASKLINE_TESTS_TLS_FILES_H

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../temporary.h"
#include "../unit.h"
#include "io/tls_context.h"
#include "io/tls_openssl.h"

#define FILE_MAX 256

struct authority {
        char dir[TEMPORARY_BYTES];
        EVP_PKEY *key;
        X509 *certificate;
        char ca[FILE_MAX];
        long serial;
};

/* What is to be certified; NULL and 0 stand for what is usual. */
struct wish {
        const char *name; /* of the files, and the common name */
        const char *san;  /* as in openssl.cnf: "DNS:a.example,URI:sip:a.example" */
        const char *not_before, *not_after; /* "20250101000000Z" */
        const char *usage;                  /* extended key usage: "serverAuth" */
        unsigned mode;                      /* of the key's file; 0: 0600 */
};

/* The files of a wish that was granted. */
struct granted {
        char certificate[FILE_MAX], key[FILE_MAX];
        struct tls_files files; /* these, and the authority's */
};

static inline FILE *file_for(const char *path, unsigned mode)
{
        FILE *f = fopen(path, "w");
        assert_non_null(f);
        assert_int_equal(fchmod(fileno(f), mode), 0);
        return f;
}

static inline void write_certificate(const char *path, X509 *certificate)
{
        FILE *f = file_for(path, 0644);
        assert_int_equal(PEM_write_X509(f, certificate), 1);
        assert_int_equal(fclose(f), 0);
}

static inline void write_key(const char *path, EVP_PKEY *key, unsigned mode)
{
        FILE *f = file_for(path, mode);
        assert_int_equal(PEM_write_PrivateKey(f, key, NULL, NULL, 0, NULL, NULL), 1);
        assert_int_equal(fclose(f), 0);
}

static inline void add_extension(X509 *certificate, int nid, const char *value)
{
        X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, nid, value);
        assert_non_null(extension);
        assert_int_equal(X509_add_ext(certificate, extension, -1), 1);
        X509_EXTENSION_free(extension);
}

static inline X509 *certificate_for(struct authority *a, EVP_PKEY *key, const struct wish *w)
{
        X509 *c = X509_new();
        assert_non_null(c);
        X509_NAME *name = X509_get_subject_name(c);
        assert_int_equal(X509_set_version(c, 2), 1);
        assert_int_equal(ASN1_INTEGER_set(X509_get_serialNumber(c), ++a->serial), 1);
        assert_int_equal(ASN1_TIME_set_string(X509_getm_notBefore(c),
                                              w->not_before ? w->not_before : "20250101000000Z"),
                         1);
        assert_int_equal(ASN1_TIME_set_string(X509_getm_notAfter(c),
                                              w->not_after ? w->not_after : "20490101000000Z"),
                         1);
        assert_int_equal(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                                                    (const unsigned char *)w->name, -1, -1, 0),
                         1);
        assert_int_equal(X509_set_pubkey(c, key), 1);
        return c;
}

static inline void authority_init(struct authority *a, const char *name)
{
        *a = (struct authority){0};
        temporary_folder(a->dir, "tls");
        a->key = EVP_EC_gen("P-256");
        assert_non_null(a->key);
        a->certificate = certificate_for(a, a->key,
                                         &(struct wish){.name = name,
                                                        .not_before = "20200101000000Z",
                                                        .not_after = "20990101000000Z"});
        assert_int_equal(
                X509_set_issuer_name(a->certificate, X509_get_subject_name(a->certificate)), 1);
        add_extension(a->certificate, NID_basic_constraints, "critical,CA:TRUE");
        assert_true(X509_sign(a->certificate, a->key, EVP_sha256()) > 0);
        snprintf(a->ca, sizeof a->ca, "%s/ca.pem", a->dir);
        write_certificate(a->ca, a->certificate);
}

static inline void authority_fini(struct authority *a)
{
        temporary_remove(a->dir);
        X509_free(a->certificate);
        EVP_PKEY_free(a->key);
}

static inline X509 *signed_for(struct authority *a, EVP_PKEY *key, const struct wish *w)
{
        X509 *c = certificate_for(a, key, w);
        assert_int_equal(X509_set_issuer_name(c, X509_get_subject_name(a->certificate)), 1);
        add_extension(c, NID_basic_constraints, "CA:FALSE");
        if (w->san)
                add_extension(c, NID_subject_alt_name, w->san);
        if (w->usage)
                add_extension(c, NID_ext_key_usage, w->usage);
        assert_true(X509_sign(c, a->key, EVP_sha256()) > 0);
        return c;
}

static inline void grant(struct authority *a, const struct wish *w, struct granted *out)
{
        EVP_PKEY *key = EVP_EC_gen("P-256");
        assert_non_null(key);
        X509 *c = signed_for(a, key, w);
        snprintf(out->certificate, sizeof out->certificate, "%s/%s.pem", a->dir, w->name);
        snprintf(out->key, sizeof out->key, "%s/%s.key", a->dir, w->name);
        write_certificate(out->certificate, c);
        write_key(out->key, key, w->mode ? w->mode : 0600);
        out->files = (struct tls_files){out->certificate, out->key, a->ca};
        X509_free(c);
        EVP_PKEY_free(key);
}

static inline struct tls_context *context_of(const struct tls_files *files)
{
        struct tls_context *context = NULL;
        struct tls_reason why = {""};
        int err = tls_context_create(files, &why, &context);
        assert_string_equal(why.text, "");
        assert_int_equal(err, 0);
        return context;
}

#endif
