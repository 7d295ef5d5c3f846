"""No test passes vacuously: each of these would pass under Pulumi's own mocks."""

import gc
import os
import sys

import pytest

pytestmark = [  # the SDK's own mocks leave the event loop open that they make
    pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

HEAD = """
import asyncio, dataclasses, unittest
import functools
from unittest import mock
import pulumi
import pytest
from toycloud import Bucket, Pair
from pytest_pulumi import Cloud, evaluate

ARN = Cloud(outputs={"Bucket": {"arn": "arn:1"}})

def check(arn):
    assert arn == "arn:2", "wrong"
"""

VACUOUS = {
    "an assertion inside apply that raises, in a test": (
        """
def test(pulumi_component):
    pulumi_component(Bucket, "b", cloud=ARN).returned.arn.apply(check)
""",
        "*AssertionError: wrong*",
    ),
    "an assertion on what a preview cannot know": (
        """
def test(pulumi_component):
    pulumi_component(Bucket, "b", preview=True).returned.arn.apply(check)
""",
        "*An assertion never ran*apply at test_it.py:11.*unknown in a preview*",
    ),
    "an assertion in the program, on what a preview cannot know": (
        """
def test():
    evaluate(lambda: Bucket("b").arn.apply(check), preview=True)
""",
        "*An assertion never ran*test_it.py:11.*",
    ),
    "an assertion in the program that raises": (
        """
def test():
    evaluate(lambda: Bucket("b").arn.apply(check), cloud=ARN)
""",
        "*AssertionError: wrong*",
    ),
    "an assertion whose failure the program recovers from": (
        """
def test():
    evaluate(lambda: Bucket("b").arn.apply(check).recover(lambda error: None), cloud=ARN)
""",
        "*AssertionError: wrong*",
    ),
    "an assertion behind a step that fails": (
        """
def test(pulumi_component):
    bucket = pulumi_component(Bucket, "b", cloud=ARN).returned
    bucket.arn.apply(lambda arn: arn.nonsense).apply(check)
""",
        "*no attribute 'nonsense'*",
    ),
    "an assertion behind a library's step that fails": (
        """
import wiring

def test(pulumi_component):
    wiring.parsed(pulumi_component(Bucket, "b", cloud=ARN).returned.arn).apply(check)
""",
        "*An assertion never ran*Its Output failed: Expecting value*",
    ),
    "an assertion in an async callback": (
        """
async def check_later(arn):
    await asyncio.sleep(0)
    check(arn)

def test(pulumi_component):
    pulumi_component(Bucket, "b", cloud=ARN).returned.arn.apply(check_later)
""",
        "*AssertionError: wrong*",
    ),
    "an assertion on a resource that is made after the program": (
        """
def test(pulumi_component):
    pulumi_component(Bucket, "b", cloud=ARN)
    Bucket("late").arn.apply(check)
""",
        "*An assertion never ran*test_it.py:11*",
    ),
    "an async callback that never ends": (
        """
async def check_later(arn):
    await asyncio.get_running_loop().create_future()
    check(arn)

def test(pulumi_component, monkeypatch):
    monkeypatch.setattr("pytest_pulumi.resolve.SETTLE", 0.1)
    pulumi_component(Bucket, "b", cloud=ARN).returned.arn.apply(check_later)
""",
        "*An assertion never ran*",
    ),
    "an Output that is asked whether it is true": (
        """
def test(pulumi_component):
    assert pulumi_component(Bucket, "b", cloud=ARN).returned.arn
""",
        "*An Output is always true*",
    ),
    "an Output that is unequal to plain text": (
        """
def test(pulumi_component):
    assert pulumi_component(Bucket, "b", cloud=ARN).returned.arn != "arn:2"
""",
        "*An Output never equals a plain value such as 'arn:2'*",
    ),
    "an Output that is not in a list of plain text": (
        """
def test(pulumi_component):
    assert pulumi_component(Bucket, "b", cloud=ARN).returned.arn not in ["arn:2"]
""",
        "*An Output never equals a plain value such as 'arn:2'*",
    ),
    "an Output in a condition of a program that a test holds": (
        """
def test():
    evaluate(lambda: Bucket("b").arn == "arn:1" and Bucket("c"), cloud=ARN)
""",
        "*An Output never equals a plain value such as 'arn:1'*",
    ),
    "a condition on the text of an Output": (
        """
def test(pulumi_component):
    assert "arn:1" not in f"{pulumi_component(Bucket, 'b', cloud=ARN).returned.arn}"
""",
        "*The text of an Output is never its value*",
    ),
    "an Output that unittest asks whether it is true": (
        """
def test(pulumi_component):
    unittest.TestCase().assertTrue(pulumi_component(Bucket, "b", cloud=ARN).returned.arn)
""",
        "*An Output is always true*",
    ),
    "an Output that unittest compares with plain text": (
        """
class Test(unittest.TestCase):
    def test(self):
        self.assertNotEqual(evaluate(lambda: Bucket("b"), cloud=ARN).returned.arn, "arn:1")
""",
        "*An Output never equals a plain value such as 'arn:1'*",
    ),
    "an Output within a dataclass that is compared": (
        """
@dataclasses.dataclass
class Name:
    arn: object

def test(pulumi_component):
    assert Name(pulumi_component(Bucket, "b", cloud=ARN).returned.arn) != Name("arn:1")
""",
        "*An Output never equals a plain value such as 'arn:1'*",
    ),
    "unittest's own assertion inside apply": (
        """
class Test(unittest.TestCase):
    def test(self):
        bucket = evaluate(lambda: Bucket("b"), cloud=ARN).returned
        bucket.arn.apply(functools.partial(self.assertEqual, "arn:2"))
""",
        "*AssertionError: 'arn:2' != 'arn:1'*",
    ),
    "unittest's own assertion in the program": (
        """
class Test(unittest.TestCase):
    def test(self):
        check = functools.partial(self.assertEqual, "arn:2")
        evaluate(lambda: Bucket("b").arn.apply(check), preview=True)
""",
        "*An assertion never ran*apply at test_it.py:17*",
    ),
    "a mock that a preview does not call": (
        """
def test(pulumi_component):
    bucket = pulumi_component(Bucket, "b", preview=True).returned
    bucket.arn.apply(mock.Mock(side_effect=AssertionError))
""",
        "*An assertion never ran*apply at test_it.py:16*",
    ),
    "a list that a preview leaves empty": (
        """
def test(pulumi_component):
    seen = []
    pulumi_component(Bucket, "b", preview=True).returned.arn.apply(seen.append)
    for arn in seen:
        check(arn)
""",
        "*An assertion never ran*apply at test_it.py:16*",
    ),
    "a task of the program that asserts": (
        """
def test(pulumi_component):
    def make():
        bucket = Bucket("b")
        async def check_later():
            check(await bucket.arn.future())
        asyncio.ensure_future(check_later())
    pulumi_component(make, cloud=ARN)
""",
        "*AssertionError: wrong*",
    ),
    "a task of the program that never ends": (
        """
def test(pulumi_component, monkeypatch):
    monkeypatch.setattr("pytest_pulumi.resolve.SETTLE", 0.1)
    def make():
        never = asyncio.get_running_loop().create_future()
        async def check_later():
            assert await never
        asyncio.ensure_future(check_later())
    pulumi_component(make)
""",
        "*An assertion never ran*the task at test_it.py:18. It did not end*",
    ),
    "a test that was compiled in another folder": (
        """
CODE = "def test(pulumi_component):\\n    assert pulumi_component(Bucket, 'b').returned.arn"
exec(compile(CODE, "/elsewhere/test_it.py", "exec"))
""",
        "*An Output is always true*",
    ),
    "an assertion in a partial": (
        """
def test(pulumi_component):
    bucket = pulumi_component(Bucket, "b", preview=True).returned
    bucket.arn.apply(functools.partial(lambda check, arn: check(arn), check))
""",
        "*An assertion never ran*",
    ),
    "an assertion in an object that can be called": (
        """
class Check:
    def __call__(self, arn):
        check(arn)

def test(pulumi_component):
    pulumi_component(Bucket, "b", preview=True).returned.arn.apply(Check())
""",
        "*An assertion never ran*",
    ),
    "an assertion in a future that a callback returns": (
        """
async def check_later(arn):
    check(arn)

def test(pulumi_component):
    bucket = pulumi_component(Bucket, "b", cloud=ARN).returned
    bucket.arn.apply(lambda arn: asyncio.ensure_future(check_later(arn)))
""",
        "*AssertionError: wrong*",
    ),
    "an assertion in a generator, whose body never runs": (
        """
def check_each(arn):
    yield check(arn)

def test(pulumi_component):
    pulumi_component(Bucket, "b", cloud=ARN).returned.arn.apply(check_each)
""",
        "*An assertion never ran*",
    ),
    "an assertion in the program, one call deeper": (
        """
def test():
    evaluate(lambda: Bucket("b").arn.apply(lambda arn: check(arn)), preview=True)
""",
        "*An assertion never ran*test_it.py:15.*",
    ),
    "an assertion in the program, one variable of an enclosing function deeper": (
        """
def test():
    def inner(arn):
        assert arn
    evaluate(lambda: Bucket("b").arn.apply(functools.partial(lambda arn: inner(arn))), preview=True)
""",
        "*An assertion never ran*",
    ),
    "an assertion in the program, from a helper's file": (
        """
from wiring import verify

def test():
    evaluate(lambda: Bucket("b").arn.apply(verify), preview=True)
""",
        "*An assertion never ran*wiring.py:*",
    ),
    "pytest.fail in the program": (
        """
def test():
    evaluate(lambda: Bucket("b").arn.apply(lambda arn: pytest.fail("bad")), preview=True)
""",
        "*An assertion never ran*",
    ),
    "an assertion in a fixture": (
        """
@pytest.fixture
def arn(pulumi_component):
    pulumi_component(Bucket, "b", cloud=ARN).returned.arn.apply(check)

def test(arn):
    pass
""",
        "*AssertionError: wrong*",
    ),
    "a coroutine that hangs in a cycle": (
        """
async def check_arn():
    assert False

def test(pulumi_component):
    cycle = [check_arn()]
    cycle.append(cycle)
""",
        "*A coroutine was never awaited*check_arn (*",
    ),
    "a coroutine that nobody awaits": (
        """
async def check_arn():
    assert False

def test(pulumi_component):
    check_arn()
""",
        "*A coroutine was never awaited*check_arn (*test_it.py:18)*",
    ),
    "Pulumi's own mocks, without returning the Output": (
        """
class Mocks(pulumi.runtime.Mocks):
    def new_resource(self, args):
        return args.name, {}
    def call(self, args):
        return {}

@pulumi.runtime.test
def test():
    pulumi.runtime.set_mocks(Mocks(), preview=True)
    Bucket("b").arn.apply(check)
""",
        "*An assertion never ran*",
    ),
}

SOUND = {
    "an assertion that holds": """
def test(pulumi_component):
    bucket = pulumi_component(Bucket, "b", cloud=ARN).returned
    bucket.arn.apply(lambda arn: check(arn.replace("1", "2")))
""",
    "wiring of the program that a preview leaves out": """
def test():
    evaluate(lambda: Bucket("b").arn.apply(lambda arn: arn.upper()), preview=True)
""",
    "wiring of the program by a function of the program that asserts": """
from wiring import wire_with_a_check

def test():
    evaluate(lambda: wire_with_a_check(Bucket("b")), preview=True)
""",
    "an assertion of a fixture that holds": """
@pytest.fixture
def bucket(pulumi_component):
    bucket = pulumi_component(Bucket, "b", cloud=ARN).returned
    bucket.arn.apply(lambda arn: check(arn.replace("1", "2")))
    yield bucket
    bucket.arn.apply(lambda arn: check(arn.replace("1", "2")))

def test(bucket):
    pass
""",
    "an assertion that ran on unknown values": """
def test(pulumi_component):
    seen = []
    bucket = pulumi_component(Bucket, "b", preview=True).returned
    bucket.arn.apply(lambda arn: seen.append(arn), run_with_unknowns=True)
""",
    "wiring of a program under Pulumi's own mocks": """
from wiring import wire

class Mocks(pulumi.runtime.Mocks):
    def new_resource(self, args):
        return args.name, {}
    def call(self, args):
        return {}

@pulumi.runtime.test
def test():
    pulumi.runtime.set_mocks(Mocks(), preview=True)
    wire(Bucket("b"))
""",
    "a task of the program whose assertion holds": """
def test(pulumi_component):
    def make():
        bucket = Bucket("b")
        async def check_later():
            assert await bucket.arn.future() == "arn:1"
        asyncio.ensure_future(check_later())
    pulumi_component(make, cloud=ARN)
""",
    "unittest's own assertion that holds": """
class Test(unittest.TestCase):
    def test(self):
        bucket = evaluate(lambda: Bucket("b"), cloud=ARN).returned
        bucket.arn.apply(functools.partial(self.assertEqual, "arn:1"))
""",
    "text of an Output that a library makes": """
import wiring

def test(pulumi_component):
    assert wiring.text(pulumi_component(Bucket, "b", cloud=ARN).returned.arn)
""",
    "a failure that the test expects": """
def test():
    with pytest.raises(AssertionError, match="wrong"):
        evaluate(lambda: Bucket("b").arn.apply(check), cloud=ARN)
""",
    "a coroutine that is awaited": """
def test():
    async def one():
        return 1
    assert asyncio.run(one()) == 1
""",
}


WIRING = """
import json

def parsed(output):
    return output.apply(json.loads)

def wire(bucket):
    return bucket.arn.apply(lambda arn: arn.upper())

def text(output):
    return str(output)

def verify(arn):
    assert arn == "arn:2", "wrong"

def wire_with_a_check(bucket):
    return bucket.arn.apply(verify)
"""


def _run(pytester, body, *options):
    pytester.syspathinsert()
    pytester.makepyfile(wiring=WIRING)
    pytester.makepyfile(test_it=HEAD + body)
    result = pytester.runpytest_inprocess("-p", "pytest_pulumi_plugin", *options)
    if "set_mocks" in body:
        gc.collect()  # the loop that the mocks leave open, while its warning is ignored
    return result


@pytest.mark.parametrize("name", VACUOUS)
def test_a_vacuous_test_fails(pytester, name):
    body, said = VACUOUS[name]
    result = _run(pytester, body)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines([said])


@pytest.mark.parametrize("name", SOUND)
def test_a_sound_test_passes(pytester, name):
    _run(pytester, SOUND[name]).assert_outcomes(passed=1)


def test_an_assertion_at_a_fixtures_end_is_an_error(pytester):
    result = _run(
        pytester,
        """
@pytest.fixture
def bucket(pulumi_component):
    bucket = pulumi_component(Bucket, "b", cloud=ARN).returned
    yield
    bucket.arn.apply(check)

def test(bucket):
    pass
""",
    )
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["*AssertionError: wrong*"])


