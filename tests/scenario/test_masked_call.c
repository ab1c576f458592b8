/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Masked calls from end to end in the simulated world, as sentences.
 */
#include "../unit/unit.h"
#include "raw.h"
#include "world.h"

static struct world *plain_world(void)
{
        return world_create(&(struct world_options){.seed = 1, .network = {.delay_ms = 10}});
}

static void agent_reaches_customer_who_sees_m2(void **state)
{
        (void)state;
        struct world *world = plain_world();
        struct phone *agent = &world->phones[WHO_AGENT], *customer = &world->phones[WHO_CUSTOMER];
        world_session(world, 0);

        phone_dial(agent, M1);
        world_run_ms(world, 5000);
        assert_int_equal(customer->rang, 1);
        assert_true(customer->shown == M2);
        assert_int_equal(agent->status, 200);
        assert_true(agent->heard_ringback > 30);
        assert_true(agent->heard[WHO_CUSTOMER] > 150);
        assert_true(customer->heard[WHO_AGENT] > 150);
        assert_int_equal(agent->heard_other + customer->heard_other, 0);

        phone_hangup(agent);
        struct records records = world_last_call(world);
        assert_int_equal(customer->how, SIP_END_BYE);
        assert_int_equal(records.count, 2);
        assert_int_equal(records.legs[CDR_LEG_A].cause, CAUSE_NORMAL);
        assert_int_equal(records.legs[CDR_LEG_A].source, SOURCE_CALLER);
        assert_int_equal(records.legs[CDR_LEG_B].cause, CAUSE_NORMAL);
        assert_true(records.legs[CDR_LEG_B].number.n.e164 == M2);
        assert_true(records.legs[CDR_LEG_A].session_id == world->session);
        assert_true(records.legs[CDR_LEG_A].packets_in > 100);
        assert_int_equal(world->platform->leaks, 0);
        world_destroy(world);
}

static void customer_reaches_agent_who_sees_m1(void **state)
{
        (void)state;
        struct world *world = plain_world();
        struct phone *agent = &world->phones[WHO_AGENT], *customer = &world->phones[WHO_CUSTOMER];
        world_session(world, 0);

        phone_dial(customer, M2);
        world_run_ms(world, 4000);
        assert_true(agent->shown == M1);
        assert_true(customer->heard[WHO_AGENT] > 100);
        assert_true(agent->heard[WHO_CUSTOMER] > 100);

        phone_hangup(agent); /* the callee hangs up */
        struct records records = world_last_call(world);
        assert_int_equal(customer->how, SIP_END_BYE);
        assert_int_equal(records.legs[CDR_LEG_A].source, SOURCE_CALLEE);
        assert_int_equal(world->platform->leaks, 0);
        world_destroy(world);
}

static void check_refused(struct world *world, struct phone *phone, enum mask_verdict verdict)
{
        world_settle(world);
        assert_int_equal(world->phones[WHO_CUSTOMER].rang, 0);
        assert_int_equal(phone->status, 200);
        assert_true(phone->heard_refusal > 80);
        assert_int_equal(phone->heard_ringback, 0);
        assert_int_equal(phone->how, SIP_END_BYE);
        struct records records = world_last_call(world);
        assert_int_equal(records.count, 1);
        assert_int_equal(records.legs[CDR_LEG_A].verdict, verdict);
        assert_int_equal(records.legs[CDR_LEG_A].cause, CAUSE_REJECTED);
        assert_int_equal(world->platform->leaks, 0);
}

static void a_stranger_hears_the_announcement(void **state)
{
        (void)state;
        struct world *world = plain_world();
        world_session(world, 0);
        phone_dial(&world->phones[WHO_STRANGER], M1);
        check_refused(world, &world->phones[WHO_STRANGER], MASK_STRANGER);
        world_destroy(world);
}

static void after_the_end_nobody_gets_through(void **state)
{
        (void)state;
        struct world *world = plain_world();
        world_session(world, 0);
        world_end_session(world);
        phone_dial(&world->phones[WHO_AGENT], M1);
        check_refused(world, &world->phones[WHO_AGENT], MASK_ENDED);
        world_destroy(world);
}

