/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What leaves the socket of a user agent that is sent the messages of RFC 4475 and RFC 5118 by its
 * trunk: as tests/torture/verdicts.txt has it, only to where the message came from, and nothing is
 * left behind. The folder is the first argument.
 */
#include <stdio.h>

#include "scene.h"

#include "../../torture/torture.h"
#include "base/buf.h"
#include "sip/sip_core.h"

static const char *folder;
static struct torture_row rows[TORTURE_ROWS_MAX];
static unsigned row_count;

/* All that the user agent sends, wherever to. */
struct sent {
        struct addr from; /* the user agent */
        struct addr trunk;
        unsigned count, strays;
        unsigned statuses[8]; /* the first ones; 0: a request */
        struct sip_msg msg;
};

static struct sent sent;

static void on_any_datagram(void *arg, const struct addr *from, const struct addr *to,
                            struct slice data)
{
        struct sent *s = arg;
        bool reply_possible;
        if (!addr_equal(from, &s->from))
                return;
        s->strays += !addr_equal_ip(to, &s->trunk);
        assert_int_equal(sip_msg_parse(data, &s->msg, &reply_possible), 0);
        if (s->count < 8)
                s->statuses[s->count] = s->msg.status;
        s->count++;
}

static void watch(struct scene *s)
{
        memset(&sent, 0, sizeof sent);
        sent.from = *sip_ua_local(s->ua);
        assert_int_equal(addr_parse(SLICE("192.0.2.10:5060"), 0, &sent.trunk), 0);
        sim_world_on_datagram(s->world, on_any_datagram, &sent);
}

/* Refuses the call that was handed up; the peer's ACK is not awaited. */
static void end_call(struct scene *s)
{
        struct event event = take_event(s, EVENT_INVITE);
        assert_int_equal(sip_leg_reject(s->ua, event.leg, 404, 0), 0);
        scene_run(s, 40 * 1000);
        expect_ended(s, event.leg, SIP_END_LOCAL, 404);
}

static bool is_as_written(struct scene *s, const struct torture_row *row)
{
        scene_run(s, 400);
        bool is_call = s->event_count == 1;
        unsigned answers = row->wire == TORTURE_SILENCE ? 0 : 1;
        bool good = sent.count == answers && sent.strays == 0 &&
                    (!answers || sent.statuses[0] == row->wire) &&
                    is_call == (row->wire == TORTURE_CALL);
        if (!good)
                print_error("%s: %u datagrams, the first with status %u, instead of %u (%s)\n",
                            row->file, sent.count, sent.statuses[0], row->wire, row->why);
        return good;
}

static bool plays(const struct torture_row *row)
{
        void *state = NULL;
        scene_setup(&state);
        struct scene *s = state;
        watch(s);
        peer_send_slice(s, torture_message(folder, row->file));
        bool good = is_as_written(s, row);
        if (s->event_count == 1)
                end_call(s);
        expect_no_event(s);
        forget_messages(s);
        assert_int_equal(sip_ua_counters(s->ua)->datagrams, 1);
        scene_teardown(&state);
        return good;
}

static void what_leaves_the_socket_is_as_written(void **state)
{
        (void)state;
        unsigned wrong = 0;
        for (unsigned i = 0; i < row_count; i++)
                wrong += !plays(&rows[i]);
        assert_int_equal(wrong, 0);
}

/* Sends the message with `text` behind the first `mark`, and returns the first status of the answer. */
static unsigned status_of_repaired(const char *file, const char *mark, const char *text)
{
        void *state = NULL;
        scene_setup(&state);
        struct scene *s = state;
        static char bytes[SIP_MSG_BYTES_MAX];
        struct buf b;
        buf_init(&b, bytes, sizeof bytes);
        watch(s);
        struct slice message = torture_message(folder, file);
        const char *at = memmem(message.p, message.len, mark, strlen(mark));
        assert_non_null(at);
        size_t head = (size_t)(at - message.p) + strlen(mark);
        buf_put(&b, message.p, head);
        buf_put_text(&b, text);
        buf_put(&b, message.p + head, message.len - head);
        peer_send_slice(s, buf_slice(&b));
        scene_run(s, 400);
        assert_int_equal(sent.count, 1);
        unsigned status = sent.statuses[0];
        if (s->event_count == 1)
                end_call(s);
        forget_messages(s);
        scene_teardown(&state);
        return status;
}

static void nothing_but_the_branch_keeps_the_old_ones_out(void **state)
{
        (void)state;
        assert_int_equal(status_of_repaired("rfc4475/wsinv.dat", "192.0.2.2;branch=", "z9hG4bK"),
                         481);
        assert_int_equal(status_of_repaired("rfc4475/longreq.dat", "SIP/2.0/TCP sip33.example.com",
                                            ";branch=z9hG4bKlong"),
                         513);
        assert_int_equal(status_of_repaired("rfc4475/badbranch.dat", "branch=z9hG4bK", "1"), 200);
}

/* From where no trunk is, none of them is so much as read. */
static void from_a_stranger_none_is_answered(void **state)
{
        (void)state;
        void *scene = NULL;
        scene_setup(&scene);
        struct scene *s = scene;
        watch(s);
        char text[SIP_MSG_BYTES_MAX + 1];
        for (unsigned i = 0; i < row_count; i++) {
                struct slice message = torture_message(folder, rows[i].file);
                memcpy(text, message.p, message.len);
                text[message.len] = '\0';
                send_from(s, "203.0.113.9:5060", text);
        }
        assert_int_equal(sent.count, 0);
        assert_int_equal(sip_ua_counters(s->ua)->untrusted, row_count);
        expect_no_event(s);
        scene_teardown(&scene);
}

/* One user agent is sent all of them, twice: it still takes a call afterwards. */
static void after_all_of_them_a_call_is_taken(void **state)
{
        (void)state;
        void *scene = NULL;
        scene_setup(&scene);
        struct scene *s = scene;
        for (unsigned i = 0; i < 2 * row_count; i++) {
                peer_send_slice(s, torture_message(folder, rows[i % row_count].file));
                scene_run(s, 40 * 1000);
                while (s->event_count) {
                        struct event event = s->events[s->event_first++ % EVENTS_MAX];
                        s->event_count--;
                        if (event.kind == EVENT_INVITE)
                                assert_int_equal(sip_leg_reject(s->ua, event.leg, 404, 0), 0);
                }
                forget_messages(s);
        }
        struct sip_leg leg = confirmed_call(s);
        sip_leg_hangup(s->ua, leg);
        scene_run(s, 1);
        take_request(s, SIP_BYE);
        peer_reply(s, 200, "", "", NULL);
        expect_ended(s, leg, SIP_END_LOCAL, 0);
        scene_teardown(&scene);
}

int main(int argc, char **argv)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(what_leaves_the_socket_is_as_written),
                cmocka_unit_test(nothing_but_the_branch_keeps_the_old_ones_out),
                cmocka_unit_test(from_a_stranger_none_is_answered),
                cmocka_unit_test(after_all_of_them_a_call_is_taken),
        };
        if (argc != 2)
                return 2;
        folder = argv[1];
        row_count = torture_load(folder, rows);
        return RUN_TESTS(tests);
}
