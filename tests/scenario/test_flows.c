/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every flow of a folder is a test of its own, named as its file.
 *
 *     test-scenario-flows FOLDER [NAME]
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#include "../unit/unit.h"
#include "flow.h"

#define FLOWS_MAX 256
#define SEED      1

static const char *folder;

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

static void plays_as_written(void **state)
{
        const char *name = *state;
        char problem[FLOW_PROBLEM_BYTES], *text = read_file(name), *report = NULL;
        struct flow *flow = flow_read(name, text, problem);
        free(text);
        if (!flow)
                fail_msg("%s", problem);
        if (!flow_play(flow, SEED, &report)) {
                fputs(report, stderr); /* print_error() cuts it off */
                free(report);
                flow_destroy(flow);
                fail_msg("%s does not go as written", name);
        }
        flow_destroy(flow);
}

static int is_flow(const struct dirent *entry)
{
        const char *dot = strrchr(entry->d_name, '.');
        return dot && !strcmp(dot, ".flow");
}

int main(int argc, char **argv)
{
        struct dirent **entries;
        struct CMUnitTest tests[FLOWS_MAX];
        size_t count = 0;
        if (argc < 2)
                return 2;
        folder = argv[1];
        int found = scandir(folder, &entries, is_flow, alphasort);
        for (int i = 0; i < found; i++) {
                char *name = entries[i]->d_name;
                if (count == FLOWS_MAX || (argc > 2 && strcmp(name, argv[2]) != 0))
                        continue;
                tests[count++] = (struct CMUnitTest){name, plays_as_written, NULL, NULL, name};
        }
        if (count == 0)
                return 2;
        int failed = _cmocka_run_group_tests("flows", tests, count, NULL, NULL);
        for (int i = 0; i < found; i++)
                free(entries[i]);
        free(entries);
        return failed;
}