static void after_the_expiry_nobody_gets_through(void **state)
{
        (void)state;
        struct world *world = plain_world();
        world_session(world, 60000);
        world_run_ms(world, 60000);
        phone_dial(&world->phones[WHO_AGENT], M1);
        world_settle(world);
        assert_int_equal(world->phones[WHO_CUSTOMER].rang, 0);
        assert_true(world->phones[WHO_AGENT].heard_refusal > 80);
        world_destroy(world);
}

static void ending_a_session_leaves_the_running_call_alone(void **state)
{
        (void)state;
        struct world *world = plain_world();
        struct phone *agent = &world->phones[WHO_AGENT];
        world_session(world, 0);
        phone_dial(agent, M1);
        world_run_ms(world, 3000);
        world_end_session(world);
        uint32_t before = agent->heard[WHO_CUSTOMER];
        world_run_ms(world, 2000);
        assert_true(agent->heard[WHO_CUSTOMER] > before + 80);
        phone_hangup(agent);
        world_destroy(world);
}

static void a_busy_callee_makes_the_caller_hear_busy(void **state)
{
        (void)state;
        struct world *world = plain_world();
        world->phones[WHO_CUSTOMER].manner = IS_BUSY;
        world_session(world, 0);
        phone_dial(&world->phones[WHO_AGENT], M1);
        struct records records = world_last_call(world);
        assert_int_equal(world->phones[WHO_AGENT].status, 486);
        assert_int_equal(records.legs[CDR_LEG_B].cause, CAUSE_BUSY);
        assert_int_equal(records.legs[CDR_LEG_B].source, SOURCE_CARRIER);
        assert_int_equal(records.legs[CDR_LEG_A].cause, CAUSE_BUSY);
        world_destroy(world);
}

static void nobody_answers_until_the_ring_timeout(void **state)
{
        (void)state;
        struct world *world = plain_world();
        world->phones[WHO_CUSTOMER].manner = RINGS_FOREVER;
        world_session(world, 0);
        phone_dial(&world->phones[WHO_AGENT], M1);
        world_run_ms(world, 44000);
        assert_int_equal(world->phones[WHO_AGENT].ended, 0);
        struct records records = world_last_call(world);
        assert_int_equal(world->phones[WHO_AGENT].status, 480);
        assert_int_equal(world->phones[WHO_CUSTOMER].how, SIP_END_CANCEL);
        assert_int_equal(records.legs[CDR_LEG_B].cause, CAUSE_RING_TIMEOUT);
        assert_true(records.legs[CDR_LEG_B].ringing_ms > 0);
        assert_int_equal(records.legs[CDR_LEG_B].answered_ms, 0);
        world_destroy(world);
}

static void the_caller_gives_up_while_it_rings(void **state)
{
        (void)state;
        struct world *world = plain_world();
        world->phones[WHO_CUSTOMER].manner = RINGS_FOREVER;
        world_session(world, 0);
        phone_dial(&world->phones[WHO_AGENT], M1);
        world_run_ms(world, 3000);
        phone_hangup(&world->phones[WHO_AGENT]);
        struct records records = world_last_call(world);
        assert_int_equal(world->phones[WHO_CUSTOMER].how, SIP_END_CANCEL);
        assert_int_equal(records.legs[CDR_LEG_A].cause, CAUSE_CANCELED);
        assert_int_equal(records.legs[CDR_LEG_A].source, SOURCE_CALLER);
        assert_int_equal(records.legs[CDR_LEG_A].sip_status, 487);
        world_destroy(world);
}

static void a_cancel_may_cross_the_answer(void **state)
{
        (void)state;
        /* Sweep the moment of giving up across the moment of the answer, a millisecond at a time. */
        for (int at_ms = 980; at_ms <= 1080; at_ms++) {
                struct world *world = plain_world();
                world_session(world, 0);
                phone_dial(&world->phones[WHO_AGENT], M1);
                world_run_ms(world, at_ms);
                phone_hangup(&world->phones[WHO_AGENT]);
                struct records records = world_last_call(world);
                assert_int_equal(records.count, 2);
                assert_int_equal(world->phones[WHO_CUSTOMER].ended, 1);
                assert_int_equal(world->phones[WHO_AGENT].ended, 1);
                assert_int_equal(world->platform->leaks, 0);
                world_destroy(world);
        }
}

