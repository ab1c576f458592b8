/* SPDX-License-Identifier: Apache-2.0 */
#include "app/config.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/nearest.h"
#include "media/tone.h"

/* One value on its way into the configuration, and where it was written. */
struct setting {
        const char *where; /* "maskline.conf:12" or "--set" */
        struct slice name, value;
};

static void put_printable(struct buf *out, struct slice s)
{
        for (size_t i = 0; i < s.len && i < 60; i++)
                buf_put_char(out, s.p[i] >= ' ' && s.p[i] != 0x7f ? s.p[i] : '?');
        if (s.len > 60)
                buf_put_text(out, "...");
}

static void put_choices(struct buf *out, const char *choices)
{
        struct slice rest = slice_from(choices);
        for (bool first = true; rest.len; first = false) {
                struct slice one = slice_split(rest, '|', &rest);
                if (!first)
                        buf_put_text(out, rest.len ? ", " : " or ");
                buf_put_slice(out, one);
        }
}

void config_put_allowed(struct buf *out, const struct config_row *row)
{
        switch (row->type) {
        case CONFIG_SWITCH:
                buf_put_text(out, "true or false");
                return;
        case CONFIG_COUNT:
                buf_printf(out, "a whole number from %u to %u (%s)", row->min, row->max, row->unit);
                return;
        case CONFIG_ADDR:
                buf_put_text(out, "an IP address and a port, such as 192.0.2.1:5060 or "
                                  "[2001:db8::1]:5060");
                return;
        case CONFIG_ADDRS:
                buf_put_text(out, "an IP address and a port, such as 192.0.2.1:5060 or "
                                  "[2001:db8::1]:5060, or one of each kind with a comma between "
                                  "them");
                if (row->min == 0)
                        buf_put_text(out, ", or nothing");
                return;
        case CONFIG_IPS:
                buf_put_text(out, "an IP address, such as 192.0.2.1 or 2001:db8::1, or one of each "
                                  "kind with a comma between them, or nothing");
                return;
        case CONFIG_CHOICE:
                put_choices(out, row->choices);
                return;
        case CONFIG_TEXT:
                buf_printf(out,
                           "one line of UTF-8 text of %u to %u bytes that does not begin with "
                           "a hyphen",
                           row->min, row->max);
                return;
        case CONFIG_DIGITS:
                buf_printf(out, "at most %u digits", row->max);
                return;
        case CONFIG_TONE:
                buf_put_text(out, "a tone plan, such as 400*25/0.4,0/0.2,400*25/0.4,0/2.0");
                return;
        }
}

static void *field(struct config *config, const struct config_row *row)
{
        return (char *)config + row->offset;
}

static const void *const_field(const struct config *config, const struct config_row *row)
{
        return (const char *)config + row->offset;
}

static int read_switch(struct slice value, bool *out)
{
        bool yes = slice_equal(value, SLICE("true"));
        if (!yes && !slice_equal(value, SLICE("false")))
                return ERR_SYNTAX;
        *out = yes;
        return 0;
}

static int read_count(const struct config_row *row, struct slice value, void *out)
{
        uint32_t n = 0;
        int err = slice_to_u32(value, row->max, &n);
        if (err)
                return err;
        if (n < row->min)
                return ERR_RANGE;

        assert(row->bytes == sizeof(uint32_t) || row->bytes == sizeof(uint8_t));
        if (row->bytes == sizeof(uint32_t))
                memcpy(out, &n, sizeof n);
        else
                *(uint8_t *)out = (uint8_t)n;
        return 0;
}

static int read_choice(const struct config_row *row, struct slice value, uint32_t *out)
{
        struct slice rest = slice_from(row->choices);
        for (uint32_t i = 0; rest.len; i++) {
                if (slice_equal(slice_split(rest, '|', &rest), value)) {
                        *out = i;
                        return 0;
                }
        }
        return ERR_SYNTAX;
}