def test_a_file_that_imports_pulumi_within_its_test_is_watched(pytester, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(sys.path))
    pytester.makepyfile(
        test_it="""
def test(pulumi_component):
    from toycloud import Bucket
    def check(arn):
        assert arn
    pulumi_component(lambda: Bucket("b").arn.apply(check), preview=True)
"""
    )
    result = pytester.runpytest_subprocess("-p", "pytest_pulumi_plugin")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*An assertion never ran*"])


def test_what_a_failed_program_leaves_behind_fails_no_later_test(pytester):
    result = _run(
        pytester,
        """
import gc

def test_one(pulumi_component):
    def make():
        b = Bucket("b")
        Bucket("c", tags=b.arn.apply(lambda arn: arn.nonsense))
        pulumi.StackReference("a/b/c").get_output("x").apply(lambda x: Bucket(x))
    gc.disable()
    with pytest.raises(Exception):
        pulumi_component(make)

def test_two():
    gc.enable()
    gc.collect()
""",
    )
    result.assert_outcomes(passed=2)


def test_what_a_failed_program_leaves_behind_fails_no_later_fixture(pytester):
    result = _run(
        pytester,
        """
import gc

def test_one(pulumi_component):
    def make():
        pulumi.StackReference("a/b/c").require_output("x")
        gc.collect()  # so that it is not collected at the end of this test
        raise ValueError
    with pytest.raises(KeyError):
        pulumi_component(make, cloud=Cloud(stacks={"a/b/c": {}}))

@pytest.fixture
def collected():
    gc.collect()

def test_two(collected):
    pass
""",
        "-W",
        "error",
    )
    result.assert_outcomes(passed=2)


