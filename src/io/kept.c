/* SPDX-License-Identifier: Apache-2.0 */
#include "io/kept.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

static int option_of(int fd, int name)
{
        int value = 0;
        socklen_t len = sizeof value;
        return getsockopt(fd, SOL_SOCKET, name, &value, &len) < 0 ? -1 : value;
}

static int check(int fd, int type, struct addr *bound)
{
        struct sockaddr_storage ss;
        socklen_t len = sizeof ss;
        if (option_of(fd, SO_TYPE) != type || getsockname(fd, (struct sockaddr *)&ss, &len) < 0 ||
            (ss.ss_family != AF_INET && ss.ss_family != AF_INET6))
                return -EINVAL;
        if (type == SOCK_STREAM && option_of(fd, SO_ACCEPTCONN) != 1)
                return -EINVAL;
        addr_from_sockaddr(&ss, bound);
        return bound->port ? 0 : -EINVAL;
}

int kept_add(struct kept *kept, int type, int fd, struct addr *bound)
{
        int err = check(fd, type, bound);
        if (err)
                return err;
        if (fcntl(fd, F_SETFD, FD_CLOEXEC) < 0 || fcntl(fd, F_SETFL, O_NONBLOCK) < 0)
                return -errno;
        struct kept_socket *grown = reallocarray(kept->list, kept->count + 1, sizeof *grown);
        if (!grown)
                return -ENOMEM;
        kept->list = grown;
        kept->list[kept->count++] = (struct kept_socket){*bound, type, fd};
        return 0;
}

/* Mostly they are asked for in the order in which they came. */
int kept_take(struct kept *kept, int type, const struct addr *local, struct addr *bound, int *fd)
{
        for (size_t i = 0; i < kept->count; i++) {
                struct kept_socket *one = &kept->list[(kept->next + i) % kept->count];
                if (one->fd < 0 || one->type != type || !addr_equal(&one->local, local))
                        continue;
                kept->next = (size_t)(one - kept->list) + 1;
                *bound = one->local;
                *fd = one->fd;
                one->fd = -1;
                return 0;
        }
        return ERR_NOT_FOUND;
}

void kept_close(struct kept *kept)
{
        for (size_t i = 0; i < kept->count; i++) {
                if (kept->list[i].fd >= 0)
                        close(kept->list[i].fd);
        }
        free(kept->list);
        *kept = (struct kept){0};
}
