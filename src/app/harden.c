/* SPDX-License-Identifier: Apache-2.0 */
#include "app/harden.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "store/problem.h"

/* Store, loop, log, listening sockets, resolver. */
#define FILES_OF_THE_HOUSE 64
#define FILES_PER_CALL     4 /* in each family */

#if defined(__SANITIZE_ADDRESS__)
#define HAS_LEAK_CHECK 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define HAS_LEAK_CHECK 1
#endif
#endif

/* Of the soft limit alone: the hard one cannot be raised again when dumps are allowed. */
static void limit_cores(bool are_allowed)
{
        struct rlimit limit;
        if (getrlimit(RLIMIT_CORE, &limit) < 0)
                return;
        limit.rlim_cur = are_allowed ? limit.rlim_max : 0;
        (void)setrlimit(RLIMIT_CORE, &limit);
}

void harden_forbid_dumps(void)
{
        limit_cores(false);
#ifndef HAS_LEAK_CHECK
        /*
         * Kernels that pipe cores to a program do not ask for the limit. The leak check of a
         * sanitizer traces the process that ends: it must stay traceable.
         */
        (void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
#endif
}

void harden_allow_dumps(void)
{
        limit_cores(true);
        (void)prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
}

uint32_t harden_files_needed(const struct config *config)
{
        const struct addr_pair media = config_media(config);
        const uint32_t families = media.ip4.family && media.ip6.family ? 2 : 1;
        return config->calls_max * FILES_PER_CALL * families + config->http_connections_max +
               config->sip_connections_max + FILES_OF_THE_HOUSE;
}

int harden_raise_file_limit(uint32_t needed, char *problem)
{
        struct rlimit limit;
        if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
                return -errno;

        limit.rlim_cur = limit.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &limit);
        if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
                return -errno;
        if (limit.rlim_cur >= needed)
                return 0;
        problem_put(problem,
                    "calls_max, http_connections_max and sip_connections_max need %" PRIu32
                    " open files, but the limit is "
                    "%" PRIu64
                    ": raise it (ulimit -Hn, or LimitNOFILE= of the systemd unit), or lower "
                    "calls_max",
                    needed, (uint64_t)limit.rlim_cur);
        return ERR_RANGE;
}
