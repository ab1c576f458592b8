/* SPDX-License-Identifier: Apache-2.0 */
#include "scene.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "sip/sip_core.h"

#define UA_ADDRESS   "198.51.100.1:5060"
#define PEER_ADDRESS "192.0.2.10:5060"
#define CONTACT      "Contact: <sip:peer@192.0.2.10:5060>\r\n"

static struct addr address(const char *text)
{
        struct addr a;
        assert_int_equal(addr_parse(slice_from(text), 0, &a), 0);
        return a;
}

void scene_run(struct scene *s, int64_t ms)
{
        sim_world_run_ms(s->world, ms);
}

/* Events */

static void note(struct scene *s, struct event event)
{
        assert_true(s->event_count < EVENTS_MAX);
        s->events[(s->event_first + s->event_count++) % EVENTS_MAX] = event;
        if (s->on_event)
                s->on_event(s, &event);
}

static struct event event_with(enum event_kind kind, struct sip_leg leg, const struct sdp *sdp)
{
        return (struct event){
                .kind = kind,
                .leg = leg,
                .has_sdp = sdp != NULL,
                .rtp_port = sdp ? sdp->audio.rtp.port : 0,
        };
}

static void on_invite(void *arg, struct sip_leg leg, const struct sip_invite *invite)
{
        struct scene *s = arg;
        struct event event = event_with(EVENT_INVITE, leg, invite->offer);
        event.invite = *invite;
        event.invite.offer = NULL;
        s->invites++;
        note(s, event);
}

static void on_progress(void *arg, struct sip_leg leg, unsigned status, const struct sdp *sdp)
{
        struct event event = event_with(EVENT_PROGRESS, leg, sdp);
        event.status = status;
        note(arg, event);
}

static void on_answered(void *arg, struct sip_leg leg, const struct sdp *sdp)
{
        note(arg, event_with(EVENT_ANSWERED, leg, sdp));
}

static void on_confirmed(void *arg, struct sip_leg leg, const struct sdp *sdp)
{
        note(arg, event_with(EVENT_CONFIRMED, leg, sdp));
}

static unsigned on_offer(void *arg, struct sip_leg leg, const struct sdp *offer,
                         struct sdp_audio *answer)
{
        struct scene *s = arg;
        *answer = s->ours;
        note(s, event_with(EVENT_OFFER, leg, offer));
        if (s->hangs_up_on_offer)
                sip_leg_hangup(s->ua, leg);
        return s->offer_status;
}

static void on_described(void *arg, struct sip_leg leg, const struct sdp_audio *ours,
                         const struct sdp *sdp)
{
        (void)ours;
        note(arg, event_with(EVENT_DESCRIBED, leg, sdp));
}

static void on_dtmf_info(void *arg, struct sip_leg leg, char digit, unsigned duration_ms)
{
        struct event event = event_with(EVENT_DTMF, leg, NULL);
        event.digit = digit;
        event.duration_ms = duration_ms;
        note(arg, event);
}

static void on_ended(void *arg, struct sip_leg leg, const struct sip_end_info *end)
{
        struct scene *s = arg;
        struct event event = event_with(EVENT_ENDED, leg, NULL);
        event.how = end->how;
        event.status = end->status;
        s->ended++;
        note(s, event);
}

static const struct sip_ua_handler handler = {
        .on_invite = on_invite,
        .on_progress = on_progress,
        .on_answered = on_answered,
        .on_confirmed = on_confirmed,
        .on_offer = on_offer,
        .on_described = on_described,
        .on_dtmf_info = on_dtmf_info,
        .on_ended = on_ended,
};

struct event take_event(struct scene *s, enum event_kind kind)
{
        assert_true(s->event_count > 0);
        struct event event = s->events[s->event_first % EVENTS_MAX];
        s->event_first++;
        s->event_count--;
        assert_int_equal(event.kind, kind);
        return event;
}

