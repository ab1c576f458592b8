/* SPDX-License-Identifier: Apache-2.0 */
#include "call/check_words.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "wire/sip_write.h"

#define SKEW_MS      5000
#define DAYS_LEFT    14
#define DAY_MS       86400000
#define ROUNDTRIP_MS 1000 /* calls are set up slowly */

static const char *const kind_names[CHECK_KINDS] = {
        [CHECK_RESOLVE] = "resolve",   [CHECK_CONNECT] = "connect", [CHECK_OPTIONS] = "options",
        [CHECK_ADDRESS] = "address",   [CHECK_CLOCK] = "clock",     [CHECK_LOGIN] = "login",
        [CHECK_INCOMING] = "incoming", [CHECK_VERDICT] = "verdict",
};

static const char *const grade_names[CHECK_GRADES] = {[CHECK_GOOD] = "good",
                                                      [CHECK_NOTE] = "note",
                                                      [CHECK_WARN] = "warning",
                                                      [CHECK_BAD] = "bad"};

const char *check_kind_name(enum check_kind kind)
{
        return kind_names[kind];
}

const char *check_grade_name(enum check_grade grade)
{
        return grade_names[grade];
}

static void __attribute__((format(printf, 4, 5)))
say(struct check_step *step, enum check_kind kind, enum check_grade grade, const char *format, ...)
{
        va_list ap;
        va_start(ap, format);
        step->kind = kind;
        step->grade = grade;
        step->advice[0] = '\0';
        vsnprintf(step->sentence, sizeof step->sentence, format, ap);
        va_end(ap);
}

static void __attribute__((format(printf, 2, 3)))
advise(struct check_step *step, const char *format, ...)
{
        va_list ap;
        va_start(ap, format);
        vsnprintf(step->advice, sizeof step->advice, format, ap);
        va_end(ap);
}

/* Where is it? */

static bool is_called(const struct locate_answer *called, const struct locate_target *target)
{
        for (unsigned i = 0; i < called->count; i++) {
                if (called->targets[i].transport == target->transport &&
                    addr_equal(&called->targets[i].addr, &target->addr))
                        return true;
        }
        return false;
}

static void put_targets(struct buf *b, const struct locate_answer *answer,
                        const struct locate_answer *called)
{
        for (unsigned i = 0; i < answer->count && i < CHECK_TARGETS_MAX; i++)
                buf_printf(b, "%s%s (%s%s)", i ? ", " : "",
                           addr_format(&answer->targets[i].addr).text,
                           sip_transport_name(answer->targets[i].transport),
                           is_called(called, &answer->targets[i]) ? "" : ", not called");
        if (answer->count > CHECK_TARGETS_MAX)
                buf_printf(b, " and %u more", answer->count - CHECK_TARGETS_MAX);
}

static void say_not_resolved(struct check_step *step, const struct trunk *trunk, int err)
{
        say(step, CHECK_RESOLVE, CHECK_BAD, "%s cannot be resolved: %s.", trunk->peer_host,
            err == ERR_NOT_FOUND ? "there is no such name, or nothing there that we speak"
                                 : err_text(err));
        if (err == ERR_NOT_FOUND)
                advise(step,
                       "Compare the peer with what the carrier gave you; ask with \"dig %s\".",
                       trunk->peer_host);
        else if (err == ERR_CONFLICT)
                advise(step, "The trunk's transport is not one that this server listens for.");
        else
                advise(step, "Look at the name servers of this machine (/etc/resolv.conf).");
}

