/* SPDX-License-Identifier: Apache-2.0 */
#include "sip/sip_template.h"

#include <assert.h>

#include "sip/sip_compose.h"
#include "wire/sip_write.h"

static void put_number(struct buf *b, const struct trunk *trunk, enum trunk_place place,
                       struct number number)
{
        enum number_form form = trunk_template_form(&trunk->writing, place, trunk->number_form);
        assert(!number_is_none(number));
        buf_put_number_as(b, number, form, &trunk->plan);
}

static void put_user_phone(struct buf *b, const struct trunk *trunk)
{
        if (trunk->writing.user_phone)
                buf_put_text(b, ";user=phone");
}

static void put_domain(struct buf *b, const struct trunk *trunk, const struct sip_sent_by *local)
{
        switch (trunk->writing.domain) {
        case TRUNK_DOMAIN_OWN:
                buf_put_text(b, addr_format(&local->addr).text);
                return;
        case TRUNK_DOMAIN_PEER:
                sip_compose_peer_host(b, trunk, false);
                return;
        case TRUNK_DOMAIN_NAMED:
                buf_put_text(b, trunk->writing.named);
                return;
        }
}

static void put_own(struct buf *b, const struct trunk *trunk, const struct sip_sent_by *local,
                    enum trunk_place place, struct masking_number number)
{
        buf_put_text(b, "sip:");
        put_number(b, trunk, place, number.n);
        buf_put_char(b, '@');
        put_domain(b, trunk, local);
        put_user_phone(b, trunk);
}

static void put_username(struct buf *b, const struct trunk *trunk, const struct sip_sent_by *local)
{
        buf_put_text(b, "sip:");
        sip_compose_username(b, trunk->username);
        buf_put_char(b, '@');
        put_domain(b, trunk, local);
}

void sip_template_put_from(struct buf *b, const struct trunk *trunk,
                           const struct sip_sent_by *local, struct masking_number show)
{
        if (trunk->writing.privacy == TRUNK_PRIVACY_ID) {
                buf_put_text(b, "sip:anonymous@anonymous.invalid"); /* RFC 3323 4.1.1.3 */
                return;
        }
        switch (trunk->writing.from_user) {
        case TRUNK_WHO_SHOWN:
                put_own(b, trunk, local, TRUNK_PLACE_FROM, show);
                return;
        case TRUNK_WHO_PILOT:
                put_own(b, trunk, local, TRUNK_PLACE_FROM, trunk->writing.pilot);
                return;
        case TRUNK_WHO_USERNAME:
                put_username(b, trunk, local);
                return;
        }
}

struct slice sip_template_display(const struct trunk *trunk)
{
        if (trunk->writing.privacy == TRUNK_PRIVACY_ID)
                return SLICE("Anonymous");
        return slice_from(trunk->writing.display);
}

static void put_party(struct buf *b, const struct trunk *trunk, enum trunk_place place,
                      const char *prefix, struct real_number party)
{
        buf_put_text(b, "sip:");
        sip_compose_username(b, prefix);
        put_number(b, trunk, place, party.n);
        buf_put_char(b, '@');
        sip_compose_peer_host(b, trunk, true);
        put_user_phone(b, trunk);
}

void sip_template_put_to(struct buf *b, const struct trunk *trunk, struct real_number party)
{
        put_party(b, trunk, TRUNK_PLACE_TO, "", party);
}

void sip_template_put_request_uri(struct buf *b, const struct trunk *trunk,
                                  struct real_number party)
{
        put_party(b, trunk, TRUNK_PLACE_REQUEST_URI, trunk->writing.request_prefix, party);
}

static void put_identity(struct buf *b, const char *name, const struct trunk *trunk,
                         const struct sip_sent_by *local, struct masking_number number)
{
        char memory[SIP_TEMPLATE_URI_BYTES];
        struct buf value;
        buf_init(&value, memory, sizeof memory);
        buf_put_char(&value, '<');
        put_own(&value, trunk, local, TRUNK_PLACE_ASSERTED, number);
        buf_put_char(&value, '>');
        assert(buf_ok(&value));
        sip_write_header(b, name, buf_slice(&value));
}

void sip_template_put_headers(struct buf *b, const struct trunk *trunk,
                              const struct sip_sent_by *local, struct masking_number show)
{
        const struct trunk_template *writing = &trunk->writing;
        bool asserts_pilot = writing->asserted_user == TRUNK_WHO_PILOT;
        if (trunk->send_asserted)
                put_identity(b, "P-Asserted-Identity", trunk, local,
                             asserts_pilot ? writing->pilot : show);
        if (writing->charge != TRUNK_CHARGE_ABSENT)
                put_identity(b, "P-Charge-Info", trunk, local,
                             writing->charge == TRUNK_CHARGE_PILOT ? writing->pilot : show);
        if (writing->privacy != TRUNK_PRIVACY_ABSENT)
                sip_write_header(b, "Privacy",
                                 writing->privacy == TRUNK_PRIVACY_ID ? SLICE("id")
                                                                      : SLICE("none"));
}
