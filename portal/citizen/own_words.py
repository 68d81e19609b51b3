"""How a walk begins: in one's own words, or with the first question. What was understood is shown to be confirmed, and only
that is kept."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from portal.citizen import actions, forms
from portal.citizen.actions import Here
from portal.citizen.walk import FINISHED, as_answer, chosen, open_walk
from portal.store import dialogues
from portal.text import gettext as _
from portal.text import in_language
from portal.triage import understanding
from portal.triage.facts import CITIZEN, Value
from portal.triage.people import fact_said
from portal.triage.rulebook import Question
from portal.triage.table import holds
from portal.triage.understanding import Understood
from portal.web.access import CITIZEN as CITIZENS
from portal.web.access import CITIZEN_OWN
from portal.web.forms import Form, empty
from portal.web.render import go, show
from portal.web.visit import Visit

TEXT_LIMIT = 1000
MOST_UNSURE = 2  # facts asked "did you mean" at once; the rest are asked later, one at a time
KEEP = {f"keep-{fact}": fact for fact in CITIZEN if fact != "wants_person"}
WORK = "industry_outlook"  # what an occupation settles


@dataclass(frozen=True)
class Chip:
    """One thing understood: the form's field and the value to keep; what was asked and what was said, in words."""

    field: str
    fact: str
    value: str
    asked: str
    said: str


@dataclass(frozen=True)
class Heard:
    """What a message said, as shown: `sure` to confirm, `unsure` to choose from, each with its question."""

    understood: Understood
    sure: tuple[Chip, ...]
    unsure: tuple[tuple[Question, tuple[Chip, ...]], ...]

    @property
    def chips(self) -> bool:
        """Whether there is something to confirm."""
        return bool(self.sure or self.unsure)

    @property
    def nothing(self) -> bool:
        """Whether there is nothing to show for it."""
        met = self.understood
        return not (self.chips or met.wants_person or met.elsewhere or met.care)


@get("/{slug:str}/borger/vej", access=CITIZENS)
async def start_page(visit: NamedDependency[Visit]) -> Response[str]:
    async with visit.store.reading(visit.here.code) as reader:
        unfinished = await dialogues.open_of(reader, visit.me.id)
    return show(visit, "citizen/walk_start.html", unfinished=unfinished, form=empty())


@post("/{slug:str}/borger/vej", access=CITIZENS)
async def start(request: Request[Any, Any, Any], visit: NamedDependency[Visit]) -> Response[Any]:
    """Begins the walk, or goes on with the one that is open; what was told is shown as understood."""
    form = await forms.read_start(request, visit)
    text = form.text("text", longest=TEXT_LIMIT)
    if not form.ok:
        return show(visit, "citizen/walk_start.html", status=422, unfinished=None, form=form)
    walk_id = await actions.begin_walk(visit)
    if walk_id is None:
        return show(visit, "citizen/walk_not_for.html", youngest=actions.YOUNGEST, oldest=actions.OLDEST)
    if not text:
        return go(visit, "borger", "vej", walk_id)
    return _hear(visit, await open_walk(visit, walk_id), form, text)


@get("/{slug:str}/borger/vej/{walk:str}/fortael", access=CITIZEN_OWN, exception_handlers=FINISHED)
async def tell_page(visit: NamedDependency[Visit], walk: FromPath[str]) -> Response[Any]:
    return _page(visit, await open_walk(visit, walk), empty())


@post("/{slug:str}/borger/vej/{walk:str}/fortael", access=CITIZEN_OWN, exception_handlers=FINISHED)
async def tell(
    request: Request[Any, Any, Any], visit: NamedDependency[Visit], walk: FromPath[str]
) -> Response[Any]:
    """Reads what is told; or keeps what was confirmed. Words that were changed are read again before anything is kept."""
    here = await open_walk(visit, walk)
    form = await forms.read_told(request, visit, KEEP)
    if form["action"] == "person":
        await actions.ask_for_person(visit, here.walk)
        return go(visit, "borger", "vej", walk, "resultat")
    text = form.text("text", longest=TEXT_LIMIT)
    if form.ok and (form["action"] == "tell" or text != form["read"].strip()):
        if text:
            return _hear(visit, here, form, text)
        form.wrong("text", _("Skriv lidt om dig selv, eller gå til spørgsmålene."))
    if not form.ok:
        return _page(visit, here, form, status=422)
    return await _keep(visit, here, form)


