/* SPDX-License-Identifier: Apache-2.0 */
#include "api/process.h"

#include <dirent.h>
#include <inttypes.h>
#include <malloc.h>
#include <stdio.h>
#include <unistd.h>

static uint64_t count_open_files(void)
{
        uint64_t count = 0;
        DIR *dir = opendir("/proc/self/fd");
        if (!dir)
                return 0;
        for (const struct dirent *entry; (entry = readdir(dir));)
                count += entry->d_name[0] != '.';
        closedir(dir);
        return count - 1; /* the one that we count with */
}

static uint64_t read_resident_bytes(void)
{
        uint64_t pages = 0;
        FILE *file = fopen("/proc/self/statm", "re");
        if (!file)
                return 0;
        if (fscanf(file, "%*u %" SCNu64, &pages) != 1)
                pages = 0;
        fclose(file);
        return pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

void process_use(struct process_use *out)
{
        struct mallinfo2 heap = mallinfo2();
        *out = (struct process_use){
                .open_files = count_open_files(),
                .resident_bytes = read_resident_bytes(),
                .heap_bytes = heap.uordblks + heap.hblkhd,
        };
}
