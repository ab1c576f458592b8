/* SPDX-License-Identifier: Apache-2.0 */
#include "sip/sip_check.h"

#include "sip/sip_token.h"

#define METHOD(m) (1u << (m))

static const uint32_t methods_outside = METHOD(SIP_INVITE) | METHOD(SIP_BYE) | METHOD(SIP_OPTIONS) |
                                        METHOD(SIP_UPDATE) | METHOD(SIP_INFO) | METHOD(SIP_PRACK);
/* REFER is understood and declined. */
static const uint32_t methods_in_dialog = METHOD(SIP_INVITE) | METHOD(SIP_BYE) |
                                          METHOD(SIP_OPTIONS) | METHOD(SIP_UPDATE) |
                                          METHOD(SIP_INFO) | METHOD(SIP_PRACK) | METHOD(SIP_REFER);

unsigned sip_check_request(const struct sip_msg *request, bool in_dialog)
{
        uint32_t methods = in_dialog ? methods_in_dialog : methods_outside;
        /* RFC 2543 peers have no cookie; 17.2.3 matches them by guesswork, and we do not. */
        if (!sip_branch_has_cookie(request->vias[0].branch))
                return 400;
        if (!(methods & METHOD(request->method)))
                return 405;
        /* sips: promises TLS on the whole way, which UDP is not. */
        if (request->request_uri.scheme != SIP_SCHEME_SIP &&
            request->request_uri.scheme != SIP_SCHEME_TEL)
                return 416;
        if (request->to.tag.len && !in_dialog)
                return 481;
        if (request->require & ~(uint32_t)(SIP_OPTION_TIMER | SIP_OPTION_100REL))
                return 420;
        return 0;
}

static void put_option(struct buf *b, struct slice option)
{
        if (b->len)
                buf_put_text(b, ", ");
        buf_put_slice(b, option);
}

void sip_check_put_unsupported(struct buf *b, const struct sip_msg *request)
{
        struct slice rest = request->require_text;
        while (rest.len) {
                struct slice option = slice_trim(slice_split(rest, ',', &rest));
                bool is_known = slice_equal_nocase(option, SLICE("timer")) ||
                                slice_equal_nocase(option, SLICE("100rel"));
                if (option.len && !is_known)
                        put_option(b, option);
        }
        if (b->len)
                return;
        /* They stood in a further Require. */
        if (request->require & SIP_OPTION_REPLACES)
                put_option(b, SLICE("replaces"));
}
