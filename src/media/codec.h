/* SPDX-License-Identifier: Apache-2.0 */
/*
 * codec.h - samples into PCMU and PCMA, and each into the other.
 *
 * Between the two laws go the tables of ITU-T G.711, not a way over linear samples: as many values
 * as can survive a round trip do.
 */
#ifndef MASKLINE_MEDIA_CODEC_H
#define MASKLINE_MEDIA_CODEC_H

#include <stddef.h>

#include "wire/sdp.h"

void codec_encode(enum sdp_codec codec, const int16_t *samples, size_t count, uint8_t *out);

struct codec_tables {
        uint8_t from_other_law[SDP_CODECS][256];
};

void codec_tables_init(struct codec_tables *tables);

/* From the law that is not `to` into `to`. */
void codec_recode(const struct codec_tables *tables, enum sdp_codec to, const uint8_t *in,
                  size_t count, uint8_t *out);

#endif
