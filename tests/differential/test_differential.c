/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every message is read by our parser and by libosip2. Whatever they disagree in is listed in
 * disagreements.tsv, with a class whose reason stands in classes.txt.
 *
 *     test-differential FOLDER [--write] MESSAGES...
 *
 * FOLDER has the two files; MESSAGES are files, or folders of them. --write makes the list anew.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "../unit/unit.h"
#include "classify.h"
#include "mutate.h"

#define FILES_MAX  8192
#define ROWS_MAX   8192
#define ROW_BYTES  320
#define SEEDS_MAX  64
#define PER_SEED   8
#define BYTES_MAX  65536
#define MUTANT_MAX 8192

static const char *folder;
static char *files[FILES_MAX];
static unsigned file_count;

/* ---- the list ---- */

static char rows[ROWS_MAX][ROW_BYTES];
static unsigned row_count, agreed, both_refused;

/* Generated messages that disagree in the same way are one row, with their number. */
static unsigned numbers[ROWS_MAX];

static void add_row(const char *input, const char *what, const char *class)
{
        char row[ROW_BYTES];
        snprintf(row, sizeof row, "%s\t%s\t%s", input, what, class);
        for (unsigned i = 0; i < row_count; i++) {
                if (!strcmp(rows[i], row)) {
                        numbers[i]++;
                        return;
                }
        }
        if (row_count == ROWS_MAX)
                fail_msg("more than %d disagreements", ROWS_MAX);
        numbers[row_count] = 1;
        strcpy(rows[row_count++], row);
}

static int by_text(const void *a, const void *b)
{
        return strcmp(a, b);
}

/* ---- comparing ---- */

static void compare(const char *input, struct slice message)
{
        static struct reading ours, osip;
        char class[CLASS_BYTES_MAX], what[64];
        read_by_ours(message, &ours);
        read_by_osip(message, &osip);
        if (!ours.is_accepted && !osip.is_accepted) {
                both_refused++;
        } else if (!ours.is_accepted) {
                classify_refusal(message, read_by_ours, class);
                add_row(input, "we refuse", class);
        } else if (!osip.is_accepted) {
                classify_refusal(message, read_by_osip, class);
                add_row(input, "libosip2 refuses", class);
        } else {
                bool is_equal = true;
                for (enum value v = 0; v < VALUES; v++) {
                        if (!strcmp(ours.values[v], osip.values[v]))
                                continue;
                        is_equal = false;
                        snprintf(what, sizeof what, "differs: %s", value_name(v));
                        add_row(input, what, classify_difference(message, v));
                        if (getenv("DIFFERENTIAL_SHOW"))
                                print_message("%s: %s: ours '%s', libosip2 '%s'\n", input,
                                              value_name(v), ours.values[v], osip.values[v]);
                }
                agreed += is_equal;
        }
}

/* ---- messages ---- */

static struct slice load(const char *path)
{
        static char bytes[BYTES_MAX];
        FILE *file = fopen(path, "rb");
        if (!file)
                fail_msg("cannot read %s", path);
        size_t len = fread(bytes, 1, sizeof bytes - 1, file);
        fclose(file);
        bytes[len] = '\0';
        return (struct slice){bytes, len};
}

static const char *name_of(const char *path)
{
        const char *slash = strrchr(path, '/');
        return slash ? slash + 1 : path;
}

static void collect(const char *path)
{
        struct stat st;
        if (stat(path, &st))
                fail_msg("cannot read %s", path);
        if (!S_ISDIR(st.st_mode)) {
                if (file_count == FILES_MAX)
                        fail_msg("more than %d files", FILES_MAX);
                files[file_count++] = strdup(path);
                return;
        }
        DIR *dir = opendir(path);
        if (!dir)
                fail_msg("cannot read %s", path);
        for (struct dirent *entry; (entry = readdir(dir));) {
                char child[4096];
                snprintf(child, sizeof child, "%s/%s", path, entry->d_name);
                if (entry->d_name[0] != '.')
                        collect(child);
        }
        closedir(dir);
}

static int by_name(const void *a, const void *b)
{
        return strcmp(name_of(*(char *const *)a), name_of(*(char *const *)b));
}

/* What has a name of its own, and is read by both alike, is a seed of generated messages. */
static bool is_seed(const char *path, struct slice message)
{
        static struct reading ours, osip;
        if (strlen(name_of(path)) == 40 || message.len > MUTANT_MAX / 2)
                return false;
        read_by_ours(message, &ours);
        read_by_osip(message, &osip);
        return ours.is_accepted && osip.is_accepted && !memcmp(&ours, &osip, sizeof ours);
}

