/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sip_health.c - what is known of a target or a trunk, in words.
 */
#include <assert.h>

#include "base/buf.h"
#include "sip/sip_peers.h"
#include "wire/sip_write.h"

static const char *word_of(enum sip_health_reason reason)
{
        switch (reason) {
        case SIP_HEALTH_NOT_TRIED:
                return "nothing was heard of it yet";
        case SIP_HEALTH_ANSWERED:
                return "it answers";
        case SIP_HEALTH_SILENT:
                return "it does not answer";
        case SIP_HEALTH_NO_PONG:
                return "it answers OPTIONS no longer";
        case SIP_HEALTH_REFUSED:
                return "it refuses";
        case SIP_HEALTH_UNREACHABLE:
                return "nothing can be sent there";
        case SIP_HEALTH_NOT_RESOLVED:
                return "its peer's name cannot be resolved";
        case SIP_HEALTH_NO_PEER:
                return "none of its peer's addresses is up";
        }
        return "";
}

const char *sip_health_name(enum sip_health health)
{
        switch (health) {
        case SIP_HEALTH_UNKNOWN:
                return "unknown";
        case SIP_HEALTH_UP:
                return "up";
        case SIP_HEALTH_DOWN:
                return "down";
        }
        return "";
}

struct sip_health_text sip_health_reason(enum sip_health_reason reason, unsigned status)
{
        struct sip_health_text text;
        struct buf b;
        buf_init(&b, text.text, sizeof text.text - 1);
        buf_put_text(&b, word_of(reason));
        if (status) {
                struct slice phrase = sip_reason_phrase(status);
                buf_printf(&b, ": %u %.*s", status, SLICE_ARG(phrase));
        }
        assert(buf_ok(&b));
        text.text[b.len] = '\0';
        return text;
}
