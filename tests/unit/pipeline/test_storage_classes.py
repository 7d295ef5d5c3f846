"""The storage classes that uploads may be moved to, and when."""

import pytest

from pipeline.settings import Settings, SettingsError
from pipeline.storage_classes import Transition


def transitions(**days: int) -> tuple[Transition, ...]:
    return tuple(Transition(storage_class=name, days=count) for name, count in days.items())


@pytest.mark.parametrize(
    "days",
    [
        {},
        {"STANDARD_IA": 30},
        {"INTELLIGENT_TIERING": 1},
        {"GLACIER_IR": 1},
        {"GLACIER_IR": 36_500},
        {"STANDARD_IA": 30, "GLACIER_IR": 60},
        {"GLACIER_IR": 120, "STANDARD_IA": 90},
        {"STANDARD_IA": 30, "INTELLIGENT_TIERING": 60},
    ],
)
def test_what_s3_does_and_the_pipeline_can_read_is_accepted(days):
    assert Settings(storage_classes=transitions(**days)).storage_classes == transitions(**days)


@pytest.mark.parametrize(
    ("days", "sentence"),
    [
        ({"GLACIER": 90}, "must not have GLACIER: an upload in it must be restored"),
        ({"DEEP_ARCHIVE": 180}, "must not have DEEP_ARCHIVE: an upload in it must be restored"),
        ({"ONEZONE_IA": 30}, "must not have ONEZONE_IA: an upload in it is lost with its one zone"),
        ({"STANDARD": 30}, "storageClasses must be one of STANDARD_IA, INTELLIGENT_TIERING"),
        ({"STANDARD_IA": 29}, "storageClasses STANDARD_IA must be 30 to 36500 days; got 29"),
        ({"GLACIER_IR": 0}, "storageClasses GLACIER_IR must be 1 to 36500 days; got 0"),
        ({"INTELLIGENT_TIERING": 36_501}, "INTELLIGENT_TIERING must be 1 to 36500 days"),
        ({"STANDARD_IA": 30, "GLACIER_IR": 59}, "at least 30 days later; got STANDARD_IA after 30"),
        ({"STANDARD_IA": 90, "GLACIER_IR": 30}, "got GLACIER_IR after 30 days and STANDARD_IA"),
        ({"INTELLIGENT_TIERING": 30, "GLACIER_IR": 90}, "got INTELLIGENT_TIERING after 30 days"),
        (
            {"STANDARD_IA": 30, "INTELLIGENT_TIERING": 60, "GLACIER_IR": 90},
            "got INTELLIGENT_TIERING after 60 days and GLACIER_IR after 90",
        ),
    ],
)
def test_what_s3_or_the_pipeline_cannot_do_is_refused(days, sentence):
    with pytest.raises(SettingsError, match=sentence):
        Settings(storage_classes=transitions(**days))
