/* SPDX-License-Identifier: Apache-2.0 */
#include "api/shapes.h"

#include <stddef.h>

#define TEXT(name)                                                                                 \
        {                                                                                          \
                name, SHAPE_TEXT                                                                   \
        }
#define TEXT_OR_NULL(name)                                                                         \
        {                                                                                          \
                name, SHAPE_TEXT, .may_be_null = true                                              \
        }
#define TIME(name)                                                                                 \
        {                                                                                          \
                name, SHAPE_TIME, .may_be_null = true                                              \
        }
#define COUNT(name)                                                                                \
        {                                                                                          \
                name, SHAPE_COUNT                                                                  \
        }
#define SWITCH(name)                                                                               \
        {                                                                                          \
                name, SHAPE_SWITCH                                                                 \
        }
#define LIST(name, shape)                                                                          \
        {                                                                                          \
                name, SHAPE_LIST, .of = shape                                                      \
        }
#define NEXT                                                                                       \
        {                                                                                          \
                "next", SHAPE_TEXT, .may_be_null = true                                            \
        }
#define END                                                                                        \
        {                                                                                          \
                NULL, SHAPE_TEXT                                                                   \
        }
#define ROWS(...) ((const struct shape_field[]){__VA_ARGS__, END})

#define KEY_FIELDS                                                                                 \
        TEXT("id"), TEXT("name"), TEXT_OR_NULL("tenant"), {"scopes", SHAPE_TEXTS}, TEXT("state"),  \
                TIME("created_at"), TIME("expires_at"), TIME("used_at")
#define SESSION_FIELDS                                                                             \
        TEXT("id"), TEXT("state"), TEXT_OR_NULL("pool"), TEXT("model"), SWITCH("open"),            \
                TIME("created_at"), TIME("starts_at"), TIME("expires_at"), TIME("ended_at"),       \
                TIME("last_used_at"), COUNT("calls"), TEXT_OR_NULL("reference"),                   \
                LIST("parties", "Party"),                                                          \
        {                                                                                          \
                "rows", SHAPE_LIST, .may_be_absent = true, .of = "Row"                             \
        }
#define ROW_FIELDS                                                                                 \
        {"party", SHAPE_COUNT, .may_be_null = true}, TEXT("dials"), COUNT("slot"),                 \
                SWITCH("keys_in_pin"), {"reaches", SHAPE_INTEGERS}, TEXT("sees"), TEXT("sentence")
#define CALL_FIELDS                                                                                \
        TEXT("id"), TEXT("state"), TEXT_OR_NULL("session"), TEXT_OR_NULL("dialled"),               \
                TEXT_OR_NULL("shown"), TEXT_OR_NULL("caller"), TEXT_OR_NULL("callee"),             \
                TIME("started_at"), TIME("answered_at"), TIME("ended_at")

