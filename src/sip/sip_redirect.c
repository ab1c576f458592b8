/* SPDX-License-Identifier: Apache-2.0 */
#include "sip/sip_redirect.h"

#include "sip/sip_identity.h"

#define Q_MOST 1000

/* RFC 3261 20.10: 1 when it is not said. In thousandths; what cannot be read is the last. */
static unsigned preference(const struct sip_name_addr *contact)
{
        struct slice value, fraction;
        uint32_t whole, thousandths = 0;
        if (!sip_param_find(contact->params, SLICE("q"), &value))
                return Q_MOST;
        struct slice text = slice_split(value, '.', &fraction);
        if (slice_to_u32(text, 1, &whole) || fraction.len > 3 ||
            (fraction.len && slice_to_u32(fraction, 999, &thousandths)))
                return 0;
        for (size_t i = fraction.len; i < 3; i++)
                thousandths *= 10;
        return whole ? Q_MOST : thousandths;
}

/* However the one or the other is written. */
static bool is_who_was_called(const struct trunk *trunk, const struct sip_uri *uri,
                              struct slice request_uri)
{
        struct sip_uri called;
        struct number theirs, ours;
        if (uri->user.len == 0)
                return true;
        if (sip_uri_parse(request_uri, &called))
                return false;
        if (slice_equal(uri->user, called.user))
                return true;
        const char *prefix = trunk->writing.request_prefix;
        return !sip_identity_number(uri, &trunk->plan, prefix, &theirs) &&
               !sip_identity_number(&called, &trunk->plan, prefix, &ours) &&
               number_equal(theirs, ours);
}

static void note(struct leg *leg, const struct sip_target *target)
{
        for (unsigned i = 0; i < leg->redirect_count; i++) {
                if (sip_target_equal(&leg->redirects[i], target))
                        return;
        }
        if (leg->redirect_count < SIP_REDIRECTS_MAX)
                leg->redirects[leg->redirect_count++] = *target;
}

/* True: it leads to the trunk. The peer's name stands for the targets that are known already. */
static bool follow(struct leg *leg, const struct sip_trunk_state *state, const struct sip_uri *uri,
                   const struct sip_target *source)
{
        struct sip_target target;
        struct sip_sent_by local;
        if (slice_equal_nocase(uri->host, slice_from(state->trunk.peer_host)) &&
            (!uri->port || uri->port == state->trunk.peer_port))
                return true;
        if (!sip_dialog_uri_hop(uri, &target))
                return false;
        target.transport = sip_dialog_hop_transport(
                target.transport, sip_trunk_transport(&state->trunk), source->transport);
        if (target.addr.port == 0)
                target.addr.port = sip_usual_port(target.transport);
        if (!sip_trunk_has(state, &target) ||
            !sip_ua_sent_by(leg->ua, &state->trunk, &target, &local))
                return false;
        note(leg, &target);
        return true;
}

static bool is_meant(const struct sip_msg *response)
{
        return response->status == 300 || response->status == 301 || response->status == 302 ||
               response->status == 305;
}

bool sip_redirect_learn(struct leg *leg, struct slice request_uri, const struct sip_msg *response,
                        const struct sip_target *source)
{
        const struct sip_trunk_state *state =
                sip_trunks_find(leg->ua->params.trunks, leg->trunk_id);
        bool is_followed = false, is_done[SIP_CONTACTS_MAX] = {false};
        if (!state || !state->trunk.follows_redirects || !is_meant(response))
                return false;
        /* The most preferred first; those that are alike as they stand there. */
        for (unsigned n = 0; n < response->contact_count; n++) {
                const struct sip_name_addr *best = NULL;
                for (unsigned i = 0; i < response->contact_count; i++) {
                        const struct sip_name_addr *contact = &response->contacts[i];
                        if (!is_done[i] && (!best || preference(contact) > preference(best)))
                                best = contact;
                }
                is_done[best - response->contacts] = true;
                const struct sip_uri *uri = &best->uri;
                bool is_ours = uri->scheme == SIP_SCHEME_SIP && uri->maddr.len == 0 &&
                               is_who_was_called(&state->trunk, uri, request_uri);
                if (is_ours && follow(leg, state, uri, source))
                        is_followed = true;
        }
        return is_followed;
}
