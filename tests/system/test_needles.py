# SPDX-License-Identifier: Apache-2.0
"""A searcher that can't find is worse than none: each must find its own planted secret."""
import random
import unittest

import needles

NUMBER, OTHER = "+919888800001", "+919888800042"
ADDRESS, OTHER_ADDRESS = "127.77.66.55", "127.88.55.44"
WORD, OTHER_WORD = "kanarienvogel", "wellensittich"

ALL = [(needles.number_searchers, NUMBER, OTHER),
       (needles.address_searchers, ADDRESS, OTHER_ADDRESS),
       (needles.word_searchers, WORD, OTHER_WORD)]


class Needles(unittest.TestCase):
    def noise(self, size):
        return random.Random(3).randbytes(size)

    def test_every_way_of_writing_is_found_in_text_and_in_noise(self):
        for make, secret, _ in ALL:
            for one in make(secret):
                with self.subTest(way=one.way):
                    self.assertTrue(one.found_in(b"x: " + one.plant() + b"\r\n"))
                    self.assertTrue(one.found_in(self.noise(999) + one.plant() + self.noise(999)))

    def test_no_searcher_takes_another_secret_for_its_own(self):
        for make, secret, other in ALL:
            mine = list(make(secret))
            for foreign in make(other):
                with self.subTest(way=foreign.way):
                    self.assertEqual(needles.find(mine, b"x: " + foreign.plant() + b"\r\n"), [])

    def test_nothing_is_found_in_a_megabyte_of_noise(self):
        noise = self.noise(1 << 20)
        for make, secret, _ in ALL:
            self.assertEqual(needles.find(make(secret), noise), [])

    def test_the_ways_the_product_promises_are_all_there(self):
        ways = {one.way for one in needles.number_searchers(NUMBER)}
        for word in ("digits", "five and five", "hyphen", "national", "base64 of N, alignment 0",
                     "base64 of N, alignment 1", "base64 of N, alignment 2",
                     "base64url of 91N, alignment 2", "hex of N", "integer in hex",
                     "percent-encoded N", "BCD", "BCD, nibbles swapped"):
            self.assertIn(word, ways)

    def test_digits_are_found_across_any_separators(self):
        searchers = list(needles.number_searchers(NUMBER))
        for text in (b"tel:+91-98888-00001", b"0 98 88 80 00 01", b"(98888) 00001", b"98888.00001"):
            self.assertTrue(needles.find(searchers, text), text)


if __name__ == "__main__":
    unittest.main()
