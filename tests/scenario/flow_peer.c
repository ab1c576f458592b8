/* SPDX-License-Identifier: Apache-2.0 */
/*
 * flow_peer.c - raw scripted peers: they send exactly what a step says, and answer nothing of
 * their own accord. Every header with room for it carries the party's real number as bait.
 */
#include <stdio.h>
#include <stdlib.h>

#include "../unit/unit.h"
#include "flow_run.h"

/* ---- what comes ---- */

static struct flow_event *add_event(struct flow_peer *peer, struct flow_call *call,
                                    struct slice data)
{
        struct flow_run *run = peer->run;
        assert_true(run->event_count < FLOW_LOG_MAX);
        struct flow_event *event = &run->events[run->event_count++];
        *event = (struct flow_event){
                .at_ms = sim_world_now_ms(run->platform->sim),
                .peer = peer,
                .call = call,
                .text = malloc(data.len + 1),
                .bytes = data.len,
        };
        assert_non_null(event->text);
        memcpy(event->text, data.p, data.len);
        event->text[data.len] = 0;
        return event;
}

void flow_peer_get(struct flow_peer *peer, struct slice data)
{
        struct flow_run *run = peer->run;
        if (peer->has_vanished)
                return;
        /* Nobody could look at it on the way, over TLS; nor, in pieces, at all of it. */
        const char *leak = peer->speaks != TRUNK_UDP ? platform_leak(&peer->addr, data) : NULL;
        if (leak)
                flow_fail(run, "%s goes to %s", leak, peer->name);
        if (peer->speaks != TRUNK_UDP && run->storm)
                flow_storm_on_streamed(run, true, data);
        struct flow_event *event = add_event(peer, NULL, data);
        if (run->on_message)
                run->on_message(event);
}

static void on_sip(void *arg, const struct addr *from, struct slice data)
{
        (void)from;
        flow_peer_get(arg, data);
}

const struct flow_event *flow_inbox(const struct flow_run *run, const struct flow_peer *peer)
{
        for (unsigned i = 0; i < run->event_count; i++) {
                const struct flow_event *event = &run->events[i];
                if (!event->is_sent && !event->is_taken && (!peer || event->peer == peer))
                        return event;
        }
        return NULL;
}

/* ---- peers and their calls ---- */

void flow_peer_open(struct flow_run *run, const char *name, const struct addr *addr,
                    const char *number, enum sound voice)
{
        assert_true(run->peer_count < FLOW_PEERS_MAX);
        struct flow_peer *peer = &run->peers[run->peer_count++];
        *peer = (struct flow_peer){.run = run, .name = name, .addr = *addr, .voice = voice};
        uint64_t e164 = flow_number(number);
        if (e164)
                snprintf(peer->number, sizeof peer->number, "+%llu", (unsigned long long)e164);
        else
                snprintf(peer->number, sizeof peer->number, "%s", number);
        assert_int_equal(io_udp_open(run->io, addr, on_sip, peer, &peer->udp), 0);
}

struct flow_peer *flow_peer_find(struct flow_run *run, const char *name)
{
        for (unsigned i = 0; i < run->peer_count; i++) {
                if (strcmp(run->peers[i].name, name) == 0)
                        return &run->peers[i];
        }
        return NULL;
}

struct flow_call *flow_call_get(struct flow_peer *peer, const char *label)
{
        for (unsigned i = 0; i < FLOW_CALLS_MAX; i++) {
                struct flow_call *call = &peer->calls[i];
                if (!call->peer) {
                        call->peer = peer;
                        call->frame_ms = FLOW_PTIME_MS;
                        assert_true(strlen(label) < sizeof call->label);
                        strcpy(call->label, label);
                }
                if (strcmp(call->label, label) == 0)
                        return call;
        }
        fail_msg("too many calls of one peer");
        return NULL;
}

struct flow_call *flow_call_meant(struct flow_peer *peer, const struct flow_step *step)
{
        const char *as = step->message.as;
        struct flow_peer *other = as ? flow_peer_find(peer->run, as) : peer;
        if (!other)
                flow_fail(peer->run, "nobody is called %s", as);
        return flow_call_get(other ? other : peer, step->call);
}

