/* SPDX-License-Identifier: Apache-2.0 */
/*
 * All that is held of one number: the sessions that it is in, with its party's other numbers, and the
 * records of its calls. Of anybody else only masking numbers are told.
 */
#include <inttypes.h>
#include <string.h>

#include "api/party_fields.h"
#include "api/party_search.h"
#include "api/rest_parties.h"
#include "api/session_json.h"
#include "base/secret.h"

#define CALLS_MAX   1000 /* in one answer, and those of the same page of records */
#define ROWS_MAX    1000
#define READS_MAX   8 /* of so many records, for one answer */
/* A hint is made when the call comes, or its second leg; the day may have changed since its start. */
#define HINT_LAG_MS 5000

enum field {
        FIELD_NUMBER,
        FIELD_BEFORE,
        FIELDS,
};

const struct body_field rest_party_export_fields[] = {
        [FIELD_NUMBER] = {"number", BODY_TEXT, true},
        [FIELD_BEFORE] = {"before", BODY_TEXT},
        [FIELDS] = {NULL},
};

/* In secret memory. */
struct exporting {
        struct rest_wait *wait; /* owned until it answers */
        struct directory *dir;
        struct real_number number;
        json_t *sessions, *calls; /* owned */
        int64_t before_ms;        /* records before it are next; 0: the newest */
        unsigned reads;
        uint32_t session_count;
};

static void destroy(struct exporting *e)
{
        json_decref(e->sessions);
        json_decref(e->calls);
        secret_free(e, sizeof *e);
}

static void fail(struct exporting *e, int err)
{
        rest_wait_fail(e->wait, err_text(err),
                       "See the server's log for the reason, and ask again.");
        destroy(e);
}

static json_t *number_json(struct real_number number)
{
        return rest_masking_number((struct masking_number){number.n});
}

/* What it dials, whoever that reaches. */
static json_t *dials_json(const struct session_view *view, uint8_t place)
{
        struct session_row rows[SESSION_ROWS_MAX];
        unsigned count = session_view_rows(view, rows);
        json_t *list = json_array();
        for (unsigned i = 0; i < count; i++) {
                if (rows[i].party == place && place != PARTY_NONE)
                        json_array_append_new(list, rest_masking_number(rows[i].dials));
        }
        return list;
}

/* The party's numbers, if it is one still. */
static json_t *numbers_json(const struct exporting *e, const struct party_session *found,
                            const char **role)
{
        struct session_party party;
        json_t *list = json_array();
        *role = found->place == PARTY_NONE ? "last-caller" : "former-party";
        if (found->place != PARTY_NONE &&
            !directory_party_numbers(e->dir, found->id, found->place, &party)) {
                bool is_party = session_party_has(&party, e->number);
                *role = is_party ? "party" : *role;
                for (unsigned i = 0; is_party && i < party.real_count; i++)
                        json_array_append_new(list, number_json(party.real[i]));
                explicit_bzero(&party, sizeof party);
        }
        if (json_array_size(list) == 0)
                json_array_append_new(list, number_json(e->number));
        return list;
}

static void add_session(struct exporting *e, const struct party_session *found)
{
        struct session_view view;
        const char *role;
        if (directory_session_find(e->dir, found->id, &view))
                return;
        json_t *numbers = numbers_json(e, found, &role);
        bool is_party = !strcmp(role, "party");
        const char *reference = view.reference[0] ? view.reference : NULL;
        json_array_append_new(
                e->sessions,
                json_pack("{s:o, s:s, s:s, s:o, s:o, s:b, s:o, s:s?, s:o, s:o, s:o, s:o}", "id",
                          rest_session_id(e->wait->api, view.id), "state",
                          session_state_name(view.state), "role", role, "party",
                          is_party ? json_integer(found->place) : json_null(), "numbers", numbers,
                          "pin_set", is_party && view.parties[found->place].has_pin, "dials",
                          dials_json(&view, is_party ? found->place : PARTY_NONE), "reference",
                          reference, "created_at", rest_time(view.created_ms), "starts_at",
                          rest_time(view.starts_ms), "expires_at", rest_time(view.expires_ms),
                          "ended_at", rest_time(view.ended_ms)));
        e->session_count++;
}

static bool is_of(const struct exporting *e, const struct cdr *row)
{
        for (int lag = -1; lag <= 1; lag += 2) {
                int64_t at_ms = row->started_ms + lag * HINT_LAG_MS;
                struct number_hint hint = directory_hint_at(e->dir, e->number.n, at_ms);
                if (!strcmp(hint.text, row->party_hint.text))
                        return true;
        }
        return false;
}

