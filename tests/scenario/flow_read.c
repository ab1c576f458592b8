/* SPDX-License-Identifier: Apache-2.0 */
/*
 * flow_read.c - a flow's text into steps. One line is one step; the first words decide which.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

#include "../unit/unit.h"
#include "flow.h"
#include "sounds.h"

#define WORDS_MAX 32
#define WITHIN_MS 400 /* less than T1, so that what is sent again has to be said */

struct reader {
        const char *file;
        unsigned line;
        char *words[WORDS_MAX];
        unsigned count, at;
        char *problem;
        bool has_failed;
};

static void fail_at(struct reader *r, const char *what, const char *word)
{
        if (!r->has_failed)
                snprintf(r->problem, FLOW_PROBLEM_BYTES, "%s:%u: %s%s%s%s", r->file, r->line, what,
                         word ? " '" : "", word ? word : "", word ? "'" : "");
        r->has_failed = true;
}

static bool is_more(const struct reader *r)
{
        return !r->has_failed && r->at < r->count;
}

static const char *peek(const struct reader *r)
{
        return is_more(r) ? r->words[r->at] : "";
}

static const char *next(struct reader *r)
{
        if (r->at < r->count)
                return r->words[r->at++];
        fail_at(r, "something is missing after", r->count ? r->words[r->count - 1] : "");
        return "";
}

static bool take(struct reader *r, const char *word)
{
        if (!is_more(r) || strcmp(r->words[r->at], word) != 0)
                return false;
        r->at++;
        return true;
}

static int64_t next_count(struct reader *r)
{
        const char *word = next(r);
        uint64_t value = 0;
        if (slice_to_u64(slice_from(word), INT32_MAX, &value))
                fail_at(r, "not a number:", word);
        return (int64_t)value;
}