static void the_longest_call_is_cut(void **state)
{
        (void)state;
        struct world *world = world_create(&(struct world_options){
                .seed = 1, .network = {.delay_ms = 10}, .call_ms_max = 30000});
        world_session(world, 0);
        phone_dial(&world->phones[WHO_AGENT], M1);
        struct records records = world_last_call(world);
        assert_int_equal(records.legs[CDR_LEG_A].cause, CAUSE_SCHEDULED);
        int64_t talked_ms = records.legs[CDR_LEG_A].ended_ms - records.legs[CDR_LEG_A].answered_ms;
        assert_in_range(talked_ms, 30000, 30100);
        world_destroy(world);
}

static void a_phone_that_vanishes_ends_the_call(void **state)
{
        (void)state;
        struct world *world = plain_world();
        world_session(world, 0);
        phone_dial(&world->phones[WHO_AGENT], M1);
        world_run_ms(world, 5000);
        phone_vanish(&world->phones[WHO_CUSTOMER]);
        world_run_ms(world, 55000);
        assert_int_equal(world->phones[WHO_AGENT].ended, 0);
        struct records records = world_last_call(world);
        assert_int_equal(records.legs[CDR_LEG_A].cause, CAUSE_MEDIA_TIMEOUT);
        assert_int_equal(records.legs[CDR_LEG_A].source, SOURCE_PLATFORM);
        world_destroy(world);
}

static void key_presses_cross_the_bridge(void **state)
{
        (void)state;
        struct world *world = plain_world();
        struct phone *agent = &world->phones[WHO_AGENT], *customer = &world->phones[WHO_CUSTOMER];
        world_session(world, 0);
        phone_dial(agent, M1);
        world_run_ms(world, 3000);
        for (const char *digit = "4711"; *digit; digit++) {
                phone_press(agent, *digit);
                world_run_ms(world, 300);
        }
        assert_int_equal(customer->digits, 4711);
        phone_hangup(agent);
        world_destroy(world);
}

static void too_many_calls_of_one_pair_are_a_loop(void **state)
{
        (void)state;
        struct world *world = world_create(&(struct world_options){
                .seed = 1, .network = {.delay_ms = 10}, .same_pair_max = 1});
        struct phone *agent = &world->phones[WHO_AGENT], *other = &world->phones[WHO_STRANGER];
        other->number = AGENT; /* the same party on a second handset */
        world_session(world, 0);
        phone_dial(agent, M1);
        world_run_ms(world, 3000);
        phone_dial(other, M1);
        world_run_ms(world, 3000);
        assert_int_equal(other->status, 482);
        assert_int_equal(world->phones[WHO_CUSTOMER].rang, 1);

        phone_hangup(agent);
        world_settle(world);
        phone_dial(other, M1);
        world_run_ms(world, 3000);
        assert_int_equal(other->status, 200);
        phone_hangup(other);
        world_destroy(world);
}

static void a_trunk_at_its_channel_limit_answers_503(void **state)
{
        (void)state;
        struct world *world = world_create(
                &(struct world_options){.seed = 1, .network = {.delay_ms = 10}, .channels_max = 1});
        world_session(world, 0);
        phone_dial(&world->phones[WHO_AGENT], M1);
        world_run_ms(world, 3000);
        phone_dial(&world->phones[WHO_STRANGER], M1);
        world_run_ms(world, 1000);
        assert_int_equal(world->phones[WHO_STRANGER].status, 503);
        phone_hangup(&world->phones[WHO_AGENT]);
        world_settle(world);

        /* The channel is free again. */
        phone_forget(&world->phones[WHO_AGENT]);
        phone_dial(&world->phones[WHO_AGENT], M1);
        world_run_ms(world, 3000);
        assert_int_equal(world->phones[WHO_AGENT].status, 200);
        phone_hangup(&world->phones[WHO_AGENT]);
        world_destroy(world);
}