void expect_no_event(struct scene *s)
{
        if (s->event_count)
                print_message("an event of kind %d\n", (int)s->events[s->event_first].kind);
        assert_int_equal(s->event_count, 0);
}

void expect_ended(struct scene *s, struct sip_leg leg, enum sip_end how, unsigned status)
{
        struct event event = take_event(s, EVENT_ENDED);
        assert_true(handle_equal(event.leg.h, leg.h));
        assert_int_equal(event.how, how);
        assert_int_equal(event.status, status);
        expect_no_event(s);
}

/* Messages */

static void on_datagram(void *arg, const struct addr *from, struct slice data)
{
        struct scene *s = arg;
        (void)from;
        if (s->is_deaf)
                return;
        assert_true(s->inbox_count < INBOX_MAX);
        assert_true(data.len < DATAGRAM_MAX);
        struct inbox *in = &s->inbox[(s->inbox_first + s->inbox_count++) % INBOX_MAX];
        in->bytes = data.len;
        memcpy(in->text, data.p, data.len);
        in->text[data.len] = 0;
}

const struct sip_msg *take_message(struct scene *s)
{
        bool reply_possible;
        assert_true(s->inbox_count > 0);
        struct inbox *in = &s->inbox[s->inbox_first % INBOX_MAX];
        s->inbox_first = (s->inbox_first + 1) % INBOX_MAX;
        s->inbox_count--;
        memcpy(s->last, in->text, in->bytes + 1);
        const struct slice text = {s->last, in->bytes};
        if (sip_msg_parse(text, &s->msg, &reply_possible))
                fail_msg("not SIP: %s", s->last);
        assert_true(s->msg.has_content_length);
        return &s->msg;
}

const struct sip_msg *take_status(struct scene *s, unsigned status)
{
        const struct sip_msg *msg = take_message(s);
        if (msg->is_request || msg->status != status)
                fail_msg("not a %u: %s", status, s->last);
        return msg;
}

const struct sip_msg *take_request(struct scene *s, enum sip_method method)
{
        const struct sip_msg *msg = take_message(s);
        if (!msg->is_request || msg->method != method)
                fail_msg("not a %.*s: %s", SLICE_ARG(sip_method_name(method)), s->last);
        return msg;
}

void expect_silence(struct scene *s)
{
        if (s->inbox_count)
                print_message("unexpected: %s\n", s->inbox[s->inbox_first % INBOX_MAX].text);
        assert_int_equal(s->inbox_count, 0);
}

void forget_messages(struct scene *s)
{
        s->inbox_count = 0;
}

bool last_has(const struct scene *s, const char *text)
{
        return strstr(s->last, text) != NULL;
}

unsigned count_headers(const struct scene *s)
{
        unsigned count = 0;
        for (const char *p = strstr(s->last, "\r\n") + 2; strncmp(p, "\r\n", 2) != 0;
             p = strstr(p, "\r\n") + 2)
                count++;
        return count;
}

unsigned count_lines(const struct scene *s, const char *start)
{
        unsigned count = 0;
        for (const char *p = s->last; p; p = strstr(p, "\r\n")) {
                if (p != s->last)
                        p += 2;
                count += strncmp(p, start, strlen(start)) == 0;
        }
        return count;
}

/* Sending */

static void send_text(struct scene *s, struct slice text)
{
        io_udp_send(s->peer, sip_ua_local(s->ua), text);
        scene_run(s, 1);
}

void peer_send(struct scene *s, const char *text)
{
        send_text(s, slice_from(text));
}

void peer_send_slice(struct scene *s, struct slice text)
{
        send_text(s, text);
}

void send_from(struct scene *s, const char *from, const char *text)
{
        const struct addr local = address(from);
        struct io_udp *udp;
        assert_int_equal(io_udp_open(s->peer_io, &local, on_datagram, s, &udp), 0);
        io_udp_send(udp, sip_ua_local(s->ua), slice_from(text));
        scene_run(s, 1);
        io_udp_close(udp);
}