struct flow_call *flow_call_of(struct flow_peer *peer, struct slice call_id)
{
        for (unsigned i = 0; i < FLOW_CALLS_MAX; i++) {
                struct flow_call *call = &peer->calls[i];
                if (call->is_open && slice_equal(slice_from(call->call_id), call_id))
                        return call;
        }
        return NULL;
}

const struct flow_event *flow_last(const struct flow_run *run, const struct flow_call *call,
                                   bool is_sent, const char *start, const char *method)
{
        char cseq[32];
        snprintf(cseq, sizeof cseq, " %s\r\n", method);
        for (unsigned i = run->event_count; i > 0; i--) {
                const struct flow_event *event = &run->events[i - 1];
                const char *line = strstr(event->text, "\r\nCSeq: ");
                if (event->call != call || event->is_sent != is_sent || !event->is_taken || !line ||
                    strncmp(event->text, start, strlen(start)) != 0)
                        continue;
                line += strlen("\r\nCSeq: ");
                line += strspn(line, "0123456789");
                if (strncmp(line, cseq, strlen(cseq)) == 0)
                        return event;
        }
        return NULL;
}

/* ---- learning ---- */

static void copy(char *out, size_t bytes, struct slice text)
{
        assert_int_equal(slice_to_text(text, out, bytes), 0);
}

static void learn_caller(struct flow_call *call, const struct sip_msg *invite)
{
        bool is_new = invite->to.tag.len == 0;
        if (is_new) {
                call->is_open = true;
                call->cseq = 0;
                copy(call->call_id, sizeof call->call_id, invite->call_id);
                copy(call->our_uri, sizeof call->our_uri, invite->to.uri.text);
                snprintf(call->our_tag, sizeof call->our_tag, "%s%s", call->peer->name,
                         call->label);
        }
        copy(call->their_uri, sizeof call->their_uri, invite->from.uri.text);
        copy(call->their_tag, sizeof call->their_tag, invite->from.tag);
}

/* What an ACK from now on is for. */
static void learn_answer(struct flow_call *call, const struct sip_msg *answer)
{
        call->invite_status = answer->status;
        call->invite_cseq = answer->cseq;
        copy(call->invite_branch, sizeof call->invite_branch, answer->vias[0].branch);
}

void flow_call_learn(struct flow_call *call, const struct sip_msg *msg)
{
        struct sdp theirs;
        if (msg->is_request && msg->method == SIP_INVITE)
                learn_caller(call, msg);
        if (!msg->is_request && msg->cseq_method == SIP_INVITE) {
                if (msg->status >= 200)
                        learn_answer(call, msg);
                if (msg->to.tag.len)
                        copy(call->their_tag, sizeof call->their_tag, msg->to.tag);
        }
        if (msg->contact_count)
                copy(call->target, sizeof call->target, msg->contacts[0].uri.text);
        if (msg->content_is_sdp && sdp_parse(msg->body, &theirs) == 0)
                flow_audio_learn(call, &theirs);
}

/* ---- composing ---- */

/* A message being composed: lines that the step leaves out are not put. */
struct draft {
        struct buf b;
        const struct flow_message *message;
        char text[FLOW_TEXT_BYTES];
};

static bool is_left_out(const struct draft *draft, const char *name)
{
        for (unsigned i = 0; i < draft->message->header_count; i++) {
                const struct flow_header *header = &draft->message->headers[i];
                if (header->how == FLOW_WITHOUT && strcmp(header->text, name) == 0)
                        return true;
        }
        return false;
}

static void put(struct draft *draft, const char *name, const char *value)
{
        if (!is_left_out(draft, name))
                buf_printf(&draft->b, "%s: %s\r\n", name, value);
}

static void put_party(struct draft *draft, const char *name, const char *uri, const char *tag)
{
        char value[2 * FLOW_FIELD_BYTES + 16];
        snprintf(value, sizeof value, "<%s>%s%s", uri, tag[0] ? ";tag=" : "", tag);
        put(draft, name, value);
}