static const struct shape shapes[] = {
        {"Health", ROWS(TEXT("status"))},
        {"Problem", ROWS(TEXT("type"), TEXT("title"), COUNT("status"), TEXT("detail"),
                         {"field", SHAPE_TEXT, .may_be_absent = true},
                         {"remedy", SHAPE_TEXT, .may_be_absent = true})},
        {"Tenant", ROWS(TEXT("name"), TIME("created_at"))},
        {"TenantList", ROWS(LIST("tenants", "Tenant"))},
        {"Key", ROWS(KEY_FIELDS)},
        {"KeyMade", ROWS(KEY_FIELDS, TEXT("key"))},
        {"KeyList", ROWS(LIST("keys", "Key"), NEXT)},
        {"Target",
         ROWS(TEXT("address"), TEXT("transport"), TEXT("state"), TIME("since"), TEXT("reason"))},
        {"Registration",
         ROWS(TEXT("state"), TIME("until"), TEXT_OR_NULL("problem"), COUNT("next_try_in_s"))},
        {"Header", ROWS(TEXT("name"))},
        {"Trunk",
         ROWS(TEXT("name"), {"sources", SHAPE_TEXTS}, TEXT("peer"), TEXT_OR_NULL("advertised"),
              TEXT("country"), TEXT("international"), TEXT("national"), COUNT("digits_min"),
              COUNT("digits_max"), COUNT("channels_max"), COUNT("calls_per_s"),
              COUNT("announcements_max"), TEXT("caller_from"), TEXT("dialled_from"),
              TEXT("number_form"), TEXT("from_user"), TEXT("asserted_user"), TEXT("display_name"),
              TEXT("privacy"), TEXT("charge_info"), TEXT("request_prefix"), TEXT("caller_prefix"),
              TEXT("dialled_prefix"), TEXT("from_form"), TEXT("asserted_form"), TEXT("to_form"),
              TEXT("request_form"), SWITCH("send_asserted"), SWITCH("user_phone"),
              TEXT("from_domain"), TEXT_OR_NULL("pilot"), LIST("headers", "Header"),
              {"tolerates", SHAPE_TEXTS}, {"tolerated", SHAPE_COUNTS}, SWITCH("session_timer"),
              SWITCH("prack"), TEXT("transport"), TEXT("client_certificate"),
              TEXT_OR_NULL("username"), SWITCH("password_set"), TEXT_OR_NULL("realm"),
              SWITCH("register"), COUNT("register_s"), TEXT_OR_NULL("peer_address"),
              COUNT("options_s"), COUNT("failover_ms"), COUNT("queue_ms"),
              {"overflow", SHAPE_TEXTS}, TEXT("redirects"), COUNT("waiting"), TEXT("state"),
              TIME("state_since"), TEXT("state_reason"), LIST("targets", "Target"),
              {"registration", SHAPE_OBJECT, .may_be_null = true, .of = "Registration"},
              COUNT("channels"), COUNT("announcing"))},
        {"TrunkList", ROWS(LIST("trunks", "Trunk"))},
        {"CheckStep", ROWS(TEXT("step"), TEXT("grade"), TEXT("sentence"), TEXT_OR_NULL("advice"))},
        {"Check", ROWS(TEXT("state"), {"works", SHAPE_SWITCH, .may_be_null = true},
                       LIST("steps", "CheckStep"))},
        {"Number",
         ROWS(TEXT("number"), TEXT_OR_NULL("trunk"), TEXT("pool"), COUNT("sessions"),
              TEXT_OR_NULL("country"), TEXT_OR_NULL("area"), {"capabilities", SHAPE_TEXTS},
              SWITCH("reserved"), SWITCH("frozen"), {"tags", SHAPE_TEXTS})},
        {"ImportRow", ROWS(COUNT("row"), TEXT("result"),
                           {"field", SHAPE_TEXT, .may_be_null = true, .may_be_absent = true},
                           {"detail", SHAPE_TEXT, .may_be_absent = true},
                           {"remedy", SHAPE_TEXT, .may_be_absent = true})},
        {"NumberImport", ROWS(SWITCH("dry_run"), COUNT("added"), COUNT("changed"), COUNT("same"),
                              COUNT("rejected"), LIST("rows", "ImportRow"))},
        {"NumberList", ROWS(LIST("numbers", "Number"), NEXT)},
        {"Pool",
         ROWS(TEXT("name"), COUNT("numbers"), COUNT("sessions"), TEXT("model"), COUNT("ttl_ms"),
              COUNT("ttl_max_ms"), COUNT("quarantine_ms"), TEXT("selection"), TEXT("match_country"),
              TEXT("match_area"), {"capabilities", SHAPE_TEXTS}, TEXT("direction"),
              {"days", SHAPE_TEXTS}, COUNT("from_min"), COUNT("to_min"),
              {"utc_offset_min", SHAPE_NUMBER}, COUNT("sliding_ms"), COUNT("session_calls_max"),
              COUNT("session_concurrent_max"), COUNT("party_concurrent_max"),
              COUNT("party_calls_per_h"), COUNT("ring_s"), COUNT("talk_s"), COUNT("warn_s"),
              TEXT("recording"), TEXT("language"), TEXT("voice"), SWITCH("tell_ended"),
              SWITCH("take_withheld"), {"ladder", SHAPE_TEXTS}, COUNT("intent_ms"),
              SWITCH("pin_joins"), COUNT("pin_tries_max"), COUNT("lockout_ms"),
              COUNT("affinity_ms"), COUNT("last_caller_ms"), TEXT("intercept_url"),
              COUNT("intercept_deadline_ms"), SWITCH("intercept_fails_open"), TEXT("on_end"),
              TEXT("refusal"), SWITCH("allow_premium"), SWITCH("allow_emergency"),
              {"no_effect_yet", SHAPE_TEXTS}, {"remarks", SHAPE_TEXTS})},
        {"CertificateKey", ROWS(TEXT("number"), TEXT_OR_NULL("party"), TEXT_OR_NULL("digits"),
                                TEXT_OR_NULL("session"), SWITCH("quarantined"))},
        {"Certificate",
         ROWS(COUNT("certificate"), TEXT("id"), TIME("at"), TEXT("pool"), COUNT("most"),
              TEXT_OR_NULL("party"), COUNT("rented"), COUNT("numbers"), COUNT("open"),
              COUNT("sessions"), COUNT("parties"), COUNT("keys"), COUNT("quarantined"),
              COUNT("erased"), LIST("graph", "CertificateKey"), NEXT)},
        {"Plan",
         ROWS(TEXT("pool"), TIME("at"), COUNT("sessions"), COUNT("quarantine_ms"), COUNT("numbers"),
              COUNT("most"), COUNT("refused"), COUNT("rented"), COUNT("to_rent"), SWITCH("whole"))},
        {"PoolList", ROWS(LIST("pools", "Pool"), NEXT)},
        /* The PIN is there once, if it was drawn. */
        {"Party", ROWS(COUNT("party"), COUNT("side"), TEXT_OR_NULL("hint"), COUNT("numbers"),
                       SWITCH("pin_set"), TEXT_OR_NULL("dials"),
                       {"pin", SHAPE_TEXT, .may_be_absent = true})},
        {"Row", ROWS(ROW_FIELDS)},
        {"Session", ROWS(SESSION_FIELDS)},
        {"SessionMade", ROWS(SESSION_FIELDS, SWITCH("repeated"))},
        {"Erased", ROWS(TEXT("id"), TIME("erased_at"), COUNT("keys"))},
        {"SessionImportRow",
         ROWS(COUNT("row"), TEXT("result"),
              {"session", SHAPE_OBJECT, .may_be_absent = true, .of = "SessionMade"},
              {"field", SHAPE_TEXT, .may_be_null = true, .may_be_absent = true},
              {"detail", SHAPE_TEXT, .may_be_absent = true},
              {"remedy", SHAPE_TEXT, .may_be_null = true, .may_be_absent = true})},
        {"SessionImport", ROWS(SWITCH("dry_run"), COUNT("created"), COUNT("there"),
                               COUNT("rejected"), LIST("rows", "SessionImportRow"))},
        {"PartySession",
         ROWS(TEXT("id"), TEXT("state"), TEXT("role"), {"party", SHAPE_COUNT, .may_be_null = true},
              {"numbers", SHAPE_TEXTS}, SWITCH("pin_set"), {"dials", SHAPE_TEXTS},
              TEXT_OR_NULL("reference"), TIME("created_at"), TIME("starts_at"), TIME("expires_at"),
              TIME("ended_at"))},
        {"PartyCall", ROWS(TEXT("id"), TEXT("role"), TEXT_OR_NULL("number"),
                           TEXT_OR_NULL("session"), TEXT("verdict"), TIME("started_at"),
                           TIME("answered_at"), TIME("ended_at"), COUNT("duration_ms"))},
        {"PartyExport",
         ROWS(TEXT("number"), LIST("sessions", "PartySession"), LIST("calls", "PartyCall"), NEXT)},
        {"PartyErasedSession", ROWS(TEXT("id"), TEXT("result"), COUNT("keys"))},
        {"PartyErased", ROWS(SWITCH("dry_run"), TIME("erased_at"), COUNT("keys"),
                             LIST("sessions", "PartyErasedSession"))},
        {"Intent", ROWS(TEXT("id"), COUNT("party"), TIME("until"))},
        {"SessionList", ROWS(LIST("sessions", "Session"), NEXT)},
        {"Block", ROWS(TEXT("id"), TIME("created_at"))},
        {"BlockList", ROWS(LIST("blocks", "Block"), NEXT)},
        {"Hangup", ROWS(COUNT("code"), TEXT("name"), TEXT("cause"), TEXT("source"))},
        {"Attempt", ROWS(TEXT_OR_NULL("trunk"), TEXT_OR_NULL("address"), TEXT_OR_NULL("transport"),
                         TEXT("result"), {"status", SHAPE_COUNT, .may_be_null = true})},
        {"Leg",
         ROWS(TEXT("leg"), TEXT("id"), TEXT_OR_NULL("trunk"), TEXT_OR_NULL("number"),
              TEXT_OR_NULL("party"), TIME("started_at"), TIME("ringing_at"), TIME("answered_at"),
              TIME("ended_at"), {"hangup", SHAPE_OBJECT, .of = "Hangup"},
              {"sip_status", SHAPE_COUNT, .may_be_null = true}, COUNT("packets_in"),
              COUNT("packets_out"), COUNT("packets_lost"), {"jitter_ms", SHAPE_NUMBER},
              {"attempts", SHAPE_LIST, .may_be_absent = true, .of = "Attempt"})},
        /* What an ended one has more is not there while it goes on. */
        {"Call", ROWS(CALL_FIELDS, {"verdict", SHAPE_TEXT, .may_be_absent = true},
                      {"why", SHAPE_TEXT, .may_be_absent = true},
                      {"duration_ms", SHAPE_COUNT, .may_be_absent = true},
                      {"hangup", SHAPE_OBJECT, .may_be_absent = true, .of = "Hangup"},
                      {"legs", SHAPE_LIST, .may_be_absent = true, .of = "Leg"},
                      {"reason", SHAPE_TEXT, .may_be_absent = true},
                      {"advice", SHAPE_TEXT, .may_be_null = true, .may_be_absent = true},
                      {"q850", SHAPE_COUNT, .may_be_null = true, .may_be_absent = true})},
        {"CallList", ROWS(LIST("active", "Call"), LIST("calls", "Call"), NEXT)},
        {"CallEnding", ROWS(TEXT("id"), TEXT("state"))},
        {"Obstacle", ROWS(TEXT("name"), TEXT("sentence"), TEXT_OR_NULL("advice"))},
        {"Explanation", ROWS(TEXT("verdict"), SWITCH("connects"), TEXT_OR_NULL("words"),
                             TEXT("sentence"), TEXT_OR_NULL("session"), TEXT_OR_NULL("shows"),
                             TEXT_OR_NULL("advice"), LIST("obstacles", "Obstacle"))},
        {"RowExplanation",
         ROWS(ROW_FIELDS, TEXT("verdict"), SWITCH("connects"), TEXT_OR_NULL("words"), TEXT("why"),
              TEXT_OR_NULL("advice"), {"reaches_now", SHAPE_COUNT, .may_be_null = true},
              LIST("obstacles", "Obstacle"))},
        {"SessionExplanation",
         ROWS(TEXT("session"), TEXT("state"), LIST("rows", "RowExplanation"))},
        {"Backup", ROWS(TEXT("id"), TEXT("state"), TIME("created_at"), TIME("expires_at"),
                        TEXT_OR_NULL("file"), TEXT_OR_NULL("problem"),
                        {"bytes_done", SHAPE_COUNT, .may_be_absent = true},
                        {"bytes_total", SHAPE_COUNT, .may_be_absent = true})},
        {"BackupList", ROWS(LIST("backups", "Backup"))},
        {"BackupKey", ROWS(TEXT("id"), TEXT("key"), TIME("expires_at"))},
        {"Event", ROWS(TEXT("id"), TIME("at"), TEXT("kind"), TEXT_OR_NULL("tenant"),
                       TEXT_OR_NULL("session"), TEXT_OR_NULL("call"), TEXT_OR_NULL("number"),
                       TEXT_OR_NULL("trunk"), TEXT_OR_NULL("key"), TEXT_OR_NULL("name"),
                       TEXT_OR_NULL("verdict"), TEXT_OR_NULL("caller"),
                       {"duration_ms", SHAPE_COUNT, .may_be_null = true}, TEXT_OR_NULL("cause"))},
        {"EventList", ROWS(LIST("events", "Event"), TEXT("next"), SWITCH("more"))},
        {"Verification", ROWS(SWITCH("intact"), COUNT("entries"),
                              {"bad_at", SHAPE_COUNT, .may_be_null = true}, TEXT("sentence"))},
};

const struct shape *shape_at(unsigned i)
{
        return i < sizeof shapes / sizeof shapes[0] ? &shapes[i] : NULL;
}
