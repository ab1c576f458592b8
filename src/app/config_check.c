/* SPDX-License-Identifier: Apache-2.0 */
#include "app/config_check.h"

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

void config_check(const struct config *c, struct buf *problems)
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
