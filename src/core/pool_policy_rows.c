/* SPDX-License-Identifier: Apache-2.0 */
#include "core/pool_policy.h"
#include "core/session_model.h"

#define SECOND INT64_C(1000)
#define MINUTE (60 * SECOND)
#define HOUR   (60 * MINUTE)
#define DAY    (24 * HOUR)
#define YEAR   (366 * DAY)

#define MEMBER(member) offsetof(struct pool_policy, member), sizeof((struct pool_policy *)0)->member

static const char *const selections[] = {"least-recent", "sticky", "avoid", NULL};
static const char *const matches[] = {"any", "best-effort", "strict", NULL};
static const char *const directions[] = {"both", "from-side-0", "from-side-1", NULL};
static const char *const days[] = {"monday", "tuesday",  "wednesday", "thursday",
                                   "friday", "saturday", "sunday",    NULL};
static const char *const recordings[] = {"off", "on", "announced", NULL};
static const char *const rungs[] = {"intent", "pin", "request", NULL};
static const char *const ends[] = {"keep", "cut", NULL};
static const char *const refusals[] = {"announce", "early", "plain", NULL};

#define SWITCH(member, fallback, sentence)                                                         \
        {                                                                                          \
#member, POLICY_SWITCH, MEMBER(member), 0, 1, fallback, NULL, NULL, sentence       \
        }
#define COUNT(member, min, max, fallback, unit, sentence)                                          \
        {                                                                                          \
#member, POLICY_COUNT, MEMBER(member), min, max, fallback, NULL, unit, sentence    \
        }
#define CHOICE(member, words, fallback, sentence)                                                  \
        {                                                                                          \
#member, POLICY_CHOICE, MEMBER(member), 0, 0, fallback, words, NULL, sentence      \
        }
#define SET(member, words, fallback, sentence)                                                     \
        {                                                                                          \
#member, POLICY_SET, MEMBER(member), 0, 0, fallback, words, NULL, sentence         \
        }
#define TEXT(member, sentence)                                                                     \
        {                                                                                          \
#member, POLICY_TEXT, MEMBER(member), 0,                                           \
                        sizeof((struct pool_policy *)0)->member - 1, 0, NULL, NULL, sentence       \
        }

const struct policy_row pool_policy_rows[] = {
        CHOICE(model, session_model_names, MODEL_TWO_NUMBERS,
               "The model of sessions that do not say another one."),
        COUNT(ttl_ms, 0, YEAR, 0, "ms",
              "How long a session lives that does not say it; 0: until it is ended."),
        COUNT(ttl_max_ms, 0, 10 * YEAR, 0, "ms",
              "How long a session lives at most, whatever it says; 0: no bound."),
        COUNT(sliding_ms, 0, YEAR, 0, "ms",
              "A session ends when no call was made in it for so long; 0: it does not."),
        COUNT(quarantine_ms, 0, YEAR, 2 * HOUR, "ms",
              "For how long a (party, number) pair of an ended session is not used again."),
        CHOICE(selection, selections, SELECT_LEAST_RECENT,
               "Which of the numbers that are free: the least recently used one, or first (sticky) "
               "or last (avoid) the one that this pair had before."),
        CHOICE(match_country, matches, MATCH_ANY,
               "Whether a number must be of the country that is asked for, else of the party's own."),
        CHOICE(match_area, matches, MATCH_ANY,
               "Whether a number must be of the area that is asked for, else of the party's own."),
        SET(capabilities, number_capability_names, 1 << CAN_VOICE,
            "What a number must be able to carry."),
        CHOICE(direction, directions, DIRECTION_BOTH, "Which side may call the other."),
        SET(days, days, 127, "The days on which calls may be made."),
        COUNT(from_min, 0, 1440, 0, "min",
              "From which minute of the day calls may be made; later than to_min: over midnight, "
              "and the night belongs to the day on which it begins."),
        COUNT(to_min, 0, 1440, 1440, "min", "Until which minute of the day calls may be made."),
        COUNT(utc_offset_min, -840, 840, 0, "min",
              "The clock of days and hours: how far it is ahead of UTC."),
        COUNT(session_calls_max, 0, UINT32_MAX, 0, "calls", "Calls in a session; 0: any number."),
        COUNT(session_concurrent_max, 0, UINT32_MAX, 0, "calls",
              "Calls at once in a session; 0: any number."),
        COUNT(party_concurrent_max, 0, UINT32_MAX, 0, "calls",
              "Calls at once of a party, in all sessions; 0: any number."),
        COUNT(party_calls_per_h, 0, 3600, 0, "calls/h",
              "Calls that a party may make: so many at once, then one more each hour divided by "
              "them; 0: any number."),
        COUNT(ring_s, 0, 600, 0, "s", "How long it rings; 0: the server's ring_timeout_s."),
        COUNT(talk_s, 0, 86400, 0, "s",
              "How long a call lasts at most; 0: the server's call_s_max."),
        COUNT(warn_s, 0, 3600, 0, "s", "How long before its end a tone is heard; 0: none is."),
        CHOICE(recording, recordings, RECORDING_OFF,
               "Whether calls are recorded, and whether both parties hear so first."),
        TEXT(language, "The language of announcements, as in \"hi-IN\"; empty: the server's."),
        TEXT(voice, "The voice of announcements; empty: the server's."),
        SWITCH(tell_ended, false,
               "A former party hears that the conversation has ended, and not what strangers hear."),
        SWITCH(take_withheld, false,
               "Numbers that are open to anyone take callers who withhold their number."),
        SET(ladder, rungs, 0,
            "What is tried with a caller who is no party: the platform's word for its telephone, "
            "the party's digits, a request to the other party."),
        COUNT(intent_ms, 1000, DAY, 2 * MINUTE, "ms",
              "How long the platform's word counts that a party calls from another telephone."),
        SWITCH(pin_joins, false,
               "A telephone from which a party's digits were keyed in is known as the party's for "
               "the rest of the session."),
        COUNT(pin_tries_max, 1, 100, 5, "tries",
              "Wrong digits from one caller on one number until it is locked out."),
        COUNT(lockout_ms, MINUTE, DAY, HOUR, "ms",
              "How long who is locked out stays so, and wrong digits are remembered."),
        COUNT(affinity_ms, 0, YEAR, DAY, "ms",
              "How long a call back reaches the one of several who called; 0: they take turns."),
        COUNT(last_caller_ms, 0, YEAR, DAY, "ms",
              "How long the last caller can be called back; 0: not at all."),
        TEXT(intercept_url, "Asked before a call is connected (not yet: calls go by "
                            "intercept_fails_open); empty: nobody is."),
        COUNT(intercept_deadline_ms, 100, 10000, 1500, "ms", "How long its answer is waited for."),
        SWITCH(intercept_fails_open, false,
               "Without an answer in time the call is connected, and not refused."),
        CHOICE(on_end, ends, ON_END_KEEP, "What becomes of a running call when its session ends."),
        CHOICE(refusal, refusals, REFUSAL_ANNOUNCE,
               "What every caller who is refused at a number of the pool gets: the announcement in "
               "an answered call, before any answer (early) or none (plain)."),
        SWITCH(allow_premium, false, "Premium-rate and shared-cost numbers may be parties."),
        SWITCH(allow_emergency, false, "Emergency numbers may be parties."),
};

const unsigned pool_policy_row_count = sizeof pool_policy_rows / sizeof pool_policy_rows[0];
