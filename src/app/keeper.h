/* SPDX-License-Identifier: Apache-2.0 */
/*
 * keeper.h - the process that outlives a crash of the server.
 *
 *     keeper  -- opens the SIP sockets and the RTP port pairs, starts the worker, waits
 *        '-- worker  -- this program again: takes the sockets and is the server
 *
 * When the worker is killed by a signal the keeper starts another one, which goes on with the calls
 * in the crash record (call/crash_record.h); what arrives meanwhile waits in the sockets, and so do
 * those who connect: the listening ones are kept, too. The keeper reads no datagram, takes no connection, has no key and no data, and ends with the worker's exit status otherwise.
 * Without it the worker is the server alone (--no-keeper), and opens its sockets itself.
 */
#ifndef MASKLINE_APP_KEEPER_H
#define MASKLINE_APP_KEEPER_H

#include "app/config.h"
#include "io/io.h"

/* The command line to start the worker with; lives as long as the program. From main(). */
void keeper_set_command(char **argv);

/* False in a worker. */
bool keeper_is_wanted(void);

/*
 * Runs workers until one ends by itself, or too many have crashed; the exit status. SIGTERM, SIGINT
 * and SIGHUP are passed on.
 */
int keeper_run(const struct config *config);

/* In a worker: the sockets that were kept for it. */
struct kept_sockets {
        uint16_t *rtp_ports; /* owned: even ports of pairs */
        uint32_t rtp_ports_count;
};
/* Gives them to the loop, whose io_udp_open() then finds them. -ENOMEM. */
int keeper_take_sockets(struct io *io, const struct config *config,
                        struct kept_sockets *out) MUST_CHECK;

#endif
