/* SPDX-License-Identifier: Apache-2.0 */
#include "api/rest_backups.h"

#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "store/backups.h"

static const char *state_text(enum backup_state state)
{
        switch (state) {
        case BACKUP_RUNNING:
                return "running";
        case BACKUP_DONE:
                return "done";
        case BACKUP_FAILED:
                return "failed";
        }
        return NULL;
}

static json_t *backup_json(const struct api *api, const struct backup_view *view)
{
        json_t *json = json_pack("{s:s, s:s, s:o, s:o, s:o, s:s?}", "id", view->name.text, "state",
                                 state_text(view->state), "created_at", rest_time(view->created_ms),
                                 "expires_at", rest_time(view->expires_ms), "file",
                                 view->state == BACKUP_FAILED
                                         ? json_null()
                                         : json_sprintf("%s/%s" BACKUP_SUFFIX,
                                                        backups_folder(api->params.backups),
                                                        view->name.text),
                                 "problem", view->problem[0] ? view->problem : NULL);
        if (view->state == BACKUP_RUNNING) {
                json_object_set_new(json, "bytes_done", json_integer((json_int_t)view->bytes_done));
                json_object_set_new(json, "bytes_total",
                                    json_integer((json_int_t)view->bytes_total));
        }
        return json;
}

static struct backups *backups_or_refuse(struct rest *rest)
{
        struct backups *backups = rest->api->params.backups;
        if (!backups)
                rest_refuse(rest, PROBLEM_STATE, NULL, "Run maskline serve on a data directory.",
                            "this server keeps its data in memory: there is nothing to back up");
        return backups;
}

static bool find_or_refuse(struct rest *rest, struct backup_view *view)
{
        struct backups *backups = backups_or_refuse(rest);
        if (!backups)
                return false;
        if (backups_find(backups, slice_from(rest->segment), view) == 0)
                return true;
        rest_refuse(rest, PROBLEM_NOT_FOUND, NULL,
                    "GET /v1/backups (maskline backup list) lists those whose key is still there.",
                    "there is no such backup, or its time is over");
        return false;
}

static void refuse_running(struct rest *rest)
{
        rest_refuse(rest, PROBLEM_STATE, NULL,
                    "Wait until it is done; GET /v1/backups (maskline backup list) says when.",
                    "a backup is being made");
}

void rest_backups_list(struct rest *rest)
{
        struct backup_view view;
        struct backups *backups = backups_or_refuse(rest);
        if (!backups)
                return;
        json_t *list = json_array();
        for (uint32_t i = 0; backups_at(backups, i, &view); i++)
                json_array_append_new(list, backup_json(rest->api, &view));
        rest_answer(rest->api, rest->exchange, 200, json_pack("{s:o}", "backups", list));
}

void rest_backups_start(struct rest *rest)
{
        struct backup_view view;
        struct backups *backups = backups_or_refuse(rest);
        if (!backups)
                return;
        int err = backups_start(backups, &view);
        if (err == ERR_STATE)
                refuse_running(rest);
        else if (err)
                rest_refuse_store(rest, err);
        else
                rest_answer(rest->api, rest->exchange, 202, backup_json(rest->api, &view));
}

void rest_backups_show(struct rest *rest)
{
        struct backup_view view;
        if (find_or_refuse(rest, &view))
                rest_answer(rest->api, rest->exchange, 200, backup_json(rest->api, &view));
}

/* The text goes out and is wiped; jansson's memory is (base/secret.h). */
void rest_backups_key(struct rest *rest)
{
        struct backup_view view;
        char text[BACKUP_KEY_TEXT];
        if (!find_or_refuse(rest, &view))
                return;
        if (backups_export_key(rest->api->params.backups, slice_from(rest->segment), text)) {
                rest_refuse(rest, PROBLEM_STATE, NULL, "See what became of it: GET the same path.",
                            "the backup has no key: it failed, or is only beginning");
                return;
        }
        log_info("backup: the key of %s was told", view.name.text);
        json_t *answer = json_pack("{s:s, s:s, s:o}", "id", view.name.text, "key", text,
                                   "expires_at", rest_time(view.expires_ms));
        explicit_bzero(text, sizeof text);
        rest_answer(rest->api, rest->exchange, 200, answer);
}

void rest_backups_forget(struct rest *rest)
{
        struct backup_view view;
        if (!find_or_refuse(rest, &view))
                return;
        struct rest_wait *wait = rest_wait_create(rest);
        if (!wait)
                return;
        wait->status = 204;
        int err = backups_forget(rest->api->params.backups, slice_from(rest->segment),
                                 rest_wait_done, wait);
        if (!err)
                return;
        rest_wait_destroy(wait);
        if (err == ERR_STATE)
                refuse_running(rest);
        else if (err == ERR_NOT_FOUND)
                rest_refuse(rest, PROBLEM_STATE, NULL, "Leave it: nothing of it is left.",
                            "the backup failed and has no key");
        else
                rest_refuse_store(rest, err);
}
