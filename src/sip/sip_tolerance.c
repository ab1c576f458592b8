/* SPDX-License-Identifier: Apache-2.0 */
#include "sip/sip_tolerance.h"

#include <assert.h>

#include "base/buf.h"

static bool tolerates(struct sip_trunk_state *trunk, enum trunk_tolerance tolerance)
{
        if (!trunk || !(trunk->trunk.tolerates & 1u << tolerance))
                return false;
        trunk->counters.tolerated[tolerance]++;
        return true;
}

bool sip_tolerates_cut(struct sip_trunk_state *trunk, const struct sip_target *source,
                       const struct sip_msg *msg)
{
        return msg->is_cut && source->transport == SIP_UDP && tolerates(trunk, TOLERATE_SHORT_BODY);
}

static bool is_untyped_description(const struct sip_msg *msg)
{
        return msg->content_type.len == 0 && !msg->content_is_sdp &&
               slice_starts_with(msg->body, SLICE("v=0"));
}

/* RFC 3261 8.1.1.8 wants it; where the INVITE came from is where its dialog can be reached. */
static void put_contact(struct sip_msg *msg, const struct sip_target *source, char *memory)
{
        struct buf b;
        struct sip_name_addr *contact = &msg->contacts[0];
        buf_init(&b, memory, SIP_TOLERANCE_BYTES);
        buf_put_text(&b, "sip:");
        buf_put_text(&b, addr_format(&source->addr).text);
        assert(buf_ok(&b));
        *contact = (struct sip_name_addr){.text = buf_slice(&b)};
        int err = sip_uri_parse(buf_slice(&b), &contact->uri);
        assert(!err);
        msg->contact_count = 1;
}

void sip_tolerate(struct sip_trunk_state *trunk, const struct sip_target *source,
                  struct sip_msg *msg, char memory[SIP_TOLERANCE_BYTES])
{
        bool is_first = msg->is_request && msg->method == SIP_INVITE && !msg->to.tag.len;
        bool has_contact = msg->contact_count || msg->contact_is_star;
        if (is_untyped_description(msg) && tolerates(trunk, TOLERATE_UNTYPED_BODY))
                msg->content_is_sdp = true;
        if (is_first && !has_contact && tolerates(trunk, TOLERATE_NO_CONTACT))
                put_contact(msg, source, memory);
}
