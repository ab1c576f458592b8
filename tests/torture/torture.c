/* SPDX-License-Identifier: Apache-2.0 */
#include "torture.h"

#include <stdio.h>
#include <stdlib.h>

#include "../unit/unit.h"
#include "wire/sip_msg.h"

static enum torture_reader reader_from(const char *word, const char *file)
{
        static const char *const words[] = {
                [TORTURE_READ] = "read",
                [TORTURE_REFUSED_400] = "400",
                [TORTURE_REFUSED_505] = "505",
                [TORTURE_DROPPED] = "drop",
        };
        for (unsigned i = 0; i < sizeof words / sizeof words[0]; i++) {
                if (!strcmp(word, words[i]))
                        return (enum torture_reader)i;
        }
        fail_msg("%s: no verdict of the reader is called \"%s\"", file, word);
        return TORTURE_DROPPED;
}

static unsigned wire_from(const char *word, const char *file)
{
        if (!strcmp(word, "-"))
                return TORTURE_SILENCE;
        if (!strcmp(word, "call"))
                return TORTURE_CALL;
        unsigned status = (unsigned)strtoul(word, NULL, 10);
        if (status < 200 || status > 699)
                fail_msg("%s: nothing on the wire is called \"%s\"", file, word);
        return status;
}

static void read_row(const char *line, struct torture_row *row)
{
        char section[16], reader[16], wire[16];
        if (sscanf(line, "%63s %15s %15s %15s %15s %255[^\n]", row->file, section, row->rfc, reader,
                   wire, row->why) != 6)
                fail_msg("verdicts.txt: not a row: %s", line);
        row->reader = reader_from(reader, row->file);
        row->wire = wire_from(wire, row->file);
        row->differs = !strncmp(row->why, "differs: ", 9);
}

unsigned torture_load(const char *folder, struct torture_row rows[TORTURE_ROWS_MAX])
{
        char path[4096], line[512];
        unsigned count = 0;
        snprintf(path, sizeof path, "%s/verdicts.txt", folder);
        FILE *file = fopen(path, "r");
        if (!file)
                fail_msg("cannot read %s", path);
        while (fgets(line, sizeof line, file)) {
                if (line[0] == '#' || line[0] == '\n')
                        continue;
                assert_true(count < TORTURE_ROWS_MAX);
                read_row(line, &rows[count++]);
        }
        fclose(file);
        return count;
}

struct slice torture_message(const char *folder, const char *file)
{
        static char bytes[SIP_MSG_BYTES_MAX];
        char path[4096];
        snprintf(path, sizeof path, "%s/%s", folder, file);
        FILE *f = fopen(path, "rb");
        if (!f)
                fail_msg("cannot read %s", path);
        size_t length = fread(bytes, 1, sizeof bytes, f);
        fclose(f);
        assert_true(length > 0);
        return (struct slice){bytes, length};
}

static bool satisfies(const struct torture_row *row, const char *wish, bool is_request)
{
        bool is_refused = row->wire == 400 || row->wire == 505;
        if (!strcmp(wish, "accept"))
                return row->reader == TORTURE_READ && !is_refused &&
                       (!is_request || row->wire != TORTURE_SILENCE);
        if (!strcmp(wish, "discard"))
                return row->wire == TORTURE_SILENCE;
        if (!strcmp(wish, "error"))
                return row->wire >= 400;
        return row->wire == strtoul(wish, NULL, 10);
}

bool torture_is_as_the_rfc_wants(const struct torture_row *row, bool is_request)
{
        char wishes[sizeof row->rfc];
        strcpy(wishes, row->rfc);
        char *rest = wishes;
        for (char *wish; (wish = strsep(&rest, "/"));) {
                if (satisfies(row, wish, is_request))
                        return true;
        }
        return false;
}