static int64_t next_time(struct reader *r)
{
        static const struct {
                const char *unit;
                int64_t ms;
        } units[] = {{"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}};
        const char *word = next(r);
        char *end;
        long value = strtol(word, &end, 10);
        for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
                if (end != word && value >= 0 && strcmp(end, units[i].unit) == 0)
                        return value * units[i].ms;
        }
        fail_at(r, "not a time (100ms, 5s, 2m, 1h):", word);
        return 0;
}

/* One of `count` words, by its index. */
static int next_of(struct reader *r, const char *const *choices, int count)
{
        const char *word = next(r);
        for (int i = 0; i < count; i++) {
                if (strcmp(word, choices[i]) == 0)
                        return i;
        }
        fail_at(r, "not known here:", word);
        return 0;
}

#define NEXT_OF(r, ...)                                                                            \
        next_of(r, (const char *const[]){__VA_ARGS__},                                             \
                (int)(sizeof((const char *const[]){__VA_ARGS__}) / sizeof(const char *)))

static struct addr next_addr(struct reader *r, uint16_t default_port)
{
        struct addr addr = {0};
        const char *word = next(r);
        if (addr_parse(slice_from(word), default_port, &addr))
                fail_at(r, "not an address:", word);
        return addr;
}

/* Said again, the address of the other family. */
static void add_advertised(struct reader *r, struct trunk *trunk)
{
        const struct addr addr = next_addr(r, 5060);
        if (addr.family && addr_pair_add(&trunk->advertised, &addr))
                fail_at(r, "two addresses of one family:", "advertised");
}

/* ---- words of a line; "..." or '...' is one, # begins a remark ---- */

static void split(struct reader *r, char *line)
{
        r->count = r->at = 0;
        for (char *p = line; *p;) {
                while (isspace((unsigned char)*p))
                        *p++ = 0;
                if (!*p || *p == '#')
                        break;
                if (r->count == WORDS_MAX) {
                        fail_at(r, "too many words", NULL);
                        return;
                }
                char quote = *p;
                bool is_quoted = quote == '"' || quote == '\'';
                r->words[r->count++] = p + is_quoted;
                if (is_quoted) {
                        p = strchr(p + 1, quote);
                        if (!p) {
                                fail_at(r, "a quote without its end", NULL);
                                return;
                        }
                        *p++ = 0;
                        continue;
                }
                while (*p && !isspace((unsigned char)*p))
                        p++;
        }
}

/* ---- messages ---- */

static const char *const codec_words[] = {"pcma", "pcmu", "g729", "opus"};

static bool take_codec(struct reader *r, struct flow_sdp *sdp)
{
        for (size_t i = 0; i < sizeof codec_words / sizeof codec_words[0]; i++) {
                if (sdp->codec_count < FLOW_CODECS_MAX && take(r, codec_words[i])) {
                        sdp->codecs[sdp->codec_count++] = codec_words[i];
                        return true;
                }
        }
        return false;
}

static bool take_sdp_word(struct reader *r, struct flow_sdp *sdp)
{
        const struct {
                const char *word;
                bool *flag;
        } flags[] = {
                {"held", &sdp->is_held},   {"same", &sdp->is_same},    {"no-dtmf", &sdp->no_dtmf},
                {"savp", &sdp->is_secure}, {"video", &sdp->has_video}, {"broken", &sdp->is_broken},
                {"ip4", &sdp->is_ip4},     {"ip6", &sdp->is_ip6},
        };
        static const char *const directions[] = {
                [SDP_SENDRECV] = "sendrecv",
                [SDP_SENDONLY] = "sendonly",
                [SDP_RECVONLY] = "recvonly",
                [SDP_INACTIVE] = "inactive",
        };
        for (size_t i = 0; i < sizeof flags / sizeof flags[0]; i++) {
                if (take(r, flags[i].word))
                        return *flags[i].flag = true;
        }
        for (int i = SDP_SENDRECV; i <= SDP_INACTIVE; i++) {
                if (take(r, directions[i])) {
                        sdp->direction = (enum sdp_direction)i;
                        return true;
                }
        }
        if (take(r, "ptime")) {
                sdp->ptime_ms = (unsigned)next_count(r);
                return true;
        }
        if (take(r, "fax")) {
                sdp->has_audio = false;
                return true;
        }
        return take_codec(r, sdp);
}

static void add_header(struct reader *r, struct flow_message *message, int how)
{
        if (message->header_count == FLOW_HEADERS_MAX) {
                fail_at(r, "too many headers", NULL);
                return;
        }
        struct flow_header *header = &message->headers[message->header_count++];
        header->how = how;
        header->text = next(r);
        if (how == FLOW_WITH && !strchr(header->text, ':'))
                fail_at(r, "not a header with its value:", header->text);
}

static void read_number(struct reader *r, const char **out)
{
        *out = next(r);
        if (isalpha((unsigned char)**out) && !flow_number(*out) && !strchr(*out, ':') &&
            strcmp(*out, "anonymous") != 0)
                fail_at(r, "nobody's number:", *out);
}

/* Words that mean the same in what is sent and what is expected. */
static bool take_message_word(struct reader *r, struct flow_message *m)
{
        if (take(r, "sdp")) {
                m->sdp.present = m->sdp.has_audio = true;
                while (take_sdp_word(r, &m->sdp))
                        continue;
        } else if (take(r, "with"))
                add_header(r, m, FLOW_WITH);
        else if (take(r, "without"))
                add_header(r, m, FLOW_WITHOUT);
        else if (take(r, "from"))
                read_number(r, &m->from);
        else if (take(r, "tag"))
                m->tag = next(r);
        else if (take(r, "as"))
                m->as = next(r);
        else if (take(r, "lost"))
                m->is_lost = true;
        else if (take(r, "again"))
                m->is_again = true;
        else if (m->status && take(r, "for"))
                m->method = next(r);
        else
                return false;
        return true;
}

static bool take_sent_word(struct reader *r, struct flow_message *m)
{
        if (take(r, "dtmf"))
                m->digit = next(r);
        else if (take(r, "body")) {
                m->body_type = next(r);
                m->body = next(r);
        } else if (take(r, "looped"))
                m->is_looped = true;
        else if (take(r, "rack"))
                m->is_rack = true;
        else if (take(r, "other-way"))
                m->is_other_way = true;
        else if (take(r, "halved"))
                m->is_halved = true;
        else if (take(r, "trickled"))
                m->is_trickled = true;
        else if (!m->status && !m->number)
                read_number(r, &m->number);
        else
                return false;
        return true;
}

static bool take_expected_word(struct reader *r, struct flow_message *m)
{
        if (take(r, "has"))
                add_header(r, m, FLOW_HAS);
        else if (take(r, "to"))
                read_number(r, &m->number);
        else if (take(r, "within"))
                m->within_ms = next_time(r);
        else if (take(r, "after")) {
                m->after_ms = next_time(r);
                m->within_ms = m->after_ms + WITHIN_MS;
        } else if (take(r, "below"))
                m->bytes_max = (unsigned)next_count(r);
        else if (!m->status && take(r, "proves"))
                m->proves = next(r);
        else
                return false;
        return true;
}

static void read_message(struct reader *r, struct flow_step *step)
{
        struct flow_message *m = &step->message;
        bool is_sent = step->kind == FLOW_SEND;
        const char *first = next(r);
        m->within_ms = WITHIN_MS;
        m->after_ms = -1;
        if (isdigit((unsigned char)first[0]))
                m->status = (unsigned)strtoul(first, NULL, 10);
        else
                m->method = first;
        if (m->status && (m->status < 100 || m->status > 699 || strlen(first) != 3))
                fail_at(r, "not a status:", first);
        if (!m->status && !isupper((unsigned char)first[0]))
                fail_at(r, "neither a method nor a status:", first);
        while (is_more(r)) {
                if (!take_message_word(r, m) &&
                    !(is_sent ? take_sent_word(r, m) : take_expected_word(r, m)))
                        fail_at(r, "not known here:", peek(r));
        }
        if (m->after_ms >= 0 && !m->is_again)
                fail_at(r, "'after' says when something comes again", NULL);
}

/* ---- the other steps ---- */

/* Where a trunk's calls go, and when they go elsewhere. */
static bool take_route_word(struct reader *r, struct flow_step *step)
{
        struct trunk *trunk = &step->trunk;
        if (take(r, "peer-name")) {
                snprintf(trunk->peer_host, sizeof trunk->peer_host, "%s", next(r));
                trunk->peer_port = 0;
        } else if (take(r, "failover"))
                trunk->failover_ms = (uint32_t)next_time(r);
        else if (take(r, "options"))
                trunk->options_s = (uint32_t)(next_time(r) / 1000);
        else if (take(r, "queue"))
                trunk->queue_ms = (uint32_t)next_time(r);
        else if (take(r, "overflow") && trunk->overflow_count < TRUNK_OVERFLOW_MAX)
                step->overflow[trunk->overflow_count++] = next(r);
        else
                return false;
        return true;
}

static void next_text(struct reader *r, char *out, size_t out_bytes)
{
        const char *word = next(r);
        if (slice_to_text(slice_from(word), out, out_bytes))
                fail_at(r, "too long:", word);
}

static bool read_form(struct reader *r, struct trunk *trunk)
{
        static const char *const words[TRUNK_PLACES] = {"from-form", "asserted-form", "to-form",
                                                        "request-form"};
        for (unsigned i = 0; i < TRUNK_PLACES; i++) {
                if (!take(r, words[i]))
                        continue;
                trunk->writing.forms[i] = (uint8_t)NEXT_OF(r, "default", "plus", "digits",
                                                           "national", "local", "international");
                return true;
        }
        return false;
}

static void read_domain(struct reader *r, struct trunk_template *w)
{
        const char *word = next(r);
        if (strcmp(word, "own") == 0)
                return;
        w->domain = strcmp(word, "peer") == 0 ? TRUNK_DOMAIN_PEER : TRUNK_DOMAIN_NAMED;
        if (w->domain == TRUNK_DOMAIN_NAMED)
                snprintf(w->named, sizeof w->named, "%s", word);
}

/* How numbers are written and read on it: core/trunk_template.h. */
static bool read_template(struct reader *r, struct trunk *trunk)
{
        struct trunk_template *w = &trunk->writing;
        if (read_form(r, trunk))
                return true;
        if (take(r, "from-user"))
                w->from_user = (enum trunk_who)NEXT_OF(r, "shown", "pilot", "username");
        else if (take(r, "asserted-user"))
                w->asserted_user = (enum trunk_who)NEXT_OF(r, "shown", "pilot");
        else if (take(r, "pilot"))
                w->pilot.n.e164 = strtoull(next(r), NULL, 10);
        else if (take(r, "from-domain"))
                read_domain(r, w);
        else if (take(r, "display-name"))
                next_text(r, w->display, sizeof w->display);
        else if (take(r, "privacy"))
                w->privacy = (enum trunk_privacy)NEXT_OF(r, "absent", "none", "id");
        else if (take(r, "charge-info"))
                w->charge = (enum trunk_charge)NEXT_OF(r, "absent", "shown", "pilot");
        else if (take(r, "user-phone"))
                w->user_phone = true;
        else if (take(r, "request-prefix"))
                next_text(r, w->request_prefix, sizeof w->request_prefix);
        else if (take(r, "caller-prefix"))
                next_text(r, w->caller_prefix, sizeof w->caller_prefix);
        else if (take(r, "dialled-prefix"))
                next_text(r, w->dialled_prefix, sizeof w->dialled_prefix);
        else if (take(r, "tolerates")) {
                const char *word = next(r);
                enum trunk_tolerance tolerance;
                if (trunk_tolerance_find(slice_from(word), &tolerance))
                        fail_at(r, "nothing to tolerate:", word);
                else
                        trunk->tolerates |= 1u << tolerance;
        } else if (take(r, "username"))
                next_text(r, trunk->username, sizeof trunk->username);
        else
                return false;
        return true;
}

static void read_trunk(struct reader *r, struct flow_step *step)
{
        step->who = next(r);
        struct addr peer = platform_addr("127.0.0.1:5060");
        step->trunk = platform_trunk(step->who, &peer, "127.0.0.1");
        struct trunk *trunk = &step->trunk;
        trunk->source_count = 0;
        while (is_more(r)) {
                if (take(r, "source") && trunk->source_count < TRUNK_SOURCES_MAX) {
                        const char *word = next(r);
                        if (addr_prefix_parse(slice_from(word),
                                              &trunk->sources[trunk->source_count++].prefix))
                                fail_at(r, "not a source:", word);
                } else if (take(r, "peer")) {
                        peer = next_addr(r, 5060);
                        trunk->peer_port = peer.port;
                        snprintf(trunk->peer_host, sizeof trunk->peer_host, "%s",
                                 addr_format_ip(&peer).text);
                } else if (take(r, "number-form"))
                        trunk->number_form = (enum number_form)NEXT_OF(
                                r, "plus", "digits", "national", "local", "international");
                else if (take(r, "caller-from"))
                        trunk->caller_from = (enum trunk_caller_from)NEXT_OF(r, "from", "asserted");
                else if (take(r, "dialled-from"))
                        trunk->dialled_from =
                                (enum trunk_dialled_from)NEXT_OF(r, "request-uri", "to");
                else if (take(r, "send-asserted"))
                        trunk->send_asserted = true;
                else if (take(r, "no-prack"))
                        trunk->no_prack = true;
                else if (take(r, "redirects"))
                        trunk->follows_redirects = NEXT_OF(r, "refuse", "follow");
                else if (take(r, "transport"))
                        trunk->transport =
                                (enum trunk_transport)NEXT_OF(r, "udp", "tcp", "tls", "auto");
                else if (take(r, "registers")) {
                        trunk->registers = true;
                        trunk->register_s = (uint32_t)(next_time(r) / 1000);
                } else if (take(r, "no-session-timer"))
                        trunk->no_session_timer = true;
                else if (take(r, "header")) {
                        size_t at = strlen(step->headers), room = sizeof step->headers - at;
                        if (snprintf(step->headers + at, room, "%s\r\n", next(r)) >= (int)room)
                                fail_at(r, "too much for the headers of a trunk", NULL);
                } else if (take(r, "password"))
                        next_text(r, step->password, sizeof step->password);
                else if (take(r, "realm"))
                        next_text(r, trunk->realm, sizeof trunk->realm);
                else if (read_template(r, trunk))
                        continue;
                else if (take(r, "advertised"))
                        add_advertised(r, trunk);
                else if (take(r, "channels"))
                        trunk->channels_max = (uint32_t)next_count(r);
                else if (take(r, "calls-per-second"))
                        trunk->calls_per_s = (uint32_t)next_count(r);
                else if (take(r, "announcements"))
                        trunk->announcements_max = (uint32_t)next_count(r);
                else if (!take_route_word(r, step))
                        fail_at(r, "not known of a trunk:", peek(r));
        }
        if (!trunk->source_count)
                fail_at(r, "a trunk has a source", NULL);
}

/* Each in its turn, if nothing else is said of it. */
static void read_server(struct reader *r, struct flow_servers *servers)
{
        if (servers->count == FLOW_SERVERS_MAX) {
                fail_at(r, "too many servers", NULL);
                return;
        }
        unsigned i = servers->count++;
        servers->rows[i].addr = next_addr(r, 5060);
        servers->rows[i].priority = (uint16_t)(10 + i);
        servers->rows[i].weight = 1;
        if (take(r, "priority"))
                servers->rows[i].priority = (uint16_t)next_count(r);
        if (take(r, "weight"))
                servers->rows[i].weight = (uint16_t)next_count(r);
}

/* "servers NAME ADDR ADDR ...": what DNS says of a name, the first to be tried first. */
static void read_servers(struct reader *r, struct flow_step *step)
{
        struct flow_servers *servers = &step->servers;
        step->who = next(r);
        servers->ttl_s = 60;
        while (is_more(r)) {
                if (take(r, "ttl"))
                        servers->ttl_s = (uint32_t)(next_time(r) / 1000);
                else if (take(r, "unreachable"))
                        servers->is_unreachable = true;
                else if (take(r, "naptr") && servers->way_count < TRUNK_TRANSPORTS)
                        servers->ways[servers->way_count++] =
                                (enum trunk_transport)NEXT_OF(r, "udp", "tcp", "tls");
                else
                        read_server(r, servers);
        }
}

static void read_peer(struct reader *r, struct flow_step *step)
{
        step->who = next(r);
        if (!take(r, "at"))
                fail_at(r, "a peer is 'at' an address, not", peek(r));
        step->address = next_addr(r, 5060);
        if (!take(r, "number"))
                fail_at(r, "a peer has a 'number', not", peek(r));
        read_number(r, &step->numbers[0]);
}

static void read_limit(struct reader *r, struct flow_step *step)
{
        step->who = next(r);
        if (!strcmp(step->who, "ring") || !strcmp(step->who, "call") ||
            !strcmp(step->who, "media") || !strcmp(step->who, "session"))
                step->value = next_time(r);
        else if (!strcmp(step->who, "calls") || !strcmp(step->who, "pair"))
                step->value = next_count(r);
        else
                fail_at(r, "no limit:", step->who);
}

static void read_session(struct reader *r, struct flow_step *step)
{
        for (int i = 0; i < 4; i++)
                read_number(r, &step->numbers[i]);
        if (take(r, "expires"))
                step->value = next_time(r);
}

static void read_policy(struct reader *r, struct flow_step *step)
{
        while (is_more(r) && step->word_count < FLOW_WORDS_MAX)
                step->words[step->word_count++] = next(r);
        const char *problem = flow_policy_problem(step);
        if (problem)
                fail_at(r, "not of a policy:", problem);
}

static void read_parties(struct reader *r, struct flow_step *step)
{
        struct flow_parties *parties = &step->parties;
        enum session_model model;
        uint8_t side = 0;
        bool holds = false;
        parties->model = next(r);
        if (session_model_find(slice_from(parties->model), &model)) {
                fail_at(r, "no model:", parties->model);
                return;
        }
        while (is_more(r)) {
                if (take(r, "open"))
                        parties->is_open = true;
                else if (take(r, "side-0"))
                        side = 0;
                else if (take(r, "side-1"))
                        side = 1;
                else if (take(r, "holds"))
                        holds = true;
                else if (take(r, "expires"))
                        step->value = next_time(r);
                else if (parties->count && take(r, "pin"))
                        parties->pins[parties->count - 1] = next(r);
                else if (holds && parties->held_count < FLOW_PARTIES_MAX)
                        read_number(r, &parties->holds[parties->held_count++]);
                else if (!holds && parties->count < FLOW_PARTIES_MAX) {
                        parties->sides[parties->count] = side;
                        read_number(r, &parties->names[parties->count++]);
                } else {
                        fail_at(r, "too many:", peek(r));
                        return;
                }
        }
}

static void read_answer(struct reader *r, struct flow_step *step)
{
        struct flow_answer *answer = &step->answer;
        *answer = (struct flow_answer){.times = 1};
        if (!take(r, "withheld"))
                read_number(r, &answer->caller);
        read_number(r, &answer->dialled);
        if (step->kind == FLOW_KEYS_IN)
                answer->digits = next(r);
        answer->verdict = next(r);
        while (is_more(r)) {
                if (take(r, "reaches"))
                        read_number(r, &answer->reaches);
                else if (take(r, "shows"))
                        read_number(r, &answer->shows);
                else if (take(r, "told"))
                        answer->told = next(r);
                else if (step->kind == FLOW_KEYS_IN && take(r, "times"))
                        answer->times = next_count(r);
                else if (step->kind == FLOW_EXPLAINED && take(r, "digits"))
                        answer->digits = next(r);
                else {
                        fail_at(r, "not known of an answer:", peek(r));
                        return;
                }
        }
}

static void read_change(struct reader *r, struct flow_step *step)
{
        step->change = NEXT_OF(r, "renew", "reopen", "erase", "replace", "alias", "intent", "block",
                               "unblock");
        if (step->change >= FLOW_REPLACE) {
                read_number(r, &step->numbers[0]);
                read_number(r, &step->numbers[1]);
        }
        if (is_more(r))
                step->value = next_time(r);
}

static void read_attempt(struct reader *r, struct flow_record *record)
{
        if (record->tried_count == CDR_ATTEMPTS_MAX) {
                fail_at(r, "too many attempts", "");
                return;
        }
        record->tried[record->tried_count].trunk = next(r);
        record->tried[record->tried_count].how = (enum cdr_attempt_end)NEXT_OF(
                r, "open", "answered", "silent", "unsent", "dark", "limited", "unusable");
        record->tried_count++;
}

static void read_record(struct reader *r, struct flow_step *step)
{
        struct flow_record *record = &step->record;
        *record = (struct flow_record){.cause = -1, .status = -1, .attempts = -1, .answered = -1};
        record->leg = (enum cdr_leg)NEXT_OF(r, "A", "B");
        while (is_more(r)) {
                if (take(r, "call"))
                        record->call = (unsigned)next_count(r);
                else if (take(r, "cause"))
                        record->cause = next_count(r);
                else if (take(r, "source"))
                        record->source = next(r);
                else if (take(r, "status"))
                        record->status = next_count(r);
                else if (take(r, "attempts"))
                        record->attempts = next_count(r);
                else if (take(r, "tried"))
                        read_attempt(r, record);
                else if (take(r, "verdict"))
                        record->verdict = next(r);
                else if (take(r, "answered"))
                        record->answered = 1;
                else if (take(r, "unanswered"))
                        record->answered = 0;
                else
                        fail_at(r, "not known of a record:", peek(r));
        }
}

static void read_hears(struct reader *r, struct flow_step *step)
{
        step->word = next(r);
        if (!strcmp(step->word, "nothing"))
                return;
        for (int i = 0; i < SOUND_OTHER; i++) {
                if (strcmp(step->word, sound_name((enum sound)i)) == 0)
                        return;
        }
        fail_at(r, "no sound:", step->word);
}

/* "agent -> ...", "agent/2 hears ..." */
static void read_peer_step(struct reader *r, struct flow_step *step)
{
        static const struct {
                const char *verb;
                enum flow_kind kind;
        } verbs[] = {
                {"->", FLOW_SEND},          {"<-", FLOW_EXPECT},
                {"hears", FLOW_HEARS},      {"got-digits", FLOW_DIGITS},
                {"talks", FLOW_TALK},       {"is-quiet", FLOW_QUIET},
                {"presses", FLOW_PRESS},    {"talks-into", FLOW_TALK_INTO},
                {"vanishes", FLOW_VANISH},  {"speaks", FLOW_SPEAK},
                {"connects", FLOW_CONNECT}, {"disconnects", FLOW_DISCONNECT},
                {"writes", FLOW_WRITE},     {"has-connections", FLOW_CONNECTIONS},
                {"got-pings", FLOW_PINGS},  {"got-pongs", FLOW_PONGS},
        };
        char *who = (char *)(uintptr_t)next(r);
        char *slash = strchr(who, '/');
        step->who = who;
        if (slash) {
                *slash = 0;
                step->call = slash + 1;
        }
        if (!is_more(r)) {
                fail_at(r, "no such step:", who);
                return;
        }
        const char *verb = next(r);
        size_t i = 0;
        while (i < sizeof verbs / sizeof verbs[0] && strcmp(verbs[i].verb, verb) != 0)
                i++;
        if (i == sizeof verbs / sizeof verbs[0]) {
                fail_at(r, "not known here:", verb);
                return;
        }
        step->kind = verbs[i].kind;
        if (step->kind == FLOW_SEND || step->kind == FLOW_EXPECT)
                read_message(r, step);
        else if (step->kind == FLOW_HEARS)
                read_hears(r, step);
        else if (step->kind == FLOW_PRESS || step->kind == FLOW_DIGITS ||
                 step->kind == FLOW_TALK_INTO || step->kind == FLOW_WRITE)
                step->word = next(r);
        else if (step->kind == FLOW_SPEAK)
                step->value = TRUNK_TCP + NEXT_OF(r, "tcp", "tls");
        else if (step->kind >= FLOW_CONNECTIONS)
                step->value = next_count(r);
}

static void read_step(struct reader *r, struct flow_step *step)
{
        step->call = "";
        if (take(r, "trunk")) {
                step->kind = FLOW_TRUNK;
                read_trunk(r, step);
        } else if (take(r, "peer")) {
                step->kind = FLOW_PEER;
                read_peer(r, step);
        } else if (take(r, "limit")) {
                step->kind = FLOW_LIMIT;
                read_limit(r, step);
        } else if (take(r, "servers")) {
                step->kind = FLOW_SERVERS;
                read_servers(r, step);
        } else if (take(r, "trunk-state")) {
                step->kind = FLOW_TRUNK_STATE;
                step->who = next(r);
                step->value = NEXT_OF(r, "unknown", "up", "down");
        } else if (take(r, "registration")) {
                step->kind = FLOW_REGISTRATION;
                step->who = next(r);
                step->value = NEXT_OF(r, "none", "good", "refused", "unanswered");
        } else if (take(r, "session")) {
                step->kind = FLOW_SESSION;
                read_session(r, step);
        } else if (take(r, "policy")) {
                step->kind = FLOW_POLICY;
                read_policy(r, step);
        } else if (take(r, "session-of")) {
                step->kind = FLOW_SESSION_OF;
                read_parties(r, step);
        } else if (take(r, "change")) {
                step->kind = FLOW_CHANGE;
                read_change(r, step);
        } else if (take(r, "end-session")) {
                step->kind = FLOW_END_SESSION;
        } else if (take(r, "remove-number")) {
                step->kind = FLOW_REMOVE_NUMBER;
                read_number(r, &step->numbers[0]);
        } else if (take(r, "after")) {
                step->kind = FLOW_AFTER;
                step->value = next_time(r);
        } else if (take(r, "wall-clock")) {
                step->kind = FLOW_WALL;
                int sign = NEXT_OF(r, "back", "ahead") ? 1 : -1;
                step->value = sign * next_time(r);
        } else if (take(r, "crash")) {
                step->kind = FLOW_CRASH;
                if (take(r, "for"))
                        step->value = next_time(r);
        } else if (take(r, "drain")) {
                step->kind = FLOW_DRAIN;
        } else if (take(r, "leave")) {
                step->kind = FLOW_LEAVE;
        } else if (take(r, "hang-up")) {
                step->kind = FLOW_HANG_UP;
                step->value = NEXT_OF(r, "all", "now");
        } else if (take(r, "record")) {
                step->kind = FLOW_RECORD;
                read_record(r, step);
        } else if (take(r, "no-record")) {
                step->kind = FLOW_NO_RECORD;
        } else if (take(r, "explained")) {
                step->kind = FLOW_EXPLAINED;
                read_answer(r, step);
        } else if (take(r, "keys-in")) {
                step->kind = FLOW_KEYS_IN;
                read_answer(r, step);
        } else if (take(r, "counter")) {
                step->kind = FLOW_COUNTER;
                step->who = next(r);
                step->value = next_count(r);
        } else {
                read_peer_step(r, step);
        }
        if (is_more(r))
                fail_at(r, "not known here:", peek(r));
}

/* ---- the whole ---- */

static bool is_expectation(enum flow_kind kind)
{
        return kind >= FLOW_EXPECT;
}

static unsigned count_lines(const char *text)
{
        unsigned lines = 1;
        for (; *text; text++)
                lines += *text == '\n';
        return lines;
}

static char *trim(char *line)
{
        while (isspace((unsigned char)*line))
                line++;
        size_t len = strlen(line);
        while (len && isspace((unsigned char)line[len - 1]))
                line[--len] = 0;
        return line;
}

static void read_lines(struct reader *r, struct flow *flow)
{
        char *text = flow->text, *words = flow->words;
        bool expects = false;
        while (text && !r->has_failed) {
                char *line = strsep(&text, "\n");
                char *copy = strsep(&words, "\n");
                r->line++;
                split(r, copy);
                if (r->count == 0)
                        continue;
                struct flow_step *step = &flow->steps[flow->step_count++];
                step->line = r->line;
                step->text = trim(line);
                read_step(r, step);
                expects |= is_expectation(step->kind);
        }
        if (!expects)
                fail_at(r, "nothing is expected: such a flow cannot fail", NULL);
}

struct flow *flow_read(const char *name, const char *text, char *problem)
{
        struct reader r = {.file = name, .problem = problem};
        struct flow *flow = calloc(1, sizeof *flow);
        assert_non_null(flow);
        flow->name = name;
        flow->text = strdup(text);
        flow->words = strdup(text);
        flow->steps = calloc(count_lines(text), sizeof *flow->steps);
        assert_true(flow->text && flow->words && flow->steps);
        read_lines(&r, flow);
        if (r.has_failed) {
                flow_destroy(flow);
                return NULL;
        }
        return flow;
}

void flow_destroy(struct flow *flow)
{
        if (!flow)
                return;
        free(flow->steps);
        free(flow->text);
        free(flow->words);
        free(flow);
}

static bool is_ip6(const struct flow_step *step)
{
        bool is_it = step->address.family == 6 || step->trunk.advertised.ip6.family;
        for (unsigned i = 0; i < step->trunk.source_count; i++)
                is_it |= step->trunk.sources[i].prefix.addr.family == 6;
        for (unsigned i = 0; i < step->servers.count; i++)
                is_it |= step->servers.rows[i].addr.family == 6;
        return is_it;
}

bool flow_speaks_ip6(const struct flow *flow)
{
        for (unsigned i = 0; i < flow->step_count; i++) {
                if (is_ip6(&flow->steps[i]))
                        return true;
        }
        return false;
}

bool flow_has(const struct flow *flow, enum flow_kind kind)
{
        for (unsigned i = 0; i < flow->step_count; i++) {
                if (flow->steps[i].kind == kind)
                        return true;
        }
        return false;
}

uint64_t flow_number(const char *word)
{
        static const struct {
                const char *word;
                uint64_t number;
        } rows[] = {
                {"agent", AGENT}, {"customer", CUSTOMER}, {"stranger", STRANGER}, {"M1", M1},
                {"M2", M2},
        };
        for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
                if (strcmp(word, rows[i].word) == 0)
                        return rows[i].number;
        }
        return 0;
}

uint64_t flow_number_or_digits(const char *word)
{
        uint64_t number = flow_number(word);
        if (!number && slice_to_u64(slice_from(word), UINT64_MAX, &number))
                return 0;
        return number;
}