/* The lines of `from` that are called `name`, as they stand. */
static void put_lines_of(struct draft *draft, const char *from, const char *name, const char *tag)
{
        size_t len = strlen(name);
        for (const char *p = strstr(from, "\r\n"); p && p[2] != '\r'; p = strstr(p + 2, "\r\n")) {
                bool is_it = strncmp(p + 2, name, len) == 0 && p[2 + len] == ':';
                if (!is_it || is_left_out(draft, name))
                        continue;
                size_t value = strcspn(p + 2, "\r");
                buf_put(&draft->b, p + 2, value);
                if (tag[0] && !memmem(p + 2, value, ";tag=", 5))
                        buf_printf(&draft->b, ";tag=%s", tag);
                buf_put_text(&draft->b, "\r\n");
        }
}

static void put_contact(struct draft *draft, const struct flow_peer *peer)
{
        static const char *const parameters[] = {
                [TRUNK_UDP] = "", [TRUNK_TCP] = ";transport=tcp", [TRUNK_TLS] = ";transport=tls"};
        char contact[FLOW_FIELD_BYTES];
        snprintf(contact, sizeof contact, "<sip:%s@%s%s>", peer->number,
                 addr_format(&peer->addr).text, parameters[peer->speaks]);
        put(draft, "Contact", contact);
}

static void put_body(struct draft *draft, struct flow_call *call)
{
        char text[FLOW_TEXT_BYTES], length[16];
        const struct flow_message *m = draft->message;
        const char *type = m->body_type;
        struct buf body;
        buf_init(&body, text, sizeof text);
        if (m->sdp.present) {
                type = "application/sdp";
                flow_sdp_write(call, &m->sdp, &body);
        } else if (m->digit) {
                type = "application/dtmf-relay";
                buf_printf(&body, "Signal=%s\r\nDuration=160\r\n", m->digit);
        } else if (m->body) {
                buf_put_text(&body, m->body);
        }
        for (unsigned i = 0; i < m->header_count; i++) {
                if (m->headers[i].how == FLOW_WITH)
                        buf_printf(&draft->b, "%s\r\n", m->headers[i].text);
        }
        if (type)
                put(draft, "Content-Type", type);
        snprintf(length, sizeof length, "%zu", body.len);
        put(draft, "Content-Length", length);
        buf_put_text(&draft->b, "\r\n");
        buf_put_slice(&draft->b, buf_slice(&body));
}

static void uri_of(char out[FLOW_FIELD_BYTES], const char *word, const struct addr *host)
{
        uint64_t e164 = flow_number(word);
        if (strcmp(word, "anonymous") == 0)
                snprintf(out, FLOW_FIELD_BYTES, "sip:anonymous@anonymous.invalid");
        else if (strchr(word, ':'))
                snprintf(out, FLOW_FIELD_BYTES, "%s", word);
        else if (e164)
                snprintf(out, FLOW_FIELD_BYTES, "sip:+%llu@%s", (unsigned long long)e164,
                         addr_format(host).text);
        else
                snprintf(out, FLOW_FIELD_BYTES, "sip:%s@%s", word, addr_format(host).text);
}

/* A request outside of any dialog makes the call anew. */
static void begin_call(struct flow_call *call, const struct flow_message *m)
{
        struct flow_peer *peer = call->peer;
        struct flow_run *run = peer->run;
        unsigned number = ++run->branches;
        call->is_open = true;
        call->their_tag[0] = 0;
        call->their_version = 0;
        call->cseq = 100 * number;
        snprintf(call->call_id, sizeof call->call_id, "flow-%u@%s", number,
                 addr_format_ip(&peer->addr).text);
        snprintf(call->our_tag, sizeof call->our_tag, "%s-%u", peer->name, number);
        uri_of(call->our_uri, m->from ? m->from : peer->number, &peer->addr);
        uri_of(call->their_uri, m->number ? m->number : "maskline",
               platform_sip(run->platform, peer->addr.family));
        strcpy(call->target, call->their_uri);
}

