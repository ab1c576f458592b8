/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/completion.h"

#include <string.h>

/* Calls `fn` for every command, in the order of help. */
static void each_command(struct buf *out, const struct command *const *tables,
                         void (*fn)(struct buf *out, const struct command *command))
{
        for (; *tables; tables++)
                for (const struct command *c = *tables; c->name; c++)
                        fn(out, c);
}

static struct slice first_word(const char *name)
{
        struct slice behind;
        return slice_split(slice_from(name), ' ', &behind);
}

static const char *second_word(const char *name)
{
        const char *space = strchr(name, ' ');
        return space ? space + 1 : NULL;
}

/* Each first word once, in the order of help. */
static bool is_first_of_its_kind(const struct command *const *tables, const struct command *command)
{
        struct slice word = first_word(command->name);
        for (; *tables; tables++)
                for (const struct command *c = *tables; c->name; c++)
                        if (slice_equal(first_word(c->name), word))
                                return c == command;
        return true;
}

static void put_first_words(struct buf *out, const struct command *const *tables)
{
        for (const struct command *const *t = tables; *t; t++)
                for (const struct command *c = *t; c->name; c++)
                        if (is_first_of_its_kind(tables, c))
                                buf_printf(out, "%.*s ", SLICE_ARG(first_word(c->name)));
}

static void put_second_words(struct buf *out, const struct command *const *tables,
                             struct slice word)
{
        for (; *tables; tables++)
                for (const struct command *c = *tables; c->name; c++)
                        if (second_word(c->name) && slice_equal(first_word(c->name), word))
                                buf_printf(out, "%s ", second_word(c->name));
}

static bool wants_file(const struct command_option *option)
{
        return option->value && (!strcmp(option->value, "FILE") || !strcmp(option->value, "DIR"));
}

static void put_options(struct buf *out, const struct command_option *rows, bool files_only)
{
        for (; rows && rows->name; rows++)
                if (!files_only || wants_file(rows))
                        buf_printf(out, "%s ", rows->name);
}

static void put_values(struct buf *out, const struct command_option *rows)
{
        for (; rows && rows->name; rows++)
                if (rows->value && !wants_file(rows))
                        buf_printf(out, "%s ", rows->name);
}

static void put_bash_command(struct buf *out, const struct command *c)
{
        bool takes_file =
                c->operands && (strstr(c->operands, "FILE") || !strcmp(c->name, "restore"));
        buf_printf(out, "    '%s'%s)\n        options='", c->name,
                   second_word(c->name) ? "" : "' '*");
        put_options(out, c->options, false);
        put_options(out, c->common, false);
        buf_put_text(out, "--help'\n        files=' ");
        put_options(out, c->options, true);
        put_options(out, c->common, true);
        buf_put_text(out, "'\n        values=' ");
        put_values(out, c->options);
        put_values(out, c->common);
        buf_printf(out, "'\n        operand=%s ;;\n", takes_file ? "file" : "");
}