def test_a_coroutine_that_the_program_drops_is_seen(pytester):
    result = _run(
        pytester,
        """
async def check_arn():
    assert False

def test():
    evaluate(lambda: check_arn() and None)
""",
    )
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*A coroutine was never awaited*check_arn (*test_it.py:*"])


def test_an_async_callback_that_ends_has_run(pytester):
    result = _run(
        pytester,
        """
async def check_later(arn):
    await asyncio.sleep(0)
    assert arn == "arn:1"

def test(pulumi_component):
    pulumi_component(Bucket, "b", cloud=ARN).returned.arn.apply(check_later)
""",
    )
    result.assert_outcomes(passed=1)


def test_outputs_can_be_compared_with_each_other_and_with_none(pytester):
    result = _run(
        pytester,
        """
def test(pulumi_component):
    bucket = pulumi_component(Bucket, "b", cloud=ARN).returned
    arn = bucket.arn
    assert arn is not None
    assert arn == arn
    assert not arn != arn
    assert arn != bucket.id
    assert arn in {arn: 1}
    assert arn not in [bucket.id]
""",
    )
    result.assert_outcomes(passed=1)


def test_code_outside_of_tests_compares_as_before(pytester):
    pytester.makepyfile(
        library="""
def answers(output):
    return bool(output), output == "x", output != "x", output == output, output != output
"""
    )
    result = _run(
        pytester,
        """
import library

def test(pulumi_component):
    arn = pulumi_component(Bucket, "b", cloud=ARN).returned.arn
    assert library.answers(arn) == (True, False, True, True, False)
""",
    )
    result.assert_outcomes(passed=1)


def test_a_test_that_is_run_again_is_watched_anew(pytester):
    pytester.makeconftest(
        """
from _pytest.runner import runtestprotocol

def pytest_runtest_protocol(item, nextitem):
    runtestprotocol(item, nextitem=nextitem, log=False)
    item._initrequest()
    runtestprotocol(item, nextitem=nextitem)
    return True
"""
    )
    result = _run(
        pytester,
        """
values = iter(["arn:1", "arn:2"])

def test(pulumi_component):
    cloud = Cloud(outputs={"Bucket": {"arn": next(values)}})
    pulumi_component(Bucket, "b", cloud=cloud).returned.arn.apply(check)
""",
    )
    result.assert_outcomes(passed=1)


def test_the_same_tests_pass_without_the_plugin(pytester, monkeypatch):
    body = VACUOUS["Pulumi's own mocks, without returning the Output"][0]
    pytester.makepyfile(test_it=HEAD + body)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(sys.path))
    result = pytester.runpytest_subprocess("-p", "no:pytest_pulumi_plugin", "-W", "ignore")
    result.assert_outcomes(passed=1)