static void put_vias(struct draft *draft, struct flow_call *call, const char *branch)
{
        static const char *const names[] = {
                [TRUNK_UDP] = "UDP", [TRUNK_TCP] = "TCP", [TRUNK_TLS] = "TLS"};
        struct flow_peer *peer = call->peer;
        char via[FLOW_FIELD_BYTES];
        snprintf(via, sizeof via, "SIP/2.0/%s %s;branch=%s;rport", names[peer->speaks],
                 addr_format(&peer->addr).text, branch);
        put(draft, "Via", via);
        if (!draft->message->is_looped)
                return;
        for (unsigned i = 0; i < FLOW_CALLS_MAX; i++) {
                const struct flow_event *got =
                        flow_last(peer->run, &peer->calls[i], false, "INVITE", "INVITE");
                if (got && peer->calls[i].peer)
                        put_lines_of(draft, got->text, "Via", "");
        }
}

bool flow_last_reliable(const struct flow_call *call, unsigned *rseq, unsigned *cseq)
{
        const struct flow_run *run = call->peer->run;
        for (unsigned i = run->event_count; i > 0; i--) {
                const struct flow_event *event = &run->events[i - 1];
                const char *line = strstr(event->text, "\r\nRSeq: ");
                const char *number = strstr(event->text, "\r\nCSeq: ");
                if (event->call == call && !event->is_sent && event->is_taken && line && number)
                        return sscanf(line, "\r\nRSeq: %u", rseq) == 1 &&
                               sscanf(number, "\r\nCSeq: %u", cseq) == 1;
        }
        return false;
}

static void put_rack(struct draft *draft, struct flow_call *call)
{
        unsigned rseq = 0, cseq = 0;
        char value[64];
        if (!flow_last_reliable(call, &rseq, &cseq))
                flow_fail(call->peer->run, "nothing has come that a PRACK could acknowledge");
        snprintf(value, sizeof value, "%u %u INVITE", rseq, cseq);
        put(draft, "RAck", value);
}

/* ACK of a refusal and CANCEL belong to the INVITE (RFC 3261 9.1, 17.1.1.3). */
static const char *choose_branch(struct flow_call *call, bool is_of_invite, char out[64])
{
        if (is_of_invite)
                return call->invite_branch;
        snprintf(out, 64, "z9hG4bKflow%u", ++call->peer->run->branches);
        return out;
}

static void note_request(struct flow_call *call, const char *method, const char *branch)
{
        if (!strcmp(method, "ACK"))
                return;
        snprintf(call->method, sizeof call->method, "%s", method);
        if (strcmp(method, "INVITE") != 0)
                return;
        strcpy(call->invite_branch, branch);
        strcpy(call->invite_uri, call->target);
        call->invite_cseq = call->cseq;
        call->invite_status = 0;
}

static void compose_request(struct draft *draft, struct flow_call *call)
{
        const struct flow_message *m = draft->message;
        const char *method = m->method;
        bool is_ack = !strcmp(method, "ACK"), is_cancel = !strcmp(method, "CANCEL");
        bool is_of_invite = is_cancel || (is_ack && call->invite_status >= 300);
        char branch_text[64], cseq[40];
        if ((m->number || !call->is_open) && !m->is_other_way)
                begin_call(call, m);
        const char *branch = choose_branch(call, is_of_invite, branch_text);
        if (!is_ack && !is_cancel && !m->is_other_way)
                call->cseq++;
        note_request(call, method, branch);

        buf_printf(&draft->b, "%s %s SIP/2.0\r\n", method,
                   is_of_invite ? call->invite_uri : call->target);
        put_vias(draft, call, branch);
        put(draft, "Max-Forwards", "70");
        put_party(draft, "From", call->our_uri, m->tag ? m->tag : call->our_tag);
        put_party(draft, "To", call->their_uri,
                  is_cancel || m->is_other_way ? "" : call->their_tag);
        put(draft, "Call-ID", call->call_id);
        snprintf(cseq, sizeof cseq, "%u %s", is_ack || is_cancel ? call->invite_cseq : call->cseq,
                 method);
        put(draft, "CSeq", cseq);
        if (m->is_rack)
                put_rack(draft, call);
        if (!strcmp(method, "INVITE") || !strcmp(method, "UPDATE"))
                put_contact(draft, call->peer);
        if (!strcmp(method, "BYE") && !m->as)
                flow_audio_close(call);
}

