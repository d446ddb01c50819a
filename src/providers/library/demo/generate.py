#!/usr/bin/env python3
"""Makes the demo library: composes, plays, mixes, paints and encodes it. Same input, same music.

    pip install numpy pillow && apt-get install opus-tools
    python3 src/providers/library/demo/generate.py

Everything is synthesised here from arithmetic and a seeded random generator: no samples, no borrowed melodies.
Each piece ends on an exact multiple of 20 ms, an Opus frame, so that no container or decoder has to round it.
"""

import math
import subprocess
import sys
import tempfile
import wave
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

RATE = 48_000
ALBUM = "Tutti Demo"
BITRATE_KBPS = 28
OUT = Path(__file__).parent / "files"

# ---------------------------------------------------------------- instruments: mono, one note each


def hz(note):
    """Frequency of a MIDI note number."""
    return 440.0 * 2 ** ((note - 69) / 12)


def seconds(n):
    return np.arange(int(n * RATE)) / RATE


def pluck(note, length, rng, brightness=0.5):
    """A plucked string: Karplus-Strong, one period of the delay line at a time."""
    period = max(2, round(RATE / hz(note) - 0.5))
    line = rng.uniform(-1, 1, period)
    for _ in range(1 + int(4 * (1 - brightness))):
        line = 0.5 * (line + np.roll(line, 1))
    line -= line.mean()
    line /= np.abs(line).max()
    loss = 0.5 ** (1 / (hz(note) * (0.35 + 90 / hz(note))))
    out = np.empty((math.ceil(length * RATE / period), period))
    for row in out:
        row[:] = line
        line = loss * 0.5 * (line + np.roll(line, 1))
    out = out.ravel()[: int(length * RATE)]
    return out * release(len(out), 0.04)


def keys(note, length, rng, brightness=0.5):
    """An electric piano: two FM pairs, the upper one for the tine."""
    t = seconds(length)
    f = hz(note)
    body = np.sin(2 * np.pi * f * t + (0.4 + brightness) * np.exp(-2.2 * t) * np.sin(2 * np.pi * f * t))
    tine = np.sin(2 * np.pi * f * t + 0.5 * np.exp(-9 * t) * np.sin(2 * np.pi * 14 * f * t)) * np.exp(-5 * t)
    return (0.8 * body + 0.25 * tine) * np.exp(-1.3 * t) * attack(len(t), 0.004) * release(len(t), 0.08)


def bell(note, length, rng, brightness=0.5):
    """A bell: FM with a ratio that never lines up."""
    t = seconds(length)
    f = hz(note)
    index = (1.2 + brightness) * np.exp(-1.6 * t)
    return np.sin(2 * np.pi * f * t + index * np.sin(2 * np.pi * 3.53 * f * t)) * np.exp(-1.5 * t) * attack(len(t), 0.002) * release(len(t), 0.2)


def mallet(note, length, rng, brightness=0.5):
    """A marimba bar: its first, fourth and tenth partial, the high ones short."""
    t = seconds(length)
    f = hz(note)
    out = np.sin(2 * np.pi * f * t) * np.exp(-5.5 * t)
    out += 0.35 * np.sin(2 * np.pi * 3.93 * f * t) * np.exp(-16 * t)
    out += 0.12 * brightness * np.sin(2 * np.pi * 9.6 * f * t) * np.exp(-40 * t)
    return out * attack(len(t), 0.0015) * release(len(t), 0.05)


def pad(note, length, rng, brightness=0.5):
    """A string pad: five detuned voices with few harmonics, opening slowly."""
    t = seconds(length)
    out = np.zeros(len(t))
    for cents in (-9, -4, 0, 5, 8):
        f = hz(note + cents / 100)
        for harmonic in range(1, 8):
            weight = harmonic ** -(2.4 - brightness)
            out += weight * np.sin(2 * np.pi * harmonic * f * t + rng.uniform(0, 2 * np.pi))
    swell = 0.8 + 0.2 * np.sin(2 * np.pi * 0.23 * t + rng.uniform(0, 6))
    return 0.12 * out * swell * attack(len(t), min(1.2, length * 0.3)) * release(len(t), min(1.4, length * 0.35))