void check_words_resolve(struct check_step *step, const struct trunk *trunk, int err,
                         const struct locate_answer *answer, const struct locate_answer *called)
{
        static const char *const ways[] = {
                [LOCATE_BY_ADDRESS] = "by its addresses",
                [LOCATE_BY_SRV] = "by SRV records",
                [LOCATE_BY_NAPTR] = "by NAPTR and SRV records",
        };
        char memory[256];
        struct buf targets;
        struct addr literal;
        if (!trunk->peer_host[0]) {
                say(step, CHECK_RESOLVE, CHECK_NOTE,
                    "The trunk has no peer: it can only wait for calls from its sources.");
                return;
        }
        if (err) {
                say_not_resolved(step, trunk, err);
                return;
        }
        buf_init(&targets, memory, sizeof memory);
        put_targets(&targets, answer, called);
        if (!addr_parse_ip(slice_from(trunk->peer_host), &literal))
                say(step, CHECK_RESOLVE, CHECK_GOOD,
                    "The peer is an address, so there is nothing to look up: %.*s.",
                    SLICE_ARG(buf_slice(&targets)));
        else
                say(step, CHECK_RESOLVE, CHECK_GOOD,
                    "%.120s was found %s: %.*s; good for %" PRIu32 " s.", trunk->peer_host,
                    ways[answer->way], SLICE_ARG(buf_slice(&targets)), answer->ttl_s);
        if (called->count < answer->count)
                advise(step, "Calls go to addresses of a kind (IPv4, IPv6) that sip_listen and the "
                             "trunk's sources have, too: add what is missing to use the others.");
}

/* Can it be connected to? */

static void say_refused(struct check_step *step, const struct check_connection *c)
{
        say(step, CHECK_CONNECT, CHECK_BAD, "%s over %s: no connection: %s.",
            addr_format(&c->target.addr).text, sip_transport_name(c->target.transport), c->reason);
        if (c->err == ERR_UNTRUSTED)
                advise(step, "The certificate must be of the peer's name and from somebody whom "
                             "tls_ca trusts; ask the carrier which one it shows.");
        else if (c->err == -EPROTO)
                advise(step,
                       "Ask the carrier which port speaks TLS; it must speak TLS 1.2 or 1.3.");
        else if (c->err == -ECONNREFUSED)
                advise(step,
                       "Nobody listens there: compare port and transport with the carrier's.");
        else
                advise(step,
                       "A firewall may be in the way, or the carrier does not know our address.");
}

static void say_certificate(struct check_step *step, const struct check_connection *c)
{
        int64_t days = (c->tls.expires_ms - c->now_ms) / DAY_MS;
        bool is_late = days < DAYS_LEFT;
        say(step, CHECK_CONNECT, is_late ? CHECK_WARN : CHECK_GOOD,
            "%s over TLS: connected in %" PRId64 " ms, %s; certificate of %s, issued by %s, "
            "valid for %" PRId64 " more days.",
            addr_format(&c->target.addr).text, c->took_ms, c->tls.version ? c->tls.version : "TLS",
            c->tls.subject, c->tls.issuer, days);
        if (is_late)
                advise(step, "Tell the carrier: when it expires, calls fail.");
}

void check_words_connect(struct check_step *step, const struct check_connection *c)
{
        if (c->target.transport == SIP_UDP)
                say(step, CHECK_CONNECT, CHECK_GOOD, "%s over UDP: there is nothing to connect.",
                    addr_format(&c->target.addr).text);
        else if (c->err)
                say_refused(step, c);
        else if (c->has_tls)
                say_certificate(step, c);
        else
                say(step, CHECK_CONNECT, CHECK_GOOD, "%s over TCP: connected in %" PRId64 " ms.",
                    addr_format(&c->target.addr).text, c->took_ms);
}

/* Does it answer? */

void check_words_unsent(struct check_step *step, const struct sip_target *target, int err)
{
        say(step, CHECK_OPTIONS, CHECK_BAD, "%s: OPTIONS could not be sent: %s.",
            addr_format(&target->addr).text, err_text(err));
        if (err == ERR_STATE)
                advise(step, "There is no address of ours to tell: set sip_listen, or the trunk's "
                             "advertised address.");
        else
                advise(step, "Too much is going on; try again.");
}