static void add_call(struct exporting *e, const struct cdr *row)
{
        bool talked = row->answered_ms && row->verdict == MASK_CONNECT;
        json_array_append_new(
                e->calls,
                json_pack("{s:s, s:s, s:o, s:o, s:s, s:o, s:o, s:o, s:I}", "id",
                          uuid_format(row->call_id).text, "role",
                          row->leg == CDR_LEG_A ? "caller" : "callee", "number",
                          rest_masking_number(row->number), "session",
                          rest_session_id(e->wait->api, row->session_id), "verdict",
                          mask_verdict_name(row->verdict), "started_at", rest_time(row->started_ms),
                          "answered_at", rest_time(row->answered_ms), "ended_at",
                          rest_time(row->ended_ms), "duration_ms",
                          (json_int_t)(talked ? row->ended_ms - row->answered_ms : 0)));
}

/* It is told once that it was told is on disk. */
static void answer(struct exporting *e, int64_t next_ms)
{
        struct rest_wait *wait = e->wait;
        wait->answer = json_pack("{s:o, s:O, s:O, s:o}", "number", number_json(e->number),
                                 "sessions", e->sessions, "calls", e->calls, "next",
                                 next_ms ? json_sprintf("%" PRId64, next_ms) : json_null());
        int err = directory_party_audit(e->dir, AUDIT_PARTY_EXPORTED, wait->who.tenant_id,
                                        wait->who.key_id, e->session_count, rest_wait_done, wait);
        if (err) {
                fail(e, err);
                return;
        }
        destroy(e);
}

static void ask_for_calls(struct exporting *e);

/* A full page may have cut off rows of its last instant: they are the next one's. */
static void on_calls(void *arg, int err, const struct cdr *rows, uint32_t count)
{
        struct exporting *e = arg;
        if (err || !e->wait->api) {
                fail(e, err);
                return;
        }
        bool more = count == ROWS_MAX;
        int64_t cut_ms = more ? rows[count - 1].started_ms : 0;
        bool is_one_instant = more && rows[0].started_ms == cut_ms;
        for (uint32_t i = 0; i < count; i++) {
                if ((is_one_instant || rows[i].started_ms > cut_ms) && is_of(e, &rows[i]))
                        add_call(e, &rows[i]);
        }
        e->before_ms = is_one_instant ? cut_ms : cut_ms + 1;
        if (more && ++e->reads < READS_MAX && json_array_size(e->calls) < CALLS_MAX)
                ask_for_calls(e);
        else
                answer(e, more ? e->before_ms : 0);
}

static void ask_for_calls(struct exporting *e)
{
        int err = directory_cdrs_list(e->dir, e->wait->who.tenant_id, e->wait->who.has_all,
                                      e->before_ms, ROWS_MAX, on_calls, e);
        if (err)
                fail(e, err);
}

static void on_sessions(void *arg, int err, const struct party_session *found, uint32_t count)
{
        struct exporting *e = arg;
        if (err || !e->wait->api) {
                fail(e, err);
                return;
        }
        for (uint32_t i = 0; i < count; i++)
                add_session(e, &found[i]);
        ask_for_calls(e);
}

static bool read_body(struct rest *rest, struct real_number *number, int64_t *before_ms)
{
        const json_t *values[FIELDS];
        uint64_t before = 0;
        if (!body_fields(rest, rest->body, "", rest_party_export_fields, values) ||
            !party_fields_own_number(rest, values[FIELD_NUMBER], "number", number))
                return false;
        *before_ms = 0;
        if (!values[FIELD_BEFORE])
                return true;
        if (slice_to_u64(body_slice(values[FIELD_BEFORE]), INT64_MAX / 2, &before) || !before) {
                rest_refuse(rest, PROBLEM_BAD_VALUE, "before", "Use the \"next\" of an answer.",
                            "before must be what an earlier answer gave as \"next\"");
                return false;
        }
        *before_ms = (int64_t)before;
        return true;
}

void rest_party_export(struct rest *rest)
{
        struct real_number number;
        int64_t before_ms;
        if (!read_body(rest, &number, &before_ms))
                return;
        struct exporting *e = secret_alloc(sizeof *e);
        struct rest_wait *wait = rest_wait_create_for(rest, e);
        if (!wait) {
                secret_free(e, sizeof *e);
                goto done;
        }
        *e = (struct exporting){
                .wait = wait,
                .dir = rest->api->params.directory,
                .number = number,
                .sessions = json_array(),
                .calls = json_array(),
                .before_ms = before_ms,
        };
        /* Whoever goes on has been told of the sessions. */
        if (before_ms) {
                ask_for_calls(e);
        } else {
                int err = party_search(e->dir, rest->who.tenant_id, number, on_sessions, e);
                if (err)
                        fail(e, err);
        }
done:
        explicit_bzero(&number, sizeof number);
}