/* Well-formed UTF-8 without control characters (RFC 3629). */
static bool is_text(struct slice s)
{
        for (size_t i = 0; i < s.len;) {
                uint8_t c = (uint8_t)s.p[i++];
                unsigned more = c < 0x80 ? 0 : c < 0xe0 ? 1 : c < 0xf0 ? 2 : 3;
                if (c < ' ' || c == 0x7f || (c >= 0x80 && c < 0xc2) || c > 0xf4)
                        return false;
                if (s.len - i < more)
                        return false;
                uint8_t next = more ? (uint8_t)s.p[i] : 0;
                if ((c == 0xe0 && next < 0xa0) || (c == 0xed && next > 0x9f) ||
                    (c == 0xf0 && next < 0x90) || (c == 0xf4 && next > 0x8f))
                        return false;
                for (; more; more--) {
                        if (((uint8_t)s.p[i++] & 0xc0) != 0x80)
                                return false;
                }
        }
        return true;
}

static int read_text(const struct config_row *row, struct slice value, char *out)
{
        if (value.len < row->min || value.len > row->max)
                return ERR_RANGE;
        if (!is_text(value) || (value.len && value.p[0] == '-'))
                return ERR_SYNTAX;
        memset(out, 0, row->bytes);
        return slice_to_text(value, out, row->bytes);
}

static int read_digits(const struct config_row *row, struct slice value, char *out)
{
        if (value.len < row->min || value.len > row->max)
                return ERR_RANGE;
        for (size_t i = 0; i < value.len; i++) {
                if (value.p[i] < '0' || value.p[i] > '9')
                        return ERR_SYNTAX;
        }
        memset(out, 0, row->bytes);
        return slice_to_text(value, out, row->bytes);
}

static int read_tone(const struct config_row *row, struct slice value, char *out)
{
        struct tone tone;
        int err = tone_parse(value, &tone);
        return err ? err : read_text(row, value, out);
}

/* With two different default ports, a port that was not written shows. */
static int read_addr(struct slice value, struct addr *out)
{
        struct addr other;
        if (addr_parse(value, 1, out) || addr_parse(value, 2, &other))
                return ERR_SYNTAX;
        return addr_equal(out, &other) ? 0 : ERR_SYNTAX;
}

static int read_addrs(const struct config_row *row, struct slice value, struct addr_pair *out)
{
        if (value.len)
                return addr_pair_parse(value, read_addr, out);
        if (row->min)
                return ERR_SYNTAX;
        *out = (struct addr_pair){0};
        return 0;
}

static int read_ips(struct slice value, struct addr_pair *out)
{
        if (value.len)
                return addr_pair_parse(value, addr_parse_ip, out);
        *out = (struct addr_pair){0};
        return 0;
}

static int read_value(const struct config_row *row, struct slice value, void *out)
{
        struct addr addr = {0};
        int err = 0;
        switch (row->type) {
        case CONFIG_SWITCH:
                return read_switch(value, out);
        case CONFIG_COUNT:
                return read_count(row, value, out);
        case CONFIG_ADDR:
                err = read_addr(value, &addr);
                break;
        case CONFIG_ADDRS:
                return read_addrs(row, value, out);
        case CONFIG_IPS:
                return read_ips(value, out);
        case CONFIG_CHOICE:
                return read_choice(row, value, out);
        case CONFIG_TEXT:
                return read_text(row, value, out);
        case CONFIG_DIGITS:
                return read_digits(row, value, out);
        case CONFIG_TONE:
                return read_tone(row, value, out);
        }
        if (!err)
                memcpy(out, &addr, sizeof addr);
        return err;
}

static const struct config_row *find_row(struct slice name)
{
        for (unsigned i = 0; i < config_row_count; i++) {
                if (slice_equal(slice_from(config_rows[i].name), name))
                        return &config_rows[i];
        }
        return NULL;
}

