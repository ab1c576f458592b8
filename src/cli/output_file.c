/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/output_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int output_file_create(const char *name)
{
        int fd = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
        if (fd < 0)
                fprintf(stderr,
                        "maskline: %s cannot be made: %s; name a file that is not there yet, in a "
                        "directory that you may write in\n",
                        name, strerror(errno));
        return fd;
}

int output_file_put_line(int fd, const char *text)
{
        if (dprintf(fd, "%s\n", text) < 0)
                return -errno;
        /* EINVAL: a terminal or a pipe, which keeps nothing. */
        return fsync(fd) == 0 || errno == EINVAL ? 0 : -errno;
}
