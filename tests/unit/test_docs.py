"""Docs that cannot rot: commands, settings and outputs that they name exist."""

import json
import re
import shlex
import subprocess
from contextlib import suppress
from pathlib import Path

import pytest
import yaml
from cyclopts import MissingArgumentError

from bench.__main__ import command_line as bench_line
from bench.accept.evidence import sentence
from function.contract import StackOutput
from function.engine.renditions import DEFAULT_RENDITIONS, LAZY_FORMATS, Rendition
from local.__main__ import APP as LOCAL
from ops.__main__ import APP as OPS
from pipeline.alarm_definitions import definitions
from pipeline.auth import Auth
from pipeline.configuration import KNOWN
from pipeline.permissions import roles
from pipeline.settings import Settings
from pipeline.settings_checks import SettingsError
from terminal import Misuse

AUTH = Auth(issuer="https://login.example.com", audience="photos")
ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
SETTINGS = (ROOT / "docs" / "settings.md").read_text()
HEADING = re.compile(r"^## (.+)$", re.MULTILINE)
DOCS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]


def test_the_first_screen_tells_of_the_newest_evidence():
    assert sentence() in README.splitlines()[:12]


def table(text: str) -> list[list[str]]:
    rows = [line.strip("| ").split(" | ") for line in text.splitlines() if line.startswith("| `")]
    return [[cell.strip() for cell in row] for row in rows]


def test_settings_table_is_pulumi_yaml():
    section = SETTINGS.split("<!-- settings -->")[1].split("<!-- /settings -->")[0]
    declared = yaml.safe_load((ROOT / "Pulumi.yaml").read_text())["config"]
    expected = [
        [f"`{key}`", yaml.dump(value["default"], default_flow_style=True).split("\n")[0]]
        for key, value in declared.items()
    ]
    undeclared = [["`renditions`", "four sizes"], ["`negotiate`", "none"], ["`auth`", "none"]]
    undeclared += [["`pollers`", "none"], ["`storageClasses`", "none"], ["`tags`", "none"]]
    undeclared += [["`vpc`", "none"]]
    assert [row[:2] for row in table(section)] == expected + undeclared


def test_rendition_fields_are_the_schema():
    text = (ROOT / "docs" / "renditions.md").read_text()
    section = text.split("## Fields")[1].split("Without `renditions`")[0]
    named = [name.strip("` ") for row in table(section) for name in row[0].split(",")]
    spelled = {"lazy_formats": LAZY_FORMATS}
    assert named == [spelled.get(field, field) for field in Rendition.fields]


def test_outputs_table_is_the_program():
    section = SETTINGS.split("## Outputs")[1]
    named = {name.strip("` ") for row in table(section) for name in row[0].split(",")}
    assert named == set(StackOutput)


@pytest.mark.parametrize(
    "named",
    [
        *(
            "pulumi stack rename",
            "aws s3control get-public-access-block",
            "CloudFront, 20 policies",
        ),
        *(
            "Lambda, Concurrent executions",
            "AccessDenied` at *PutBucketPolicy*",
            "15 minutes",
            "GovCloud",
        ),
    ],
)
def test_what_aws_refuses_is_said_before_the_first_deployment(named):
    deploy = (ROOT / "docs" / "deploy.md").read_text()
    assert named in deploy.split("## Promotion")[0]


def test_what_becomes_of_the_key_is_said_where_the_setting_is():
    settings = yaml.safe_load((ROOT / "Pulumi.yaml").read_text())["config"]
    assert "docs/deploy.md" in settings["encryption"]["description"]
    assert "## Leaving KMS" in (ROOT / "docs" / "deploy.md").read_text()


def test_the_stacks_are_as_the_page_on_deployment_compares_them():
    page = (ROOT / "docs" / "deploy.md").read_text()
    rows = dict(
        re.findall(r"^\| (.+?) \| (.+ \| .+?) \|$", page.split("| | dev | prod |")[1], re.MULTILINE)
    )
    declared = yaml.safe_load((ROOT / "Pulumi.yaml").read_text())["config"]

    def of(stack: str, key: str) -> object:
        config = yaml.safe_load((ROOT / f"Pulumi.{stack}.yaml").read_text())["config"]
        return config.get(f"image-pipeline:{key}", declared[key]["default"])

    told = {
        "uploads": ("uploads", "`{}`"),
        "delivery": ("delivery", "`{}`"),
        "most invocations at one time": ("maxConcurrency", "{}"),
        "log kept for": ("logRetentionDays", "{} days"),
        "monitoring": ("monitoring", "`{}`"),
    }
    for row, (key, form) in told.items():
        for stack, cell in zip(("dev", "prod"), rows[row].split(" | "), strict=True):
            value = of(stack, key) or "the account's limit"
            assert cell.startswith(form.format(value)), (row, stack)


@pytest.mark.parametrize("path", DOCS, ids=lambda path: path.name)
def test_make_targets_exist(path):
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"(?:^ *|`|&& )make ([a-z]+)", path.read_text(), re.MULTILINE)) <= targets


