/* SPDX-License-Identifier: Apache-2.0 */
#include "io/tls_identity.h"

#include <stdio.h>
#include <string.h>

#include "base/addr.h"
#include "base/buf.h"
#include "base/log.h"
#include "io/tls_openssl.h"

#define SHOWN_MAX 3 /* names in a sentence */

static bool is_host_char(char c)
{
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '-' || c == '_' || c == '.';
}

static bool is_host(struct slice s)
{
        for (size_t i = 0; i < s.len; i++) {
                if (!is_host_char(s.p[i]))
                        return false;
        }
        return s.len > 0 && s.p[0] != '.';
}

/* RFC 5922 7.1: the scheme is "sip", and there is no user part; nor anything else behind the host. */
static bool read_sip_domain(const struct tls_name *name, struct slice *out)
{
        const struct slice scheme = SLICE("sip:");
        struct slice value = name->value;
        if (name->kind != TLS_NAME_URI || value.len <= scheme.len ||
            !slice_equal_nocase((struct slice){value.p, scheme.len}, scheme))
                return false;
        struct slice host = {value.p + scheme.len, value.len - scheme.len};
        if (!is_host(host))
                return false;
        *out = host;
        return true;
}

static bool has_nul(const struct tls_name *name)
{
        return name->kind != TLS_NAME_IP && name->value.len &&
               memchr(name->value.p, '\0', name->value.len);
}

static bool has_sip_domain(const struct tls_name *names, size_t count)
{
        struct slice host;
        for (size_t i = 0; i < count; i++) {
                if (read_sip_domain(&names[i], &host))
                        return true;
        }
        return false;
}

static bool is_address(const struct tls_name *name, const struct addr *a)
{
        size_t bytes = a->family == 4 ? 4 : 16;
        return name->kind == TLS_NAME_IP && name->value.len == bytes &&
               memcmp(name->value.p, a->ip, bytes) == 0;
}

static void put_name(struct buf *b, const struct tls_name *name)
{
        struct addr a = {.family = name->value.len == 4 ? 4 : 6};
        if (name->kind != TLS_NAME_IP) {
                buf_put_text(b, log_text(name->value).text);
        } else if (name->value.len == 4 || name->value.len == 16) {
                memcpy(a.ip, name->value.p, name->value.len);
                buf_put_text(b, addr_format_ip(&a).text);
        } else {
                buf_put_text(b, "a broken IP address");
        }
}

static void put_names(struct buf *b, const struct tls_name *names, size_t count)
{
        for (size_t i = 0; i < count && i < SHOWN_MAX; i++) {
                if (i)
                        buf_put_text(b, i + 1 == count ? " and " : ", ");
                put_name(b, &names[i]);
        }
        if (count > SHOWN_MAX)
                buf_printf(b, " and %zu more", count - SHOWN_MAX);
}

static bool is_covered_by_wildcard(const struct tls_name *name, struct slice domain)
{
        struct slice rest, value = name->value;
        (void)slice_split(domain, '.', &rest);
        return name->kind == TLS_NAME_DNS && value.len > 2 && value.p[0] == '*' &&
               value.p[1] == '.' &&
               slice_equal_nocase((struct slice){value.p + 2, value.len - 2}, rest);
}

/* What would have matched elsewhere, so that the operator is told why not here. */
static const char *hint_for(const struct tls_name *names, size_t count, struct slice domain)
{
        for (size_t i = 0; i < count; i++) {
                if (is_covered_by_wildcard(&names[i], domain))
                        return " (SIP allows no wildcard)";
                if (names[i].kind == TLS_NAME_DNS && slice_equal_nocase(names[i].value, domain))
                        return " (with a sip: URI in it, its DNS names do not count)";
        }
        return "";
}

static int mismatch(const struct tls_name *names, size_t count, struct slice domain,
                    struct tls_reason *why)
{
        struct buf b;
        char text[sizeof why->text];
        buf_init(&b, text, sizeof text - 1);
        if (count) {
                buf_put_text(&b, "the certificate is for ");
                put_names(&b, names, count);
                buf_printf(&b, ", not for %s", log_text(domain).text);
                buf_put_text(&b, hint_for(names, count, domain));
        } else {
                buf_printf(&b, "the certificate has no subjectAltName that would say it is for %s",
                           log_text(domain).text);
        }
        struct slice s = buf_slice(&b);
        text[s.len] = '\0';
        memcpy(why->text, text, s.len + 1);
        return ERR_UNTRUSTED;
}

static bool is_of(const struct tls_name *name, struct slice domain, bool by_uri)
{
        struct slice host = name->value;
        if (by_uri ? !read_sip_domain(name, &host) : name->kind != TLS_NAME_DNS)
                return false;
        return slice_equal_nocase(host, domain);
}

int tls_names_check(const struct tls_name *names, size_t count, struct slice domain,
                    struct tls_reason *why)
{
        struct addr ip = {0};
        bool by_ip = addr_parse_ip(domain, &ip) == 0;
        bool by_uri = has_sip_domain(names, count);
        bool found = false;
        if (!by_ip && domain.len > 1 && domain.p[domain.len - 1] == '.')
                domain.len--;
        if (!by_ip && !is_host(domain)) {
                snprintf(why->text, sizeof why->text, "'%s' is neither a host name nor an address",
                         log_text(domain).text);
                return ERR_SYNTAX;
        }
        for (size_t i = 0; i < count; i++) {
                if (has_nul(&names[i])) {
                        snprintf(why->text, sizeof why->text,
                                 "the certificate holds a name with a NUL byte inside");
                        return ERR_UNTRUSTED;
                }
                found |= by_ip ? is_address(&names[i], &ip) : is_of(&names[i], domain, by_uri);
        }
        return found ? 0 : mismatch(names, count, domain, why);
}

static struct slice bytes_of(const ASN1_STRING *s)
{
        return (struct slice){(const char *)ASN1_STRING_get0_data(s),
                              (size_t)ASN1_STRING_length(s)};
}

static bool take_name(const GENERAL_NAME *general, struct tls_name *out)
{
        switch (general->type) {
        case GEN_DNS:
                *out = (struct tls_name){TLS_NAME_DNS, bytes_of(general->d.dNSName)};
                return true;
        case GEN_URI:
                *out = (struct tls_name){TLS_NAME_URI,
                                         bytes_of(general->d.uniformResourceIdentifier)};
                return true;
        case GEN_IPADD:
                *out = (struct tls_name){TLS_NAME_IP, bytes_of(general->d.iPAddress)};
                return true;
        default:
                return false;
        }
}

int tls_certificate_check(struct x509_st *certificate, struct slice domain, struct tls_reason *why)
{
        struct tls_name names[TLS_NAMES_MAX];
        size_t count = 0;
        int err = ERR_UNTRUSTED;
        GENERAL_NAMES *all = X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
        int all_count = all ? sk_GENERAL_NAME_num(all) : 0;
        if (all_count > TLS_NAMES_MAX) {
                snprintf(why->text, sizeof why->text, "the certificate holds more than %d names",
                         TLS_NAMES_MAX);
        } else {
                for (int i = 0; i < all_count; i++)
                        count += take_name(sk_GENERAL_NAME_value(all, i), &names[count]);
                err = tls_names_check(names, count, domain, why);
        }
        GENERAL_NAMES_free(all);
        return err;
}
