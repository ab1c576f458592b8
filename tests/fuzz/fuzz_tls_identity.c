/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The first line is the domain; each further one is a name of the certificate, its kind in the
 * first letter: D, U or I.
 */
#include <string.h>

#include "fuzz.h"
#include "io/tls_identity.h"

static bool read_name(struct slice line, struct tls_name *out)
{
        if (!line.len)
                return false;
        struct slice value = {line.p + 1, line.len - 1};
        switch (line.p[0]) {
        case 'D':
                *out = (struct tls_name){TLS_NAME_DNS, value};
                return true;
        case 'U':
                *out = (struct tls_name){TLS_NAME_URI, value};
                return true;
        case 'I':
                *out = (struct tls_name){TLS_NAME_IP, value};
                return true;
        default:
                return false;
        }
}

/* Whatever is accepted holds the domain as it is, or is an address. */
static bool could_be(const struct tls_name *name, struct slice domain)
{
        struct slice value = name->value;
        if (name->kind == TLS_NAME_IP)
                return value.len == 4 || value.len == 16;
        if (domain.len > 1 && domain.p[domain.len - 1] == '.')
                domain.len--;
        if (name->kind == TLS_NAME_URI && value.len > 4)
                value = (struct slice){value.p + 4, value.len - 4};
        return slice_equal_nocase(value, domain) && !memchr(value.p, '*', value.len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct tls_name names[TLS_NAMES_MAX];
        size_t count = 0;
        bool any = false, has_nul = false;
        struct tls_reason why;
        struct slice rest = {(const char *)data, size};
        struct slice domain = slice_split(rest, '\n', &rest);
        memset(why.text, 'x', sizeof why.text);
        while (rest.len && count < TLS_NAMES_MAX) {
                struct slice line = slice_split(rest, '\n', &rest);
                if (!read_name(line, &names[count]))
                        continue;
                any |= could_be(&names[count], domain);
                has_nul |= names[count].kind != TLS_NAME_IP && names[count].value.len &&
                           memchr(names[count].value.p, '\0', names[count].value.len);
                count++;
        }

        int err = tls_names_check(names, count, domain, &why);
        MUST(err == 0 || err == ERR_UNTRUSTED || err == ERR_SYNTAX);
        if (err == 0) {
                MUST(any);
                MUST(!has_nul);
                MUST(why.text[0] == 'x');
                return 0;
        }
        MUST(memchr(why.text, '\0', sizeof why.text));
        for (const char *p = why.text; *p; p++)
                MUST(*p >= ' ' && *p < 0x7f);
        return 0;
}
