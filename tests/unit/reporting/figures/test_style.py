"""Colours, markers and dashes tell arms apart on screen, in grey, and without full colour vision."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from matplotlib.colors import to_rgb

from increase_eval.reporting.figures import style as st

# Machado, Oliveira & Fernandes (2009), doi:10.1109/TVCG.2009.113, severity 1.0, on linear light.
DEFICIENCIES = {
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "tritanopia": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
}
SEEN_APART = 11.0  # distance in CIELAB; 2.3 is just noticeable side by side, small marks need several times that


def linear(colour: str) -> np.ndarray:
    rgb = np.array(to_rgb(colour))
    return np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)


def lab(light: np.ndarray) -> np.ndarray:
    to_xyz = [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
    xyz = np.clip(np.array(to_xyz) @ np.clip(light, 0, 1), 0, None) / [0.95047, 1.0, 1.08883]
    f = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


@pytest.mark.parametrize("kind", ["full", *DEFICIENCIES])
def test_colours_are_seen_apart(kind):
    matrix = np.array(DEFICIENCIES[kind]) if kind in DEFICIENCIES else np.eye(3)
    seen = [lab(matrix @ linear(colour)) for colour in st.ARM_COLOURS]
    assert min(np.linalg.norm(a - b) for a, b in itertools.combinations(seen, 2)) > SEEN_APART


def test_the_first_two_arms_are_apart_in_grey():
    first, second = (lab(linear(colour))[0] for colour in st.ARM_COLOURS[:2])
    assert abs(first - second) > 20  # of 100 steps of lightness


def test_areas_are_apart_in_grey_and_in_every_deficiency_and_carry_text():
    areas = (st.LOWER, st.HIGHER, st.ALIKE, st.OPEN)
    lightness = sorted(lab(linear(colour))[0] for colour in areas)
    assert min(np.diff(lightness)) > 6  # of 100 steps; borders are drawn, and areas are large
    for matrix in (np.eye(3), *map(np.array, DEFICIENCIES.values())):
        seen = [lab(matrix @ linear(colour)) for colour in areas]
        assert min(np.linalg.norm(a - b) for a, b in itertools.combinations(seen, 2)) > SEEN_APART
    ink, darkest = (np.array([0.2126, 0.7152, 0.0722]) @ linear(colour) for colour in (st.INK, st.LOWER))
    assert (darkest + 0.05) / (ink + 0.05) >= 4.5


@pytest.mark.parametrize("count", [2, 4, 7, 10])
def test_every_arm_has_a_look_of_its_own_without_colour(count):
    looks = st.arm_styles([f"a{i}" for i in range(count)])
    assert len({(look.marker, str(look.dash)) for look in looks.values()}) == count
    if count <= 7:
        assert len({look.marker for look in looks.values()}) == count
        assert len({look.colour for look in looks.values()}) == count


def test_an_arm_keeps_its_look_when_arms_are_added():
    assert st.arm_styles(["a", "b"])["b"] == st.arm_styles(["a", "b", "c"])["b"]


@pytest.mark.parametrize("colour", [st.INK, st.SOFT_INK])
def test_text_has_contrast(colour):
    luminance = np.array([0.2126, 0.7152, 0.0722]) @ linear(colour)
    assert 1.05 / (luminance + 0.05) >= 4.5


def test_lines_are_broken_to_the_width():
    text = "Accompagnement renforcé en collectif et en ligne, supercalifragilisticexpialidocious"
    for width in (20.0, 35.0, 60.0):
        lines = st.wrap(text, width)
        assert all(st.text_width(line) <= width for line in lines)
        assert "".join(lines).replace("-", "").replace(" ", "") == text.replace(" ", "")
    assert st.wrap("short", 50) == ["short"]