def bass(note, length, rng, brightness=0.5):
    """A round bass: a sine with a little of its octave and a soft front."""
    t = seconds(length)
    f = hz(note)
    out = np.sin(2 * np.pi * f * t) + 0.35 * np.exp(-4 * t) * np.sin(4 * np.pi * f * t) + 0.12 * np.exp(-9 * t) * np.sin(6 * np.pi * f * t)
    return np.tanh(1.1 * out) * np.exp(-0.9 * t) * attack(len(t), 0.008) * release(len(t), 0.06)


def kick(rng):
    t = seconds(0.28)
    return np.sin(2 * np.pi * (48 * t + 3.2 * (1 - np.exp(-28 * t)))) * np.exp(-13 * t) * attack(len(t), 0.001)


def brush(rng):
    t = seconds(0.22)
    return band(rng.normal(0, 0.5, len(t)), 1200, 7000) * np.exp(-17 * t) * attack(len(t), 0.004)


def hat(rng):
    t = seconds(0.07)
    return band(rng.normal(0, 0.5, len(t)), 7000, 15000) * np.exp(-60 * t)


def shaker(rng):
    t = seconds(0.11)
    return band(rng.normal(0, 0.5, len(t)), 4500, 11000) * np.exp(-((t - 0.035) ** 2) / 0.0006)


def clap(rng):
    t = seconds(0.2)
    bursts = sum(np.exp(-90 * np.clip(t - d, 0, None)) * (t >= d) for d in (0, 0.011, 0.021))
    return 0.6 * band(rng.normal(0, 0.5, len(t)), 900, 4500) * (bursts + 0.5 * np.exp(-20 * t))


def block(note):
    """A wood block: as sharp an onset as there is, two partials, gone in a tenth of a second."""
    t = seconds(0.12)
    return (np.cos(2 * np.pi * hz(note) * t) + 0.5 * np.cos(2 * np.pi * 2.71 * hz(note) * t)) * np.exp(-45 * t)


def attack(n, length):
    return np.minimum(1, np.arange(n) / max(1, int(length * RATE)))


def release(n, length):
    return np.minimum(1, np.arange(n, 0, -1) / max(1, int(length * RATE)))


def band(signal, low, high):
    """What of it lies between two frequencies, with soft edges."""
    spectrum = np.fft.rfft(signal)
    f = np.fft.rfftfreq(len(signal), 1 / RATE)
    spectrum *= 1 / (1 + (low / np.maximum(f, 1)) ** 4) / (1 + (f / high) ** 4)
    return np.fft.irfft(spectrum, len(signal))


# ---------------------------------------------------------------- the desk


