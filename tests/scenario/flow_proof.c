/* SPDX-License-Identifier: Apache-2.0 */
/*
 * flow_proof.c - whether credentials were made with a password (RFC 7616 3.4.1): worked out here, and
 * not by the code that made them.
 */
#include <stdio.h>

/* One of its types has the name of one of our error codes. */
#define ERR_STATE openssl_err_state
#include <openssl/evp.h>
#undef ERR_STATE

#include "../unit/unit.h"
#include "flow_run.h"

#define HEX_BYTES (2 * EVP_MAX_MD_SIZE + 1)

/* What `name` is given in the credentials, with quotes or without; empty: nothing. */
static void find_value(const char *line, const char *name, char out[FLOW_FIELD_BYTES])
{
        size_t len = strlen(name);
        out[0] = 0;
        for (const char *p = line; *p && *p != '\r'; p++) {
                bool begins = p == line || p[-1] == ' ' || p[-1] == ',';
                if (!begins || strncmp(p, name, len) != 0 || p[len] != '=')
                        continue;
                p += len + 1;
                bool is_quoted = *p == '"';
                size_t bytes = strcspn(p + is_quoted, is_quoted ? "\"" : ",\r ");
                snprintf(out, FLOW_FIELD_BYTES, "%.*s", (int)bytes, p + is_quoted);
                return;
        }
}

static void hash(const char *algorithm, const char *text, char out[HEX_BYTES])
{
        uint8_t bytes[EVP_MAX_MD_SIZE];
        unsigned len = 0;
        const EVP_MD *md = strcmp(algorithm, "SHA-256") == 0 ? EVP_sha256() : EVP_md5();
        assert_int_equal(EVP_Digest(text, strlen(text), bytes, &len, md, NULL), 1);
        for (unsigned i = 0; i < len; i++)
                snprintf(out + 2 * i, 3, "%02x", bytes[i]);
}

static const char *credentials_of(const char *request)
{
        static const char *const names[] = {"\r\nAuthorization: Digest ",
                                            "\r\nProxy-Authorization: Digest "};
        for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
                const char *at = strstr(request, names[i]);
                if (at)
                        return at + strlen(names[i]);
        }
        return NULL;
}

const char *flow_proof_problem(const char *request, const char *password)
{
        enum {
                USERNAME,
                REALM,
                NONCE,
                URI,
                RESPONSE,
                ALGORITHM,
                QOP,
                NC,
                CNONCE,
                VALUES
        };
        static const char *const names[] = {"username",  "realm", "nonce", "uri",   "response",
                                            "algorithm", "qop",   "nc",    "cnonce"};
        char value[VALUES][FLOW_FIELD_BYTES], text[6 * FLOW_FIELD_BYTES];
        char a1[HEX_BYTES], a2[HEX_BYTES], response[HEX_BYTES];
        const char *line = credentials_of(request);
        if (!line)
                return "it has no credentials";
        for (int i = 0; i < VALUES; i++)
                find_value(line, names[i], value[i]);
        snprintf(text, sizeof text, "%s:%s:%s", value[USERNAME], value[REALM], password);
        hash(value[ALGORITHM], text, a1);
        snprintf(text, sizeof text, "%.*s:%s", (int)strcspn(request, " "), request, value[URI]);
        hash(value[ALGORITHM], text, a2);
        if (value[QOP][0])
                snprintf(text, sizeof text, "%s:%s:%s:%s:%s:%s", a1, value[NONCE], value[NC],
                         value[CNONCE], value[QOP], a2);
        else
                snprintf(text, sizeof text, "%s:%s:%s", a1, value[NONCE], a2);
        hash(value[ALGORITHM], text, response);
        return strcmp(response, value[RESPONSE]) == 0 ? NULL : "its credentials are wrong";
}