static void explain_unknown_key(const struct setting *set, struct buf *problems)
{
        struct nearest nearest;
        nearest_init(&nearest, set->name);
        for (unsigned i = 0; i < config_row_count; i++)
                nearest_offer(&nearest, config_rows[i].name);

        buf_printf(problems, "%s: unknown key \"", set->where);
        put_printable(problems, set->name);
        buf_put_char(problems, '"');
        if (nearest.best)
                buf_printf(problems, "; did you mean \"%s\"?\n", nearest.best);
        else
                buf_put_text(problems, "; \"maskline config --print-defaults\" lists the keys\n");
}

static void explain_bad_value(const struct setting *set, const struct config_row *row, int err,
                              struct buf *problems)
{
        buf_printf(problems, "%s: %s = \"", set->where, row->name);
        put_printable(problems, set->value);
        buf_put_text(problems, err == ERR_CONFLICT ? "\": two addresses of one kind: allowed is "
                                                   : "\": allowed is ");
        config_put_allowed(problems, row);
        buf_put_char(problems, '\n');
}

static const struct config_row *apply(const struct setting *set, struct config *config,
                                      struct buf *problems)
{
        const struct config_row *row = find_row(set->name);
        int err = row ? read_value(row, set->value, field(config, row)) : 0;
        if (!row)
                explain_unknown_key(set, problems);
        else if (err)
                explain_bad_value(set, row, err, problems);
        return row;
}

/* "# ..." at the start of a line, of a value or after white space is a comment. */
static struct slice without_comment(struct slice line)
{
        for (size_t i = 0; i < line.len; i++) {
                char before = i ? line.p[i - 1] : ' ';
                if (line.p[i] == '#' && (before == ' ' || before == '\t' || before == '='))
                        return (struct slice){line.p, i};
        }
        return line;
}

static void read_line(const char *where, struct slice line, unsigned number, unsigned *seen_at,
                      struct config *config, struct buf *problems)
{
        line = slice_trim(without_comment(line));
        if (line.len == 0)
                return;

        struct slice value;
        struct slice name = slice_split(line, '=', &value);
        if (name.len == line.len) {
                buf_printf(problems, "%s: \"", where);
                put_printable(problems, line);
                buf_put_text(problems, "\" is no setting; a line is: name = value\n");
                return;
        }

        struct setting set = {where, slice_trim(name), slice_trim(value)};
        const struct config_row *row = apply(&set, config, problems);
        if (!row)
                return;
        unsigned *first = &seen_at[row - config_rows];
        if (*first)
                buf_printf(problems, "%s: %s is set on line %u already; keep one of the two\n",
                           where, row->name, *first);
        else
                *first = number;
}

static void read_lines(const char *path, struct slice text, struct config *config,
                       struct buf *problems)
{
        unsigned seen_at[CONFIG_ROWS_MAX] = {0};
        assert(config_row_count <= CONFIG_ROWS_MAX);
        for (unsigned number = 1; text.len; number++) {
                struct slice line = slice_split(text, '\n', &text);
                if (line.len && line.p[line.len - 1] == '\r')
                        line.len--;

                char where[300];
                struct buf b;
                buf_init(&b, where, sizeof where);
                buf_printf(&b, "%.250s:%u", path, number);
                buf_put_char(&b, '\0');
                read_line(where, line, number, seen_at, config, problems);
        }
}

/* The whole file, or a negative errno; ERR_TOO_LARGE. */
static ssize_t read_file(const char *path, char *out, size_t out_bytes)
{
        int fd = open(path, O_RDONLY | O_CLOEXEC);
        if (fd < 0)
                return -errno;

        size_t len = 0;
        ssize_t n;
        do {
                n = read(fd, out + len, out_bytes - len);
                if (n > 0)
                        len += (size_t)n;
        } while ((n > 0 && len < out_bytes) || (n < 0 && errno == EINTR));
        int err = n < 0 ? -errno : 0;
        close(fd);
        if (err)
                return err;
        return len == out_bytes ? ERR_TOO_LARGE : (ssize_t)len;
}