class Piece:
    """A stereo mix with one reverb. Times are in beats."""

    def __init__(self, number, title, artist, bpm, length_s, seed, colours, motif):
        self.number, self.title, self.artist = number, title, artist
        self.beat = 60 / bpm
        self.length_s = length_s
        self.rng = np.random.default_rng(seed)
        self.colours, self.motif = colours, motif
        self.dry = np.zeros((2, int(length_s * RATE)))
        self.wet = np.zeros_like(self.dry)

    def beats(self):
        return self.length_s / self.beat

    def put(self, sound, at_s, gain, pan=0.0, send=0.25):
        start = int(at_s * RATE)
        if start < 0 or start >= self.dry.shape[1]:
            return
        sound = sound[: self.dry.shape[1] - start]
        angle = (pan + 1) * np.pi / 4
        for channel, side in enumerate((math.cos(angle), math.sin(angle))):
            self.dry[channel, start : start + len(sound)] += gain * side * sound
            self.wet[channel, start : start + len(sound)] += gain * side * send * sound

    def note(self, instrument, note, at, length, gain=0.3, pan=0.0, send=0.25, brightness=0.5, human=0.006):
        late = abs(self.rng.normal(0, human))
        gain *= 1 + self.rng.normal(0, 0.06)
        self.put(instrument(note, length * self.beat, self.rng, brightness), at * self.beat + late, gain, pan, send)

    def hit(self, drum, at, gain=0.3, pan=0.0, send=0.1):
        self.put(drum(self.rng), at * self.beat, gain * (1 + self.rng.normal(0, 0.08)), pan, send)

    def mix(self, reverb_s, fade_s):
        n = self.dry.shape[1]
        t = seconds(reverb_s)
        out = np.empty_like(self.dry)
        for channel in range(2):
            tail = band(self.rng.normal(0, 1, len(t)), 150, 5200) * 10 ** (-3 * t / reverb_s) * attack(len(t), 0.012)
            tail /= np.sqrt((tail**2).sum())
            size = 1 << (n + len(t)).bit_length()
            wet = np.fft.irfft(np.fft.rfft(self.wet[channel], size) * np.fft.rfft(tail, size), size)[:n]
            out[channel] = self.dry[channel] + wet
        out = np.stack([band(channel, 28, 17_000) for channel in out])
        # As loud as the others, then a soft ceiling: what is left above it is bent, never cut.
        out *= 0.125 / np.sqrt((out**2).mean())
        ceiling = 0.82
        out = ceiling * np.tanh(out / ceiling)
        fade = np.ones(n)
        tail = int(fade_s * RATE)
        fade[-tail:] = np.cos(np.linspace(0, np.pi / 2, tail)) ** 2
        return out * fade


# ---------------------------------------------------------------- the pieces


def first_light():
    p = Piece(1, "First Light", "Paper Lanterns", 76, 30.0, 11, ("#f6c177", "#eb6f92", "#403d52"), "sun")
    chords = [(50, (62, 66, 69, 74, 76)), (47, (59, 62, 66, 71, 74)), (43, (59, 62, 67, 71, 74)), (45, (57, 61, 64, 69, 76))]
    for bar in range(9):
        root, tones = chords[bar % 4]
        for step, tone in enumerate((0, 2, 3, 1, 4, 2, 3, 1)):
            p.note(pluck, tones[tone], 4 * bar + step / 2, 3, 0.36, 0.35 * math.sin(bar + step), 0.3, 0.45)
        p.note(bass, root - 12, 4 * bar, 3.8, 0.22, 0, 0.05)
        if bar >= 2:
            for tone in tones[:3]:
                p.note(pad, tone, 4 * bar - 0.3, 4.6, 0.10, 0.5 * (-1) ** tone, 0.6, 0.2)
    for at, note in ((16, 81), (18.5, 78), (20, 76), (22, 78), (24, 74), (26.5, 76), (28, 73), (30, 69)):
        p.note(bell, note, at, 3, 0.10, 0.25, 0.7, 0.1)
    return p.mix(2.4, 3.5), p


def harbour_lamps():
    p = Piece(2, "Harbour Lamps", "The Night Ferry", 88, 32.0, 22, ("#1b2a49", "#e0a458", "#419d78"), "lamps")
    chords = [(45, (60, 64, 67, 71)), (50, (60, 65, 69, 76)), (43, (59, 62, 65, 69)), (48, (59, 64, 67, 74))]
    melody = [(8, 76, 1.5), (9.5, 74, 0.5), (10, 72, 2), (12.5, 69, 0.5), (13, 71, 1), (14, 72, 2), (16, 79, 1.5), (17.5, 76, 0.5), (18, 77, 2),
              (20.5, 74, 0.5), (21, 72, 1), (22, 71, 1.5), (24, 72, 1), (25.5, 76, 0.5), (26, 81, 2), (28.5, 79, 0.5), (29, 76, 1), (30, 77, 2),
              (32.5, 74, 0.5), (33, 71, 1), (34, 67, 1.5), (36, 72, 3), (40, 76, 2)]
    for bar in range(12):
        root, tones = chords[bar % 4]
        for at in (0, 1.67, 3):
            for tone in tones:
                p.note(keys, tone, 4 * bar + at, 1.8 if at else 1.5, 0.15, -0.25, 0.2, 0.35, 0.012)
        for at, step in ((0, 0), (1.67, 7), (2, 0), (3, 12), (3.67, 10)):
            p.note(bass, root - 12 + step, 4 * bar + at, 0.9, 0.34, 0, 0.03)
        if bar >= 1:
            for beat in range(4):
                p.hit(hat, 4 * bar + beat, 0.10, 0.4)
                p.hit(hat, 4 * bar + beat + 0.67, 0.06, 0.4)
            p.hit(brush, 4 * bar + 1, 0.26, 0.15, 0.25)
            p.hit(brush, 4 * bar + 3, 0.30, 0.15, 0.25)
            p.hit(kick, 4 * bar, 0.4)
            p.hit(kick, 4 * bar + 2.67, 0.3)
    for at, note, length in melody:
        p.note(keys, note, at, length + 0.5, 0.30, 0.3, 0.45, 0.8)
    return p.mix(1.5, 3.0), p


