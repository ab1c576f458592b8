/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every session that a number is in loses its key, one after the other, until a search finds no more; a
 * session that it only called last forgets that. The receipt says which, and is given when all is on disk.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/party_fields.h"
#include "api/party_search.h"
#include "api/rest_parties.h"
#include "base/secret.h"

/* Sessions may be created while others are erased: so often it is looked for more. */
#define ROUNDS_MAX 8

enum field {
        FIELD_NUMBER,
        FIELD_DRY_RUN,
        FIELDS,
};

const struct body_field rest_party_erase_fields[] = {
        [FIELD_NUMBER] = {"number", BODY_TEXT, true},
        [FIELD_DRY_RUN] = {"dry_run", BODY_SWITCH},
        [FIELDS] = {NULL},
};

/* In secret memory. */
struct erasing {
        struct rest_wait *wait; /* owned until it answers */
        struct directory *dir;
        uint32_t tenant_id;
        struct real_number number;
        bool dry_run;
        unsigned rounds;
        struct party_session *found; /* owned: of this round */
        uint32_t count, next;
        json_t *sessions; /* owned: the receipt */
        uint32_t keys;
};

static void destroy(struct erasing *e)
{
        free(e->found);
        json_decref(e->sessions);
        secret_free(e, sizeof *e);
}

/* What was erased stays so: asked again, the rest is. */
static void fail(struct erasing *e, int err)
{
        char detail[160];
        snprintf(detail, sizeof detail, "%s; sessions erased so far: %zu",
                 err == ERR_IN_USE ? "sessions of the number are created as fast as they are erased"
                                   : err_text(err),
                 e->dry_run ? 0 : json_array_size(e->sessions));
        rest_wait_fail(e->wait, detail,
                       "What was erased so far stays erased, and what was begun goes on as soon as "
                       "the disk takes it; ask again for the rest.");
        destroy(e);
}

static void answer(struct erasing *e)
{
        struct rest_wait *wait = e->wait;
        wait->answer = json_pack("{s:b, s:o, s:I, s:O}", "dry_run", (int)e->dry_run, "erased_at",
                                 e->dry_run ? json_null() : rest_time(directory_now(e->dir)),
                                 "keys", (json_int_t)e->keys, "sessions", e->sessions);
        destroy(e);
        rest_wait_done(wait, 0);
}

static void on_audited(void *arg, int err)
{
        struct erasing *e = arg;
        if (err)
                fail(e, err);
        else
                answer(e);
}

/* Also what an earlier request began, which a search does not find any more. */
static void on_all_erased(void *arg, int err)
{
        struct erasing *e = arg;
        const struct principal *who = &e->wait->who;
        if (!err)
                err = directory_party_audit(e->dir, AUDIT_PARTY_ERASED, who->tenant_id, who->key_id,
                                            (uint32_t)json_array_size(e->sessions), on_audited, e);
        if (err)
                fail(e, err);
}

static void finish(struct erasing *e)
{
        if (e->dry_run) {
                answer(e);
                return;
        }
        int err = directory_erasures_wait(e->dir, on_all_erased, e);
        if (err)
                on_all_erased(e, err == ERR_NOT_FOUND ? 0 : err);
}

static void put_session(struct erasing *e, uint64_t id, const char *result, uint32_t keys)
{
        e->keys += keys;
        if (e->wait->api)
                json_array_append_new(e->sessions,
                                      json_pack("{s:o, s:s, s:I}", "id",
                                                rest_session_id(e->wait->api, id), "result", result,
                                                "keys", (json_int_t)keys));
}

static void go_on(struct erasing *e);

static void on_erased(void *arg, int err, const struct erase_receipt *receipt)
{
        struct erasing *e = arg;
        if (err) {
                fail(e, err);
                return;
        }
        put_session(e, receipt->session_id, "erased", receipt->rows);
        go_on(e);
}

static void on_forgotten(void *arg, int err)
{
        struct erasing *e = arg;
        if (err) {
                fail(e, err);
                return;
        }
        put_session(e, e->found[e->next - 1].id, "forgotten", 1);
        go_on(e);
}

/* ERR_NOT_FOUND: it has been erased meanwhile. */
static int erase_one(struct erasing *e, const struct party_session *one)
{
        struct session_view view;
        const struct session_edit forget = {.kind = EDIT_FORGET_CALLER};
        int err = ERR_STATE;
        if (one->place == PARTY_NONE)
                err = directory_session_edit(e->dir, one->id, &forget, &view, NULL, on_forgotten,
                                             e);
        /* One that has ended is erased soon anyway. */
        if (err == ERR_STATE)
                err = directory_session_erase(e->dir, one->id, on_erased, e);
        return err;
}

static void search(struct erasing *e);

/* One at a time: each is answered when it is on disk. */
static void go_on(struct erasing *e)
{
        while (e->next < e->count) {
                const struct party_session *one = &e->found[e->next++];
                int err = e->dry_run ? 0 : erase_one(e, one);
                if (e->dry_run)
                        put_session(e, one->id,
                                    one->place == PARTY_NONE ? "would-be-forgotten"
                                                             : "would-be-erased",
                                    0);
                else if (!err)
                        return;
                else if (err != ERR_NOT_FOUND) {
                        fail(e, err);
                        return;
                }
        }
        if (e->dry_run)
                finish(e);
        else
                search(e);
}

static void on_found(void *arg, int err, const struct party_session *found, uint32_t count)
{
        struct erasing *e = arg;
        if (!err && count && e->rounds++ == ROUNDS_MAX)
                err = ERR_IN_USE;
        struct party_session *copy = NULL;
        if (!err && count && !(copy = malloc(count * sizeof *copy)))
                err = -ENOMEM;
        if (err || !e->wait->api) {
                free(copy);
                fail(e, err);
                return;
        }
        if (!count) {
                finish(e);
                return;
        }
        memcpy(copy, found, count * sizeof *copy);
        free(e->found);
        e->found = copy;
        e->count = count;
        e->next = 0;
        go_on(e);
}

static void search(struct erasing *e)
{
        int err = party_search(e->dir, e->tenant_id, e->number, on_found, e);
        if (err)
                fail(e, err);
}

void rest_party_erase(struct rest *rest)
{
        const json_t *values[FIELDS];
        struct real_number number;
        if (!body_fields(rest, rest->body, "", rest_party_erase_fields, values) ||
            !party_fields_own_number(rest, values[FIELD_NUMBER], "number", &number))
                return;
        struct erasing *e = secret_alloc(sizeof *e);
        struct rest_wait *wait = rest_wait_create_for(rest, e);
        if (!wait) {
                secret_free(e, sizeof *e);
                goto done;
        }
        *e = (struct erasing){
                .wait = wait,
                .dir = rest->api->params.directory,
                .tenant_id = rest->who.tenant_id,
                .number = number,
                .dry_run = json_is_true(values[FIELD_DRY_RUN]),
                .sessions = json_array(),
        };
        search(e);
done:
        explicit_bzero(&number, sizeof number);
}
