/* SPDX-License-Identifier: Apache-2.0 */
#include "sip/sip_packet.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define SMALL_BYTES 1264 /* an INVITE of ours stays under 1,200 bytes */

struct sip_packet {
        uint32_t bytes;
        bool is_large;
        char text[];
};

struct sip_packets {
        struct pool *small, *large; /* owned */
};

int sip_packets_create(uint32_t small_max, uint32_t large_max, struct sip_packets **out)
{
        struct sip_packets *packets = calloc(1, sizeof *packets);
        if (!packets)
                return -ENOMEM;

        int err = pool_create(sizeof(struct sip_packet) + SMALL_BYTES, small_max, true,
                              &packets->small);
        if (!err)
                err = pool_create(sizeof(struct sip_packet) + SIP_PACKET_BYTES_MAX, large_max, true,
                                  &packets->large);
        if (err) {
                sip_packets_destroy(packets);
                return err;
        }
        *out = packets;
        return 0;
}

void sip_packets_destroy(struct sip_packets *packets)
{
        if (!packets)
                return;
        pool_destroy(packets->small);
        pool_destroy(packets->large);
        free(packets);
}

struct sip_packet *sip_packets_keep(struct sip_packets *packets, struct slice text)
{
        if (text.len > SIP_PACKET_BYTES_MAX)
                return NULL;

        struct sip_packet *packet = NULL;
        bool is_large = text.len > SMALL_BYTES;
        if (!is_large)
                packet = pool_take(packets->small, NULL);
        if (!packet) {
                is_large = true;
                packet = pool_take(packets->large, NULL);
        }
        if (!packet)
                return NULL;
        packet->bytes = (uint32_t)text.len;
        packet->is_large = is_large;
        memcpy(packet->text, text.p, text.len);
        return packet;
}

void sip_packets_drop(struct sip_packets *packets, struct sip_packet *packet)
{
        if (packet)
                pool_put(packet->is_large ? packets->large : packets->small, packet);
}

struct slice sip_packet_text(const struct sip_packet *packet)
{
        if (!packet)
                return SLICE_NONE;
        return (struct slice){packet->text, packet->bytes};
}

uint32_t sip_packets_used(const struct sip_packets *packets)
{
        return pool_used(packets->small) + pool_used(packets->large);
}
