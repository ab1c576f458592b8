/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the mutator of SIP makes of good messages: most of it is still read, none is longer than it may
 * be, and it reaches what the seed has not.
 */
#include <stdio.h>
#include <stdlib.h>

#include "../unit/unit.h"
#include "mutate_sip.h"
#include "wire/sip_msg.h"

#define ROUNDS    200
#define BYTES_MAX 4096

static const char seed_message[] =
        "INVITE sip:+919000000001@198.51.100.1 SIP/2.0\r\n"
        "Via: SIP/2.0/UDP 192.0.2.10:5060;branch=z9hG4bKm;rport\r\n"
        "From: <sip:+919888800001@192.0.2.10>;tag=a\r\nTo: <sip:+919000000001@198.51.100.1>\r\n"
        "Call-ID: c\r\nCSeq: 1 INVITE\r\nContact: <sip:peer@192.0.2.10>\r\n"
        "Content-Type: application/sdp\r\nContent-Length: 17\r\n\r\nv=0\r\na=sendrecv\r\n";

static unsigned byte_mutations;

/* libFuzzer's is not there. */
static size_t no_bytes(uint8_t *data, size_t size, size_t size_max)
{
        (void)data;
        (void)size_max;
        byte_mutations++;
        return size;
}

static struct sip_msg msg;
static bool reply_possible;

static bool is_read(const uint8_t *data, size_t size)
{
        return sip_msg_parse((struct slice){(const char *)data, size}, &msg, &reply_possible) == 0;
}

static void most_of_what_it_makes_is_still_a_message(void **state)
{
        (void)state;
        uint8_t data[BYTES_MAX];
        unsigned read = 0, other_methods = 0, right_lengths = 0, other_bodies = 0;
        byte_mutations = 0;
        for (unsigned seed = 0; seed < ROUNDS; seed++) {
                memcpy(data, seed_message, sizeof seed_message - 1);
                size_t size = mutate_sip_message(data, sizeof seed_message - 1, sizeof data, seed,
                                                 no_bytes);
                assert_in_range(size, 1, sizeof data);
                if (!is_read(data, size))
                        continue;
                read++;
                other_methods += msg.method != SIP_INVITE;
                other_bodies += msg.body.len != 17;
                right_lengths += msg.body.p + msg.body.len == (const char *)data + size;
        }
        print_message("of %u: %u read, %u of another method, %u with another body, %u of bytes\n",
                      ROUNDS, read, other_methods, other_bodies, byte_mutations);
        assert_in_range(read, ROUNDS / 2, ROUNDS - ROUNDS / 20);
        assert_in_range(byte_mutations, ROUNDS / 5, ROUNDS / 2);
        assert_true(other_methods > 0 && other_bodies > 0 && right_lengths > read / 2);
}

/* Rounds on rounds, as a fuzzer would: whatever it has become, it is not longer than allowed. */
static void nothing_grows_beyond_its_bound(void **state)
{
        (void)state;
        uint8_t *data = malloc(600); /* so that a sanitizer guards its end */
        assert_non_null(data);
        size_t size = sizeof seed_message - 1;
        memcpy(data, seed_message, size);
        for (unsigned seed = 0; seed < 20 * ROUNDS; seed++) {
                size = mutate_sip_message(data, size, 600, seed, no_bytes);
                assert_in_range(size, 0, 600);
        }
        size = 0;
        assert_int_equal(mutate_sip_message(data, size, 600, 1, no_bytes), 0);
        free(data);
}

static void a_conversation_changes_in_its_messages_and_in_its_order(void **state)
{
        (void)state;
        uint8_t data[BYTES_MAX];
        char talk[1024];
        int len = snprintf(talk, sizeof talk, "%s\1.\1d\1s%s\1.", seed_message, seed_message);
        unsigned with_words = 0, other_steps = 0, same = 0;
        for (unsigned seed = 0; seed < ROUNDS; seed++) {
                memcpy(data, talk, (size_t)len);
                size_t size = mutate_sip_talk(data, (size_t)len, sizeof data, seed, no_bytes);
                assert_in_range(size, 1, sizeof data);
                unsigned marks = 0;
                for (size_t i = 0; i < size; i++) {
                        marks += data[i] == 1;
                        with_words += data[i] == 2;
                }
                other_steps += marks != 4;
                same += size == (size_t)len && !memcmp(data, talk, size);
        }
        print_message("of %u: %u words of the agent, %u with other steps, %u unchanged\n", ROUNDS,
                      with_words, other_steps, same);
        assert_true(with_words > 0 && other_steps > ROUNDS / 10);
        assert_true(same < ROUNDS / 2); /* a quarter is left to the mutator of bytes */
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(most_of_what_it_makes_is_still_a_message),
                cmocka_unit_test(nothing_grows_beyond_its_bound),
                cmocka_unit_test(a_conversation_changes_in_its_messages_and_in_its_order),
        };
        return RUN_TESTS(tests);
}
