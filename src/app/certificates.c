/* SPDX-License-Identifier: Apache-2.0 */
#include "app/certificates.h"

#include <inttypes.h>

#include "base/log.h"
#include "store/problem.h"

#define EXPIRY_TOLD_DAYS 14
#define DAY_MS           INT64_C(86400000)

static struct tls_files sip_files(const struct config *c)
{
        return (struct tls_files){
                .certificate = c->tls_certificate[0] ? c->tls_certificate : NULL,
                .key = c->tls_key[0] ? c->tls_key : NULL,
                .ca = c->tls_ca[0] ? c->tls_ca : NULL,
        };
}

/* The key may lie beside its certificate, in one file. */
static struct tls_files http_files(const struct config *c)
{
        return (struct tls_files){
                .certificate = c->http_tls_certificate,
                .key = c->http_tls_key[0] ? c->http_tls_key : c->http_tls_certificate,
        };
}

static void tell_expiry(const struct tls_context *context, const char *file, struct io *io)
{
        int64_t left_ms = tls_context_expires_ms(context) - io_wall_ms(io);
        if (left_ms < 0)
                log_error("tls: our certificate %s has expired: it will be refused", file);
        else if (left_ms < EXPIRY_TOLD_DAYS * DAY_MS)
                log_warn("tls: our certificate %s expires in %" PRId64 " days", file,
                         left_ms / DAY_MS);
        else
                log_info("tls: our certificate %s is good for %" PRId64 " days", file,
                         left_ms / DAY_MS);
}

static int open_one(const struct tls_files *files, const char *what, struct io *io,
                    struct tls_context **out, char *problem)
{
        struct tls_reason why;
        int err = tls_context_create(files, &why, out);
        if (err)
                problem_put(problem, "%s cannot start: %s", what, why.text);
        else
                tell_expiry(*out, files->certificate, io);
        return err;
}

int certificates_open(const struct config *config, struct io *io, struct certificates *out,
                      char *problem)
{
        const struct tls_files sip = sip_files(config), http = http_files(config);
        int err = 0;
        if (addr_pair_first(&config->sip_tls_listen))
                err = open_one(&sip, "SIP over TLS", io, &out->sip, problem);
        if (!err && config->http_tls_certificate[0])
                err = open_one(&http, "the REST API over TLS", io, &out->http, problem);
        return err;
}

void certificates_close(struct certificates *certificates)
{
        tls_context_destroy(certificates->sip);
        tls_context_destroy(certificates->http);
        *certificates = (struct certificates){0};
}

static void reload_one(struct tls_context *context, const struct tls_files *files, struct io *io)
{
        struct tls_reason why;
        if (tls_context_reload(context, files, &why))
                log_error("tls: not reloaded, what was in force stays: %s", why.text);
        else
                tell_expiry(context, files->certificate, io);
}

void certificates_reload(struct certificates *certificates, const struct config *config,
                         struct io *io)
{
        const struct tls_files sip = sip_files(config), http = http_files(config);
        bool wants_http = config->http_tls_certificate[0];
        if (certificates->sip)
                reload_one(certificates->sip, &sip, io);
        if (wants_http != (certificates->http != NULL))
                log_warn("configuration: http_tls_certificate: from plain HTTP to TLS and back "
                         "needs a restart; until then the API goes on as it is");
        else if (certificates->http)
                reload_one(certificates->http, &http, io);
}
