/* SPDX-License-Identifier: Apache-2.0 */
/*
 * flow_expect.c - the next message that a peer gets, held against a step.
 */
#include <stdio.h>
#include <stdlib.h>

#include "../unit/unit.h"
#include "flow_run.h"

#define SLACK_MS 5 /* of the moment at which something comes again */

static int64_t now_ms(const struct flow_run *run)
{
        return sim_world_now_ms(run->platform->sim);
}

static struct flow_event *wait_for(struct flow_peer *peer, int64_t within_ms)
{
        struct flow_run *run = peer->run;
        int64_t until_ms = now_ms(run) + within_ms;
        while (!flow_inbox(run, peer) && now_ms(run) < until_ms && !run->has_failed)
                sim_world_run_ms(run->platform->sim, 1);
        return (struct flow_event *)(uintptr_t)flow_inbox(run, peer);
}

/* ---- one header ---- */

static bool find_header(const struct flow_event *event, const char *name, size_t len,
                        struct slice *value)
{
        const char *text = event->text;
        for (const char *p = strstr(text, "\r\n"); p && p[2] != '\r'; p = strstr(p + 2, "\r\n")) {
                if (strncasecmp(p + 2, name, len) || p[2 + len] != ':')
                        continue;
                *value = slice_trim((struct slice){p + 3 + len, strcspn(p + 3 + len, "\r")});
                return true;
        }
        return false;
}

/* Each "..." in what is expected stands for anything. */
static bool matches(struct slice value, struct slice expected)
{
        const char *gap = memmem(expected.p, expected.len, "...", 3);
        if (!gap)
                return slice_equal(value, expected);
        struct slice head = {expected.p, (size_t)(gap - expected.p)};
        struct slice rest = {gap + 3, expected.len - head.len - 3};
        if (!slice_starts_with(value, head))
                return false;
        for (size_t at = head.len; at <= value.len; at++) {
                if (matches((struct slice){value.p + at, value.len - at}, rest))
                        return true;
        }
        return false;
}

static void check_header(struct flow_run *run, const struct flow_event *event,
                         const struct flow_header *header)
{
        struct slice value = SLICE_NONE;
        size_t len = strcspn(header->text, ":");
        bool is_there = find_header(event, header->text, len, &value);
        switch (header->how) {
        case FLOW_HAS:
                if (!is_there)
                        flow_fail(run, "it has no %s", header->text);
                return;
        case FLOW_WITHOUT:
                if (is_there)
                        flow_fail(run, "it has a %s", header->text);
                return;
        case FLOW_WITH:
                if (!is_there || !matches(value, slice_trim(slice_from(header->text + len + 1))))
                        flow_fail(run, "its %.*s is '%.*s'", (int)len, header->text,
                                  SLICE_ARG(value));
                return;
        }
}

/* ---- numbers ---- */

static void check_user(struct flow_run *run, const char *what, const struct sip_uri *uri,
                       const char *word)
{
        static const struct number_plan plan = {"91", "00", "0", 10, 10};
        char user[64];
        struct number number = {0};
        uint64_t e164 = flow_number(word);
        if (sip_uri_user(uri, user, sizeof user))
                user[0] = 0;
        bool is_it =
                strchr(word, ':') ? slice_equal(uri->text, slice_from(word)) : !strcmp(user, word);
        if (e164)
                is_it = !number_parse(slice_from(user), &plan, &number) && number.e164 == e164;
        if (!is_it)
                flow_fail(run, "%s names '%.*s', not %s", what, SLICE_ARG(uri->text), word);
}

static bool is_masking_number(struct flow_run *run, const struct sip_uri *uri)
{
        static const struct number_plan plan = {"91", "00", "0", 10, 10};
        char user[64];
        struct masking_number shown = {{0}};
        return !sip_uri_user(uri, user, sizeof user) &&
               !number_parse(slice_from(user), &plan, &shown.n) &&
               directory_number_find(run->platform->directory, shown);
}

/*
 * Invariant 3: who is shown is a number of the tenant's, whatever the step says. Where the carrier
 * wants its pilot number or nobody in From, it is asserted.
 */
bool flow_shows_masking_number(struct flow_run *run, const struct sip_msg *msg)
{
        bool is_asserted =
                msg->asserted_count == 1 && is_masking_number(run, &msg->asserted[0].uri);
        return is_masking_number(run, &msg->from.uri) || is_asserted;
}

static void check_shown(struct flow_run *run, const struct sip_msg *msg)
{
        if (!flow_shows_masking_number(run, msg))
                flow_fail(run, "it does not show a masking number");
}

/* ---- whose it is ---- */

static void check_request(struct flow_call *call, const struct flow_message *m,
                          const struct sip_msg *msg)
{
        struct flow_run *run = call->peer->run;
        if (!slice_equal(msg->method_text, slice_from(m->method))) {
                flow_fail(run, "it is no %s", m->method);
                return;
        }
        if (m->number)
                check_user(run, "the Request-URI", &msg->request_uri, m->number);
        if (msg->method == SIP_INVITE)
                check_shown(run, msg);
        if (m->tag && !slice_equal(msg->to.tag, slice_from(m->tag)))
                flow_fail(run, "it is not for the fork '%s'", m->tag);
        if (call->is_open && !m->tag && msg->to.tag.len &&
            !slice_equal(msg->to.tag, slice_from(call->our_tag)))
                flow_fail(run, "its To tag is not ours");
}