static void put_bash(struct buf *out, const struct command *const *tables)
{
        buf_put_text(out,
                     "_maskline() {\n"
                     "    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]}\n"
                     "    local first=${COMP_WORDS[1]} second=${COMP_WORDS[2]} at=$COMP_CWORD\n"
                     "    local options='' files='' values='' operand=''\n"
                     "    COMPREPLY=()\n"
                     "    if [ \"$first\" = help ]; then\n"
                     "        first=$second second=${COMP_WORDS[3]} at=$((at - 1))\n"
                     "    fi\n"
                     "    if [ \"$at\" -le 1 ]; then\n"
                     "        COMPREPLY=($(compgen -W '");
        put_first_words(out, tables);
        buf_put_text(out, "help --version' -- \"$cur\"))\n        return\n    fi\n"
                          "    if [ \"$at\" -eq 2 ]; then\n        case $first in\n");
        for (const struct command *const *t = tables; *t; t++)
                for (const struct command *c = *t; c->name; c++) {
                        if (!second_word(c->name) || !is_first_of_its_kind(tables, c))
                                continue;
                        buf_printf(out, "        %.*s) COMPREPLY=($(compgen -W '",
                                   SLICE_ARG(first_word(c->name)));
                        put_second_words(out, tables, first_word(c->name));
                        buf_put_text(out, "' -- \"$cur\")); return ;;\n");
                }
        buf_put_text(out, "        esac\n    fi\n    case \"$first $second\" in\n");
        each_command(out, tables, put_bash_command);
        buf_put_text(out, "    *) return ;;\n    esac\n"
                          "    case $files in *\" $prev \"*)\n"
                          "        COMPREPLY=($(compgen -f -- \"$cur\")); return ;;\n    esac\n"
                          "    case $values in *\" $prev \"*) return ;; esac\n"
                          "    case $cur in\n"
                          "    -*) COMPREPLY=($(compgen -W \"$options\" -- \"$cur\")) ;;\n"
                          "    *) if [ \"$operand\" ]; then COMPREPLY=($(compgen -f -- \"$cur\"))\n"
                          "        else COMPREPLY=($(compgen -W \"$options\" -- \"$cur\")); fi ;;\n"
                          "    esac\n}\n"
                          "complete -o filenames -F _maskline maskline\n");
}

/* Between single quotes of fish. */
static void put_quoted(struct buf *out, const char *text)
{
        buf_put_char(out, '\'');
        for (; *text; text++) {
                if (*text == '\'' || *text == '\\')
                        buf_put_char(out, '\\');
                buf_put_char(out, *text);
        }
        buf_put_char(out, '\'');
}

static void put_fish_options(struct buf *out, const struct command *command,
                             const struct command_option *rows)
{
        for (; rows && rows->name; rows++) {
                buf_printf(out, "complete -c maskline -n '__maskline_is %s' -l %s%s -d ",
                           command->name, rows->name + 2,
                           !rows->value       ? ""
                           : wants_file(rows) ? " -r -F"
                                              : " -x");
                put_quoted(out, rows->help);
                buf_put_char(out, '\n');
        }
}

static void put_fish_command(struct buf *out, const struct command *command)
{
        const char *second = second_word(command->name);
        struct slice first = first_word(command->name);
        if (second)
                buf_printf(out, "complete -c maskline -n '__maskline_wants %.*s' -a %s -d ",
                           SLICE_ARG(first), second);
        else
                buf_printf(out, "complete -c maskline -n '__maskline_wants' -a %s -d ",
                           command->name);
        put_quoted(out, command->summary);
        buf_put_char(out, '\n');
        put_fish_options(out, command, command->options);
        put_fish_options(out, command, command->common);
}

static void put_fish(struct buf *out, const struct command *const *tables)
{
        buf_put_text(
                out,
                "function __maskline_words\n"
                "    string match -v -- '-*' (commandline -opc)[2..-1]\n"
                "end\n"
                "function __maskline_wants\n"
                "    test (string join ' ' -- (__maskline_words)) = (string join ' ' -- $argv)\n"
                "end\n"
                "function __maskline_is\n"
                "    string match -q -- \"$argv *\" (string join ' ' -- (__maskline_words))' '\n"
                "end\n"
                "complete -c maskline -f\n");
        for (const struct command *const *t = tables; *t; t++)
                for (const struct command *c = *t; c->name; c++)
                        if (second_word(c->name) && is_first_of_its_kind(tables, c))
                                buf_printf(out,
                                           "complete -c maskline -n '__maskline_wants' -a %.*s\n",
                                           SLICE_ARG(first_word(c->name)));
        each_command(out, tables, put_fish_command);
}

int completion_put(struct buf *out, const struct command *const *tables, const char *shell)
{
        if (!strcmp(shell, "bash")) {
                put_bash(out, tables);
        } else if (!strcmp(shell, "zsh")) {
                buf_put_text(out,
                             "#compdef maskline\nautoload -U +X bashcompinit && bashcompinit\n");
                put_bash(out, tables);
        } else if (!strcmp(shell, "fish")) {
                put_fish(out, tables);
        } else {
                return ERR_NOT_FOUND;
        }
        return 0;
}
