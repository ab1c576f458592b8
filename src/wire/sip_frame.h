/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sip_frame.h - where messages begin and end in a stream of bytes (RFC 3261 7.5, 18.3), and the
 * keep-alives between them (RFC 5626 3.5.1).
 *
 * Nothing is copied: the caller keeps the bytes until a whole message is there. Each byte is looked
 * at a bounded number of times, however small the pieces in which they come.
 */
#ifndef MASKLINE_WIRE_SIP_FRAME_H
#define MASKLINE_WIRE_SIP_FRAME_H

#include "wire/sip_msg.h"

#define SIP_FRAME_HEAD_MAX 16384 /* start line, headers and empty line */

enum sip_frame_event {
        SIP_FRAME_MORE,    /* not whole yet */
        SIP_FRAME_MESSAGE, /* one message, exactly */
        SIP_FRAME_PING,    /* two empty lines: to be answered by one */
        SIP_FRAME_PONG,    /* one empty line: the answer, or the first half of a ping */
        SIP_FRAME_BROKEN,  /* what follows cannot be told apart any more */
};

/* Of one stream; all zero at its beginning. */
struct sip_framer {
        size_t scanned;    /* bytes known not to hold the end of the head */
        size_t head_bytes; /* 0: its end has not been found */
        size_t body_bytes;
        bool has_half_ping;
};

struct sip_frame {
        size_t used;       /* bytes at the front that are done with */
        struct slice text; /* MESSAGE; BROKEN: the head, to be answered, or empty */
        unsigned status;   /* BROKEN: the answer to a request, 400 or 513 */
};

/*
 * `data` are all bytes from the front that no event has used yet, the ones of before included. After
 * BROKEN the stream is over.
 */
enum sip_frame_event sip_frame_next(struct sip_framer *framer, struct slice data,
                                    struct sip_frame *out);

/* Whether a message has begun and is not whole. */
static inline bool sip_frame_has_begun(struct slice data)
{
        return data.len > 0 && data.p[0] != '\r';
}

#endif
