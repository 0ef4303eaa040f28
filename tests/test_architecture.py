"""The shape of the house, read from the files: who may use whom, how long a file may be, what is written where."""

import ast
import os
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
CPP = ROOT / "cpp"
PACKAGE = ROOT / "python" / "gradstream"

# A room uses rooms of a lower rank only; rooms of one rank do not know each other.
CPP_RANKS = {
    "core": 0,
    **dict.fromkeys(("views", "losses", "penalties", "optimizers", "schedules"), 1),
    "kernels": 2,
    "parallel": 3,
    "solvers": 4,
    "bindings": 5,
}
PYTHON_RANKS = {
    "_core": 0,
    **dict.fromkeys(("exceptions", "optim", "_threads", "_unavailable", "_versions"), 1),
    "_parameters": 2,
    "persistence": 2,
    "_state": 3,
    **dict.fromkeys(("_callbacks", "_validation"), 4),
    "_targets": 5,
    **dict.fromkeys(("export", "regimes"), 6),
    "estimators": 7,
    **dict.fromkeys(("evaluation", "linear_model"), 8),
    "__init__": 9,
}

LINE_LIMITS = {"cpp": 300, "python": 400, "tests": 500, "benchmarks": 400, "examples": 400}
LONGER_FILES: dict[str, str] = {}  # path from the root -> the reason

VAGUE_NAMES = {"util", "utils", "helper", "helpers", "common", "misc"}
TEXT_SUFFIXES = {
    ".cfg",
    ".cmake",
    ".cpp",
    ".hpp",
    ".in",
    ".ini",
    ".json",
    ".md",
    ".py",
    ".pyi",
    ".sh",
    ".toml",
    ".txt",
    ".yaml",
    ".yml",
}
FOREIGN_WORDS = {
    "the host of a package registry": re.compile(
        r"pypi\.org|pythonhosted\.org|anaconda\.(?:org|com)|npmjs\.|crates\.io", re.I
    ),
    "a path of one machine": re.compile(r"(?<![\w.}])/(?:home|root|work|Users)/\w"),
}


def files(folder: Path, *suffixes: str) -> list[Path]:
    """Return the files of a room by suffix; a room that is empty or misnamed would make every rule below hold."""
    found = sorted(path for path in folder.rglob("*") if path.suffix in suffixes and "__pycache__" not in path.parts)
    assert found, f"no {suffixes} files under {folder}"
    return found


def text_files() -> list[Path]:
    rooms = [ROOT / name for name in (".ci", "benchmarks", "cmake", "cpp", "docs", "examples", "python", "tests")]
    inside = [path for room in rooms for path in room.rglob("*") if path.suffix in TEXT_SUFFIXES or room.name == ".ci"]
    return [
        path
        for path in [*ROOT.iterdir(), *inside]
        if path.is_file() and (path.suffix in TEXT_SUFFIXES or path.parent.name == ".ci")
    ]


def lines(path: Path) -> list[tuple[str, str]]:
    """Return (place, line) pairs; the place is what an editor opens."""
    name = path.relative_to(ROOT).as_posix()
    return [(f"{name}:{number}", line) for number, line in enumerate(path.read_text("utf-8").splitlines(), start=1)]


def found_in(pattern: re.Pattern[str], paths: list[Path]) -> list[str]:
    return [f"{place}: {line.strip()}" for path in paths for place, line in lines(path) if pattern.search(line)]