async def _keep(visit: Visit, here: Here, form: Form) -> Response[Any]:
    answers: dict[str, Value | None] = {}
    occupation = None
    for field, fact in KEEP.items():
        if form[field]:
            answers[fact], code = await chosen(visit, here, fact, form[field])
            occupation = code or occupation
    if None in answers.values():
        form.wrong("text", _("Vælg kun blandt det, der står på siden, eller gå til spørgsmålene."))
        return _page(visit, here, form, status=422)
    if answers:
        await actions.answer_questions(visit, here.walk, answers, occupation)
    change, _colon, fact = form["action"].partition(":")
    if change == "change" and fact in here.book.questions:
        return go(visit, "borger", "vej", here.walk.id, "ret", fact)
    return go(visit, "borger", "vej", here.walk.id)


def _hear(visit: Visit, here: Here, form: Form, text: str) -> Response[Any]:
    """What a message says, shown to be confirmed; nothing of it is kept yet."""
    heard = _listen(visit, here, understanding.understand("open", text, visit.lang, visit.today))
    if heard.nothing:
        return _page(visit, here, form, heard, tries=(form.whole("tries", 0, 9) or 0) + 1, status=422)
    return _page(visit, here, form, heard)


def _listen(visit: Visit, here: Here, understood: Understood) -> Heard:
    """What is worth showing of it: what is not known already, and can matter for somebody like this."""
    wanted = {fact: value for fact, value in understood.facts.items() if _matters(here, fact, understood)}
    sure = [
        _chip(here, fact, value, visit.lang)
        for fact, value in wanted.items()
        if here.known.get(fact) != value
    ]
    if understood.occupation and _matters(here, WORK, understood):
        code, title = understood.occupation.code, understood.occupation.titles[visit.lang]
        asked = in_language(here.book.questions[WORK].texts["text"])
        sure.append(Chip(f"keep-{WORK}", WORK, f"occupation:{code}", asked, title))
    order = list(here.book.questions)
    sure.sort(key=lambda chip: order.index(chip.fact))
    return Heard(understood, tuple(sure), tuple(_unsure(visit, here, understood))[:MOST_UNSURE])


def _unsure(visit: Visit, here: Here, understood: Understood) -> Iterator[tuple[Question, tuple[Chip, ...]]]:
    for fact, question in here.book.questions.items():
        chips = tuple(
            _chip(here, fact, one.value, visit.lang)
            for one in understood.candidates
            if one.fact == fact and fact not in understood.facts
        )
        if chips and fact not in here.known and _matters(here, fact, understood):
            yield question, chips


def _matters(here: Here, fact: str, understood: Understood) -> bool:
    """Whether the fact is asked of somebody like this, as far as is known. Without a list of outlooks no occupation
    matters."""
    if fact not in here.book.questions:
        return False
    if fact == WORK and here.known.get(fact) == "unknown" and not here.walk.occupation:
        return False
    known: Mapping[str, Value] = {**here.known, **understood.facts}
    return all(
        name not in known or holds(condition, known[name])
        for name, condition in here.book.questions[fact].asked_when.items()
    )


def _chip(here: Here, fact: str, value: Value, lang: str) -> Chip:
    """A value with its question, as people read both."""
    question, key = here.book.questions[fact], as_answer(value)
    said = (
        in_language(question.options[key])
        if key in question.options
        else fact_said(fact, value, here.book.words, lang)
    )
    return Chip(f"keep-{fact}", fact, key, in_language(question.texts["text"]), said[:1].upper() + said[1:])


def _page(
    visit: Visit, here: Here, form: Form, heard: Heard | None = None, tries: int = 0, status: int = 200
) -> Response[str]:
    return show(
        visit, "citizen/tell.html", status=status, walk=here.walk, form=form, heard=heard, tries=tries
    )


handlers = [start_page, start, tell_page, tell]
