/* SPDX-License-Identifier: Apache-2.0 */
/*
 * flow_stream.c - a peer that speaks TCP or TLS: it listens where it is, connects when it has
 * something to say and no connection, and answers on the one that was used last.
 */
#include <stdlib.h>

#include "../unit/unit.h"
#include "flow_run.h"
#include "io/tls.h"

static const struct stream_options options = {.out_bytes_max = 65536, .connect_ms = 4000};

static const struct stream_handlers handlers;

static struct flow_link *take_link(struct flow_peer *peer, struct stream *stream)
{
        for (unsigned i = 0; i < FLOW_LINKS_MAX; i++) {
                struct flow_link *link = &peer->links[i];
                if (link->stream)
                        continue;
                *link = (struct flow_link){.peer = peer, .stream = stream};
                return link;
        }
        fail_msg("too many connections of one peer");
        return NULL;
}

/* `stream` is what it goes over. */
static void use_stream(struct flow_link *link, struct stream *stream, bool is_server)
{
        const struct tls_params params = {
                .context = platform_tls(),
                .is_server = is_server,
                .domain = is_server ? SLICE_NONE : SLICE("127.0.0.1"),
                .handshake_ms = options.connect_ms,
        };
        link->stream = stream;
        if (link->peer->speaks == TRUNK_TLS)
                assert_int_equal(tls_start(stream, &params, &handlers, link, &link->stream), 0);
        else
                stream_set_handlers(stream, &handlers, link);
}

static void on_accept(void *arg, struct stream *stream)
{
        struct flow_peer *peer = arg;
        if (peer->has_vanished) {
                stream_abort(stream);
                return;
        }
        peer->link = take_link(peer, stream);
        use_stream(peer->link, stream, true);
}

void flow_stream_listen(struct flow_peer *peer, enum trunk_transport speaks)
{
        peer->speaks = speaks;
        assert_int_equal(stream_listen(peer->run->io, &peer->addr, &options, FLOW_LINKS_MAX,
                                       on_accept, peer, &peer->listener),
                         0);
}

void flow_stream_close(struct flow_peer *peer)
{
        stream_listener_close(peer->listener);
        peer->listener = NULL;
        flow_stream_disconnect(peer);
}

void flow_stream_disconnect(struct flow_peer *peer)
{
        for (unsigned i = 0; i < FLOW_LINKS_MAX; i++) {
                peer->losses += peer->links[i].stream != NULL;
                stream_abort(peer->links[i].stream);
                peer->links[i].stream = NULL;
        }
        peer->link = NULL;
}

void flow_stream_connect(struct flow_peer *peer)
{
        struct addr from = peer->addr;
        from.port = 0;
        struct flow_link *link = take_link(peer, NULL);
        struct addr to = *platform_sip(peer->run->platform, from.family);
        struct stream *stream;
        if (peer->speaks == TRUNK_TLS)
                to.port = PLATFORM_TLS_PORT;
        assert_int_equal(
                stream_connect(peer->run->io, &from, &to, &options, &handlers, link, &stream), 0);
        use_stream(link, stream, false);
        peer->link = link;
}

void flow_stream_say(struct flow_peer *peer, struct slice text, bool is_trickled)
{
        if (!peer->link || !peer->link->stream)
                flow_stream_connect(peer);
        size_t each = is_trickled ? 1 : text.len;
        for (size_t at = 0; at < text.len; at += each)
                assert_int_equal(stream_send(peer->link->stream, (struct slice){text.p + at, each}),
                                 0);
}

unsigned flow_stream_count(const struct flow_peer *peer)
{
        unsigned count = 0;
        for (unsigned i = 0; i < FLOW_LINKS_MAX; i++)
                count += peer->links[i].stream != NULL;
        return count;
}

static size_t read_frames(struct flow_link *link)
{
        struct flow_peer *peer = link->peer;
        size_t used = 0;
        for (;;) {
                struct sip_frame frame;
                struct slice rest = {link->in + used, link->bytes - used};
                enum sip_frame_event event = sip_frame_next(&link->framer, rest, &frame);
                used += frame.used;
                switch (event) {
                case SIP_FRAME_MORE:
                        return used;
                case SIP_FRAME_MESSAGE:
                        flow_peer_get(peer, frame.text);
                        break;
                case SIP_FRAME_PING:
                        peer->pings++;
                        break;
                case SIP_FRAME_PONG:
                        peer->pongs++;
                        break;
                case SIP_FRAME_BROKEN:
                        flow_fail(peer->run, "what %s gets is no SIP", peer->name);
                        return link->bytes;
                }
        }
}

static void on_data(void *arg, struct slice data)
{
        struct flow_link *link = arg;
        assert_true(data.len <= sizeof link->in - link->bytes);
        memcpy(link->in + link->bytes, data.p, data.len);
        link->bytes += data.len;
        link->peer->link = link;
        size_t used = read_frames(link);
        memmove(link->in, link->in + used, link->bytes - used);
        link->bytes -= used;
}

static void on_close(void *arg, int err)
{
        struct flow_link *link = arg;
        (void)err;
        link->stream = NULL;
        link->peer->losses++;
        if (link->peer->link == link)
                link->peer->link = NULL;
}

static const struct stream_handlers handlers = {.on_data = on_data, .on_close = on_close};