static void put_abilities(struct buf *b, const struct sip_probe_result *r)
{
        bool any = false;
        if (r->server[0])
                buf_printf(b, " It calls itself \"%s\".", r->server);
        for (unsigned m = 0; r->allow && m < SIP_METHOD_OTHER; m++) {
                if (!(r->allow & 1u << m))
                        continue;
                buf_printf(b, "%s%.*s", any ? ", " : " It allows ",
                           SLICE_ARG(sip_method_name((enum sip_method)m)));
                any = true;
        }
        if (any)
                buf_put_char(b, '.');
}

/* What became of a challenge; false: there was none that matters. */
static bool say_login(struct check_step *step, enum check_kind kind, const struct trunk *trunk,
                      const struct sip_probe_result *r)
{
        switch (r->login) {
        case SIP_PROBE_NOT_ASKED:
        case SIP_PROBE_LOGGED_IN:
                return false;
        case SIP_PROBE_NO_PASSWORD:
                say(step, kind, CHECK_BAD,
                    "It asks for a password (realm \"%s\"), and the trunk has none.", r->realm);
                advise(step, "maskline trunk set %s --username NAME --password -", trunk->name);
                return true;
        case SIP_PROBE_OTHER_REALM:
                say(step, kind, CHECK_BAD,
                    "It asks for a password of realm \"%s\", and the trunk shows its password to "
                    "\"%s\" only.",
                    r->realm, trunk->realm);
                /* The peer has written it: no quote of its may end ours in a shell. */
                if (strchr(r->realm, '\''))
                        advise(step, "If that is the carrier's, make it the trunk's realm.");
                else
                        advise(step, "If that is the carrier's: maskline trunk set %s --realm '%s'",
                               trunk->name, r->realm);
                return true;
        case SIP_PROBE_UNSUITABLE:
                say(step, kind, CHECK_BAD,
                    "It asks for a password in a way that is not answered: not Digest with MD5 or "
                    "SHA-256.");
                advise(step, "Ask the carrier for one of these.");
                return true;
        case SIP_PROBE_BAD_PASSWORD:
                say(step, kind, CHECK_BAD, "It refuses our user name and password (realm \"%s\").",
                    r->realm);
                advise(step, "Set them again: maskline trunk set %s --username NAME --password -",
                       trunk->name);
                return true;
        }
        return false;
}

static void say_alive(struct check_step *step, const struct sip_probe_result *r)
{
        char memory[192];
        struct buf abilities;
        bool is_slow = r->round_trip_ms > ROUNDTRIP_MS;
        bool is_refused = r->status >= 300;
        buf_init(&abilities, memory, sizeof memory);
        put_abilities(&abilities, r);
        say(step, CHECK_OPTIONS, is_slow || r->status >= 500 ? CHECK_WARN : CHECK_GOOD,
            "%s answered OPTIONS with %u %.*s after %" PRId64 " ms%s.%.*s",
            addr_format(&r->peer.addr).text, r->status, SLICE_ARG(sip_reason_phrase(r->status)),
            r->round_trip_ms, is_refused ? ": it does not want them, but it is there" : "",
            SLICE_ARG(buf_slice(&abilities)));
        if (is_slow)
                advise(step,
                       "So slow an answer delays every call; ask the carrier for a nearer edge.");
        else if (r->status == 403)
                advise(step, "If calls are refused like that, too, the carrier does not know our "
                             "address or our caller id.");
        else if (r->status >= 500)
                advise(step, "Ask the carrier whether it is in trouble.");
}