static void past_the_cap_of_listeners_a_refusal_is_plain(void **state)
{
        (void)state;
        struct world *world = world_create(&(struct world_options){
                .seed = 1, .network = {.delay_ms = 10}, .announcements_max = 1});
        phone_dial(&world->phones[WHO_AGENT], M1);
        world_run_ms(world, 500);
        phone_dial(&world->phones[WHO_STRANGER], M1);
        world_run_ms(world, 500);
        assert_int_equal(world->phones[WHO_STRANGER].status, 603);
        world_settle(world);
        phone_forget(&world->phones[WHO_STRANGER]);
        phone_dial(&world->phones[WHO_STRANGER], M1);
        world_settle(world);
        assert_int_equal(world->phones[WHO_STRANGER].status, 200);
        world_destroy(world);
}

/* ---- a caller that is no telephone ---- */

#define AGENT_URI    "sip:+919888800001@127.0.0.11"
#define STRANGER_URI "sip:+919888800003@127.0.0.11"

/* Calls M1 and is through, as the agent. */
static void raw_gets_through(struct raw *raw)
{
        raw_invite(raw, AGENT_URI, M1, "", "sendrecv");
        world_run_ms(raw->world, 2000);
        assert_int_equal(raw->status, 200);
        raw_ack(raw, NULL);
        world_run_ms(raw->world, 1000);
        assert_true(raw->rtp_packets > 40);
}

static void a_hold_stays_on_its_side_however_long(void **state)
{
        (void)state;
        struct world *world = plain_world();
        struct phone *customer = &world->phones[WHO_CUSTOMER];
        struct raw raw;
        raw_open(world, &raw, NORTH_IP, 5081);
        world_session(world, 0);
        raw_gets_through(&raw);

        static const char *const ways[] = {"sendonly", "inactive", "recvonly"};
        static const char *const answers[] = {"recvonly", "inactive", "sendonly"};
        for (int i = 0; i < 3; i++) {
                raw_request(&raw, "INVITE", ways[i]);
                world_run_ms(world, 100);
                assert_int_equal(raw.status, 200);
                assert_string_equal(raw.direction, answers[i]);
                raw_ack(&raw, NULL);
                world_run_ms(world, 100);
                uint32_t before = raw.rtp_packets;
                world_run_ms(world, 300000);
                assert_int_equal(raw.byes, 0);
                assert_true((raw.rtp_packets > before + 1000) == (i == 2));
                assert_int_equal(customer->ended, 0);
        }
        raw_request(&raw, "BYE", NULL);
        struct records records = world_last_call(world);
        assert_int_equal(records.count, 2);
        assert_int_equal(records.legs[CDR_LEG_A].cause, CAUSE_NORMAL);
        assert_int_equal(customer->how, SIP_END_BYE);
        assert_int_equal(world->platform->leaks, 0);
        raw_close(&raw);
        world_destroy(world);
}

static void a_caller_may_bring_no_offer(void **state)
{
        (void)state;
        struct world *world = plain_world();
        struct raw raw;
        raw_open(world, &raw, NORTH_IP, 5081);
        world_session(world, 0);
        raw_invite(&raw, AGENT_URI, M1, "", NULL);
        world_run_ms(world, 2000);
        assert_int_equal(raw.status, 200);
        assert_string_equal(raw.direction, "sendrecv");
        assert_int_equal(raw.rtp_packets, 0);
        raw_ack(&raw, "sendrecv");
        world_run_ms(world, 1000);
        assert_true(raw.rtp_packets > 40);
        raw_request(&raw, "BYE", NULL);
        assert_int_equal(world_last_call(world).count, 2);
        raw_close(&raw);
        world_destroy(world);
}

/*
 * Our RTP has one address family: what asks for the other would connect without a sound. What is
 * sent to a port of our own would go round for ever.
 */