const struct flow_event *flow_answers(struct flow_call *call, const struct flow_message *m)
{
        struct flow_run *run = call->peer->run;
        if (m->method)
                return flow_last(run, call, false, m->method, m->method);
        for (unsigned i = run->event_count; i > 0; i--) {
                const struct flow_event *event = &run->events[i - 1];
                if (event->call == call && !event->is_sent && event->is_taken &&
                    strncmp(event->text, "SIP/2.0 ", 8) != 0 &&
                    strncmp(event->text, "ACK ", 4) != 0)
                        return event;
        }
        return NULL;
}

static void compose_response(struct draft *draft, struct flow_call *call)
{
        const struct flow_message *m = draft->message;
        const struct flow_event *request = flow_answers(call, m);
        if (!request) {
                flow_fail(call->peer->run, "there is no request that it answers");
                return;
        }
        const char *tag = m->tag ? m->tag : call->our_tag;
        buf_printf(&draft->b, "SIP/2.0 %u by %s\r\n", m->status, call->peer->number);
        put_lines_of(draft, request->text, "Via", "");
        put_lines_of(draft, request->text, "From", "");
        put_lines_of(draft, request->text, "To", m->status > 100 ? tag : "");
        put_lines_of(draft, request->text, "Call-ID", "");
        put_lines_of(draft, request->text, "CSeq", "");
        bool is_of_register = strncmp(request->text, "REGISTER ", 9) == 0;
        if (m->status > 100 && m->status < 300 && !is_of_register)
                put_contact(draft, call->peer);
}

static void compose(struct draft *draft, struct flow_call *call)
{
        const struct flow_message *m = draft->message;
        if (m->sdp.present)
                flow_audio_open(call);
        if (m->status)
                compose_response(draft, call);
        else
                compose_request(draft, call);
        put(draft, "Subject", call->peer->number);
        put(draft, "User-Agent", call->peer->number);
        put_body(draft, call);
        assert_true(buf_ok(&draft->b));
}

static void compose_again(struct draft *draft, struct flow_call *call)
{
        const struct flow_message *m = draft->message;
        struct flow_run *run = call->peer->run;
        char start[32] = "";
        if (m->status)
                snprintf(start, sizeof start, "SIP/2.0 %u ", m->status);
        const struct flow_event *event = NULL;
        if (m->method) {
                event = flow_last(run, call, true, m->status ? start : m->method, m->method);
        } else {
                for (unsigned i = 0; i < run->event_count; i++) {
                        if (run->events[i].call == call && run->events[i].is_sent &&
                            !strncmp(run->events[i].text, start, strlen(start)))
                                event = &run->events[i];
                }
        }
        if (!event)
                flow_fail(run, "it has not been sent before");
        else
                buf_put_text(&draft->b, event->text);
}

static void say_over_stream(struct flow_peer *peer, struct slice text, bool is_trickled)
{
        if (peer->run->storm)
                flow_storm_on_streamed(peer->run, false, text);
        flow_stream_say(peer, text, is_trickled);
}

void flow_peer_say(struct flow_peer *peer, struct slice text)
{
        struct flow_run *run = peer->run;
        if (peer->speaks == TRUNK_UDP) {
                io_udp_send(peer->udp, platform_sip(run->platform, peer->addr.family), text);
                return;
        }
        say_over_stream(peer, text, false);
}

void flow_peer_send(struct flow_peer *peer, const struct flow_step *step)
{
        struct flow_run *run = peer->run;
        struct flow_call *call = flow_call_meant(peer, step);
        struct draft draft = {.message = &step->message};
        buf_init(&draft.b, draft.text, sizeof draft.text);
        if (step->message.is_again)
                compose_again(&draft, call);
        else
                compose(&draft, call);
        if (run->has_failed)
                return;
        struct flow_event *event = add_event(peer, call, buf_slice(&draft.b));
        event->is_sent = event->is_taken = true;
        event->step = step;
        struct slice text = buf_slice(&draft.b);
        if (step->message.is_halved)
                text.len /= 2;
        if (step->message.is_lost)
                return;
        if (step->message.is_trickled)
                say_over_stream(peer, text, true);
        else
                flow_peer_say(peer, text);
}