def copper_kettle():
    p = Piece(3, "Copper Kettle", "Marigold & Finch", 118, 27.0, 33, ("#c8553d", "#f28f3b", "#588b8b"), "rings")
    chords = [(43, (67, 71, 74)), (48, (67, 72, 76)), (40, (67, 71, 76)), (50, (66, 69, 74))]
    tune = [0, 2, 4, 7, None, 7, 4, 2, 0, None, 2, 4, 9, 7, 4, None]
    for bar in range(13):
        root, tones = chords[bar % 4]
        for eighth in range(8):
            if eighth % 2 or eighth == 0:
                for tone in tones:
                    p.note(pluck, tone, 4 * bar + eighth / 2, 0.45, 0.20 + 0.05 * (eighth % 4 == 1), -0.35, 0.12, 0.8)
        for at, step in ((0, 0), (1, 7), (2, 0), (3, 7)):
            p.note(bass, root + (step if root + step < 52 else step - 12), 4 * bar + at, 0.6, 0.30, 0, 0.03)
        for beat in range(4):
            p.hit(kick, 4 * bar + beat, 0.30 if beat % 2 == 0 else 0.12)
            p.hit(shaker, 4 * bar + beat, 0.10, 0.5)
            p.hit(shaker, 4 * bar + beat + 0.5, 0.17, 0.5)
        if bar >= 2:
            p.hit(clap, 4 * bar + 1, 0.26, 0.1, 0.2)
            p.hit(clap, 4 * bar + 3, 0.26, 0.1, 0.2)
            for step, degree in enumerate(tune[(bar % 2) * 8 : (bar % 2) * 8 + 8]):
                if degree is not None:
                    p.note(mallet, 79 + degree - (2 if bar % 4 == 3 and degree == 7 else 0), 4 * bar + step / 2, 1.2, 0.34, 0.3, 0.3, 0.7)
    return p.mix(1.0, 2.0), p


def slow_orbit():
    p = Piece(4, "Slow Orbit", "Tide Pool Trio", 60, 36.0, 44, ("#0b132b", "#5bc0be", "#6fffe9"), "orbit")
    chords = [(41, (53, 60, 64, 71)), (43, (55, 59, 62, 71)), (40, (55, 59, 64, 71)), (45, (57, 60, 64, 72)), (41, (53, 60, 67, 71)), (36, (55, 60, 64, 74))]
    for index, (root, tones) in enumerate(chords):
        at = 6 * index
        p.note(pad, root, at, 7.5, 0.40, 0, 0.5, 0.1)
        for place, tone in enumerate(tones):
            p.note(pad, tone, at + 0.2 * place, 7.2, 0.30, -0.6 + 0.4 * place, 0.8, 0.45)
        for step in range(5):
            tone = tones[(step * 3 + index) % 4] + (12 if step % 2 else 24)
            p.note(bell, tone, at + (0.5, 1.75, 3.0, 3.75, 5.25)[step], 4, 0.12, math.sin(2.4 * step + index), 1.0, 0.25, 0.02)
    return p.mix(4.2, 6.0), p


