import pytest

from bench.photos import photo
from function.engine.encoder_options import (
    AVIF_QUALITY,
    JPEG_TABLE,
    Picture,
    avif_quality,
    encoder_options,
    quantisation_table,
)
from function.engine.renditions import FORMATS, Encoders, OutputFormat, Target
from tests.support.engine import one, rendered
from tests.support.pictures import encoded, opened

PHOTO = encoded(photo((200, 150)), "PNG")


def body(format_name, quality=80, **options):
    (result,) = rendered(PHOTO, one(formats=(format_name,), quality=quality), **options)
    return result.body


@pytest.mark.parametrize(
    ("format_name", "options"),
    [
        ("jpeg", {"quality": 80}),
        ("webp", {"quality": 80, "method": 4}),
        (
            "avif",
            {"quality": 82, "speed": 8, "max_threads": 1, "advanced": {"tune": "ssim"}},
        ),
        ("png", {"compress_level": 6}),
    ],
)
def test_the_options_of_release_0_1_0(format_name, options):
    """``encoders: v0.1`` promises these to the stacks that it made."""
    picture = Picture(9**9, has_full_chroma=True, is_drawing=True)
    assert encoder_options(OutputFormat(format_name), 80, Encoders.V0_1, picture) == options


def test_avif_of_release_0_1_0_stops_at_100():
    options = encoder_options(OutputFormat.AVIF, 99, Encoders.V0_1, Picture(1))
    assert options["quality"] == 100


@pytest.mark.parametrize("quality", [1, 30, 49, 50, 80, 100])
def test_a_jpeg_has_the_table_of_its_quality_for_luma_and_chroma(quality):
    tables = opened(body("jpeg", quality)).quantization
    assert len(tables) in (1, 2)  # libjpeg may write two equal ones
    assert all(table == quantisation_table(quality) for table in tables.values())


def test_the_table_of_50_is_klein_s_scaled():
    assert quantisation_table(50)[:8] == [12, 14, 16, 22, 30, 44, 66, 99]
    assert quantisation_table(80)[:8] == [5, 6, 6, 9, 12, 17, 26, 40]
    assert quantisation_table(25)[:8] == [23, 28, 32, 44, 60, 87, 131, 198]
    assert quantisation_table(100) == [1] * 64
    assert set(quantisation_table(1)) == {255}


def test_the_table_is_klein_s():
    assert len(JPEG_TABLE) == 64
    assert [JPEG_TABLE[at * 9] for at in range(8)] == [10, 18, 25, 41, 70, 125, 227, 419]


def test_a_higher_quality_has_no_larger_step():
    for lower in range(1, 100):
        pairs = zip(quantisation_table(lower), quantisation_table(lower + 1), strict=True)
        assert all(low >= high for low, high in pairs), lower


def test_avif_is_tuned_for_the_eye_and_made_fast():
    options = encoder_options(OutputFormat.AVIF, 80, Encoders.CURRENT, Picture(1))
    assert options == {
        "quality": avif_quality(80),
        "speed": 9,
        "max_threads": 1,
        "advanced": {"disable-trellis-quant": "1"},
    }


def test_a_drawing_is_encoded_as_avif_more_slowly_and_full_chroma_is_kept():
    options = encoder_options(
        OutputFormat.AVIF,
        80,
        Encoders.CURRENT,
        Picture(1, has_full_chroma=True, is_drawing=True),
    )
    assert (options["speed"], options["subsampling"]) == (8, "4:4:4")


def test_smaller_takes_the_slower_speed_for_all_avif_and_nothing_else():
    for name in OutputFormat:
        now, smaller = (
            encoder_options(name, 80, encoders, Picture(1))
            for encoders in (Encoders.CURRENT, Encoders.SMALLER)
        )
        assert smaller == (now | {"speed": 8} if name is OutputFormat.AVIF else now)


def test_a_jpeg_has_full_chroma_only_if_it_is_to():
    for full in (False, True):
        options = encoder_options(
            OutputFormat.JPEG, 80, Encoders.CURRENT, Picture(1, has_full_chroma=full)
        )
        assert options.get("subsampling") == (0 if full else None)


def test_the_qualities_of_avif_are_those_measured_and_on_lines_between():
    assert [avif_quality(known) for known, _ in AVIF_QUALITY] == [q for _, q in AVIF_QUALITY]
    every = [avif_quality(quality) for quality in range(1, 101)]
    assert every == sorted(every)
    assert (every[0], every[-1]) == (1, 100)
    assert avif_quality(80) == 70
    assert avif_quality(75) == 65
    assert avif_quality(87) == 80  # 80.5


@pytest.mark.parametrize("format_name", FORMATS)
def test_only_jpeg_and_avif_differ_from_those_of_release_0_1_0(format_name):
    now, _, before = (body(format_name, encoders=encoders) for encoders in Encoders)
    assert (now == before) is (format_name in {"webp", "png"})


def test_a_jpeg_of_the_same_quality_has_fewer_bytes_than_in_release_0_1_0():
    picture = one(width=400, height=300, formats=("jpeg",))
    data = encoded(photo((800, 600)), "PNG")
    now, _, before = (
        len(rendered(data, picture, encoders=encoders)[0].body) for encoders in Encoders
    )
    assert 0.8 < now / before < 0.95


def test_jpegs_up_to_full_hd_have_huffman_tables_of_their_own():
    for pixels, optimised in ((1920 * 1080, True), (1920 * 1200, False)):
        options = encoder_options(OutputFormat.JPEG, 80, Encoders.CURRENT, Picture(pixels))
        assert options["optimize"] is optimised


@pytest.mark.parametrize(
    ("format_name", "encoders", "picture", "is_slower"),
    [
        ("avif", Encoders.CURRENT, Picture(2_080_000), True),
        ("avif", Encoders.CURRENT, Picture(2_080_001), False),
        # Chroma at full size takes half as much time again.
        ("avif", Encoders.CURRENT, Picture(1_405_000, has_full_chroma=True), True),
        ("avif", Encoders.CURRENT, Picture(1_406_000, has_full_chroma=True), False),
        ("avif", Encoders.SMALLER, Picture(1, is_drawing=True), True),
        ("avif", Encoders.V0_1, Picture(1), False),
        *((name, Encoders.CURRENT, Picture(1), False) for name in ("jpeg", "webp", "png")),
    ],
)
def test_patience_is_for_avif_that_is_made_in_time(format_name, encoders, picture, is_slower):
    given = OutputFormat(format_name), 80, encoders, picture
    usual = encoder_options(*given)
    patient = encoder_options(*given, patience=5.2)
    assert patient == (usual | {"speed": 6} if is_slower else usual)
    assert encoder_options(*given, patience=0.0) == usual


def test_a_patient_encoder_has_fewer_bytes_and_a_target_its_usual_ones():
    assert len(body("avif", patience=5.0)) < len(body("avif"))
    aimed = {"quality": Target(75)}
    assert body("avif", **aimed, patience=5.0) == body("avif", **aimed)
