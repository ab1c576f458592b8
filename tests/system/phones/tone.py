# SPDX-License-Identifier: Apache-2.0
"""What is to be heard in a recording: tones, ringback, speech or silence, window by window.

Pure Python, a tenth of a second at a time: the energy of a window, and the share of it that lies
at given frequencies (Goertzel). G.711 leaves a pure tone at 0.99 of a window's energy; of speech
no single frequency holds much for long.
"""
import array
import dataclasses
import math
import sys
import wave

RATE = 8000
WINDOW = 800                    # samples: a tenth of a second, bins of 10 Hz
WINDOW_S = WINDOW / RATE
SILENCE_RMS = 60.0              # of 32768: below it nobody hears anything
DOMINANT = 0.75                 # of the energy of a window
RINGBACK_HZ = (375, 400, 425)   # India: 400 Hz modulated with 25 Hz

# A window is one of these, or "tone N" with the frequency in Hz.
SILENCE, RINGBACK, SPEECH = "silence", "ringback", "speech"


def write_tone(path, hertz, seconds, amplitude=8000):
    """A WAV file of one pure tone."""
    cycle = RATE // math.gcd(RATE, hertz)
    period = array.array("h", (round(amplitude * math.sin(2 * math.pi * hertz * i / RATE))
                               for i in range(cycle)))
    samples = period * (RATE * seconds // cycle)
    write_samples(path, samples)


def write_samples(path, samples):
    if sys.byteorder == "big":
        samples = samples[:]
        samples.byteswap()
    with wave.open(str(path), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(RATE)
        out.writeframes(samples.tobytes())


def read_samples(path):
    """The 16-bit samples of a mono WAV at 8 kHz; of whatever a recorder that still writes left."""
    with wave.open(str(path), "rb") as recording:
        shape = (recording.getnchannels(), recording.getsampwidth(), recording.getframerate())
        if shape != (1, 2, RATE):
            raise ValueError(f"{path}: {shape} is not mono, 16 bits, {RATE} Hz")
        frames = recording.readframes(recording.getnframes())
    samples = array.array("h")
    samples.frombytes(frames[:len(frames) & ~1])
    if sys.byteorder == "big":
        samples.byteswap()
    return samples


def share_at(window, energy, hertz):
    """The share of the window's energy that is a pure tone of this frequency, 0 to 1."""
    turn = 2 * math.cos(2 * math.pi * hertz / RATE)
    before = last = 0.0
    for sample in window:
        before, last = last, sample + turn * last - before
    power = last * last + before * before - turn * last * before
    return min(1.0, 2 * power / (len(window) * energy))


def _strongest(window, energy):
    """The frequency of the strongest bin between 100 and 3,600 Hz, if it dominates; else None."""
    # Zero crossings point at a pure tone; speech points anywhere and then does not dominate.
    crossings = sum(1 for a, b in zip(window, window[1:]) if (a < 0) != (b < 0))
    guess = round(crossings / 2 / WINDOW_S / 10) * 10
    for hertz in (guess, guess - 10, guess + 10):
        if hertz >= 100 and share_at(window, energy, hertz) >= DOMINANT:
            return hertz
    return None


def classify(window, tones):
    """What a window holds, given the frequencies that are expected anywhere in the test."""
    energy = sum(sample * sample for sample in window)
    if math.sqrt(energy / len(window)) < SILENCE_RMS:
        return SILENCE
    for hertz in tones:
        if share_at(window, energy, hertz) >= DOMINANT:
            return f"tone {hertz}"
    if sum(share_at(window, energy, hertz) for hertz in RINGBACK_HZ) >= DOMINANT:
        return RINGBACK
    other = _strongest(window, energy)
    return f"tone {other}" if other else SPEECH


@dataclasses.dataclass
class Heard:
    """A recording, as a list of what each tenth of a second holds."""

    windows: list

    @property
    def seconds(self):
        return len(self.windows) * WINDOW_S

    def seconds_of(self, what):
        return self.windows.count(what) * WINDOW_S

    def tone_s(self, hertz):
        return self.seconds_of(f"tone {hertz}")

    def steadiness(self, hertz):
        """From where the tone is first heard to where last: the share of windows that hold it."""
        label = f"tone {hertz}"
        if label not in self.windows:
            return 0.0
        first = self.windows.index(label)
        last = len(self.windows) - self.windows[::-1].index(label)
        return self.windows[first:last].count(label) / (last - first)

    def gaps_s(self, hertz, apart_s=0.5):
        """From where the tone is first heard to where last: how long it is missing, each time."""
        label = f"tone {hertz}"
        at = [i for i, what in enumerate(self.windows) if what == label]
        gaps, last_end = [], None
        for before, after in zip(at, at[1:]):
            missing = (after - before - 1) * WINDOW_S
            if missing <= 0:
                continue
            if last_end is not None and (before - last_end) * WINDOW_S < apart_s:
                gaps[-1] += missing
            else:
                gaps.append(missing)
            last_end = after
        return gaps

    def kinds(self):
        """Everything heard for at least 0.3 s, longest first, silence left out."""
        sums = {what: self.seconds_of(what) for what in set(self.windows) if what != SILENCE}
        return sorted(((s, what) for what, s in sums.items() if s >= 0.3), reverse=True)

    def describe(self):
        """In words: "700 Hz tone 3.1 s, ringback 0.8 s"."""
        names = {SPEECH: "speech", RINGBACK: "ringback"}
        words = [f"{names.get(what) or what.split()[1] + ' Hz tone'} {s:.1f} s"
                 for s, what in self.kinds()]
        return ", ".join(words) or "silence"


NOTHING = Heard([])


def listen(path, tones=()):
    """Measures a recording; `tones` are the frequencies that parties play in this test."""
    samples = read_samples(path)
    count = len(samples) // WINDOW
    return Heard([classify(samples[i * WINDOW:(i + 1) * WINDOW], tones) for i in range(count)])