def rooftop_bicycle():
    p = Piece(5, "Rooftop Bicycle", "Paper Lanterns", 122, 29.0, 55, ("#2d3047", "#93b7be", "#e0ca3c"), "wheels")
    chords = [(39, (63, 67, 70, 74)), (36, (63, 67, 70, 72)), (44, (63, 68, 72, 75)), (46, (65, 68, 70, 74))]
    arp = (0, 2, 1, 3, 2, 0, 3, 1)
    for bar in range(15):
        root, tones = chords[(bar // 2) % 4]
        for beat in range(4):
            if bar >= 1:
                p.hit(kick, 4 * bar + beat, 0.48)
            p.hit(hat, 4 * bar + beat + 0.5, 0.17, 0.3)
            p.note(bass, root, 4 * bar + beat + 0.5, 0.45, 0.30, 0, 0.02)
        if bar >= 2:
            p.hit(clap, 4 * bar + 1, 0.25, 0, 0.2)
            p.hit(clap, 4 * bar + 3, 0.25, 0, 0.2)
        for at in (0, 0.75, 1.5, 2.75):
            for tone in tones:
                p.note(keys, tone, 4 * bar + at, 0.5, 0.16, -0.3, 0.3, 0.7)
        if bar >= 4:
            for step in range(8):
                p.note(pluck, tones[arp[step]] + 12, 4 * bar + step / 2, 0.8, 0.26, 0.45, 0.35, 0.7)
        if bar % 2 == 0:
            for tone in tones[1:]:
                p.note(pad, tone, 4 * bar, 8.5, 0.10, 0.4 * (-1) ** tone, 0.5, 0.4)
    return p.mix(1.4, 2.5), p


def rain_on_tin():
    """Sharp onsets at moments that never repeat: two devices that play it apart are heard at once, and the lag between two
    recordings of it has one answer only."""
    p = Piece(6, "Rain on Tin", "The Night Ferry", 60, 24.0, 66, ("#22333b", "#a9b4c2", "#eef1ef"), "rain")
    scale = (62, 64, 65, 67, 69, 71, 72, 74, 76, 77)
    at = 0.3
    while at < p.length_s - 1.2:
        note = scale[int(p.rng.integers(len(scale)))]
        loud = 0.35 + 0.3 * p.rng.random()
        pan = p.rng.uniform(-0.7, 0.7)
        p.put(block(note + 24), at, 0.5 * loud, pan, 0.12)
        p.put(pluck(note, 1.4, p.rng, 0.9), at, 0.9 * loud, pan, 0.3)
        at += 0.11 + p.rng.gamma(2.0, 0.11)
    for index, (low, high) in enumerate(((38, 57), (36, 55), (43, 59), (38, 62))):
        for tone in (low, low + 12, high):
            p.note(pad, tone, 6 * index - (0.0 if index == 0 else 0.6), 7.4, 0.13, 0.3 * (-1) ** tone, 0.5, 0.2)
    return p.mix(1.3, 1.2), p


def seven_steps():
    p = Piece(7, "Seven Steps Down", "Tide Pool Trio", 152, 28.0, 77, ("#3d1e6d", "#8661c1", "#efbcd5"), "steps")
    bars = [(40, (64, 67, 71, 74)), (38, (62, 66, 69, 74)), (36, (60, 64, 67, 71)), (35, (59, 63, 66, 69))]
    figure = (0, 1, 2, 3, 2, 1, 2)
    for bar in range(20):
        root, tones = bars[(bar // 2) % 4]
        start = 3.5 * bar
        for step in range(7):
            p.note(mallet, tones[figure[step]], start + step / 2, 1.0, 0.36 if step in (0, 4) else 0.26, -0.4, 0.25, 0.6)
            if bar >= 4:
                p.note(mallet, tones[figure[(step + 3) % 7]] + 12, start + step / 2, 0.8, 0.15, 0.5, 0.35, 0.9)
            p.hit(shaker, start + step / 2, 0.14 if step in (0, 2, 4) else 0.07, 0.2)
        for at, step in ((0, 0), (1, 7), (2, 12), (3, 7)):
            p.note(bass, root + step - (12 if root + step > 48 else 0), start + at, 0.8, 0.32, 0, 0.03)
        if bar >= 2:
            p.hit(kick, start, 0.38)
            p.hit(kick, start + 2, 0.28)
            p.hit(brush, start + 1, 0.22, -0.1, 0.2)
            p.hit(brush, start + 3, 0.22, -0.1, 0.2)
        if bar >= 8 and bar % 2 == 0:
            for at, tone in ((0, tones[3] + 12), (2, tones[2] + 12), (3.5, tones[3] + 10), (5.5, tones[1] + 12)):
                p.note(keys, tone, start + at, 2.2, 0.20, 0.15, 0.5, 0.6)
    return p.mix(1.2, 2.5), p


# ---------------------------------------------------------------- covers


def paint(p, size=480, scale=3):
    """A cover: a gradient, and one motif in three colours."""
    n = size * scale
    top, middle, light = (tuple(int(c[i : i + 2], 16) for i in (1, 3, 5)) for c in p.colours)
    y = np.linspace(0, 1, n)[:, None, None]
    sky = np.array(top) * (1 - 0.55 * y) + np.array(middle) * 0.55 * y
    image = Image.fromarray(np.broadcast_to(sky, (n, n, 3)).astype(np.uint8).copy())
    draw = ImageDraw.Draw(image, "RGBA")
    u = n / 100

    def disc(x, y, r, colour, alpha=255, width=None):
        box = [(x - r) * u, (y - r) * u, (x + r) * u, (y + r) * u]
        if width:
            draw.ellipse(box, outline=(*colour, alpha), width=int(width * u))
        else:
            draw.ellipse(box, fill=(*colour, alpha))

    def hills(level, swing, colour, alpha, phase):
        xs = np.linspace(0, 100, 200)
        ys = level + swing * np.sin(xs / 14 + phase) + swing * 0.5 * np.sin(xs / 5.3 + 2 * phase)
        draw.polygon([(0, n)] + [(x * u, y * u) for x, y in zip(xs, ys)] + [(n, n)], fill=(*colour, alpha))

    if p.motif == "sun":
        for r, alpha in ((38, 40), (30, 70), (22, 255)):
            disc(50, 52, r, (255, 236, 200), alpha)
        hills(66, 3, middle, 230, 0.4)
        hills(76, 4, light, 210, 1.9)
        hills(87, 3, (38, 35, 58), 255, 3.1)
    elif p.motif == "lamps":
        hills(72, 0.8, light, 120, 0)
        for x, y, r in ((18, 40, 6), (34, 31, 8), (52, 37, 10), (71, 29, 7), (86, 41, 5)):
            disc(x, y, r * 2, middle, 40)
            disc(x, y, r, (255, 224, 160))
            for k in range(7):
                w = r * (1 - k / 9)
                draw.rounded_rectangle([(x - w) * u, (75 + 3.4 * k) * u, (x + w) * u, (76.4 + 3.4 * k) * u], u, fill=(255, 224, 160, 170 - 20 * k))
    elif p.motif == "rings":
        for k in range(9, 0, -1):
            disc(38, 60, 7 * k, middle if k % 2 else light, 235)
        disc(38, 60, 5, (255, 245, 230))
        disc(82, 18, 8, (255, 245, 230), 230)
    elif p.motif == "orbit":
        rng = np.random.default_rng(4)
        for x, y, r in rng.uniform((0, 0, 0.1), (100, 100, 0.45), (90, 3)):
            disc(x, y, r, (255, 255, 255), 190)
        for r in (20, 30, 40):
            disc(50, 50, r, light, 110, 0.4)
        disc(50, 50, 12, middle)
        disc(46, 46, 12, light, 60)
        for r, angle, size_ in ((20, 0.6, 2.4), (30, 2.7, 3.6), (40, 4.4, 2.8)):
            disc(50 + r * math.cos(angle), 50 + r * math.sin(angle), size_, light)
    elif p.motif == "wheels":
        hills(80, 0.3, light, 255, 0)
        for x in (28, 72):
            disc(x, 62, 18, (245, 245, 240), 255, 1.6)
            for k in range(8):
                a = k * math.pi / 8 + x
                draw.line([((x - 17 * math.cos(a)) * u, (62 - 17 * math.sin(a)) * u), ((x + 17 * math.cos(a)) * u, (62 + 17 * math.sin(a)) * u)], fill=(245, 245, 240, 120), width=int(0.4 * u))
            disc(x, 62, 2, light)
        frame = [(28, 62), (40, 38), (64, 38), (72, 62), (50, 62), (40, 38), (50, 62), (28, 62), (50, 62), (64, 38)]
        draw.line([(x * u, y * u) for x, y in frame], fill=(*light, 255), width=int(1.8 * u), joint="curve")
        draw.line([(64 * u, 38 * u), (62 * u, 31 * u), (69 * u, 29 * u)], fill=(*light, 255), width=int(1.8 * u), joint="curve")
    elif p.motif == "rain":
        rng = np.random.default_rng(6)
        for x, y, length in rng.uniform((-5, -10, 6), (105, 78, 20), (110, 3)):
            draw.line([(x * u, y * u), ((x - 0.22 * length) * u, (y + length) * u)], fill=(*light, int(rng.uniform(60, 200))), width=int(rng.uniform(0.3, 0.8) * u))
        for k in range(10):
            draw.polygon([(k * 10 * u, 84 * u), ((k + 0.5) * 10 * u, 79 * u), ((k + 1) * 10 * u, 84 * u), ((k + 1) * 10 * u, n), (k * 10 * u, n)], fill=(*(middle if k % 2 else (130, 142, 158)), 255))
    elif p.motif == "steps":
        for k in range(7):
            shade = tuple(int(m + (l - m) * k / 6) for m, l in zip(middle, light))
            draw.rectangle([(8 + 12 * k) * u, (18 + 10 * k) * u, (20.2 + 12 * k) * u, n], fill=(*shade, 255))
        disc(76, 22, 9, light)
    return image.resize((size, size), Image.Resampling.LANCZOS).filter(ImageFilter.GaussianBlur(0.3))


# ---------------------------------------------------------------- out


def encode(p, mix, folder):
    name = f"{p.number:02} {p.title}.opus".lower().replace(" ", "-")
    frames = round(p.length_s * RATE)
    assert mix.shape[1] == frames and frames % (RATE // 50) == 0
    # Noise of one step, so that rounding is not heard as distortion in the fade.
    dither = np.random.default_rng(p.number).triangular(-1, 0, 1, mix.shape)
    samples = np.clip(np.round(mix * 32767 + dither), -32768, 32767).astype("<i2")
    source, cover = folder / "mix.wav", folder / "cover.jpg"
    with wave.open(str(source), "wb") as out:
        out.setparams((2, 2, RATE, frames, "NONE", ""))
        out.writeframes(samples.T.tobytes())
    paint(p).save(cover, quality=80, optimize=True, progressive=True)
    subprocess.run(
        ["opusenc", "--quiet", "--music", "--comp", "10", "--bitrate", str(BITRATE_KBPS), "--serial", str(p.number), "--padding", "0",
         "--title", p.title, "--artist", p.artist, "--album", ALBUM, "--tracknumber", str(p.number), "--picture", f"3||||{cover}",
         str(source), str(OUT / name)],
        check=True,
    )
    rms, peak = np.sqrt((mix**2).mean()), np.abs(mix).max()
    size = (OUT / name).stat().st_size
    print(f"{name:28} {p.length_s:5.1f} s  {size:7} B  cover {cover.stat().st_size:6} B  RMS {20 * math.log10(rms):6.1f} dB  peak {20 * math.log10(peak):5.1f} dB")
    return size


def main():
    OUT.mkdir(exist_ok=True)
    total = 0
    with tempfile.TemporaryDirectory() as folder:
        for compose in (first_light, harbour_lamps, copper_kettle, slow_orbit, rooftop_bicycle, rain_on_tin, seven_steps):
            mix, piece = compose()
            total += encode(piece, mix, Path(folder))
    print(f"{total} B in all")


if __name__ == "__main__":
    sys.exit(main())