static void read_config_file(const struct config_source *source, struct config *config,
                             struct buf *problems)
{
        char *text = malloc(CONFIG_FILE_BYTES_MAX + 1);
        ssize_t n = text ? read_file(source->path, text, CONFIG_FILE_BYTES_MAX + 1) : -ENOMEM;
        if (n >= 0)
                read_lines(source->path, (struct slice){text, (size_t)n}, config, problems);
        else if (n == ERR_TOO_LARGE)
                buf_printf(problems, "%s: larger than %d bytes\n", source->path,
                           CONFIG_FILE_BYTES_MAX);
        else if (n != -ENOENT || source->must_exist)
                buf_printf(problems, "%s: cannot be read: %s\n", source->path, err_text((int)n));
        free(text);
}

static void read_sets(const struct config_source *source, struct config *config,
                      struct buf *problems)
{
        for (unsigned i = 0; i < source->set_count; i++) {
                struct slice value;
                struct slice text = slice_from(source->sets[i]);
                struct slice name = slice_split(text, '=', &value);
                struct setting set = {"--set", slice_trim(name), slice_trim(value)};
                if (name.len == text.len) {
                        buf_put_text(problems, "--set: \"");
                        put_printable(problems, text);
                        buf_put_text(problems, "\" has no value; write --set name=value\n");
                        continue;
                }
                apply(&set, config, problems);
        }
}

/* RTP would take the port that SIP wants, or the other way round. */
static void check_port_apart(const struct config *c, const struct addr *sip, struct buf *problems)
{
        const struct addr_pair pair = config_media(c);
        const struct addr *media = addr_pair_find(&pair, sip->family);
        bool same_ip =
                media && (addr_equal_ip(sip, media) || addr_is_any(sip) || addr_is_any(media));
        if (same_ip && sip->port >= c->rtp_port_min && sip->port <= c->rtp_port_max)
                buf_printf(problems,
                           "sip_listen = %s: its port lies within rtp_port_min to rtp_port_max (%u "
                           "to %u); choose one outside\n",
                           addr_format(sip).text, c->rtp_port_min, c->rtp_port_max);
}

/* RFC 4028 5: less than that nobody has to accept. */
static void check_session_timer(const struct config *c, struct buf *problems)
{
        if (c->session_timer_s > 0 && c->session_timer_s < 90)
                buf_printf(problems, "session_timer_s = %u: allowed is 0, or from 90 to 86400\n",
                           c->session_timer_s);
}

/* Calls that come by a kind without an address for RTP could not be heard. */
static void check_family(const struct config *c, const char *name, const struct addr_pair *own,
                         struct buf *problems)
{
        for (uint8_t family = 4; family <= 6; family += 2) {
                if (addr_pair_find(own, family) && !addr_pair_find(&c->sip_listen, family))
                        buf_printf(problems,
                                   "%s: it has an IPv%u address, and sip_listen has none; give "
                                   "sip_listen one, too\n",
                                   name, family);
        }
}

/* fe80::/10 */
static bool is_link_local(const struct addr *a)
{
        return a->family == 6 && a->ip[0] == 0xfe && (a->ip[1] & 0xc0) == 0x80;
}

/*
 * Behind an unspecified address each trunk says what we are called. Of two it would have to say
 * both, and which of them a call needs is known only when it comes.
 */
static void check_definite(const struct config *c, const char *name, const struct addr_pair *own,
                           struct buf *problems)
{
        const struct addr_pair *sip = &c->sip_listen;
        bool is_any = (own->ip4.family && addr_is_any(&own->ip4)) ||
                      (own->ip6.family && addr_is_any(&own->ip6));
        if (is_link_local(&own->ip6))
                buf_printf(problems,
                           "%s: %s is an address of one link, which no carrier can be told; give a "
                           "global one\n",
                           name, addr_format_ip(&own->ip6).text);
        if (is_any && sip->ip4.family && sip->ip6.family)
                buf_printf(problems,
                           "%s: with IPv4 and IPv6 side by side 0.0.0.0 and :: are no addresses "
                           "that a carrier can be told; give those that this machine has\n",
                           name);
}

