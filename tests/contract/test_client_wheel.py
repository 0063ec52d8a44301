"""The client as others install it: its wheel in an empty environment, beside a package that has `agents`, too."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import distribution
from pathlib import Path

from packaging.requirements import Requirement

_CLIENT = Path(__file__).parents[2] / "client"

_USE = """
import agents, geowire
assert agents.OURS, agents.__file__
for name in ("streams", "schemas", "faust", "orjson"):
    try:
        __import__(name)
    except ImportError:
        continue
    raise AssertionError(f"{name} came along")
event = __import__("msgspec").json.decode(open(0).read(), type=geowire.Event)
print(event.title)
print(geowire.subscribe(topics=["diplomacy"]).position == "")
"""


def test_the_wheel_in_an_empty_environment(tmp_path: Path) -> None:
    others = tmp_path / "others"
    (others / "agents").mkdir(parents=True)
    (others / "agents" / "__init__.py").write_text("OURS = True\n")
    (others / "pyproject.toml").write_text(
        '[build-system]\nrequires = ["hatchling"]\nbuild-backend = "hatchling.build"\n'
        '[project]\nname = "others"\nversion = "1"\n[tool.hatch.build.targets.wheel]\npackages = ["agents"]\n'
    )
    wheels = [_built(_CLIENT, tmp_path), _built(others, tmp_path)]
    python = empty_environment(tmp_path / "empty", wheels)
    example = _CLIENT.parent / "schemas" / "examples" / "enriched.json"
    ran = subprocess.run(
        [python, "-I", "-c", _USE], input=example.read_text("utf-8"), capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.splitlines() == ["Chile and Peru reopen talks on their maritime border", "True"]
    checked = _pip(python, "check")
    assert "No broken requirements" in checked


def _built(project: Path, into: Path) -> Path:
    before = set(into.glob("*.whl"))
    subprocess.run([sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", into], cwd=project, check=True)
    (wheel,) = set(into.glob("*.whl")) - before
    return wheel


def empty_environment(where: Path, wheels: list[Path]) -> Path:
    """Make an environment that has these wheels and what they need, and nothing else; its Python."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", where], check=True)
    python = where / "bin" / "python"
    _pip(python, "install", "--no-index", "--no-deps", *map(str, wheels))
    (packages,) = (where / "lib").glob("python3.*/site-packages")
    for name in _needed(packages):
        # As they are installed here: no registry has to be asked.
        for file in distribution(name).files or ():
            if ".." not in file.parts and "__pycache__" not in file.parts:
                target = packages / file
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(Path(str(file.locate())).read_bytes())
    return python


def _needed(packages: Path) -> set[str]:
    (metadata,) = packages.glob("geowire_client-*.dist-info/METADATA")
    lines = metadata.read_text("utf-8").splitlines()
    left = [Requirement(line.removeprefix("Requires-Dist: ")) for line in lines if line.startswith("Requires-Dist: ")]
    needed: set[str] = set()
    while left:
        requirement = left.pop()
        needed.add(requirement.name)
        for line in distribution(requirement.name).requires or ():
            inner = Requirement(line)
            extras = requirement.extras or {""}
            wanted = inner.marker is None or any(inner.marker.evaluate({"extra": extra}) for extra in extras)
            if wanted and inner.name not in needed:
                left.append(inner)
    return needed


def _pip(python: Path, *arguments: str) -> str:
    command = [sys.executable, "-m", "pip", "--python", str(python), *arguments, "--disable-pip-version-check"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout
