/* SPDX-License-Identifier: Apache-2.0 */
#include "core/advice.h"

#include <assert.h>
#include <stddef.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

struct advice advice_of_verdict(enum mask_verdict verdict)
{
        static const char *const todo[MASK_VERDICTS] = {
                [MASK_CONNECT] = "",
                [MASK_UNKNOWN_NUMBER] =
                        "If it is one of yours, add it (maskline number add). If the carrier writes "
                        "it in another form, look at the trunk's country, dialled_from and "
                        "dialled_prefix.",
                [MASK_WITHHELD] =
                        "If the carrier passes the number in P-Asserted-Identity and may be trusted, "
                        "set the trunk's caller_from to asserted.",
                [MASK_STRANGER] =
                        "Compare with the session's parties (maskline session show). A session on "
                        "another number, or of another tenant, does not count. If the carrier writes "
                        "callers in another form, look at the trunk's country and caller_prefix.",
                [MASK_NOT_YET] = "Wait, or create the session with an earlier start.",
                [MASK_EXPIRED] = "Create a new session, or one that lives longer.",
                [MASK_ENDED] = "Create a new session; the number is kept from others for a while.",
                [MASK_ASK_DIGITS] =
                        "Tell the caller its PIN, or the extension that it wants; or let it call "
                        "from a number of the party's (add it as an alias).",
                [MASK_LOCKED_OUT] =
                        "It is let in again by itself (the pool's lockout_ms). Give the party a "
                        "new PIN if somebody is guessing.",
                [MASK_ASK_PARTY] = "Add the caller as an alias if it is the party, or as a party.",
                [MASK_BLOCKED] = "Take the block away if both want to talk.",
                [MASK_DIRECTION] = "The pool's direction says who may call.",
                [MASK_HOURS] = "Wait; or change the pool's days, from_min, to_min or "
                               "utc_offset_min.",
                [MASK_NOBODY] =
                        "Wait until somebody calls; the pool's last_caller_ms says how long "
                        "that counts. Or add a party.",
                [MASK_CALLS_USED_UP] = "Create a new session, or raise the pool's "
                                       "session_calls_max.",
                [MASK_RATE] = "Wait, or raise the pool's party_calls_per_h.",
                [MASK_BUSY] = "Wait until one ends, or raise the pool's session_concurrent_max or "
                              "party_concurrent_max.",
                [MASK_INTERCEPT_REFUSED] = "Whoever runs the pool's intercept_url knows why.",
                [MASK_INTERCEPT_UNANSWERED] =
                        "No intercept is asked yet, so none answers: clear the pool's "
                        "intercept_url, or set intercept_fails_open to connect without an answer.",
        };
        return (struct advice){mask_verdict_sentence(verdict), todo[verdict]};
}

#define REDIRECT                                                                                   \
        "If the carrier sends calls from one of its servers to another, set the trunk's "          \
        "--redirects to follow: it goes to the trunk's own addresses, for the number called."