static char request_text[DATAGRAM_MAX], invite_text[DATAGRAM_MAX];

static void put_body(char *text, const char *headers, const char *body)
{
        size_t at = strlen(text);
        bool has_type = strstr(headers, "Content-Type:") != NULL;
        int len = snprintf(text + at, DATAGRAM_MAX - at, "%s%sContent-Length: %zu\r\n\r\n%s",
                           headers, body && !has_type ? "Content-Type: application/sdp\r\n" : "",
                           body ? strlen(body) : 0, body ? body : "");
        assert_true((size_t)len < DATAGRAM_MAX - at);
}

static void compose(struct scene *s, char *text, const char *method, const char *branch,
                    unsigned cseq, const char *uri)
{
        char to_tag[128] = "";
        if (s->remote_tag[0])
                snprintf(to_tag, sizeof to_tag, ";tag=%s", s->remote_tag);
        int len = snprintf(text, DATAGRAM_MAX,
                           "%s %s SIP/2.0\r\n"
                           "Via: SIP/2.0/UDP %s:5060;branch=%s;rport\r\n"
                           "Max-Forwards: 70\r\n"
                           "From: <%s>;tag=%s\r\n"
                           "To: <%s>%s\r\n"
                           "Call-ID: %s\r\n"
                           "CSeq: %u %s\r\n",
                           method, uri, s->ip, branch, s->from, s->our_tag, s->to, to_tag,
                           s->call_id, cseq, method);
        assert_true(len > 0 && len < DATAGRAM_MAX);
}

static void new_branch(struct scene *s)
{
        snprintf(s->branch, sizeof s->branch, "z9hG4bKpeer%u", ++s->branches);
}

void peer_invite(struct scene *s, const char *headers, const char *body)
{
        s->cseq++;
        s->remote_tag[0] = 0;
        snprintf(s->call_id, sizeof s->call_id, "call%u@%s", s->branches, s->ip);
        snprintf(s->our_tag, sizeof s->our_tag, "caller%u", s->branches);
        snprintf(s->target, sizeof s->target, "%s", s->to);
        new_branch(s);
        strcpy(s->invite_branch, s->branch);
        compose(s, invite_text, "INVITE", s->branch, s->cseq, s->to);
        if (!strstr(headers, "Contact:"))
                strcat(invite_text, CONTACT);
        put_body(invite_text, headers, body);
        peer_send(s, invite_text);
}

void peer_invite_again(struct scene *s)
{
        peer_send(s, invite_text);
}

void peer_request(struct scene *s, const char *method, const char *headers, const char *body)
{
        new_branch(s);
        s->cseq++;
        compose(s, request_text, method, s->branch, s->cseq, s->target);
        bool is_refresh = !strcmp(method, "INVITE") || !strcmp(method, "UPDATE");
        if (is_refresh && !strstr(headers, "Contact:"))
                strcat(request_text, CONTACT);
        if (!strcmp(method, "INVITE"))
                strcpy(s->invite_branch, s->branch);
        put_body(request_text, headers, body);
        peer_send(s, request_text);
}

void peer_request_again(struct scene *s)
{
        peer_send(s, request_text);
}

void peer_ack(struct scene *s, const char *body)
{
        char text[DATAGRAM_MAX];
        new_branch(s);
        compose(s, text, "ACK", s->branch, s->cseq, s->target);
        put_body(text, "", body);
        peer_send(s, text);
}

void peer_ack_failure(struct scene *s)
{
        char text[DATAGRAM_MAX];
        compose(s, text, "ACK", s->invite_branch, s->cseq, s->to);
        put_body(text, "", NULL);
        peer_send(s, text);
}

void peer_cancel(struct scene *s)
{
        char text[DATAGRAM_MAX], tag[96];
        strcpy(tag, s->remote_tag);
        s->remote_tag[0] = 0;
        compose(s, text, "CANCEL", s->invite_branch, s->cseq, s->to);
        strcpy(s->remote_tag, tag);
        put_body(text, "", NULL);
        peer_send(s, text);
}