/* It has the branch, CSeq and Vias of a request that this call has sent. */
static bool is_answer_to(const struct flow_event *request, const struct sip_msg *msg)
{
        bool reply_possible;
        struct sip_msg *sent = calloc(1, sizeof *sent);
        assert_non_null(sent);
        (void)!sip_msg_parse((struct slice){request->text, request->bytes}, sent, &reply_possible);
        bool is_it = slice_equal(sent->vias[0].branch, msg->vias[0].branch) &&
                     sent->cseq == msg->cseq && sent->via_count == msg->via_count &&
                     slice_equal(sent->call_id, msg->call_id) &&
                     slice_equal(sent->from.text, msg->from.text);
        free(sent);
        return is_it;
}

static void check_response(struct flow_call *call, const struct flow_message *m,
                           const struct sip_msg *msg)
{
        struct flow_run *run = call->peer->run;
        const char *method = m->method ? m->method : call->method;
        if (msg->status != m->status) {
                flow_fail(run, "it is no %u", m->status);
                return;
        }
        if (!slice_equal(msg->cseq_method_text, slice_from(method))) {
                flow_fail(run, "it does not answer the %s", method);
                return;
        }
        for (unsigned i = run->event_count; i > 0; i--) {
                const struct flow_event *event = &run->events[i - 1];
                if (event->is_sent && event->call == call && is_answer_to(event, msg))
                        return;
        }
        flow_fail(run, "it does not answer what was sent");
}

/* The same bytes have been taken before. */
static const struct flow_event *earlier_copy(const struct flow_run *run,
                                             const struct flow_event *event)
{
        for (unsigned i = run->event_count; i > 0; i--) {
                const struct flow_event *other = &run->events[i - 1];
                if (other->peer == event->peer && !other->is_sent && other->is_taken &&
                    other->bytes == event->bytes && !memcmp(other->text, event->text, event->bytes))
                        return other;
        }
        return NULL;
}

static void check_repetition(struct flow_run *run, const struct flow_message *m,
                             const struct flow_event *event)
{
        const struct flow_event *earlier = earlier_copy(run, event);
        if (m->is_again && !earlier)
                flow_fail(run, "it has not come before with the same bytes");
        if (!m->is_again && earlier)
                flow_fail(run, "it has come before");
        if (!m->is_again || !earlier || m->after_ms < 0)
                return;
        int64_t gap_ms = event->at_ms - earlier->at_ms;
        if (gap_ms < m->after_ms - SLACK_MS || gap_ms > m->after_ms + SLACK_MS)
                flow_fail(run, "it comes again after %lld ms", (long long)gap_ms);
}

static void check(struct flow_call *call, const struct flow_step *step,
                  const struct flow_event *event, const struct sip_msg *msg)
{
        struct flow_run *run = call->peer->run;
        const struct flow_message *m = &step->message;
        if (msg->is_request != (m->status == 0))
                flow_fail(run, "it is a %s", msg->is_request ? "request" : "response");
        else if (msg->is_request)
                check_request(call, m, msg);
        else
                check_response(call, m, msg);
        if (!msg->has_content_length)
                flow_fail(run, "it has no Content-Length");
        if (m->from)
                check_user(run, "From", &msg->from.uri, m->from);
        for (unsigned i = 0; i < m->header_count; i++)
                check_header(run, event, &m->headers[i]);
        const char *problem = m->proves ? flow_proof_problem(event->text, m->proves) : NULL;
        if (problem)
                flow_fail(run, "%s", problem);
        if (m->bytes_max && event->bytes >= m->bytes_max)
                flow_fail(run, "it has %zu bytes", event->bytes);
        check_repetition(run, m, event);
        /* What comes again was described when it came first. */
        if (!m->is_again)
                flow_sdp_check(call, &m->sdp, msg);
}

static struct flow_call *call_for(struct flow_peer *peer, const struct flow_step *step,
                                  const struct sip_msg *msg)
{
        struct flow_call *call = flow_call_of(peer, msg->call_id);
        struct flow_call *expected = flow_call_meant(peer, step);
        if (step->message.as && expected->is_open)
                call = flow_call_of(expected->peer, msg->call_id);
        bool opens_one = !call && msg->is_request && msg->to.tag.len == 0;
        if (opens_one)
                expected->their_version = 0;
        if (opens_one || call == expected)
                return expected;
        flow_fail(peer->run, call ? "it belongs to another call of the peer's"
                                  : "it belongs to no call of the peer's");
        return NULL;
}

void flow_expect(struct flow_peer *peer, const struct flow_step *step)
{
        struct flow_run *run = peer->run;
        struct flow_event *event = wait_for(peer, step->message.within_ms);
        if (run->has_failed)
                return;
        if (!event) {
                flow_fail(run, "nothing comes to %s within %lld ms", peer->name,
                          (long long)step->message.within_ms);
                return;
        }
        struct sip_msg *msg = calloc(1, sizeof *msg);
        assert_non_null(msg);
        bool reply_possible;
        struct flow_call *call = NULL;
        if (sip_msg_parse((struct slice){event->text, event->bytes}, msg, &reply_possible))
                flow_fail(run, "it is no SIP");
        else
                call = call_for(peer, step, msg);
        if (call) {
                check(call, step, event, msg);
                event->call = call;
        }
        if (!run->has_failed) {
                event->is_taken = true;
                event->step = step;
                if (!step->message.is_lost)
                        flow_call_learn(call, msg);
                bool is_over = msg->is_request && msg->method == SIP_BYE && !step->message.tag;
                if (is_over)
                        flow_audio_close(call);
        }
        free(msg);
}
