/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A configuration file. It is taken whole or refused with a reason; what is taken is printed, row
 * by row, as text that reads back as the same.
 */
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "app/config_value.h"
#include "fuzz.h"

static int read_bytes(const void *data, size_t size, struct config *out, struct buf *problems)
{
        char path[64];
        int fd = memfd_create("config", MFD_CLOEXEC);
        MUST(fd >= 0);
        MUST(write(fd, data, size) == (ssize_t)size);
        snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
        const struct config_source source = {.path = path, .must_exist = true};
        int err = config_read(&source, out, problems);
        close(fd);
        return err;
}

static void print(const struct config *config, struct buf *out)
{
        for (unsigned i = 0; i < config_row_count; i++) {
                buf_printf(out, "%s = ", config_rows[i].name);
                config_value_put(out, &config_rows[i], config);
                buf_put_char(out, '\n');
        }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        static char problem_text[CONFIG_PROBLEMS_BYTES], page_text[65536];
        struct buf problems, page;
        struct config first, second;
        buf_init(&problems, problem_text, sizeof problem_text);
        if (read_bytes(data, size, &first, &problems)) {
                MUST(problems.len > 0);
                return 0;
        }
        MUST(problems.len == 0);

        buf_init(&page, page_text, sizeof page_text);
        print(&first, &page);
        MUST(buf_ok(&page));
        MUST(read_bytes(page.p, page.len, &second, &problems) == 0);
        MUST(memcmp(&first, &second, sizeof first) == 0);
        return 0;
}