void check_words_options(struct check_step *step, const struct trunk *trunk,
                         const struct sip_probe_result *r)
{
        const struct addr_text where = addr_format(&r->peer.addr);
        if (r->outcome == SIP_PROBE_NOT_SENT) {
                check_words_unsent(step, &r->peer, ERR_FULL);
        } else if (r->outcome == SIP_PROBE_NO_ANSWER) {
                say(step, CHECK_OPTIONS, CHECK_BAD, "%s over %s does not answer OPTIONS%s.",
                    where.text, sip_transport_name(r->peer.transport),
                    r->provisional ? " with a final answer" : " at all");
                advise(step,
                       "It may be down, a firewall may be in the way, or the carrier does not "
                       "answer addresses that it does not know: is ours in its list?");
        } else if (r->status == 503) {
                say(step, CHECK_OPTIONS, CHECK_BAD,
                    "%s answered 503 Service Unavailable after %" PRId64
                    " ms: it takes no calls%s.",
                    where.text, r->round_trip_ms, r->retry_after_s ? " for now" : "");
                advise(step, "Try again later, or ask the carrier.");
        } else if (!say_login(step, CHECK_OPTIONS, trunk, r)) {
                say_alive(step, r);
        }
}

/* How does it see us? */

bool check_words_address(struct check_step *step, const struct trunk *trunk,
                         const struct sip_probe_result *r)
{
        if (r->outcome != SIP_PROBE_ANSWERED || r->peer.transport != SIP_UDP)
                return false;
        struct addr_text ours = addr_format(&r->local.addr);
        if (!r->seen.family) {
                say(step, CHECK_ADDRESS, CHECK_NOTE,
                    "The carrier does not say as whom it sees us; we call ourselves %s.",
                    ours.text);
                return true;
        }
        bool has_advertised = addr_pair_find(&trunk->advertised, r->seen.family);
        struct addr_text seen = r->seen.port ? addr_format(&r->seen) : addr_format_ip(&r->seen);
        if (!addr_equal_ip(&r->seen, &r->local.addr)) {
                say(step, CHECK_ADDRESS, CHECK_WARN,
                    "The carrier sees us as %s, but we call ourselves %s: there is a NAT between us.",
                    seen.text, ours.text);
                advise(step,
                       "Without its own address in INVITE and SDP the carrier's answers and audio "
                       "get lost: give the trunk --advertised %s%s.",
                       addr_format_ip(&r->seen).text,
                       has_advertised ? " instead of the one that it has" : "");
        } else if (r->seen.port && r->seen.port != r->local.addr.port) {
                say(step, CHECK_ADDRESS, CHECK_NOTE,
                    "The carrier sees us as %s, but we call ourselves %s: a NAT changes our port.",
                    seen.text, ours.text);
                advise(step, "Calls to us need that port to be forwarded.");
        } else {
                say(step, CHECK_ADDRESS, CHECK_GOOD,
                    "The carrier sees us as %s, which is what we call ourselves.", seen.text);
        }
        return true;
}

bool check_words_clock(struct check_step *step, const struct sip_probe_result *r)
{
        int64_t ahead_ms = r->date_ahead_ms, away_ms = ahead_ms < 0 ? -ahead_ms : ahead_ms;
        if (r->outcome != SIP_PROBE_ANSWERED || !r->has_date)
                return false;
        if (away_ms <= SKEW_MS) {
                say(step, CHECK_CLOCK, CHECK_GOOD, "The carrier's clock agrees with ours.");
                return true;
        }
        say(step, CHECK_CLOCK, CHECK_WARN, "The carrier's clock is %" PRId64 " s %s ours.",
            away_ms / 1000, ahead_ms > 0 ? "ahead of" : "behind");
        advise(step, "If ours is wrong, sessions expire at other times than agreed: is it kept by "
                     "NTP?");
        return true;
}

/* Does it know us? */

static void say_registered(struct check_step *step, const struct sip_registration *registration,
                           const struct sip_probe_result *r)
{
        if (r->is_bound) {
                say(step, CHECK_LOGIN, CHECK_GOOD,
                    "The registrar knows where we are (%u binding%s).", r->bindings,
                    r->bindings == 1 ? "" : "s");
        } else if (registration->is_registered) {
                say(step, CHECK_LOGIN, CHECK_NOTE,
                    "We are registered; the registrar takes our password and does not list our "
                    "address among its %u binding%s.",
                    r->bindings, r->bindings == 1 ? "" : "s");
        } else {
                say(step, CHECK_LOGIN, CHECK_BAD,
                    "The registrar takes our password, but we are not registered%s%s.",
                    registration->problem ? ": " : "",
                    sip_registration_problem_text(registration->problem));
                advise(step, "Until then calls to us do not arrive.");
        }
}