static void a_description_that_leads_nowhere_or_back_to_us_is_refused(void **state)
{
        (void)state;
        static const char *const media[] = {
                "m=audio 9 RTP/AVP 8\r\nc=IN IP6 2001:db8::1\r\n",
                "m=audio 20000 RTP/AVP 8\r\nc=IN IP4 127.0.0.1\r\n",
                "m=audio 20199 RTP/AVP 8\r\nc=IN IP4 127.0.0.1\r\n",
        };
        for (size_t i = 0; i < sizeof media / sizeof media[0]; i++) {
                struct world *world = plain_world();
                struct raw raw;
                raw_open(world, &raw, NORTH_IP, 5081);
                world_session(world, 0);
                strcpy(raw.media, media[i]);
                raw_invite(&raw, AGENT_URI, M1, "", "sendrecv");
                world_run_ms(world, 2000);
                assert_int_equal(raw.status, 488);
                assert_int_equal(world->phones[WHO_CUSTOMER].rang, 0);
                raw_close(&raw);
                world_destroy(world);
        }
}

static void a_party_that_withholds_its_number_is_refused(void **state)
{
        (void)state;
        static const char *const callers[][2] = {
                {"sip:anonymous@anonymous.invalid", ""},
                {AGENT_URI, "Privacy: id\r\n"},
                {"sip:unknown@127.0.0.11", ""},
        };
        for (size_t i = 0; i < sizeof callers / sizeof callers[0]; i++) {
                struct world *world = plain_world();
                struct raw raw;
                raw_open(world, &raw, NORTH_IP, 5081);
                world_session(world, 0);
                raw_invite(&raw, callers[i][0], M1, callers[i][1], "sendrecv");
                world_run_ms(world, 100);
                assert_int_equal(raw.status, 200);
                raw_ack(&raw, NULL);
                struct records records = world_last_call(world);
                assert_int_equal(raw.byes, 1);
                assert_int_equal(world->phones[WHO_CUSTOMER].rang, 0);
                assert_int_equal(records.legs[CDR_LEG_A].verdict, MASK_WITHHELD);
                raw_close(&raw);
                world_destroy(world);
        }
}

static void the_announcement_is_played_once_whatever_the_caller_renegotiates(void **state)
{
        (void)state;
        struct world *world = plain_world();
        struct raw raw;
        raw_open(world, &raw, NORTH_IP, 5081);
        raw_invite(&raw, STRANGER_URI, M1, "", "sendrecv");
        world_run_ms(world, 100);
        assert_int_equal(raw.status, 200);
        raw_ack(&raw, NULL);
        /* The caller asks for our offer, so that there is an answer in each ACK. */
        for (int i = 0; i < 3; i++) {
                world_run_ms(world, 500);
                raw_request(&raw, "INVITE", NULL);
                world_run_ms(world, 100);
                assert_int_equal(raw.status, 200);
                raw_ack(&raw, "sendrecv");
        }
        assert_int_equal(raw.byes, 0);
        world_run_ms(world, 400);
        assert_int_equal(raw.byes, 1);
        raw_close(&raw);
        world_destroy(world);
}

static void a_trunk_of_another_tenant_does_not_lead_to_the_number(void **state)
{
        (void)state;
        struct world *world = plain_world();
        struct raw raw;
        world_session(world, 0);
        struct addr peer = platform_addr("127.0.0.13:5060");
        struct trunk trunk = platform_trunk("elsewhere", &peer, "127.0.0.13");
        trunk.tenant_id = 2;
        platform_add_trunk(world->platform, &trunk);

        raw_open(world, &raw, "127.0.0.13", 5081);
        raw_invite(&raw, AGENT_URI, M1, "", "sendrecv");
        world_run_ms(world, 100);
        assert_int_equal(raw.status, 200);
        raw_ack(&raw, NULL);
        struct records records = world_last_call(world);
        assert_int_equal(raw.byes, 1);
        assert_int_equal(world->phones[WHO_CUSTOMER].rang, 0);
        assert_int_equal(records.legs[CDR_LEG_A].verdict, MASK_UNKNOWN_NUMBER);
        assert_int_equal(records.legs[CDR_LEG_A].tenant_id, 0);
        raw_close(&raw);
        world_destroy(world);
}

/* ---- what is provisioned changes under a call ---- */

