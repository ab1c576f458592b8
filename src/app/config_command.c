/* SPDX-License-Identifier: Apache-2.0 */
#include "app/config_command.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/config_page.h"
#include "cli/client.h"

const struct command_option config_options[] = {
        {"--data", "DIR", "data directory (default: $MASKLINE_DATA, else " CLIENT_DATA_DEFAULT ")"},
        {"--config", "FILE", "configuration file (default: maskline.conf in the data directory)"},
        {"--set", "NAME=VALUE", "one setting, stronger than the file", .repeats = true},
        {NULL},
};

int config_place_find(const struct command_line *line, struct config_place *out)
{
        *out = (struct config_place){0};
        out->data_dir = client_data_dir(line);

        const char *path = command_value(line, "--config");
        struct buf b;
        buf_init(&b, out->path, sizeof out->path - 1);
        buf_printf(&b, "%s%s", path ? path : out->data_dir, path ? "" : "/maskline.conf");
        if (!buf_ok(&b))
                return ERR_TOO_LARGE;

        unsigned sets = command_values(line, "--set", out->sets, CONFIG_SETS_MAX);
        out->source = (struct config_source){
                .path = out->path,
                .must_exist = path != NULL,
                .sets = out->sets,
                .set_count = sets,
        };
        return 0;
}

int config_read_or_explain(const struct config_source *source, struct config *out)
{
        static char memory[CONFIG_PROBLEMS_BYTES];
        struct buf problems;
        buf_init(&problems, memory, sizeof memory);
        int err = config_read(source, out, &problems);
        if (err) {
                fwrite(problems.p, 1, problems.len, stderr);
                if (!buf_ok(&problems))
                        fputs("\n... and more problems\n", stderr);
        }
        return err;
}

static int print_page(void (*put)(struct buf *out))
{
        static char memory[65536];
        struct buf out;
        buf_init(&out, memory, sizeof memory);
        put(&out);
        bool written = fwrite(out.p, 1, out.len, stdout) == out.len && fflush(stdout) == 0;
        return buf_ok(&out) && written ? EXIT_DONE : EXIT_FAILED;
}

static int check(const struct command_line *line)
{
        struct config config;
        struct config_place place;
        if (config_place_find(line, &place)) {
                fputs("maskline config: the path is too long\n", stderr);
                return EXIT_USAGE;
        }
        const char *file = command_value(line, "--check");
        if (file) {
                place.source.path = file;
                place.source.must_exist = true;
        }
        if (config_read_or_explain(&place.source, &config))
                return EXIT_FAILED;
        bool is_there = place.source.must_exist || access(place.source.path, F_OK) == 0;
        printf("%s: %s\n", place.source.path,
               is_there ? "good" : "not there, so the defaults hold; they are good");
        return EXIT_DONE;
}

static int run_config(const struct command_line *line)
{
        if (command_has(line, "--print-defaults"))
                return print_page(config_put_defaults);
        if (command_has(line, "--reference"))
                return print_page(config_put_reference);
        return check(line);
}

static const struct command_option own_options[] = {
        {"--print-defaults", NULL, "write a configuration file with every key at its default"},
        {"--check", "FILE", "check this file and report every problem"},
        {"--reference", NULL, "write the reference page, in Markdown"},
        {NULL},
};

const struct command config_commands[] = {
        {
                .name = "config",
                .summary = "Print the defaults, or check a configuration file.",
                .options = own_options,
                .common = config_options,
                .examples = "  maskline config --print-defaults > maskline.conf\n"
                            "  maskline config --check maskline.conf\n"
                            "  maskline config --data /var/lib/maskline --set log_level=debug\n",
                .run = run_config,
        },
        {NULL},
};
