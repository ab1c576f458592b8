/* SPDX-License-Identifier: Apache-2.0 */
#include "app/restore_command.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "cli/client.h"
#include "cli/progress.h"
#include "store/backup_copy.h"
#include "store/restore.h"

#define IS_MANY(n) ((n) == 1 ? "" : "s")

static void on_progress(void *arg, const char *what, uint64_t done, uint64_t total)
{
        progress_show(arg, what, done, total);
}

static json_t *report_json(const struct restore_report *report, const char *into)
{
        return json_pack("{s:s, s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "backup",
                         backup_name_of(&report->key).text, "data", into, "trunks",
                         (json_int_t)report->trunks, "numbers", (json_int_t)report->numbers,
                         "sessions", (json_int_t)report->sessions, "ended",
                         (json_int_t)report->ended, "erased", (json_int_t)report->erased,
                         "api_keys", (json_int_t)report->api_keys, "audit_entries",
                         (json_int_t)report->audit_entries);
}

static void print_json(const struct restore_report *report, const char *into)
{
        json_t *json = report_json(report, into);
        json_dumpf(json, stdout, JSON_INDENT(2));
        fputc('\n', stdout);
        json_decref(json);
}

static void tell_what_came_back(const struct restore_params *params,
                                const struct restore_report *report)
{
        uint64_t live = report->sessions - report->ended;
        printf("%s is restored from backup %s: %" PRIu32 " trunk%s, %" PRIu32 " number%s, %" PRIu64
               " session%s (%" PRIu64 " live), %" PRIu64 " audit entries, all as they were "
               "written.\n",
               params->into, backup_name_of(&report->key).text, report->trunks,
               IS_MANY(report->trunks), report->numbers, IS_MANY(report->numbers), report->sessions,
               IS_MANY(report->sessions), live, report->audit_entries);
        if (report->erased)
                printf("%" PRIu64 " session%s of it had been erased and stay%s so.\n",
                       report->erased, IS_MANY(report->erased), report->erased == 1 ? "s" : "");
        if (!params->from)
                printf("Sessions that were erased since the backup are back, since there is no "
                       "--from to compare with: erase them again.\n");
        printf("Back are also sessions that were ended since (end them again), numbers and trunks "
               "that were removed%s. Lost is what was made since: sessions, call records, audit "
               "entries, calls in progress.\n",
               report->api_keys ? ", and API keys that were revoked (maskline key list)" : "");
        printf("Start it with: maskline serve --data %s\n", params->into);
}

static int64_t wall_ms(void)
{
        struct timespec now;
        clock_gettime(CLOCK_REALTIME, &now);
        return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int read_line(const struct command_line *line, struct restore_params *params)
{
        *params = (struct restore_params){
                .backup = line->operands[0],
                .into = client_data_dir(line),
                .from = command_value(line, "--from"),
                .master_key = command_value(line, "--master-key"),
                .backup_key = command_value(line, "--backup-key"),
                .now_ms = wall_ms(),
                .progress = on_progress,
        };
        if (params->from || (params->master_key && params->backup_key))
                return EXIT_DONE;
        fputs("maskline restore: say where the keys are: --from DIR, the data directory that made "
              "the backup, or both --master-key FILE and --backup-key FILE\n",
              stderr);
        return EXIT_USAGE;
}

static int run_restore(const struct command_line *line)
{
        struct progress progress = {0};
        struct restore_params params;
        struct restore_report report;
        char problem[STORE_PROBLEM_BYTES];
        int code = read_line(line, &params);
        if (code)
                return code;
        params.arg = &progress;
        log_set_level(LOG_ERROR);
        if (mkdir(params.into, 0700) < 0 && errno != EEXIST) {
                fprintf(stderr,
                        "maskline restore: %s cannot be made: %s; make it, for the user "
                        "who runs the server, with mode 700\n",
                        params.into, strerror(errno));
                return EXIT_FAILED;
        }
        int err = restore_run(&params, &report, problem);
        progress_end(&progress);
        if (err) {
                fprintf(stderr, "maskline restore: %s\n", problem);
                return EXIT_FAILED;
        }
        if (command_has(line, "--json"))
                print_json(&report, params.into);
        else
                tell_what_came_back(&params, &report);
        return EXIT_DONE;
}

static const struct command_option own_options[] = {
        {"--data", "DIR",
         "the directory to restore into: empty, or not there yet (default: $MASKLINE_DATA, "
         "else " CLIENT_DATA_DEFAULT ")"},
        {"--from", "DIR",
         "the data directory that made the backup: has its keys, and knows what was erased since"},
        {"--master-key", "FILE", "the installation's master.key, as you keep it apart"},
        {"--backup-key", "FILE", "the backup's own key, as \"maskline backup key\" wrote it"},
        {"--json", NULL, "print what was restored as JSON"},
        {NULL},
};

const struct command restore_commands[] = {
        {
                .name = "restore",
                .summary = "Make a data directory out of a backup, checked as a whole.",
                .operands = "BACKUP",
                .operands_min = 1,
                .operands_max = 1,
                .options = own_options,
                .examples =
                        "  maskline restore /backup/20260801T100000Z-1a2b3c4d.maskline-backup \\\n"
                        "      --from /var/lib/maskline.old --data /var/lib/maskline\n"
                        "  maskline restore BACKUP --master-key master.key --backup-key FILE\n",
                .run = run_restore,
        },
        {NULL},
};
