/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The body of a session's create. Whatever comes: one answer or one session to make, whose parts
 * are whole; and no answer that repeats a number.
 */
#include <assert.h>
#include <string.h>

#include "api/body.h"
#include "api/session_fields.h"
#include "fuzz.h"

#define DIGITS_THAT_TELL 10
#define NOW_MS           INT64_C(1785578400000) /* 2026-08-01T10:00:00Z */

static unsigned answers;
static char answer[8192];

/* In the place of the server: what would be sent is looked at. */
void http_respond(struct http_server *server, struct http_exchange exchange,
                  const struct http_response *response)
{
        (void)server;
        (void)exchange;
        answers++;
        MUST(response->status >= 400 && response->status < 500);
        MUST(response->body.len < sizeof answer);
        memcpy(answer, response->body.p, response->body.len);
        answer[response->body.len] = '\0';
}

static bool is_digit(uint8_t c)
{
        return c >= '0' && c <= '9';
}

/* No run of digits long enough to be a number is in the answer. */
static void check_echo(const uint8_t *data, size_t size)
{
        for (size_t i = 0; i + DIGITS_THAT_TELL <= size; i++) {
                size_t run = 0;
                while (run < DIGITS_THAT_TELL && is_digit(data[i + run]))
                        run++;
                if (run == DIGITS_THAT_TELL)
                        MUST(!memmem(answer, strlen(answer), data + i, run));
        }
}

static void check_party(const struct session_party *party)
{
        MUST(party->real_count >= 1 && party->real_count <= PARTY_REALS_MAX && party->side <= 1);
        for (unsigned i = 0; i < party->real_count; i++) {
                MUST(!number_is_none(party->real[i].n));
                MUST(party->real[i].n.e164 < UINT64_C(1000000000000000));
        }
}

static void check_pin(const struct session_pin *pin)
{
        size_t len = strnlen(pin->digits, sizeof pin->digits);
        MUST(len < sizeof pin->digits && (!len || len >= SESSION_PIN_DIGITS_MIN));
        MUST(strspn(pin->digits, "0123456789") == len && !(pin->is_drawn && len));
}

static void check_asked(const struct session_asked *asked)
{
        const struct session_create *create = &asked->create;
        bool of_two = create->model == MODEL_TWO_NUMBERS || create->model == MODEL_ONE_NUMBER;
        MUST(create->party_count >= 1 && create->party_count <= SESSION_PARTIES_MAX);
        MUST(!of_two || create->party_count == 2);
        MUST(!of_two || !number_equal(create->parties[0].real[0].n, create->parties[1].real[0].n));
        for (unsigned i = 0; i < create->party_count; i++) {
                check_party(&create->parties[i]);
                check_pin(&asked->pins[i]);
        }
        MUST(create->reference.len < SESSION_REFERENCE_MAX);
        MUST(create->starts_ms >= 0 && create->expires_ms >= 0);
        MUST(!create->expires_ms || create->expires_ms > create->starts_ms);
        for (size_t i = 0; i < create->reference.len; i++)
                MUST((unsigned char)create->reference.p[i] >= ' ');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct api api = {.params = {.plan = {"91", "00", "0", 10, 10}}};
        const struct http_request request = {
                .content_type = SLICE("application/json"),
                .body = {(const char *)data, size},
        };
        struct rest rest = {.api = &api, .request = &request};
        struct session_asked asked;

        answers = 0;
        bool read = body_parse(&rest) &&
                    session_fields_read(&rest, rest.body, size % SESSION_MODELS, NOW_MS, &asked);
        MUST(answers == (read ? 0 : 1));
        if (read)
                check_asked(&asked);
        else
                check_echo(data, size);
        json_decref(rest.body);
        return 0;
}
