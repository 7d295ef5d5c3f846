"""A gain map's metadata in XMP and ISO 21496-1: read, checked, and written again."""

import re
import struct
import time
import xml.etree.ElementTree as ET

import pytest

from function.engine.formats.gain_metadata import read_gains, write_iso, write_xmp
from function.engine.gain_map import Channel, Gains
from tests.support.ultra_hdr import GAINS, HDRGM, ISO, gains_xmp, iso, iso_of, part, xmp

GREY = Gains((Channel(-1.0, 3.0, 1.0, 0.0, 1 / 64),), 0.0, 2.5)
COLOUR = Gains(
    (
        Channel(-1.0, 3.0, 1.0, 0.0, 1 / 64),
        Channel(-0.5, 2.0, 1.5, 0.0, 1 / 64),
        Channel(0.0, 2.25, 0.75, 0.0, 1 / 64),
    ),
    0.25,
    2.5,
)
PLAIN = (0, 2, -1, 3, 1, 0.125, 0.25)  # headrooms, low, high, gamma, offsets

# The segment that libultrahdr 2.0.2 wrote, through sharp 0.35.5, for the XMP of its source:
# GainMapMax and HDRCapacityMax 6.64386, Gamma 1, and all else 0.
OF_SHARP = bytes.fromhex(
    "00000000 40 00000000 00000001 0001a935 00004000 00000000 00000001 0001a935 00004000"
    "00000001 00000001 00000000 00000001 00000000 00000001"
)


def seq(*values: object) -> str:
    return "<rdf:Seq>" + "".join(f"\n<rdf:li>{v}</rdf:li>" for v in values) + "\n</rdf:Seq>"


def test_attributes_as_libultrahdr_writes_them():
    assert read_gains(gains_xmp(**GAINS)) == GREY


def test_what_xmp_leaves_out_has_its_default():
    assert read_gains(gains_xmp(GainMapMax="1", HDRCapacityMax="1")) == Gains(
        (Channel(0.0, 1.0, 1.0, 1 / 64, 1 / 64),), 0.0, 1.0
    )


def test_another_prefix_quotes_spaces_and_elements():
    text = (
        f"<rdf:Description xmlns:g = '{HDRGM}' g:GainMapMin = '-1'  g:HDRCapacityMax='2.5'>"
        "<g:GainMapMax> 3.0 </g:GainMapMax><g:OffsetSDR>0</g:OffsetSDR></rdf:Description>"
    )
    assert read_gains(xmp(text)) == GREY


def test_three_channels_in_lists():
    text = (
        f'<rdf:Description xmlns:hdrgm="{HDRGM}" hdrgm:OffsetSDR="0" hdrgm:HDRCapacityMin="0.25"'
        f' hdrgm:HDRCapacityMax="2.5"><hdrgm:GainMapMin>{seq(-1, -0.5, 0)}</hdrgm:GainMapMin>'
        f"<hdrgm:GainMapMax>{seq(3, 2, 2.25)}</hdrgm:GainMapMax>"
        f"<hdrgm:Gamma>{seq(1, 1.5, 0.75)}</hdrgm:Gamma></rdf:Description>"
    )
    assert read_gains(xmp(text)) == COLOUR


@pytest.mark.parametrize(
    "change",
    [
        {"GainMapMax": None},
        {"HDRCapacityMax": None},
        {"GainMapMax": ""},
        {"GainMapMax": "much"},
        {"GainMapMax": "1e999"},
        {"GainMapMax": "nan"},
        {"GainMapMax": "65"},
        {"GainMapMax": "-2"},  # below GainMapMin
        {"GainMapMin": "-65"},
        {"Gamma": "0"},
        {"Gamma": "-1"},
        {"Gamma": "1-1"},
        {"OffsetSDR": "-0.1"},
        {"OffsetHDR": "-0.1"},
        {"HDRCapacityMin": "-1"},
        {"HDRCapacityMin": "2.5"},  # not below HDRCapacityMax
        {"BaseRenditionIsHDR": "True"},
    ],
)
def test_xmp_that_makes_no_sense_is_none(change):
    values = {name: value for name, value in (GAINS | change).items() if value is not None}
    assert read_gains(gains_xmp(**values)) is None
    assert read_gains(gains_xmp(**GAINS, BaseRenditionIsHDR="False")) == GREY


@pytest.mark.parametrize(
    "text",
    [
        f'xmlns:hdrgm="{HDRGM}"',
        'hdrgm:GainMapMax="3" hdrgm:HDRCapacityMax="2"',  # no namespace
        f'xmlns:hdrgm="{HDRGM}" hdrgm:HDRCapacityMax="2"><hdrgm:GainMapMax>3',
        f'xmlns:h="{HDRGM}" h:HDRCapacityMax="2"><h:GainMapMax>{seq(1, 2)}</h:GainMapMax>',
        f'xmlns:h="{HDRGM}" h:HDRCapacityMax="2"><h:GainMapMax>{" " * 600}<a>3</a></h:GainMapMax>',
        f'xmlns:h="{HDRGM}" h:GainMapMax="3"><h:HDRCapacityMax>{seq(1, 2, 3)}</h:HDRCapacityMax>',
        "",
    ],
)
def test_xmp_in_part_is_none(text):
    assert read_gains(xmp(text)) is None


