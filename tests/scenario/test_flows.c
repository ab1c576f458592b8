/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every flow of a folder is a test of its own, named as its file.
 *
 *     test-scenario-flows FOLDER [NAME]                   as written
 *     test-scenario-flows --storm SEEDS FOLDER [NAME]     on a bad network, SEEDS times
 *     test-scenario-flows --disasters SEEDS FOLDER [NAME] with crashes and clock jumps, too
 *     test-scenario-flows --over tcp|tls --storm ...      the same, and all speak TCP, or TLS
 *     test-scenario-flows --calm FOLDER [NAME]            by the rules of a storm, on a good one
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#include "../unit/unit.h"
#include "flow.h"

#define FLOWS_MAX 512
#define SEED      1

static const char *folder;
static uint64_t storms; /* 0: as written */
static struct flow_weather weather;

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
        return weather.transport == TRUNK_UDP ||
               (!flow_has(flow, FLOW_SERVERS) && !flow_has(flow, FLOW_SPEAK));
}

static void plays_as_written(void **state)
{
        const char *name = *state;
        char problem[FLOW_PROBLEM_BYTES], *text = read_file(name), *report = NULL;
        struct flow *flow = flow_read(name, text, problem);
        free(text);
        if (!flow)
                fail_msg("%s", problem);
        uint64_t seed = SEED;
        bool is_good = storms || flow_play(flow, seed, &report);
        for (; is_good && seed <= storms && can_be_moved(flow); seed++)
                is_good = flow_storm(flow, seed, &weather, &report);
        flow_destroy(flow);
        if (!is_good) {
                fputs(report, stderr); /* print_error() cuts it off */
                free(report);
                fail_msg("%s goes wrong, seed %u", name, (unsigned)(storms ? seed - 1 : seed));
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

int main(int argc, char **argv)
{
        struct dirent **entries;
        struct CMUnitTest tests[FLOWS_MAX + 1];
        size_t count = 0;
        enum trunk_transport transport = TRUNK_UDP;
        if (argc > 2 && !strcmp(argv[1], "--over")) {
                transport = !strcmp(argv[2], "tls") ? TRUNK_TLS : TRUNK_TCP;
                argv += 2;
                argc -= 2;
        }
        bool is_storm = argc > 2 && !strcmp(argv[1], "--storm");
        if (is_storm || (argc > 2 && !strcmp(argv[1], "--disasters"))) {
                storms = strtoull(argv[2], NULL, 10);
                weather = is_storm ? flow_bad_network : flow_disasters;
                argv += 2;
                argc -= 2;
        } else if (argc > 1 && !strcmp(argv[1], "--calm")) {
                storms = 1;
                weather = flow_calm;
                argv++;
                argc--;
        }
        weather.transport = transport;
        if (argc < 2)
                return 2;
        folder = argv[1];
        int found = scandir(folder, &entries, is_flow, alphasort);
        for (int i = 0; i < found; i++) {
                char *name = entries[i]->d_name;
                if (argc > 2 && strcmp(name, argv[2]) != 0)
                        continue;
                if (count == FLOWS_MAX)
                        return 2;
                tests[count++] = (struct CMUnitTest){name, plays_as_written, NULL, NULL, name};
        }
        if (count == 0)
                return 2;
        if (argc == 2 && !storms)
                tests[count++] =
                        (struct CMUnitTest)cmocka_unit_test(flows_of_refused_callers_are_alike);
        int failed = _cmocka_run_group_tests("flows", tests, count, NULL, NULL);
        for (int i = 0; i < found; i++)
                free(entries[i]);
        free(entries);
        return failed;
}