def test_a_failing_test_shows_the_tree_of_its_programs(pytester):
    result = _run(
        pytester,
        """
def test(pulumi_component):
    program = pulumi_component(Pair, "p", cloud=ARN)
    assert program.by_name("p-bucket").inputs == {"tags": 1}
""",
    )
    result.stdout.fnmatch_lines(
        ["*Pulumi resources*", "*   ├─ p-bucket *toy:storage/bucket:Bucket*"]
    )


def test_so_does_one_whose_program_a_fixture_made(pytester):
    result = _run(
        pytester,
        """
@pytest.fixture(scope="module")
def site(pulumi_component):
    return pulumi_component(Pair, "p", cloud=ARN)

def test(site):
    assert site.preview
""",
    )
    result.stdout.fnmatch_lines(["*Pulumi resources*", "*├─ p-bucket*"])


def test_tests_without_pulumi_do_not_import_it(pytester, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(sys.path))
    pytester.makepyfile(
        test_it="def test():\n    import sys\n    assert 'pulumi' not in sys.modules"
    )
    pytester.runpytest_subprocess("-p", "pytest_pulumi_plugin").assert_outcomes(passed=1)


def test_fixtures_are_found_by_their_names(pytester):
    pytester.makeconftest(
        """
import pytest
from pytest_pulumi import Cloud

@pytest.fixture(scope="session")
def pulumi_cloud():
    return Cloud(outputs={"Bucket": {"arn": "arn:9"}})
"""
    )
    pytester.mkdir("infra").joinpath("__main__.py").write_text(
        "import pulumi\nfrom toycloud import Bucket\npulumi.export('arn', Bucket('b').arn)\n"
    )
    result = _run(
        pytester,
        """
def test(pulumi_program):
    assert pulumi_program("infra").outputs == {"arn": "arn:9"}
    assert pulumi_program("infra", cloud=ARN).outputs == {"arn": "arn:1"}
""",
    )
    result.assert_outcomes(passed=1)