def test_iso_21496_as_sharp_writes_it():
    gains = read_gains(part(0xE2, ISO + OF_SHARP))
    assert gains is not None
    assert gains.high_headroom == pytest.approx(6.64386, abs=1e-4)
    (channel,) = gains.channels
    assert channel.values() == pytest.approx((0, 6.64386, 1, 0, 0), abs=1e-4)


def test_iso_21496_counts_before_xmp():
    header = gains_xmp(**GAINS) + iso(*PLAIN)
    assert read_gains(header) == Gains((Channel(-1.0, 3.0, 1.0, 0.125, 0.25),), 0.0, 2.0)
    assert read_gains(gains_xmp(**GAINS) + iso(*PLAIN, flags=0x44)) is None  # the picture is HDR


def test_iso_21496_with_one_denominator():
    numbers = struct.pack(">LLLllLll", 8, 0, 16, -8, 24, 8, 1, 2)
    header = part(0xE2, ISO + struct.pack(">HHB", 0, 1, 0x48) + numbers)
    assert read_gains(header) == Gains((Channel(-1.0, 3.0, 1.0, 0.125, 0.25),), 0.0, 2.0)


def test_iso_21496_of_three_channels_and_its_primaries():
    channels = [number for channel in COLOUR.channels for number in channel.values()]
    in_base = iso(0.25, 2.5, *channels, flags=0xC0, denominator=64)
    other = iso(0.25, 2.5, *channels, flags=0x80, denominator=64)
    assert read_gains(in_base) == COLOUR
    assert read_gains(other) == COLOUR.replace(in_base_colours=False)


def test_iso_21496_in_part_or_of_a_later_version_is_none():
    whole = iso(*PLAIN)
    for end in range(len(whole)):
        assert read_gains(whole[:end]) is None
    assert read_gains(whole) is not None
    assert read_gains(iso(*PLAIN, flags=0xC0)) is None  # three channels are announced
    later = whole.replace(ISO + bytes(2), ISO + b"\0\1")
    assert read_gains(later) is None


@pytest.mark.parametrize("at", range(0, 7 * 8, 8))
def test_a_denominator_of_zero_is_none(at):
    whole = bytearray(iso(*PLAIN))
    start = whole.index(ISO) + len(ISO) + 5 + at
    whole[start + 4 : start + 8] = bytes(4)
    assert read_gains(bytes(whole)) is None


def test_a_negative_headroom_of_iso_21496_is_none():
    assert read_gains(iso(-1, *PLAIN[1:])) is None  # without a sign, 4 million
    assert read_gains(iso(2, 1, *PLAIN[2:])) is None


def test_headrooms_that_writing_would_make_equal_are_none():
    for high in ("1e-9", "0.00009"):
        assert read_gains(gains_xmp(**GAINS | {"HDRCapacityMax": high})) is None
    least = read_gains(gains_xmp(**GAINS | {"HDRCapacityMin": "60", "HDRCapacityMax": "60.0002"}))
    assert least is not None
    assert read_gains(write_iso(least)) is not None
    assert read_gains(write_xmp(least)) is not None


@pytest.mark.parametrize("gains", [GREY, COLOUR], ids=["grey", "colour"])
def test_what_is_written_is_read_again(gains):
    assert read_gains(write_iso(gains)) == gains
    assert read_gains(write_xmp(gains)) == gains
    flags, numbers = iso_of(write_iso(gains))
    assert flags == (0x40 if gains is GREY else 0xC0)
    expected = [n for channel in gains.channels for n in channel.values()]
    assert numbers == [gains.low_headroom, gains.high_headroom, *expected]


def test_three_equal_channels_are_written_as_one():
    three = GREY.replace(channels=GREY.channels * 3)
    assert (write_iso(three), write_xmp(three)) == (write_iso(GREY), write_xmp(GREY))


def test_xmp_is_well_formed_and_leaves_defaults_out():
    for gains in (GREY, COLOUR):
        text = write_xmp(gains)[4 + 29 :]
        (description,) = ET.fromstring(text).iter(
            "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}Description"
        )
        assert description.get(f"{{{HDRGM}}}Version") == "1.0"
    names = re.findall(rb"hdrgm:(\w+)=", write_xmp(GREY))
    assert names == [b"Version", b"GainMapMin", b"GainMapMax", b"OffsetSDR", b"HDRCapacityMax"]


@pytest.mark.parametrize(
    "filler",
    ["<h:GainMapMax>", "h:GainMapMax=", "h:GainMapMax ", "xmlns:h ", "</h:GainMapMax>", " ", "<"],
)
def test_no_header_takes_long(filler):
    text = f'xmlns:h="{HDRGM}" h:HDRCapacityMax="1" ' + filler * ((1 << 17) // len(filler))
    start = time.process_time()
    read_gains(text.encode())
    assert time.process_time() - start < 0.5