PROGRAMS = {"bench": bench_line(), "local": LOCAL, "ops": OPS}
PLACEHOLDERS = {"DIR": ".", "N": "1"}
COMMAND = re.compile(
    r"(?:python -m |`|image-pipeline )(bench|local|ops) ((?:'[^'\n]*'|[^`\n|)'])+)"
)


@pytest.mark.parametrize("path", DOCS, ids=lambda path: path.name)
def test_commands_are_parsed_as_printed(path):
    """A sentence may leave out the stack or a value; every option that it has exists."""
    for program, line in COMMAND.findall(path.read_text()):
        words = [word for word in shlex.split(line, comments=True) if word not in ("…", "·")]
        words = [PLACEHOLDERS.get(word, word.rstrip(".,:;")) for word in words]
        with suppress(Misuse, MissingArgumentError):
            PROGRAMS[program].parse_args(words, exit_on_error=False, print_error=False)


@pytest.mark.parametrize("path", DOCS, ids=lambda path: path.name)
def test_settings_outputs_and_stacks_that_are_named_exist(path):
    text = path.read_text()
    assert set(re.findall(r"image-pipeline:(?!index:)(\w+)", text)) <= set(KNOWN)
    assert set(re.findall(r"pulumi stack output (\w+)", text)) <= set(StackOutput)
    for stack in re.findall(r"--stack ([a-z]+)", text):
        assert (ROOT / f"Pulumi.{stack}.yaml").is_file(), stack


ELSEWHERE = {"applyDefaults", "cHRM", "eventCategory", "processIgnoreChanges", "readOnly"}
"""Names in Pulumi, AWS and PNG that no file here has."""


@pytest.fixture(scope="module")
def known_words():
    """Return every word of the code, which no document is part of."""
    kinds = ("*.py", "*.js", "*.yaml", "*.json")
    listed = subprocess.run(
        ["git", "ls-files", *kinds], cwd=ROOT, capture_output=True, text=True, check=True
    )
    files = [ROOT / name for name in listed.stdout.split()]
    return {word for file in files for word in re.findall(r"\w+", file.read_text("utf-8"))}


@pytest.mark.parametrize("path", DOCS, ids=lambda path: path.name)
def test_names_in_camel_case_are_those_of_the_code(path, known_words):
    text = re.sub(r"```.*?```", "", path.read_text(), flags=re.DOTALL)
    spans = " ".join(re.findall(r"`([^`\n]+)`", text))
    named = set(re.findall(r"(?<![\w/.:-])[a-z]+[A-Z][A-Za-z]+", spans))
    assert named - known_words <= ELSEWHERE


@pytest.mark.parametrize("path", DOCS, ids=lambda path: path.name)
def test_actions_of_iam_are_those_of_the_code(path, known_words):
    services = "cloudfront|dynamodb|ec2|iam|kms|lambda|logs|pricing|s3|sns|sqs|tag|xray"
    named = re.findall(rf"`(?:{services}):([A-Z]\w+)`", path.read_text())
    known = {word.replace("_", "").lower() for word in known_words}  # also boto3's methods
    assert [action for action in named if action.lower() not in known] == []


def test_queries_of_the_log_name_fields_that_the_code_writes(known_words):
    pages = "".join(path.read_text() for path in DOCS)
    queries = re.findall(r"(?:filter |\| (?:stats|fields) )[^`\n]+", pages)
    fields = {field for query in queries for field in re.findall(r"\b[A-Z]\w+", query)}
    assert "StoreTime" in fields
    assert fields - known_words <= {"Insights"}


def refusal(key, value):
    """Return the sentence that refuses a value of a setting by itself; "" if none does."""
    name = re.sub("[A-Z]", lambda letter: f"_{letter[0].lower()}", key)
    try:
        Settings(**{name: value})
    except TypeError:  # a number, which the page has as text here
        return ""
    except SettingsError as error:
        return str(error) if f"{key} must be one of" in str(error) else ""
    return ""


@pytest.mark.parametrize("path", DOCS, ids=lambda path: path.name)
def test_values_of_settings_are_allowed(path):
    named = set(re.findall(r"`(\w+): (\w+)`", path.read_text()))
    checked = {(key, value) for key, value in named if key in KNOWN and not value.isdecimal()}
    assert [found for found in (refusal(*each) for each in sorted(checked)) if found] == []


@pytest.mark.parametrize("path", DOCS, ids=lambda path: path.name)
def test_defaults_in_brackets_are_those_of_pulumi_yaml(path):
    declared = yaml.safe_load((ROOT / "Pulumi.yaml").read_text())["config"]
    told = set(re.findall(r"`(\w+)` \((\d+)(?: by default)?\)", path.read_text()))
    settings = {(key, value) for key, value in told if key in declared}
    assert settings == {(key, str(declared[key]["default"])) for key, _ in settings}


@pytest.mark.parametrize("path", DOCS, ids=lambda path: path.name)
def test_examples_use_the_environment_that_make_builds(path):
    examples = re.findall(
        r"^ *```(?:sh|text)\n(.*?)^ *```", path.read_text(), re.MULTILINE | re.DOTALL
    )
    bare = r"^ *(?:\$ )?(?:python -m (?!venv|build)|pip |pytest ).*"
    assert re.findall(bare, "\n".join(examples), re.MULTILINE) == []


