# SPDX-License-Identifier: Apache-2.0
"""The instruments before what they measure: phones that call each other, and the tone meter."""
import array
import math
import pathlib
import random
import subprocess
import tempfile
import unittest

from phones import tone
from phones.phone import Phone

A, B = 700, 1000


class ToneMeter(unittest.TestCase):
    def setUp(self):
        temp = tempfile.TemporaryDirectory(prefix="maskline-test-")
        self.addCleanup(temp.cleanup)
        self.path = pathlib.Path(temp.name, "x.wav")

    def listen(self, samples):
        tone.write_samples(self.path, array.array("h", (round(s) for s in samples)))
        return tone.listen(self.path, (A, B))

    def sine(self, hertz, seconds, amplitude=8000):
        return [amplitude * math.sin(2 * math.pi * hertz * i / tone.RATE)
                for i in range(round(seconds * tone.RATE))]

    def test_a_tone_is_told_from_another(self):
        heard = self.listen(self.sine(A, 2))
        self.assertAlmostEqual(heard.tone_s(A), 2, places=1)
        self.assertEqual(heard.tone_s(B), 0)

    def test_an_unexpected_tone_is_named_and_is_no_speech(self):
        heard = self.listen(self.sine(1730, 1))
        self.assertEqual(heard.describe(), "1730 Hz tone 1.0 s")

    def test_two_tones_at_once_are_neither(self):
        both = [a + b for a, b in zip(self.sine(A, 1), self.sine(B, 1))]
        heard = self.listen(both)
        self.assertEqual(heard.tone_s(A) + heard.tone_s(B), 0)

    def test_silence_and_a_whisper_of_noise_are_silence(self):
        rng = random.Random(1)
        heard = self.listen([rng.gauss(0, 8) for _ in range(8000)])
        self.assertEqual(heard.describe(), "silence")

    def test_noise_is_no_tone(self):
        rng = random.Random(2)
        heard = self.listen([rng.gauss(0, 3000) for _ in range(8000)])
        self.assertEqual(heard.describe(), "speech 1.0 s")

    def test_indian_ringback_is_known(self):
        wave = [4000 * (1 + math.sin(2 * math.pi * 25 * i / 8000))
                * math.sin(2 * math.pi * 400 * i / 8000) for i in range(8000)]
        self.assertEqual(self.listen(wave).describe(), "ringback 1.0 s")

    def test_gaps_in_a_tone_are_measured(self):
        gappy = self.sine(A, 1) + [0] * 8000 + self.sine(A, 1)
        self.assertAlmostEqual(self.listen(gappy).steadiness(A), 2 / 3, places=1)

    def test_speech_is_speech_and_no_tone(self):
        spoken = self.path.with_name("spoken.wav")
        subprocess.run(["espeak-ng", "-v", "en", "-w", str(spoken),
                        "The person you are calling is not available at the moment."],
                       check=True, stdin=subprocess.DEVNULL)
        with tone.wave.open(str(spoken)) as full:
            rate, frames = full.getframerate(), full.readframes(full.getnframes())
        samples = array.array("h", frames)
        step = rate / tone.RATE
        heard = self.listen(samples[int(i * step)] for i in range(int(len(samples) / step)))
        self.assertGreater(heard.seconds_of(tone.SPEECH), 1.5)
        self.assertLess(heard.tone_s(A) + heard.tone_s(B), 0.3)


class PhonesAlone(unittest.TestCase):
    def setUp(self):
        temp = tempfile.TemporaryDirectory(prefix="maskline-test-")
        self.addCleanup(temp.cleanup)
        self.a = self.phone("a", "+919888800001", "127.0.0.11", A, temp.name)
        self.b = self.phone("b", "+919888800002", "127.0.0.12", B, temp.name)

    def phone(self, name, number, ip, hertz, temp):
        phone = Phone(name, number, ip, hertz, pathlib.Path(temp, name)).start()
        self.addCleanup(phone.stop)
        return phone

    def test_two_phones_hear_each_other_and_themselves_not(self):
        out = self.a.dial("+919888800002", f"{self.b.ip}:{self.b.port}")
        into = self.b.wait_incoming(0)
        self.assertIsNotNone(into)
        self.assertEqual(into.shown, "+919888800001")
        self.b.accept()
        self.assertTrue(self.a.wait_established(out))
        self.a.wait("two seconds", lambda _: False, 2.5)
        self.b.hangup()
        self.assertTrue(self.a.wait_closed(out) and self.b.wait_closed(into))
        for call, own, other in ((out, A, B), (into, B, A)):
            heard = call.heard((A, B))
            self.assertGreater(heard.tone_s(other), 1.5)
            self.assertGreater(heard.steadiness(other), 0.9)
            self.assertEqual(heard.tone_s(own), 0)
        self.assertEqual(self.a.answers(out), [180, 200])
        self.assertEqual(self.a.ended_by(out), "there")
        self.assertEqual(self.b.ended_by(into), "here")

    def test_a_refusal_has_its_status_and_no_sound(self):
        out = self.a.dial("+919888800002", f"{self.b.ip}:{self.b.port}")
        self.assertIsNotNone(self.b.wait_incoming(0))
        self.b.hangup()
        self.assertTrue(self.a.wait_closed(out))
        self.assertFalse(out.established)
        self.assertEqual(out.heard((A, B)).describe(), "silence")
        self.assertEqual(self.a.answers(out), [180, 486])
        self.assertEqual(self.a.ended_by(out), "")

    def test_giving_up_while_ringing_stops_the_ringing(self):
        out = self.a.dial("+919888800002", f"{self.b.ip}:{self.b.port}")
        into = self.b.wait_incoming(0)
        self.assertTrue(self.a.wait("ringing", lambda _: out.rang))
        self.a.hangup()
        self.assertTrue(self.b.wait_closed(into))
        self.assertFalse(into.established)


if __name__ == "__main__":
    unittest.main()