void peer_learn(struct scene *s)
{
        assert_int_equal(slice_to_text(s->msg.to.tag, s->remote_tag, sizeof s->remote_tag), 0);
        if (s->msg.contact_count)
                assert_int_equal(
                        slice_to_text(s->msg.contacts[0].uri.text, s->target, sizeof s->target), 0);
}

/* Copies the lines of `request` that begin with `name`. */
static void copy_lines(char *out, const char *request, const char *name)
{
        for (const char *p = request; p && *p; p = strstr(p, "\r\n")) {
                if (p != request)
                        p += 2;
                if (strncmp(p, name, strlen(name)) == 0)
                        strncat(out, p, (size_t)(strstr(p, "\r\n") - p) + 2);
        }
}

void peer_compose_reply(char *text, const char *request, unsigned status, const char *tag,
                        const char *headers, const char *body)
{
        /* A reason phrase that must never be seen again. */
        sprintf(text, "SIP/2.0 %u user +" PARTY " did something\r\n", status);
        copy_lines(text, request, "Via:");
        copy_lines(text, request, "From:");
        copy_lines(text, request, "To:");
        if (tag[0]) {
                text[strlen(text) - 2] = 0;
                sprintf(text + strlen(text), ";tag=%s\r\n", tag);
        }
        copy_lines(text, request, "Call-ID:");
        copy_lines(text, request, "CSeq:");
        bool is_dialog = status > 100 && status < 300;
        if (is_dialog && !strstr(headers, "Contact:"))
                strcat(text, CONTACT);
        put_body(text, headers, body);
}

void peer_reply_to(struct scene *s, const char *request, unsigned status, const char *tag,
                   const char *headers, const char *body)
{
        char text[DATAGRAM_MAX];
        peer_compose_reply(text, request, status, tag, headers, body);
        peer_send(s, text);
}

void peer_reply(struct scene *s, unsigned status, const char *tag, const char *headers,
                const char *body)
{
        char request[DATAGRAM_MAX];
        strcpy(request, s->last);
        peer_reply_to(s, request, status, tag, headers, body);
}

/* Passages */

struct sip_leg incoming_call(struct scene *s)
{
        peer_invite(s, "", OFFER);
        take_status(s, 100);
        return take_event(s, EVENT_INVITE).leg;
}

struct sip_leg answered_call(struct scene *s)
{
        struct sip_leg leg = incoming_call(s);
        assert_int_equal(sip_leg_answer(s->ua, leg, &s->ours), 0);
        scene_run(s, 1);
        take_status(s, 200);
        peer_learn(s);
        return leg;
}

struct sip_leg confirmed_call(struct scene *s)
{
        struct sip_leg leg = answered_call(s);
        peer_ack(s, NULL);
        take_event(s, EVENT_CONFIRMED);
        return leg;
}

int dial(struct scene *s, struct sip_leg *leg)
{
        const struct sip_dial params = {
                .trunk_id = TRUNK_ID,
                .to = {{PARTY_E164}},
                .show = {{SHOWN_E164}},
                .offer = &s->ours,
                .max_forwards = 69,
        };
        int err = sip_ua_dial(s->ua, &params, leg);
        if (!err)
                s->dials++;
        return err;
}

struct sip_leg dialled_call(struct scene *s)
{
        struct sip_leg leg;
        assert_int_equal(dial(s, &leg), 0);
        scene_run(s, 1);
        take_request(s, SIP_INVITE);
        return leg;
}

static void learn_as_callee(struct scene *s, const char *tag)
{
        static char from[128], to[128];
        assert_int_equal(slice_to_text(s->msg.call_id, s->call_id, sizeof s->call_id), 0);
        assert_int_equal(slice_to_text(s->msg.from.tag, s->remote_tag, sizeof s->remote_tag), 0);
        assert_int_equal(slice_to_text(s->msg.contacts[0].uri.text, s->target, sizeof s->target),
                         0);
        assert_int_equal(slice_to_text(s->msg.from.uri.text, to, sizeof to), 0);
        assert_int_equal(slice_to_text(s->msg.to.uri.text, from, sizeof from), 0);
        s->from = from;
        s->to = to;
        strcpy(s->our_tag, tag);
}