@pytest.mark.parametrize("path", DOCS, ids=lambda path: path.name)
def test_files_that_are_named_exist(path):
    folders = (
        "bench|edge|examples|function|local|ops|packages|pipeline|policy|signer|terminal|tests|web"
    )
    named = re.findall(rf"[`\s]((?:{folders})/[\w./-]*\w)", path.read_text())
    written = re.compile(r"bench/evidence/")  # by `tune --apply`
    absent = [name for name in named if not (ROOT / name).exists()]
    assert [name for name in absent if not written.match(name)] == []


@pytest.mark.parametrize("path", DOCS, ids=lambda path: path.name)
def test_pulumi_commands_are_those_that_work(path):
    """`stack rm` deletes the stack's settings unless told not to; a pack needs its environment."""
    text = path.read_text()
    removals = re.findall(r"pulumi stack rm.*", text)
    assert [line for line in removals if "--preserve-config" not in line] == []
    if "pulumi up" in text and "--policy-pack policy" in text:
        assert text.index("(cd policy && pulumi install)") < text.index("--policy-pack policy")


def test_the_updates_of_a_live_stack_are_counted():
    steps = json.loads((ROOT / "tests" / "engine" / "changes.json").read_text())
    del steps["up"]
    alone = [step for step in steps if "+" not in step.split(":")[0]]
    told = f"| {len(steps)} updates, {len(alone)} of one setting and {len(steps) - len(alone)} of "
    assert told in (ROOT / "docs" / "run.md").read_text()


def test_every_page_is_in_the_index():
    index = (ROOT / "docs" / "README.md").read_text()
    pages = {path.name for path in (ROOT / "docs").glob("*.md")} - {"README.md"}
    assert pages == set(re.findall(r"\]\(([\w-]+\.md)\)", index))


def test_every_alarm_has_a_runbook():
    text = (ROOT / "docs" / "operate.md").read_text()
    rows = text.split("## Alarms")[1].split("\n## ")[0]
    poster = Rendition(name="poster", width=9, height=9, lazy=True, lazy_formats=("avif",))
    lazy = (*DEFAULT_RENDITIONS, poster)
    everything = Settings(
        uploads="presigned",
        auth=AUTH,
        delivery="cdn",
        renditions=lazy,
        source_bucket="photos",
        publish="held",
    )
    alarms = [alarm.part for alarm in definitions(everything)]
    assert set(re.findall(r"`([a-z-]+-alarm)`", rows)) == set(alarms)
    headings = {re.sub(r"[^\w-]", "", h.lower().replace(" ", "-")) for h in HEADING.findall(text)}
    linked = set(re.findall(r"\]\(#([\w-]+)\)", rows))
    assert linked
    assert linked <= headings


def test_every_permission_is_explained():
    text = (ROOT / "docs" / "security.md").read_text()
    arn = "arn:aws:s3:::b"
    arns = dict.fromkeys(("source_arn", "log_group_arn", "key_arn"), arn)
    documents = [
        roles.signer_role(**arns, quota_arn=arn),
        roles.resizer_role(
            **arns,
            destination_arn=arn,
            queue_arn=arn,
            backfill_arn=arn,
            index_arn=arn,
            renditions=DEFAULT_RENDITIONS,
            tracing=True,
            tags_rejected=True,
        ),
    ]
    actions = {a for role in documents for s in role["Statement"] for a in s["Action"]}
    explained = set(re.findall(r"\w+", text))
    assert [a for a in sorted(actions) if a.partition(":")[2] not in explained] == []


PAGES = [
    ROOT / name
    for name in subprocess.run(
        ["git", "ls-files", "*.md"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.splitlines()
]


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(path):
    for target in re.findall(r'(?:\]\(|src=")(?!https?://|\$)([^)#"]+)', path.read_text()):
        assert (path.parent / target).exists(), target


def test_pages_that_the_code_names_exist():
    folders = ("function", "signer", "pipeline", "local", "bench", "ops")
    sources = [path for folder in folders for path in (ROOT / folder).rglob("*.py")]
    named = {page for path in sources for page in re.findall(r"docs/\w+\.md", path.read_text())}
    assert named
    assert [page for page in sorted(named) if not (ROOT / page).is_file()] == []


def test_no_file_names_a_registry_or_this_machine():
    files = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split()
    parts = ("file" + ":///(?!etc/)", "/ro" + "ot/", "/wo" + "rk/", "--index" + "-url")
    pattern = re.compile("|".join(parts))
    texts = {name: (ROOT / name).read_text(errors="replace") for name in files}
    assert [name for name, text in texts.items() if pattern.search(text)] == []


def test_the_example_of_how_to_add_a_format_is_what_was_added():
    shown = (
        (ROOT / "docs" / "extend.md").read_text().split("+++ function/engine/formats/qoi.py\n")[1]
    )
    added = [line[1:] for line in shown.split("```")[0].splitlines()]
    assert added == (ROOT / "function/engine/formats/qoi.py").read_text().splitlines()