static void check_addresses(const struct config *c, struct buf *problems)
{
        const struct {
                const char *name;
                const struct addr_pair *own;
        } rows[] = {
                {"sip_listen", &c->sip_listen},
                {"sip_tcp_listen", &c->sip_tcp_listen},
                {"sip_tls_listen", &c->sip_tls_listen},
                {"media_ip", &c->media_ip},
        };
        for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
                check_family(c, rows[i].name, rows[i].own, problems);
                check_definite(c, rows[i].name, rows[i].own, problems);
        }
        if (c->sip_listen.ip4.family)
                check_port_apart(c, &c->sip_listen.ip4, problems);
        if (c->sip_listen.ip6.family)
                check_port_apart(c, &c->sip_listen.ip6, problems);
}

static void check_tls(const struct config *c, struct buf *problems)
{
        bool has_certificate = c->tls_certificate[0] && c->tls_key[0];
        if (addr_pair_first(&c->sip_tls_listen) && !has_certificate)
                buf_put_text(problems, "sip_tls_listen: needs tls_certificate and tls_key\n");
        if (!c->tls_certificate[0] != !c->tls_key[0])
                buf_put_text(problems, "tls_certificate and tls_key: one needs the other\n");
}

static bool meet(const struct addr *a, const struct addr *b)
{
        bool same_ip = addr_equal_ip(a, b) ||
                       (a->family == b->family && (addr_is_any(a) || addr_is_any(b)));
        return a->family && same_ip && a->port == b->port && a->port;
}

static void check_tcp_apart(const struct config *c, struct buf *problems)
{
        if (meet(&c->sip_tcp_listen.ip4, &c->sip_tls_listen.ip4) ||
            meet(&c->sip_tcp_listen.ip6, &c->sip_tls_listen.ip6))
                buf_put_text(problems, "sip_tls_listen: the address and port of sip_tcp_listen; "
                                       "choose another port, 5061 is usual\n");
}

/* What single rows cannot tell. */
static void check_together(const struct config *c, struct buf *problems)
{
        if (!addr_is_loopback(&c->http_listen) && !c->http_tls_certificate[0] &&
            !c->http_allow_remote)
                buf_printf(problems,
                           "http_listen = %s: not a loopback address, and the API would be plain "
                           "HTTP; set http_tls_certificate, or, with a TLS proxy in front of it, "
                           "http_allow_remote = true\n",
                           addr_format(&c->http_listen).text);
        if (c->http_tls_key[0] && !c->http_tls_certificate[0])
                buf_put_text(problems, "http_tls_key: a key without its certificate; set "
                                       "http_tls_certificate, too\n");

        /* Pairs begin at even ports. */
        uint32_t ports = (c->rtp_port_max + 1 - (c->rtp_port_min + 1) / 2 * 2) / 2 * 2;
        if (c->rtp_port_max <= c->rtp_port_min)
                buf_printf(problems, "rtp_port_max = %u: must be greater than rtp_port_min (%u)\n",
                           c->rtp_port_max, c->rtp_port_min);
        else if (ports / 4 < c->calls_max)
                buf_printf(problems,
                           "calls_max = %u: needs %u RTP ports, four for each call, but "
                           "rtp_port_min to rtp_port_max hold %u in pairs; widen the range or "
                           "lower calls_max\n",
                           c->calls_max, c->calls_max * 4, ports);

        if (c->plan.digits_max < c->plan.digits_min)
                buf_printf(problems,
                           "national_digits_max = %u: less than national_digits_min "
                           "(%u)\n",
                           c->plan.digits_max, c->plan.digits_min);
        if (c->plan.country[0] == '0')
                buf_printf(problems, "country = \"%s\": a country code does not begin with 0\n",
                           c->plan.country);
        if (c->plan.country[0] && c->plan.digits_min == 0)
                buf_printf(problems,
                           "country = \"%s\": needs national_digits_min and "
                           "national_digits_max, for example 10 and 10\n",
                           c->plan.country);
        if (!c->plan.country[0] && c->plan.national[0])
                buf_printf(problems, "national_prefix = \"%s\": needs country\n", c->plan.national);

        check_session_timer(c, problems);
        check_addresses(c, problems);
        check_tls(c, problems);
        check_tcp_apart(c, problems);
}

