/* SPDX-License-Identifier: Apache-2.0 */
#include "sip/sip_transports.h"

#include <errno.h>
#include <stdlib.h>

struct sip_transports {
        struct sip_transports_params params;
        struct io_udp *udp; /* owned */
};

static void on_datagram(void *arg, const struct addr *from, struct slice data)
{
        struct sip_transports *transports = arg;
        const struct sip_target source = sip_target_of(SIP_UDP, *from);
        transports->params.on_message(transports->params.arg, &source, data);
}

int sip_transports_create(const struct sip_transports_params *params, struct sip_transports **out)
{
        struct sip_transports *transports = calloc(1, sizeof *transports);
        if (!transports)
                return -ENOMEM;
        transports->params = *params;
        int err =
                io_udp_open(params->io, &params->listen, on_datagram, transports, &transports->udp);
        if (err) {
                sip_transports_destroy(transports);
                return err;
        }
        *out = transports;
        return 0;
}

void sip_transports_destroy(struct sip_transports *transports)
{
        if (!transports)
                return;
        io_udp_close(transports->udp);
        free(transports);
}

const struct addr *sip_transports_local(const struct sip_transports *transports)
{
        return io_udp_local(transports->udp);
}

void sip_transports_send(struct sip_transports *transports, uint32_t trunk_id,
                         const struct sip_target *to, struct slice message)
{
        (void)trunk_id;
        io_udp_send(transports->udp, &to->addr, message);
}