void check_words_login(struct check_step *step, const struct trunk *trunk,
                       const struct sip_registration *registration,
                       const struct sip_probe_result *r)
{
        if (r->outcome != SIP_PROBE_ANSWERED) {
                say(step, CHECK_LOGIN, CHECK_BAD, "The registrar does not answer.");
                advise(step, "If the carrier has no registrar: maskline trunk set %s --no-register",
                       trunk->name);
        } else if (say_login(step, CHECK_LOGIN, trunk, r)) {
                return;
        } else if (r->status < 300) {
                say_registered(step, registration, r);
        } else if (r->status == 405 || r->status == 501) {
                say(step, CHECK_LOGIN, CHECK_BAD, "The peer is no registrar: %u %.*s.", r->status,
                    SLICE_ARG(sip_reason_phrase(r->status)));
                advise(step, "maskline trunk set %s --no-register", trunk->name);
        } else {
                say(step, CHECK_LOGIN, CHECK_BAD, "The registrar refuses us: %u %.*s.", r->status,
                    SLICE_ARG(sip_reason_phrase(r->status)));
                advise(step, r->status == 404 ? "It does not know the user name; is it right?"
                                              : "Ask the carrier why it refuses this user name.");
        }
}

/* What has come in */

void check_words_incoming(struct check_step *step, const struct trunk *trunk,
                          int64_t last_invite_ms, int64_t now_ms)
{
        if (last_invite_ms)
                say(step, CHECK_INCOMING, CHECK_GOOD,
                    "The last call from it came %" PRId64 " s ago.",
                    (now_ms - last_invite_ms) / 1000);
        else
                say(step, CHECK_INCOMING, CHECK_NOTE,
                    "No call has come from it since the server started; calls are taken from the "
                    "sources of %s alone.",
                    trunk->name);
}

void check_words_stranger(struct check_step *step, const struct trunk *trunk,
                          const struct sip_stranger *stranger, int64_t now_ms)
{
        say(step, CHECK_INCOMING, CHECK_NOTE,
            "From %s, which is no trunk's, %" PRIu64 " packet%s dropped unread, the last %" PRId64
            " s ago.",
            addr_format(&stranger->addr).text, stranger->count,
            stranger->count == 1 ? " was" : "s were", (now_ms - stranger->last_wall_ms) / 1000);
        advise(step, "If that is an address of the carrier's, it must be a source of %s.",
               trunk->name);
}

void check_words_verdict(struct check_step *step, const struct trunk *trunk,
                         const struct check_report *report)
{
        unsigned counts[CHECK_GRADES] = {0};
        for (unsigned i = 0; i < report->count; i++)
                counts[report->steps[i].grade]++;
        if (counts[CHECK_BAD])
                say(step, CHECK_VERDICT, CHECK_BAD, "Trunk %s does not work: %u thing%s to mend.",
                    trunk->name, counts[CHECK_BAD], counts[CHECK_BAD] == 1 ? "" : "s");
        else if (!trunk->peer_host[0])
                say(step, CHECK_VERDICT, CHECK_GOOD, "Trunk %s waits for calls.", trunk->name);
        else if (counts[CHECK_WARN])
                say(step, CHECK_VERDICT, CHECK_WARN, "Trunk %s answers, with %u warning%s.",
                    trunk->name, counts[CHECK_WARN], counts[CHECK_WARN] == 1 ? "" : "s");
        else
                say(step, CHECK_VERDICT, CHECK_GOOD, "Trunk %s is ready.", trunk->name);
}
