import pytest

from bench.accept import hostile
from bench.accept.uploads import task
from function.engine.errors import Rejected
from function.engine.work import work
from pipeline.settings import Settings

MOST = Settings(memory=10240, max_megapixels=1000, timeout=60)


@pytest.mark.parametrize("settings", [Settings(), MOST], ids=["default", "most"])
@pytest.mark.parametrize("name", hostile.files())
def test_each_file_is_rejected_for_its_reason(name, settings):
    body, reason = hostile.files()[name]
    with pytest.raises(Rejected) as rejected:
        list(work(body, task(settings)))
    assert rejected.value.code == reason
    assert len(body) < 10_000
