/* SPDX-License-Identifier: Apache-2.0 */
/*
 * use_codec.h - what a session remembers of its calls, as bytes; nothing for one that was never used.
 *
 *   last_used_ms:8 calls:4 (party:1 reached:4 heard_s:4 heard_from:1)*
 */
#ifndef MASKLINE_STORE_USE_CODEC_H
#define MASKLINE_STORE_USE_CODEC_H

#include "base/buf.h"
#include "core/session_use.h"

#define USE_BYTES_MAX (12 + SESSION_PARTIES_MAX * 10)

void use_encode(const struct session_use *use, struct buf *out);        /* room for USE_BYTES_MAX */
int use_decode(struct slice bytes, struct session_use *out) MUST_CHECK; /* ERR_VERSION */

#endif