void config_defaults(struct config *out)
{
        *out = (struct config){0};
        for (unsigned i = 0; i < config_row_count; i++) {
                const struct config_row *row = &config_rows[i];
                int err = read_value(row, slice_from(row->default_text), field(out, row));
                assert(err == 0);
                (void)err;
        }
}

int config_read(const struct config_source *source, struct config *out, struct buf *problems)
{
        struct config fresh;
        size_t before = problems->len;
        config_defaults(&fresh);
        if (source->path)
                read_config_file(source, &fresh, problems);
        read_sets(source, &fresh, problems);
        /* Values that were refused stand at their defaults: judging them together would mislead. */
        if (problems->len == before && buf_ok(problems))
                check_together(&fresh, problems);
        if (problems->len != before || !buf_ok(problems))
                return ERR_SYNTAX;
        *out = fresh;
        return 0;
}

static struct addr media_of(const struct addr *own, const struct addr *sip)
{
        struct addr ip = own->family ? *own : *sip;
        ip.port = 0;
        return ip;
}

struct addr_pair config_media(const struct config *config)
{
        return (struct addr_pair){media_of(&config->media_ip.ip4, &config->sip_listen.ip4),
                                  media_of(&config->media_ip.ip6, &config->sip_listen.ip6)};
}

static bool same_value(const struct config_row *row, const struct config *a, const struct config *b)
{
        return memcmp(const_field(a, row), const_field(b, row), row->bytes) == 0;
}

void config_reload(struct config *current, const struct config *fresh, struct buf *restart)
{
        for (unsigned i = 0; i < config_row_count; i++) {
                const struct config_row *row = &config_rows[i];
                if (same_value(row, current, fresh))
                        continue;
                if (row->reloadable)
                        memcpy(field(current, row), const_field(fresh, row), row->bytes);
                else
                        buf_printf(restart, "%s%s", restart->len ? ", " : "", row->name);
        }
}

static void put_count(struct buf *out, const struct config_row *row, const void *at)
{
        uint32_t n = 0;
        if (row->bytes == sizeof n)
                memcpy(&n, at, sizeof n);
        else
                n = *(const uint8_t *)at;
        buf_put_u64(out, n);
}

static void put_choice(struct buf *out, const struct config_row *row, uint32_t choice)
{
        struct slice rest = slice_from(row->choices);
        struct slice one = slice_split(rest, '|', &rest);
        for (; choice; choice--)
                one = slice_split(rest, '|', &rest);
        buf_put_slice(out, one);
}

void config_put_value(struct buf *out, const struct config_row *row, const struct config *config)
{
        const void *at = const_field(config, row);
        switch (row->type) {
        case CONFIG_SWITCH:
                buf_put_text(out, *(const bool *)at ? "true" : "false");
                return;
        case CONFIG_COUNT:
                put_count(out, row, at);
                return;
        case CONFIG_ADDR:
                buf_put_text(out, addr_format(at).text);
                return;
        case CONFIG_ADDRS:
        case CONFIG_IPS:
                addr_pair_put(out, at);
                return;
        case CONFIG_CHOICE:
                put_choice(out, row, *(const uint32_t *)at);
                return;
        case CONFIG_TEXT:
        case CONFIG_DIGITS:
        case CONFIG_TONE:
                buf_put_text(out, at);
                return;
        }
}
