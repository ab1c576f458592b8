/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sip_packet.h - messages kept for as long as they may have to be sent again.
 *
 * Two sizes from two pools taken at start: nearly every message of ours fits the small one. They
 * hold numbers, so both lie in locked memory and are wiped when dropped.
 */
#ifndef MASKLINE_SIP_SIP_PACKET_H
#define MASKLINE_SIP_SIP_PACKET_H

#include "base/pool.h"
#include "base/slice.h"

#define SIP_PACKET_BYTES_MAX 4096

struct sip_packet;
struct sip_packets;

int sip_packets_create(uint32_t small_max, uint32_t large_max, struct sip_packets **out) MUST_CHECK;
void sip_packets_destroy(struct sip_packets *packets); /* NULL is fine */

/* NULL: longer than SIP_PACKET_BYTES_MAX, or no room. */
struct sip_packet *sip_packets_keep(struct sip_packets *packets, struct slice text);
void sip_packets_drop(struct sip_packets *packets, struct sip_packet *packet); /* NULL is fine */
struct slice sip_packet_text(const struct sip_packet *packet);                 /* NULL: empty */
uint32_t sip_packets_used(const struct sip_packets *packets);

#endif
