/* SPDX-License-Identifier: Apache-2.0 */
#include "sip/sip_stream.h"

#include "io/tls.h"

/* A message of the largest size that is read, and what came with its last piece. */
#define OUT_BYTES  (256 * 1024)
/* TCP's own probes, and how long it may go unheard with something under way. */
#define PROBE_MS   30000
#define UNACKED_MS 15000

struct stream_options sip_stream_options(void)
{
        return (struct stream_options){
                .out_bytes_max = OUT_BYTES,
                .connect_ms = SIP_CONNECT_MS,
                .keepalive_ms = PROBE_MS,
                .unacked_ms = UNACKED_MS,
        };
}

static int start_tls(const struct sip_stream_params *params, struct stream *below,
                     struct stream **out)
{
        const struct tls_params tls = {
                .context = params->tls,
                .domain = slice_from(params->trunk->peer_host),
                .handshake_ms = SIP_HANDSHAKE_MS,
        };
        return tls_start(below, &tls, params->handlers, params->arg, out);
}

int sip_stream_open(const struct sip_stream_params *params, struct stream **out)
{
        const struct stream_options options = sip_stream_options();
        bool is_tls = params->to->transport == SIP_TLS;
        bool is_bound = params->from && !addr_is_any(params->from);
        struct addr from = is_bound ? *params->from : (struct addr){0};
        struct stream *stream, *secure;
        if (is_tls && !params->tls)
                return ERR_NOT_FOUND;
        from.port = 0;
        int err = stream_connect(params->io, is_bound ? &from : NULL, &params->to->addr, &options,
                                 params->handlers, params->arg, &stream);
        if (err)
                return err;
        if (!is_tls) {
                *out = stream;
                return 0;
        }
        err = start_tls(params, stream, &secure);
        if (err)
                stream_abort(stream);
        else
                *out = secure;
        return err;
}
