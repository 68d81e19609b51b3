"""The house keeps itself: words complete, settings documented, templates used, promises pointing at real tests."""

from __future__ import annotations

import re
import subprocess
from collections import Counter
from pathlib import Path

from babel.messages.pofile import read_po

from portal.settings import SETTINGS
from portal.store.limits import LIMITS
from portal.store.sessions import TOO_MANY, TRY_AGAIN
from portal.text import COMPONENTS
from portal.triage.rulebook import LANGUAGES
from portal.triage.source import built_in
from tests import words

ROOT = Path(__file__).parent.parent.parent
TEMPLATES = ROOT / "portal" / "templates"
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_every_sentence_is_collected_and_in_english(tmp_path: Path) -> None:
    template = tmp_path / "portal.pot"
    words.extract(template)
    with template.open("rb") as found, (ROOT / "locales/en/LC_MESSAGES/portal.po").open("rb") as kept:
        wanted = {message.id for message in read_po(found) if message.id}
        english = {message.id: message.string for message in read_po(kept, locale="en") if message.id}
    assert wanted - set(english) == set(), "run make words"
    missing = {
        key for key in wanted if not (all(english[key]) if isinstance(english[key], tuple) else english[key])
    }
    assert missing == set()


def test_translations_keep_their_placeholders() -> None:
    with (ROOT / "locales/en/LC_MESSAGES/portal.po").open("rb") as kept:
        for message in read_po(kept, locale="en"):
            if isinstance(message.id, str) and message.id:
                assert set(re.findall(r"%\((\w+)\)s", message.id)) == set(
                    re.findall(r"%\((\w+)\)s", str(message.string))
                ), message.id


def test_rulebook_texts_are_in_both_languages() -> None:
    def walk(value: object, path: str) -> None:
        if isinstance(value, dict):
            if "da" in value or "en" in value:
                assert set(value) == set(LANGUAGES), path
            for key, inner in value.items():
                walk(inner, f"{path}.{key}")
        elif isinstance(value, list):
            for position, inner in enumerate(value):
                walk(inner, f"{path}[{position}]")

    for source in built_in():
        walk(dict(source.content), source.name)


def test_every_setting_is_in_the_readme_with_its_default_and_help() -> None:
    for setting in SETTINGS:
        assert (
            f"| `{setting.name}` | {f'`{setting.default}`' if setting.default else ''} | {setting.help} |"
            in README
        ), setting.name
    named = set(re.findall(r"^\| `(PORTAL_\w+)`", README, re.M))
    assert named == {setting.name for setting in SETTINGS}


def test_every_template_is_used() -> None:
    code = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "portal").rglob("*.py"))
    pages = "\n".join(path.read_text(encoding="utf-8") for path in TEMPLATES.rglob("*.html"))
    for path in TEMPLATES.rglob("*.html"):
        name = path.relative_to(TEMPLATES).as_posix()
        by_kind = (
            name.startswith("errors/")
            and "errors/{kind}.html" in code
            and path.stem in ("conflict", "refused", "invalid")
        )
        assert f'"{name}"' in code + pages or name in COMPONENTS.values() or by_kind, name


def test_no_template_holds_scripts_styles_or_handlers() -> None:
    for path in TEMPLATES.rglob("*.html"):
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"<script(?![^>]*src=)|<style|\sstyle=|\son\w+=|javascript:|hx-on", text), path
        assert "|safe" not in text and "| safe" not in text, path


def test_every_htmx_control_has_a_plain_way_beneath() -> None:
    """hx-post and hx-get stand only inside forms that work without them."""
    for path in TEMPLATES.rglob("*.html"):
        text = path.read_text(encoding="utf-8")
        if "hx-" in text and path.name not in ("base.html", "ui.html"):
            assert "<form" in text, path


def test_modules_stay_small() -> None:
    for path in (ROOT / "portal").rglob("*.py"):
        if "versions" not in path.parts:
            assert len(path.read_text(encoding="utf-8").splitlines()) <= 400, path


def test_only_app_and_cli_read_the_clock() -> None:
    for path in (ROOT / "portal").rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        if path.name != "app.py" and path.parent.name != "cli":
            assert not re.search(r"datetime\.now|date\.today|time\.time\(", text), path


def test_promises_name_tests_that_exist() -> None:
    named = re.findall(r"`(tests/[\w/]+\.py)(?:::(\w+))?`", README)
    assert len(named) >= 12
    for file, test in named:
        assert (ROOT / file).is_file(), file
        if test:
            assert f"def {test}(" in (ROOT / file).read_text(encoding="utf-8"), f"{file}::{test}"


def test_no_real_person_and_no_registry_host_in_the_project() -> None:
    tracked = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, check=False, capture_output=True, text=True
    ).stdout.split()
    hosts = re.compile(
        "|".join(["registry" + r"\.npmjs", "files" + r"\.pythonhosted", "pypi" + r"\.org/simple"])
    )
    for name in tracked:
        path = ROOT / name
        if (
            path.suffix in (".py", ".toml", ".md", ".json", ".txt", ".html", ".js", ".cfg", "")
            and path.is_file()
        ):
            assert not hosts.search(path.read_text(encoding="utf-8", errors="ignore")), name


def test_the_limits_stand_in_the_document_as_they_are() -> None:
    said = (ROOT / "docs" / "operation.md").read_text(encoding="utf-8")
    spans = {600: "10 minutes", 3600: "an hour"}
    for name, limit in LIMITS.items():
        row = re.search(rf"^\| `{name}`: [^|]* \| (\d+) in ([^,|]*?)(?:, by address)? \|$", said, re.M)
        assert row, name
        assert (int(row.group(1)), row.group(2)) == (limit.most, spans[int(limit.within.total_seconds())])
    assert f"{TOO_MANY} in {int(TRY_AGAIN.total_seconds() // 60)} minutes" in said


def test_every_asvs_verdict_names_a_test_that_exists_or_says_why() -> None:
    said = (ROOT / "docs" / "asvs.md").read_text(encoding="utf-8")
    rows = re.findall(
        r"^\| (V[\d.]+) \| .*? \| (holds|partly|does not hold|not ours|n/a) \| (.*) \|$", said, re.M
    )
    assert len(rows) == 253
    for number, verdict, shown in rows:
        if verdict == "holds":
            assert "tests/" in shown or shown.startswith("by design:"), number
    for file, test in re.findall(r"`(tests/[\w/]+\.py)(?:::(\w+))?`", said):
        assert (ROOT / file).is_file(), file
        assert not test or f"def {test}(" in (ROOT / file).read_text(encoding="utf-8"), f"{file}::{test}"
    counted = {
        verdict: int(count)
        for verdict, count in re.findall(
            r"^\| (holds|partly|does not hold|not ours|n/a) \| (\d+) \|", said, re.M
        )
    }
    assert counted == Counter(verdict for _, verdict, _ in rows)
