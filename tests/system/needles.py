# SPDX-License-Identifier: Apache-2.0
"""Looking for a secret in bytes, however it was written or encoded.

A searcher is a name and a function from bytes to bool. For each there is a `plant` that writes the
secret in that way, so that every searcher can be shown to find what it looks for.
"""
import base64
import dataclasses
import functools
import ipaddress
import re
from typing import Callable

_BETWEEN_DIGITS = re.compile(rb"(?<=\d)[ .()\-/\t]{1,3}(?=[\d(])")


@dataclasses.dataclass(frozen=True)
class Searcher:
    secret: str
    way: str
    found_in: Callable[[bytes], bool]
    plant: Callable[[], bytes]


def _literal(secret, way, needle, plant=None):
    return Searcher(secret, way, lambda data: needle in data, lambda: plant or needle)


def _caseless(secret, way, needle, plant=None):
    lower = needle.lower()
    return Searcher(secret, way, lambda data: lower in data.lower(), lambda: plant or needle)


@functools.lru_cache(maxsize=4)
def squeezed(data):
    """Without what people write between digits."""
    before = None
    while before != data:
        before, data = data, _BETWEEN_DIGITS.sub(b"", data)
    return data


def base64_cores(text, altchars=None):
    """What must appear in the Base64 of any data that holds `text`: one core per alignment."""
    for lead in range(3):
        whole = base64.b64encode(b"\0" * lead + text, altchars)
        first = -(-lead * 8 // 6)               # whole characters that `lead` takes part in
        last = (lead + len(text)) * 8 // 6      # those that only the text decides
        yield lead, whole[first:last]


def _base64(secret, text, word):
    for alphabet, altchars in (("base64", None), ("base64url", b"-_")):
        for lead, core in base64_cores(text, altchars):
            plant = base64.b64encode(b"xyz"[:lead] + text + b"!!", altchars)
            yield _literal(secret, f"{alphabet} of {word}, alignment {lead}", core, plant)


def _swapped(digits):
    return "".join(b + a for a, b in zip(digits[::2], digits[1::2]))


def _bcd(digits):
    return bytes.fromhex(digits)


def _text_encodings(secret, text, word):
    """Encodings of a piece of text, whatever it is."""
    yield from _base64(secret, text, word)
    yield _caseless(secret, f"hex of {word}", text.hex().encode())
    yield _caseless(secret, f"spaced hex of {word}", text.hex(" ").encode())
    yield _caseless(secret, f"percent-encoded {word}",
                    "".join(f"%{byte:02x}" for byte in text).encode())
    yield _literal(secret, f"UTF-16 of {word}", text.decode().encode("utf-16-le"))


def number_searchers(number):
    """Every way in which +919888800001 might stand somewhere, each from its national part on."""
    digits = number.lstrip("+")
    national = digits[-10:]
    plain = national.encode()
    first, last = national[:5], national[5:]
    for way, plant in (("digits", national), ("E.164", number), ("five and five",
                       f"+91 {first} {last}"), ("hyphen", f"{first}-{last}"),
                       ("national", f"(0){first} {last}"),
                       ("dots", f"{national[:3]}.{national[3:6]}.{national[6:]}"),
                       ("visual separators", f"+91-({national[:3]}) {national[3:6]}-{national[6:]}")):
        yield Searcher(number, way, lambda data: plain in squeezed(data),
                       lambda plant=plant: b"<" + plant.encode() + b">")
    reverse = national[::-1].encode()
    enum = ".".join(digits[::-1]) + ".e164.arpa"
    yield Searcher(number, "reversed, as ENUM", lambda data: reverse in squeezed(data), enum.encode)
    yield _literal(number, "digit pairs swapped", _swapped(national).encode())
    for text in (plain, digits.encode()):
        yield from _text_encodings(number, text, text.decode().replace(national, "N"))
    value = int(digits)
    size = (value.bit_length() + 7) // 8
    yield _literal(number, "integer, big-endian", value.to_bytes(size, "big"))
    yield _literal(number, "integer, little-endian", value.to_bytes(size, "little"))
    yield _caseless(number, "integer in hex", b"%x" % value)
    yield _literal(number, "BCD", _bcd(national))
    yield _literal(number, "BCD, nibbles swapped", _bcd(_swapped(national)))
    # One digit off: the inner ten digits of twelve.
    yield _literal(number, "BCD, odd start", _bcd(digits[1:11]), _bcd("0" + digits + "f"))
    yield _literal(number, "BCD, odd start, swapped", _bcd(_swapped(digits[1:11])),
                   _bcd(_swapped("0" + digits + "f")))


def address_searchers(address):
    """Every way in which an IPv4 address might stand somewhere."""
    packed = ipaddress.IPv4Address(address).packed
    text = address.encode()
    yield _literal(address, "dotted", text)
    yield _literal(address, "dashed", address.replace(".", "-").encode())
    yield _literal(address, "reversed", ".".join(reversed(address.split("."))).encode())
    yield _literal(address, "decimal integer", b"%d" % int.from_bytes(packed, "big"))
    yield _literal(address, "packed", packed)
    yield _literal(address, "packed, little-endian", packed[::-1])
    yield _caseless(address, "hex", packed.hex().encode())
    yield _caseless(address, "IPv6-mapped", packed.hex(":", 2).encode())
    yield from _text_encodings(address, text, "the text")


def word_searchers(word):
    """A marker word: as it is, and encoded."""
    text = word.encode()
    yield _caseless(word, "as it is", text)
    yield from _text_encodings(word, text, "the word")


def find(searchers, data):
    """Which of the searchers find their secret in `data`: (secret, way) each."""
    return [(one.secret, one.way) for one in searchers if one.found_in(data)]
