/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stream_epoll.h - TCP on the real loop; for io_epoll.c only, which puts these in its table.
 */
#ifndef MASKLINE_IO_STREAM_EPOLL_H
#define MASKLINE_IO_STREAM_EPOLL_H

#include "io/stream.h"

int tcp_connect(struct io *io, const struct addr *local, const struct addr *peer,
                const struct stream_options *options, struct stream **out) MUST_CHECK;
int tcp_listen(struct io *io, const struct addr *local, struct stream_listener **out) MUST_CHECK;
void tcp_listener_close(struct stream_listener *listener);

#endif