static const struct {
        unsigned status;
        struct advice advice;
} statuses[] = {
        {300, {"The called side offers several other addresses, and none was followed.", REDIRECT}},
        {301, {"The called number has moved for good, to where nothing was followed.", REDIRECT}},
        {302, {"The call was to be redirected, to where nothing was followed.", REDIRECT}},
        {305,
         {"The carrier wants calls to go by another server, which was not followed.", REDIRECT}},
        {400, {"The carrier could not read our request.", "Ask it for its log of the call."}},
        {401,
         {"The carrier refused our user name and password.", "maskline trunk check says more."}},
        {402, {"The carrier wants to be paid.", "Look at the balance of the account."}},
        {403,
         {"The carrier forbids the call: it may not know our address, or the number shown is "
          "not one of ours with it.",
          "Look at the trunk's caller id options and at the carrier's list of addresses."}},
        {404,
         {"The carrier knows no such number.", "The party's number may be wrong or ported; look "
                                               "also at number_form and request_prefix."}},
        {405, {"The carrier takes no calls at that address.", "Is the trunk's peer right?"}},
        {406, {"The carrier does not accept what we can do.", "Ask it which codecs it wants."}},
        {407,
         {"The carrier refused our user name and password.", "maskline trunk check says more."}},
        {408, {"The carrier found nobody to answer in time.", "Try again."}},
        {410, {"The number is no longer in use.", "Ask the party for another one."}},
        {415,
         {"The carrier does not accept our description of the audio.", "Ask it which it wants."}},
        {420,
         {"The carrier does not speak what we asked for.", "Set the trunk's prack and "
                                                           "session_timer to false."}},
        {421, {"The carrier demands an extension that we did not offer.", "Ask it which."}},
        {422,
         {"The carrier wants a longer session timer.", "Set the trunk's session_timer to false."}},
        {480, {"The party cannot be reached for now.", ""}},
        {481, {"The carrier knows nothing of this call.", "It may have been started anew."}},
        {482,
         {"The carrier found the call in a loop.", "Is a masking number forwarded to another "
                                                   "one?"}},
        {483, {"The call passed through too many servers.", "Is it in a loop?"}},
        {484, {"The number is incomplete for the carrier.", "Look at the trunk's number_form."}},
        {485, {"The number is ambiguous for the carrier.", "Look at the trunk's number_form."}},
        {486, {"The party is busy.", ""}},
        {487, {"The call was given up before it was answered.", ""}},
        {488, {"The two sides have no codec in common.", "Ask the carrier for PCMA or PCMU."}},
        {491, {"The carrier was busy with another request of the same call.", "Try again."}},
        {500, {"The carrier had an error of its own.", "Try again, then ask it."}},
        {501, {"The carrier does not do that.", "Is the trunk's peer right?"}},
        {502, {"The carrier's own carrier answered wrong.", "Try again, then ask it."}},
        {503,
         {"The carrier is overloaded, or we are over its limit.", "Compare calls_per_s and "
                                                                  "channels_max with what it "
                                                                  "allows."}},
        {504, {"The carrier waited in vain for another server.", "Try again."}},
        {505, {"The carrier speaks another version of SIP.", "Is the trunk's peer right?"}},
        {513, {"Our request was too long for the carrier.", ""}},
        {600, {"The party is busy everywhere.", ""}},
        {603, {"The party, or the carrier, declined the call.", ""}},
        {604, {"The number exists nowhere.", "The party's number may be wrong."}},
        {606, {"Nobody there can do what we offer.", "Ask the carrier which codecs it wants."}},
        {607, {"The party does not want such calls.", ""}},
        {608,
         {"An intermediary took the call for an unwanted one.", "Ask the carrier about the "
                                                                "number's reputation."}},
};

const struct advice *advice_of_status(unsigned status)
{
        for (size_t i = 0; i < COUNT(statuses); i++) {
                if (statuses[i].status == status)
                        return &statuses[i].advice;
        }
        return NULL;
}

static const struct {
        enum hangup_cause cause;
        unsigned q850;
        struct advice advice;
} causes[] = {
        {CAUSE_UNKNOWN, 0, {"Nobody said why.", ""}},
        {CAUSE_CANCELED, 16, {"The caller gave up before it was answered.", ""}},
        {CAUSE_DIAL_LIMIT, 16, {"As many parties were dialled at once as may be.", ""}},
        {CAUSE_INVALID_DESTINATION, 28, {"The number is not one that can be called.", ""}},
        {CAUSE_OUT_OF_SERVICE, 27, {"The called side is out of order.", "Try again later."}},
        {CAUSE_NUMBER_BARRED, 21, {"The number may not be called.", ""}},
        {CAUSE_LOOP,
         25,
         {"This caller has as many calls to this number already as may be: it looks "
          "like a loop.",
          "Is a masking number forwarded to another one? same_pair_max is the limit."}},
        {CAUSE_MEDIA_ANCHORING, 21, {"The audio may not go another way.", ""}},
        {CAUSE_NO_ANSWER, 19, {"Nobody answered.", ""}},
        {CAUSE_BUSY, 17, {"The party is busy.", ""}},
        {CAUSE_REJECTED,
         21,
         {"It was refused, or the two sides have no codec in common.", "Both need PCMA or PCMU."}},
        {CAUSE_UNKNOWN_CALLER_ID,
         21,
         {"The number to be shown is not one of the tenant's any more.",
          "Add it again (maskline number add), or create a new "
          "session."}},
        {CAUSE_FORBIDDEN, 21, {"The carrier forbids the call.", "maskline trunk check says more."}},
        {CAUSE_UNALLOCATED, 1, {"The carrier knows no such number.", ""}},
        {CAUSE_REQUEST_TIMEOUT,
         18,
         {"The carrier did not answer at all.", "maskline trunk check says whether it is there."}},
        {CAUSE_CARRIER_ERROR, 41, {"The carrier had an error of its own.", "Try again."}},
        {CAUSE_CARRIER_CONGESTION, 42, {"The carrier is overloaded.", "Try again later."}},
        {CAUSE_BUSY_EVERYWHERE, 17, {"The party is busy everywhere.", ""}},
        {CAUSE_DECLINED, 21, {"The party, or the carrier, declined the call.", ""}},
        {CAUSE_NOWHERE, 1, {"The number exists nowhere.", ""}},
        {CAUSE_NORMAL, 16, {"It was hung up.", ""}},
        {CAUSE_NETWORK,
         38,
         {"A side vanished, or could not be sent anything.",
          "Look for the trunk's state (maskline trunk show)."}},
        {CAUSE_INTERNAL, 41, {"The server had an error, or was stopped.", "Look into its log."}},
        {CAUSE_ROUTING,
         3,
         {"There was no way to the party: the trunk of the number shown is not "
          "resolved, not up, or has no address of ours to tell.",
          "maskline trunk check says which."}},
        {CAUSE_CONCURRENCY,
         42,
         {"A limit was reached: calls, channels or calls a second of the "
          "server or of a trunk.",
          "Look at channels_max and calls_per_s of both trunks, and at "
          "calls_max."}},
        {CAUSE_SCHEDULED, 31, {"It was as long as a call may be.", "call_s_max is the limit."}},
        {CAUSE_RING_TIMEOUT,
         19,
         {"It rang as long as it may and nobody answered.", "ring_timeout_s is the limit."}},
        {CAUSE_MEDIA_TIMEOUT,
         27,
         {"No audio came from a side any more.",
          "Behind a NAT the trunk needs an advertised address; is the RTP "
          "range open? media_timeout_s is the limit."}},
        {CAUSE_LOST_RACE, 26, {"Another one answered first.", ""}},
};