struct sip_leg connected_call(struct scene *s)
{
        struct sip_leg leg = dialled_call(s);
        learn_as_callee(s, "callee");
        peer_reply(s, 200, "callee", "", OFFER);
        take_request(s, SIP_ACK);
        take_event(s, EVENT_ANSWERED);
        return leg;
}

/* Setting up, and the proof that nothing is left */

static void fill_ours(struct sdp_audio *ours)
{
        *ours = (struct sdp_audio){
                .rtp = address("198.51.100.1:40000"),
                .rtcp = address("198.51.100.1:40001"),
                .dtmf_pt = 101,
                .ptime_ms = 20,
        };
        sdp_audio_add_codec(ours, SDP_PCMA, 8);
        sdp_audio_add_codec(ours, SDP_PCMU, 0);
}

static void fill_trunk(struct trunk *trunk)
{
        *trunk = (struct trunk){
                .id = TRUNK_ID,
                .name = "carrier",
                .source_count = 1,
                .peer_host = "192.0.2.10",
                .peer_port = 5060,
                .plan = {"91", "00", "0", 10, 10},
        };
        assert_int_equal(addr_prefix_parse(SLICE("192.0.2.0/28"), &trunk->sources[0].prefix), 0);
}

int scene_setup(void **state)
{
        struct scene *s = calloc(1, sizeof *s);
        const struct addr peer = address(PEER_ADDRESS);
        assert_non_null(s);
        assert_int_equal(sim_world_create(1, &s->world), 0);
        assert_int_equal(io_create_sim(s->world, &s->io), 0);
        assert_int_equal(io_create_sim(s->world, &s->peer_io), 0);
        assert_int_equal(io_udp_open(s->peer_io, &peer, on_datagram, s, &s->peer), 0);
        assert_int_equal(sip_trunks_create(s->io, &s->trunks), 0);
        fill_trunk(&s->trunk);
        assert_int_equal(sip_trunks_put(s->trunks, &s->trunk), 0);
        fill_ours(&s->ours);
        s->offer_status = 200;
        s->ip = "192.0.2.10";
        s->from = "sip:+" PARTY "@192.0.2.10";
        s->to = "sip:+" MASKING "@198.51.100.1";

        const struct sip_ua_params params = {
                .io = s->io,
                .trunks = s->trunks,
                .listen.udp = addr_pair_of(address(UA_ADDRESS)),
                .listen.tcp = addr_pair_of(address(UA_ADDRESS)),
                .streams = {.connections_max = 8, .idle_ms = 600000},
                .legs_max = 16,
                .transactions_max = 64,
                .handler = &handler,
                .arg = s,
        };
        assert_int_equal(sip_ua_create(&params, &s->ua), 0);
        *state = s;
        return 0;
}

static void check_nothing_is_left(struct scene *s)
{
        const struct sip_ua_counters *counters = sip_ua_counters(s->ua);
        assert_int_equal(counters->legs, 0);
        assert_int_equal(counters->transactions, 0);
        assert_int_equal(sip_transactions_kept(s->ua->txs), 0);
}

int scene_teardown(void **state)
{
        struct scene *s = *state;
        s->is_deaf = true;
        scene_run(s, 200 * 1000);
        if (s->ua)
                check_nothing_is_left(s);
        assert_int_equal(s->ended, s->invites + s->dials);
        assert_int_equal(sip_trunks_find(s->trunks, TRUNK_ID)->dialogs, 0);
        sip_ua_destroy(s->ua);
        sip_trunks_destroy(s->trunks);
        io_udp_close(s->peer);
        sim_world_destroy(s->world);
        free(s);
        return 0;
}