/* The session ends, and M2 and its trunk south go. */
static void take_south_away(struct world *world)
{
        struct masking_number m2 = {{M2}};
        uint32_t south = directory_number_find(world->platform->directory, m2)->trunk_id;
        world_end_session(world);
        platform_remove_number(world->platform, M2);
        assert_int_equal(directory_trunk_remove(world->platform->directory, south, NULL, NULL), 0);
        sip_trunks_remove(world->platform->trunks, south);
        assert_null(sip_trunks_find(world->platform->trunks, south));
}

static void a_ringing_call_survives_that_session_number_and_trunk_go(void **state)
{
        (void)state;
        struct world *world = plain_world();
        struct phone *agent = &world->phones[WHO_AGENT];
        world_session(world, 0);
        phone_dial(agent, M1);
        world_run_ms(world, 500);
        assert_int_equal(world->phones[WHO_CUSTOMER].rang, 1);
        take_south_away(world);
        world_run_ms(world, 3000);
        assert_int_equal(agent->status, 200);
        assert_true(agent->heard[WHO_CUSTOMER] > 50);
        phone_hangup(agent);
        struct records records = world_last_call(world);
        assert_int_equal(records.count, 2);
        assert_int_equal(records.legs[CDR_LEG_B].cause, CAUSE_NORMAL);
        assert_int_equal(world->phones[WHO_CUSTOMER].how, SIP_END_BYE);

        phone_forget(agent);
        phone_forget(&world->phones[WHO_CUSTOMER]);
        phone_dial(agent, M1);
        check_refused(world, agent, MASK_ENDED);
        world_destroy(world);
}

static void a_caller_may_renegotiate_after_its_trunk_has_gone(void **state)
{
        (void)state;
        struct world *world = plain_world();
        struct raw raw;
        raw_open(world, &raw, SOUTH_IP, 5081);
        world_session(world, 0);
        raw_invite(&raw, "sip:+919888800002@127.0.0.12", M2, "", "sendrecv");
        world_run_ms(world, 2000);
        assert_int_equal(raw.status, 200);
        raw_ack(&raw, NULL);
        world_run_ms(world, 100);
        take_south_away(world);
        raw_request(&raw, "INVITE", "inactive");
        world_run_ms(world, 100);
        assert_int_equal(raw.status, 200);
        raw_ack(&raw, NULL);
        raw_request(&raw, "BYE", NULL);
        assert_int_equal(world_last_call(world).count, 2);
        assert_int_equal(world->phones[WHO_AGENT].how, SIP_END_BYE);
        raw_close(&raw);
        world_destroy(world);
}

/* ---- refusals look alike ---- */

enum reason {
        NO_SUCH_NUMBER,
        NO_SESSION,
        STRANGER_TO_THE_SESSION,
        SESSION_HAS_ENDED,
        SESSION_HAS_EXPIRED,
        REASONS,
};

static uint64_t trace_of_refusal(enum reason reason)
{
        struct world *world = plain_world();
        struct phone *caller = &world->phones[WHO_AGENT];
        switch (reason) {
        case NO_SUCH_NUMBER:
                platform_remove_number(world->platform, M1);
                break;
        case NO_SESSION:
                break;
        case STRANGER_TO_THE_SESSION:
                platform_session(world->platform, STRANGER, CUSTOMER, M1, M2, 0);
                break;
        case SESSION_HAS_ENDED:
                world_session(world, 0);
                world_end_session(world);
                break;
        case SESSION_HAS_EXPIRED:
                world_session(world, 1000);
                break;
        case REASONS:
                break;
        }
        while (sim_world_now_ms(world->platform->sim) % 10000)
                world_run_ms(world, 1);
        random_init_seeded(io_random(world->platform->io), 42);
        random_init_seeded(io_random(caller->io), 43);
        world->platform->trace = 0;
        world->platform->datagrams = 0;
        phone_dial(caller, M1);
        world_settle(world);
        assert_true(world->platform->datagrams > 100);
        assert_true(caller->heard_refusal > 80);
        uint64_t trace = world->platform->trace;
        world_destroy(world);
        return trace;
}

static void every_refusal_has_the_same_bytes_at_the_same_times(void **state)
{
        (void)state;
        uint64_t expected = trace_of_refusal(NO_SUCH_NUMBER);
        for (int reason = NO_SUCH_NUMBER + 1; reason < REASONS; reason++)
                assert_true(trace_of_refusal((enum reason)reason) == expected);
}