struct advice advice_of_cause(enum hangup_cause cause, enum hangup_source source, unsigned status)
{
        bool is_theirs = source == SOURCE_CARRIER || source == SOURCE_CALLEE;
        const struct advice *theirs = is_theirs && status >= 300 ? advice_of_status(status) : NULL;
        if (theirs)
                return *theirs;
        for (size_t i = 0; i < COUNT(causes); i++) {
                if (causes[i].cause == cause)
                        return causes[i].advice;
        }
        return causes[0].advice;
}

unsigned advice_q850(enum hangup_cause cause)
{
        for (size_t i = 0; i < COUNT(causes); i++) {
                if (causes[i].cause == cause)
                        return causes[i].q850;
        }
        return 0;
}

static const struct {
        const char *name;
        struct advice advice;
} obstacles[OBSTACLES] = {
        [OBSTACLE_DRAINING] = {"draining", {"The server is being stopped and takes no calls.", ""}},
        [OBSTACLE_SERVER_FULL] = {"server-full",
                                  {"The server has as many calls as it may.",
                                   "Raise calls_max, or wait."}},
        [OBSTACLE_FOREIGN_NUMBER] =
                {"foreign-number",
                 {"The number to be shown is not one of the tenant's any more: the call is not made.",
                  "Add it again (maskline number add), or create a new session."}},
        [OBSTACLE_NO_TRUNK] = {"no-trunk",
                               {"The number to be shown belongs to no trunk: there is no way out.",
                                "Add the trunk and the number again."}},
        [OBSTACLE_SAME_PAIR] =
                {"same-pair",
                 {"This caller has as many calls to this number already as may be: one "
                  "more is taken for a loop.",
                  "same_pair_max is the limit."}},
        [OBSTACLE_NOT_RESOLVED] = {"not-resolved",
                                   {"The peer of the trunk of the number shown is not resolved.",
                                    "maskline trunk check says why."}},
        [OBSTACLE_TRUNK_DOWN] = {"trunk-down",
                                 {"The carrier of the number shown does not answer, so calls go "
                                  "elsewhere or nowhere.",
                                  "maskline trunk check says more."}},
        [OBSTACLE_NOT_REGISTERED] =
                {"not-registered",
                 {"The trunk of the number shown is to be registered and is not; "
                  "the carrier may refuse the call.",
                  "maskline trunk check says why."}},
        [OBSTACLE_CHANNELS] = {"channels",
                               {"All channels of the trunk of the number shown are in use.",
                                "channels_max is the limit."}},
        [OBSTACLE_CALLER_CHANNELS] =
                {"caller-channels",
                 {"All channels of the trunk of the dialled number are in use.",
                  "channels_max is the limit."}},
};

const char *obstacle_name(enum obstacle obstacle)
{
        assert((unsigned)obstacle < OBSTACLES);
        return obstacles[obstacle].name;
}

struct advice advice_of_obstacle(enum obstacle obstacle)
{
        assert((unsigned)obstacle < OBSTACLES);
        return obstacles[obstacle].advice;
}
