/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every flow of a folder is a test of its own, named as its file.
 *
 *     test-scenario-flows FOLDER [NAME]                   as written
 *     test-scenario-flows --storm SEEDS FOLDER [NAME]     on a bad network, SEEDS times
 *     test-scenario-flows --disasters SEEDS FOLDER [NAME] with crashes and clock jumps, too
 *     test-scenario-flows --over tcp|tls --storm ...      the same, and all speak TCP, or TLS
 *     test-scenario-flows ... --seed N FOLDER [NAME]      from this seed on: --storm 1 --seed N is one storm
 *     test-scenario-flows --calm FOLDER [NAME]            by the rules of a storm, on a good one
 */
#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "../unit/unit.h"
#include "flow.h"
#include "under_way.h"

#define FLOWS_MAX 512

static const char *folder, *only; /* one flow, or NULL */

/* By which rules they are played, other than as written. */
static const struct course {
        const char *option, *one; /* how one seed of it is asked for */
        const struct flow_weather *weather;
        bool has_count;
} courses[] = {
        {"--storm", "--storm 1 ", &flow_bad_network, true},
        {"--disasters", "--disasters 1 ", &flow_disasters, true},
        {"--calm", "--calm ", &flow_calm, false},
};
static const struct course *course; /* NULL: as written */
static uint64_t seeds = 1, first_seed = 1;
static enum trunk_transport transport = TRUNK_UDP;

static char *read_file(const char *name)
{
        char path[512];
        snprintf(path, sizeof path, "%s/%s", folder, name);
        FILE *file = fopen(path, "r");
        assert_non_null(file);
        char *text = NULL;
        size_t bytes = 0;
        ssize_t len = getdelim(&text, &bytes, 0, file);
        fclose(file);
        assert_true(len > 0);
        return text;
}

/* To the transport of the storm: what DNS says is of another one. */
static bool can_be_moved(const struct flow *flow)
{
        return transport == TRUNK_UDP ||
               (!flow_has(flow, FLOW_SERVERS) && !flow_has(flow, FLOW_SPEAK));
}

/* What repeats it alone. */
static const char *command(const char *name, uint64_t seed)
{
        static const char *const over[] = {
                [TRUNK_UDP] = "", [TRUNK_TCP] = "--over tcp ", [TRUNK_TLS] = "--over tls "};
        static char text[256];
        snprintf(text, sizeof text, "%s%s--seed %" PRIu64 " FOLDER %s", over[transport],
                 course ? course->one : "", seed, name);
        return text;
}

static bool play(const struct flow *flow, uint64_t seed, char **report)
{
        under_way(command(flow->name, seed));
        struct flow_weather weather = course ? *course->weather : flow_calm;
        weather.transport = transport;
        bool is_good =
                course ? flow_storm(flow, seed, &weather, report) : flow_play(flow, seed, report);
        under_way(NULL);
        return is_good;
}

static void goes_as_it_should(void **state)
{
        const char *name = *state;
        char problem[FLOW_PROBLEM_BYTES], *text = read_file(name), *report = NULL;
        struct flow *flow = flow_read(name, text, problem);
        free(text);
        if (!flow)
                fail_msg("%s", problem);
        uint64_t seed = first_seed;
        bool is_good = true;
        for (; is_good && seed < first_seed + seeds && can_be_moved(flow); seed++)
                is_good = play(flow, seed, &report);
        flow_destroy(flow);
        if (!is_good) {
                fputs(report, stderr); /* print_error() cuts it off */
                free(report);
                fail_msg("%s goes wrong: %s", name, command(name, seed - 1));
        }
}

/* The steps of a flow in which its caller takes part. */
static char *steps_of_the_agent(const char *name)
{
        char problem[FLOW_PROBLEM_BYTES], *text = read_file(name);
        struct flow *flow = flow_read(name, text, problem);
        if (!flow)
                fail_msg("%s", problem);
        text[0] = 0; /* there is room for each line of it */
        for (unsigned i = 0; i < flow->step_count; i++) {
                if (!strncmp(flow->steps[i].text, "agent ", 6))
                        strcat(strcat(text, flow->steps[i].text), "\n");
        }
        flow_destroy(flow);
        return text;
}

/* Whether a number is nobody's, free, or another's: its caller can't tell. */
static void flows_of_refused_callers_are_alike(void **state)
{
        (void)state;
        static const char *const names[] = {
                "refused_ended.flow",   "refused_expired.flow",    "refused_stranger.flow",
                "refused_unknown.flow", "refused_no_session.flow",
        };
        char *first = steps_of_the_agent(names[0]);
        assert_non_null(strstr(first, "agent hears announcement\n"));
        for (size_t i = 1; i < sizeof names / sizeof names[0]; i++) {
                char *other = steps_of_the_agent(names[i]);
                assert_string_equal(other, first);
                free(other);
        }
        free(first);
}

static int is_flow(const struct dirent *entry)
{
        const char *dot = strrchr(entry->d_name, '.');
        return dot && !strcmp(dot, ".flow");
}

/* How many words it is; 0: it is none. */
static int take_option(const char *name, const char *value)
{
        for (size_t i = 0; i < sizeof courses / sizeof courses[0]; i++) {
                if (strcmp(name, courses[i].option) != 0 || (courses[i].has_count && !value))
                        continue;
                course = &courses[i];
                seeds = course->has_count ? strtoull(value, NULL, 10) : 1;
                return course->has_count ? 2 : 1;
        }
        if (!value)
                return 0;
        if (!strcmp(name, "--over"))
                transport = !strcmp(value, "tls") ? TRUNK_TLS : TRUNK_TCP;
        else if (!strcmp(name, "--seed"))
                first_seed = strtoull(value, NULL, 10);
        else
                return 0;
        return 2;
}

static bool read_options(int argc, char **argv)
{
        int i = 1;
        while (i < argc && argv[i][0] == '-') {
                int words = take_option(argv[i], i + 1 < argc ? argv[i + 1] : NULL);
                if (words == 0)
                        return false;
                i += words;
        }
        folder = i < argc ? argv[i] : NULL;
        only = i + 1 < argc ? argv[i + 1] : NULL;
        return folder != NULL;
}

int main(int argc, char **argv)
{
        struct dirent **entries;
        struct CMUnitTest tests[FLOWS_MAX + 1];
        size_t count = 0;
        if (!read_options(argc, argv))
                return 2;
        int found = scandir(folder, &entries, is_flow, alphasort);
        for (int i = 0; i < found; i++) {
                char *name = entries[i]->d_name;
                if (count == FLOWS_MAX || (only && strcmp(name, only) != 0))
                        continue;
                tests[count++] =
                        (struct CMUnitTest){name, goes_as_it_should, NULL, under_way_end, name};
        }
        if (count == 0)
                return 2;
        if (!only && !course)
                tests[count++] =
                        (struct CMUnitTest)cmocka_unit_test(flows_of_refused_callers_are_alike);
        int failed = _cmocka_run_group_tests("flows", tests, count, NULL, NULL);
        for (int i = 0; i < found; i++)
                free(entries[i]);
        free(entries);
        return failed;
}
