"""What the README and the guide say: their Python runs, their links lead somewhere, their tables are complete."""

import re
from pathlib import Path

import pytest

from gradstream import _core
from gradstream.evaluation import METRICS

ROOT = Path(__file__).resolve().parents[1]
ROOMS = ("benchmarks/README.md", "cpp/README.md", "examples/data/ATTRIBUTION.md")
PAGES = [path.relative_to(ROOT).as_posix() for path in sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])] + [
    *ROOMS
]
BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\[[^\]]+\]\((?!https?://)([^)#]*)(?:#([^)]+))?\)")


def text(page):
    return (ROOT / page).read_text("utf-8")


def python_of(page):
    """The Python blocks of a page as one program: later blocks use names of earlier ones, lines keep their numbers."""
    program = [""] * text(page).count("\n")
    for block in BLOCK.finditer(text(page)):
        first = text(page).count("\n", 0, block.start(1))
        for number, line in enumerate(block[1].splitlines()):
            program[first + number] = line
    return "\n".join(program)


def anchors(page):
    """The anchors of a page's headings, as code hosts make them."""
    headings = re.findall(r"^#+ (.*)$", text(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", [page for page in PAGES if BLOCK.search(text(page))])
def test_python_blocks_run(page):
    exec(compile(python_of(page), ROOT / page, "exec"), {})


def test_the_readme_begins_with_ten_lines_that_run():
    first = BLOCK.search(text("README.md"))[1]
    assert len([line for line in first.splitlines() if line.strip()]) <= 10


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page):
    broken = []
    for target, anchor in LINK.findall(text(page)):
        path = (ROOT / page).parent / target if target else ROOT / page
        if not path.exists():
            broken.append(target)
        elif anchor and anchor not in anchors(path.resolve().relative_to(ROOT).as_posix()):
            broken.append(f"{target}#{anchor}")
    assert not broken


def test_the_two_commands_are_in_the_readme():
    readme = text("README.md")
    assert "python -m pip install . && python examples/quickstart.py" in readme
    assert 'python -m pip install ".[test]" && python -m pytest' in readme


@pytest.mark.parametrize(
    ("page", "entries"),
    [
        ("docs/guide/losses.md", _core.losses()),
        ("docs/guide/numerics.md", _core.losses()),
        ("docs/guide/optimizers.md", _core.optimizers()),
        ("docs/guide/optimizers.md", _core.schedules()),
        ("docs/guide/evaluation.md", [{"name": name} for name in METRICS]),
    ],
    ids=["losses", "losses in numerics", "optimizers", "schedules", "metrics"],
)
def test_tables_name_everything_there_is(page, entries):
    named = set(re.findall(r"^\| *`?(\w+)`?", text(page), re.MULTILINE))
    assert {entry["name"] for entry in entries} <= named


def test_penalties_are_described():
    assert all(f'"{penalty["name"]}"' in text("docs/guide/losses.md") for penalty in _core.penalties())


def test_learning_rates_are_the_documented_ones():
    for optimizer in _core.optimizers():
        row = next(
            line
            for line in text("docs/guide/optimizers.md").splitlines()
            if line.startswith(f"| `{optimizer['name']}`")
        )
        assert float(row.split("|")[2]) == optimizer["learning_rate"]