def imported_modules(path: Path) -> set[str]:
    """Return the rooms of the package that a module imports, at its top or inside a function."""
    here = ("gradstream", *path.relative_to(PACKAGE).with_suffix("").parts)
    rooms = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names = [alias.name.split(".") for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            parent = list(here[: -node.level]) if node.level else []
            base = parent + (node.module.split(".") if node.module else [])
            names = [[*base, alias.name] for alias in node.names]
        else:
            continue
        rooms.update(name[1] if len(name) > 1 else "__init__" for name in names if name[0] == "gradstream")
    return rooms


def test_cpp_rooms_include_lower_rooms_only():
    broken = []
    for path in files(CPP, ".hpp", ".cpp"):
        room = path.relative_to(CPP).parts[0]
        for place, line in lines(path):
            include = re.match(r'\s*#\s*include\s*"([^"]+)"', line)
            if not include:
                continue
            target = include[1].split("/")[0]
            if not (CPP / include[1]).is_file() or target not in CPP_RANKS:
                broken.append(
                    f'{place}: "{include[1]}" is not a file of a room; write it from cpp/, as in "core/status.hpp"'
                )
            elif target != room and CPP_RANKS[target] >= CPP_RANKS[room]:
                broken.append(f"{place}: {room} must not include {target}")
            elif include[1].endswith("-inl.hpp") and room != "kernels":
                broken.append(f"{place}: -inl.hpp files are compiled once per instruction set, inside kernels only")
    assert not broken, "\n".join(broken)


def test_python_modules_import_lower_modules_only():
    broken = []
    for path in files(PACKAGE, ".py"):
        name = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
        for target in imported_modules(path) - {name}:
            # What is no module of the package is a name of the package itself, such as gradstream.__version__.
            if PYTHON_RANKS.get(target, PYTHON_RANKS["__init__"]) >= PYTHON_RANKS[name]:
                broken.append(f"{path.relative_to(ROOT)}: {name} must not import {target}")
    assert not broken, "\n".join(broken)


def test_every_room_has_a_rank():
    assert {path.name for path in CPP.iterdir() if path.is_dir()} == set(CPP_RANKS)
    assert {path.relative_to(PACKAGE).parts[0].removesuffix(".py") for path in files(PACKAGE, ".py")} <= set(
        PYTHON_RANKS
    )


@pytest.mark.parametrize("room", LINE_LIMITS)
def test_files_are_short(room):
    lengths = {
        path.relative_to(ROOT).as_posix(): len(lines(path)) for path in files(ROOT / room, ".py", ".hpp", ".cpp")
    }
    long = {name: length for name, length in lengths.items() if length > LINE_LIMITS[room] and name not in LONGER_FILES}
    assert not long, f"longer than {LINE_LIMITS[room]} lines: {long}. Split them, or give a reason in LONGER_FILES."


def test_exceptions_are_still_needed():
    assert all((ROOT / name).is_file() and reason for name, reason in LONGER_FILES.items())


def test_cmake_lists_fit_on_two_screens():
    assert len(lines(ROOT / "CMakeLists.txt")) <= 120


def test_files_that_documents_name_are_there():
    there = [path.as_posix() for path in text_files()]
    documents = [path for path in text_files() if path.suffix == ".md" and path.name != "CHANGELOG.md"]
    named = re.compile(r"`((?:\w[\w-]*/)*\w[\w-]*\.(?:hpp|cpp|cmake|py|pyi))`")
    missing = [
        f"{path.relative_to(ROOT)}: {name}"
        for path in documents
        for name in named.findall(path.read_text(encoding="utf-8"))
        if not any(file.endswith("/" + name) for file in there)
    ]
    assert missing == []


def test_names_say_what_is_inside():
    vague = [
        path
        for room in LINE_LIMITS
        for path in files(ROOT / room, ".py", ".hpp", ".cpp")
        if VAGUE_NAMES & set(path.relative_to(ROOT).with_suffix("").parts)
    ]
    assert not vague


@pytest.mark.parametrize(
    ("words", "room"),
    [
        (r"\bomp\.h\b|#\s*pragma\s+omp\s+parallel|\bpthread_|std::thread", "parallel"),
        (r"\bpy::|\bpybind11|\bPython\.h\b", "bindings"),
    ],
    ids=["threads", "python"],
)
def test_one_room_knows(words, room):
    elsewhere = [path for path in files(CPP, ".hpp", ".cpp") if path.relative_to(CPP).parts[0] != room]
    assert not found_in(re.compile(words), elsewhere)


def test_one_file_names_instruction_sets_to_the_compiler():
    flags = re.compile(
        r"-march=|-mtune=|-mavx|-mfma|/arch:|#\s*pragma\s+GCC\s+target|__attribute__\s*\(\(\s*target|target_clones"
    )
    build = [
        path
        for path in text_files()
        if path.suffix in {".cmake", ".cpp", ".hpp", ".json", ".toml", ".txt"} and path.name != "kernel_isa.cmake"
    ]
    assert not found_in(flags, build)


def test_no_value_changing_flags():
    build = [path for path in text_files() if path.suffix in {".cmake", ".json", ".toml", ".txt"}]
    assert not found_in(re.compile(r"(?<!never )-ffast-math|-Ofast|-funsafe-math|/fp:fast"), build)


@pytest.mark.parametrize("what", FOREIGN_WORDS)
def test_the_project_does_not_mention(what):
    assert not found_in(FOREIGN_WORDS[what], text_files())


@pytest.mark.skipif(
    "GRADSTREAM_BUILD_TREE" not in os.environ,
    reason="needs the objects of an optimised build: set GRADSTREAM_BUILD_TREE",
)
def test_kernel_objects_define_no_weak_symbols():
    """The linker keeps one copy of a weak symbol: perhaps the one with instructions that the machine lacks."""
    objects = [
        path
        for path in Path(os.environ["GRADSTREAM_BUILD_TREE"]).rglob("*.o")
        if "gradstream_kernels_" in path.as_posix()
    ]
    assert objects, "no kernel objects in GRADSTREAM_BUILD_TREE"
    listing = subprocess.run(["nm", "--demangle", *objects], capture_output=True, text=True, check=True).stdout
    assert not [line for line in listing.splitlines() if re.match(r"[0-9a-f]{8,} [WVu] ", line)]