/* ---- a bad network ---- */

static void check_random_run(uint64_t seed)
{
        struct world *world = world_create(&(struct world_options){
                .seed = seed,
                .network = {.delay_ms = 20,
                            .jitter_ms = 60,
                            .loss_permille = 100,
                            .duplicate_permille = 50},
                .ring_timeout_ms = 20000,
        });
        struct random random;
        random_init_seeded(&random, seed);
        world_session(world, 0);
        for (int step = 0; step < 30; step++) {
                struct phone *phone = &world->phones[random_below(&random, PHONES)];
                uint32_t action = random_below(&random, 10);
                if (!phone->has_leg && action < 5)
                        phone_dial(phone, random_below(&random, 2) ? M1 : M2);
                else if (phone->has_leg && action < 3)
                        phone_hangup(phone);
                else if (action == 9)
                        phone->manner = (enum manner)random_below(&random, IS_DEAD);
                world_run_ms(world, random_below(&random, 3000));
                assert_int_equal(world->phones[WHO_STRANGER].rang, 0);
                assert_int_equal(world->platform->leaks, 0);
        }
        for (int who = 0; who < PHONES; who++) {
                if (world->phones[who].has_leg)
                        phone_hangup(&world->phones[who]);
        }
        world_settle(world);

        struct calls_counters counters;
        calls_counters(world->platform->calls, &counters);
        assert_int_equal(calls_active(world->platform->calls), 0);
        assert_int_equal(world->phones[WHO_STRANGER].heard[WHO_AGENT], 0);
        assert_int_equal(world->phones[WHO_STRANGER].heard[WHO_CUSTOMER], 0);
        world_destroy(world);
}

static void no_call_is_stuck_on_a_bad_network(void **state)
{
        (void)state;
        for (uint64_t seed = 1; seed <= 150; seed++) {
                print_message("seed %u\n", (unsigned)seed);
                check_random_run(seed);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(agent_reaches_customer_who_sees_m2),
                cmocka_unit_test(customer_reaches_agent_who_sees_m1),
                cmocka_unit_test(a_stranger_hears_the_announcement),
                cmocka_unit_test(after_the_end_nobody_gets_through),
                cmocka_unit_test(after_the_expiry_nobody_gets_through),
                cmocka_unit_test(ending_a_session_leaves_the_running_call_alone),
                cmocka_unit_test(a_busy_callee_makes_the_caller_hear_busy),
                cmocka_unit_test(nobody_answers_until_the_ring_timeout),
                cmocka_unit_test(the_caller_gives_up_while_it_rings),
                cmocka_unit_test(a_cancel_may_cross_the_answer),
                cmocka_unit_test(the_longest_call_is_cut),
                cmocka_unit_test(a_phone_that_vanishes_ends_the_call),
                cmocka_unit_test(key_presses_cross_the_bridge),
                cmocka_unit_test(too_many_calls_of_one_pair_are_a_loop),
                cmocka_unit_test(a_trunk_at_its_channel_limit_answers_503),
                cmocka_unit_test(past_the_cap_of_listeners_a_refusal_is_plain),
                cmocka_unit_test(a_hold_stays_on_its_side_however_long),
                cmocka_unit_test(a_caller_may_bring_no_offer),
                cmocka_unit_test(a_description_that_leads_nowhere_or_back_to_us_is_refused),
                cmocka_unit_test(a_party_that_withholds_its_number_is_refused),
                cmocka_unit_test(the_announcement_is_played_once_whatever_the_caller_renegotiates),
                cmocka_unit_test(a_trunk_of_another_tenant_does_not_lead_to_the_number),
                cmocka_unit_test(a_ringing_call_survives_that_session_number_and_trunk_go),
                cmocka_unit_test(a_caller_may_renegotiate_after_its_trunk_has_gone),
                cmocka_unit_test(every_refusal_has_the_same_bytes_at_the_same_times),
                cmocka_unit_test(no_call_is_stuck_on_a_bad_network),
        };
        return RUN_TESTS(tests);
}