static void compare_mutants(struct slice message, struct random *random)
{
        static char memory[MUTANT_MAX + 4096];
        for (unsigned kind = 0; kind < mutation_kinds(); kind++) {
                for (unsigned i = 0; i < PER_SEED; i++) {
                        struct buf b;
                        char input[96];
                        buf_init(&b, memory, sizeof memory - 1);
                        mutate(message, kind, random, &b);
                        if (b.len == 0)
                                continue;
                        memory[b.len] = '\0';
                        snprintf(input, sizeof input, "generated: %s", mutation_name(kind));
                        compare(input, buf_slice(&b));
                }
        }
}

static void compare_all(void)
{
        struct random random;
        unsigned seeds = 0;
        random_init_seeded(&random, 4475);
        qsort(files, file_count, sizeof *files, by_name);
        for (unsigned i = 0; i < file_count; i++) {
                struct slice message = load(files[i]);
                compare(name_of(files[i]), message);
                if (is_seed(files[i], message)) {
                        compare_mutants(message, &random);
                        seeds++;
                }
        }
        qsort(rows, row_count, sizeof *rows, by_text);
        print_message("%u files, %u of them seeds: %u messages agreed in, %u refused by both, "
                      "%u disagreements\n",
                      file_count, seeds, agreed, both_refused, row_count);
        assert_true(seeds > 10);
        assert_true(agreed > 100);
}

/* ---- the committed list ---- */

static void path_of(char path[4096], const char *name)
{
        snprintf(path, 4096, "%s/%s", folder, name);
}

static void write_list(void)
{
        char path[4096];
        path_of(path, "disagreements.tsv");
        FILE *file = fopen(path, "w");
        if (!file)
                fail_msg("cannot write %s", path);
        fputs("# Generated by test-differential --write; the reasons are in classes.txt.\n"
              "# message\twhat\tclass\n",
              file);
        for (unsigned i = 0; i < row_count; i++)
                fprintf(file, "%s\n", rows[i]);
        fclose(file);
}

static bool is_in_file(const char *name, const char *text, bool is_first_word)
{
        char path[4096], line[2048];
        bool found = false;
        path_of(path, name);
        FILE *file = fopen(path, "r");
        if (!file)
                fail_msg("cannot read %s", path);
        while (!found && fgets(line, sizeof line, file)) {
                line[strcspn(line, is_first_word ? "\t\n" : "\n")] = '\0';
                found = !strcmp(line, text);
        }
        fclose(file);
        return found;
}

static void every_disagreement_is_listed(void **state)
{
        (void)state;
        unsigned missing = 0;
        for (unsigned i = 0; i < row_count; i++) {
                if (is_in_file("disagreements.tsv", rows[i], false))
                        continue;
                print_error("not listed: %s\n", rows[i]);
                missing++;
        }
        if (missing)
                print_error("when they are as they should be, write the list anew: "
                            "tests/differential/README.md\n");
        assert_int_equal(missing, 0);
}

static void every_listed_disagreement_is_there(void **state)
{
        (void)state;
        char path[4096], line[2048];
        unsigned gone = 0;
        path_of(path, "disagreements.tsv");
        FILE *file = fopen(path, "r");
        assert_non_null(file);
        while (fgets(line, sizeof line, file)) {
                line[strcspn(line, "\n")] = '\0';
                if (line[0] == '#')
                        continue;
                bool found = false;
                for (unsigned i = 0; i < row_count && !found; i++)
                        found = !strcmp(rows[i], line);
                if (!found)
                        print_error("listed, but they agree: %s\n", line);
                gone += !found;
        }
        fclose(file);
        assert_int_equal(gone, 0);
}

static void every_class_has_a_reason(void **state)
{
        (void)state;
        unsigned without = 0;
        for (unsigned i = 0; i < row_count; i++) {
                const char *what = strchr(rows[i], '\t') + 1;
                char class[ROW_BYTES];
                snprintf(class, sizeof class, "%.*s: %s", (int)strcspn(what, "\t"), what,
                         strchr(what, '\t') + 1);
                if (is_in_file("classes.txt", class, true))
                        continue;
                print_error("no reason for \"%s\" of %s\n", class, rows[i]);
                without++;
        }
        assert_int_equal(without, 0);
}

int main(int argc, char **argv)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(every_disagreement_is_listed),
                cmocka_unit_test(every_listed_disagreement_is_there),
                cmocka_unit_test(every_class_has_a_reason),
        };
        bool writes = argc > 2 && !strcmp(argv[2], "--write");
        if (argc < 3)
                return 2;
        folder = argv[1];
        for (int i = writes ? 3 : 2; i < argc; i++)
                collect(argv[i]);
        compare_all();
        if (writes)
                write_list();
        int failed = RUN_TESTS(tests);
        for (unsigned i = 0; i < file_count; i++)
                free(files[i]);
        return failed;
}
