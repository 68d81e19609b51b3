"""Find din vej, step by step: one question at a time, back and forth, to an outcome that is advice."""

from __future__ import annotations

from typing import Any

from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from portal.citizen import actions, forms
from portal.citizen.actions import Here
from portal.domain.errors import InvalidError, NotFoundError
from portal.store import dialogues, places
from portal.store.dialogues import Walk
from portal.text import gettext as _
from portal.text import in_language
from portal.triage import understanding
from portal.triage.facts import CITIZEN, Value
from portal.triage.rulebook import Question
from portal.triage.understanding import Understood
from portal.web import vocabulary
from portal.web.access import CITIZEN_OWN
from portal.web.forms import Form, empty
from portal.web.render import go, show
from portal.web.visit import Visit, visit_of

TEXT_LIMIT = 200
CLARIFYING = 2  # turns; then the question counts as not answered


async def _own(visit: Visit, walk: str) -> Walk:
    async with visit.store.reading(visit.here.code) as reader:
        return await dialogues.own(reader, walk, visit.me.id)


class FinishedError(Exception):
    """The walk is over: back buttons and old windows lead to its outcome."""


async def open_walk(visit: Visit, walk: str) -> Here:
    """The walk, if it can still be answered; FinishedError when it is over."""
    found = await _own(visit, walk)
    if found.finished_at is not None:
        raise FinishedError
    return actions.stand(visit, found)


def to_outcome(request: Request[Any, Any, Any], _error: FinishedError) -> Response[Any]:
    visit = visit_of(request)
    if visit is None:
        raise LookupError("a walk without a visit")
    return go(visit, "borger", "vej", str(request.path_params["walk"]), "resultat")


FINISHED: dict[Any, Any] = {FinishedError: to_outcome}


@get("/{slug:str}/borger/vej/{walk:str}", access=CITIZEN_OWN)
async def question_page(visit: NamedDependency[Visit], walk: FromPath[str]) -> Response[Any]:
    """The next question; or all answers to look over, when nothing more can change the outcome."""
    found = await _own(visit, walk)
    if found.finished_at is not None:
        return go(visit, "borger", "vej", walk, "resultat")
    here = actions.stand(visit, found)
    if here.ask is None:
        return go(visit, "borger", "vej", walk, "svar")
    return _question(visit, here, here.ask, empty())


def _question(
    visit: Visit,
    here: Here,
    fact: str,
    form: Form,
    understood: Understood | None = None,
    status: int = 200,
    tries: int = 0,
) -> Response[str]:
    question = here.book.questions[fact]
    meant = _choices(question, understood)
    if meant and question.options:
        form.values["answer"] = meant[0][0] if understood and understood.sure and len(meant) == 1 else ""
    return show(
        visit,
        "citizen/question.html",
        status=status,
        walk=here.walk,
        fact=fact,
        question=question,
        options=options(question),
        typed=CITIZEN[fact].kind == "whole" and not question.options,
        unit=_("uger") if fact in ("weeks_unemployed", "expected_weeks_sick") else _("år"),
        form=form,
        understood=understood,
        tries=tries,
        other_words=_in_other_words(question),
        helpless=tries >= CLARIFYING,
        meant=meant,
        back=_back(visit, here, fact),
        answered=len(_answered(here)),
    )


def options(question: Question) -> list[tuple[str, str]]:
    if question.asks == "occupation":
        return []
    return [(value, in_language(texts)) for value, texts in question.options.items()]


def _choices(question: Question, understood: Understood | None) -> list[tuple[str, str]]:
    """What may have been meant, as buttons to confirm."""
    if understood is None:
        return []
    if question.asks == "occupation":
        return [(f"occupation:{one.value}", one.label) for one in understood.candidates]
    meant = [as_answer(one.value) for one in understood.candidates if one.fact == question.fact]
    return [(one, in_language(question.options[one]) if question.options else one) for one in meant]


def as_answer(value: Value) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _answered(here: Here) -> list[str]:
    """What the person has answered, in order: not the age the login gave, nor the outlook where there is no list of them."""
    given = [name for name in (*here.walk.answers, *here.walk.declined) if name in here.book.questions]
    return [
        name
        for name in given
        if not (name == "age" or (name == "industry_outlook" and not here.walk.occupation))
    ]


def _back(visit: Visit, here: Here, fact: str) -> str:
    """The address of the question before this one."""
    given = [*here.walk.answers, *here.walk.declined]
    before = given[: given.index(fact)] if fact in given else given
    before = [name for name in _answered(here) if name in before]
    return (
        visit.path("borger", "vej", here.walk.id, "ret", before[-1])
        if before
        else visit.path("borger", "vej")
    )


@get("/{slug:str}/borger/vej/{walk:str}/ret/{fact:str}", access=CITIZEN_OWN, exception_handlers=FINISHED)
async def change_page(
    visit: NamedDependency[Visit], walk: FromPath[str], fact: FromPath[str]
) -> Response[str]:
    """A question already answered, with the answer as it stands."""
    here = await open_walk(visit, walk)
    if fact not in here.book.questions:
        raise NotFoundError("question")
    given = here.walk.answers.get(fact)
    shown = str(given).lower() if isinstance(given, bool) else "" if given is None else str(given)
    form = empty(
        {"answer": shown, "text": shown if fact in ("age", "weeks_unemployed", "expected_weeks_sick") else ""}
    )
    return _question(visit, here, fact, form)


@post("/{slug:str}/borger/vej/{walk:str}/ret/{fact:str}", access=CITIZEN_OWN, exception_handlers=FINISHED)
async def change(
    request: Request[Any, Any, Any], visit: NamedDependency[Visit], walk: FromPath[str], fact: FromPath[str]
) -> Response[Any]:
    here = await open_walk(visit, walk)
    if fact not in here.book.questions:
        raise NotFoundError("question")
    return await _take(request, visit, here, fact)


async def _take(request: Request[Any, Any, Any], visit: Visit, here: Here, fact: str) -> Response[Any]:
    """Takes a button as it is, and shows what was understood of a text to be confirmed."""
    form = await forms.read_answer(request, visit)
    if form["action"] == "person":
        await actions.ask_for_person(visit, here.walk)
        return go(visit, "borger", "vej", here.walk.id, "resultat")
    if form["action"] == "decline":
        await actions.answer_questions(visit, here.walk, {fact: None})
        return go(visit, "borger", "vej", here.walk.id)
    question = here.book.questions[fact]
    text = form.text("text", longest=TEXT_LIMIT)
    new_words = bool(text) and text != form["read"].strip()  # `read`: what was understood on the page before
    if form["answer"] and not new_words:
        return await _take_choice(visit, here, fact, form)
    if not form.ok or not new_words:
        form.wrong(
            "text" if not question.options or question.asks == "occupation" else "answer", _missing(question)
        )
        return _question(visit, here, fact, form, status=422)
    titles = None
    if question.asks == "occupation":
        async with visit.store.reading(visit.here.code) as reader:
            titles = await vocabulary.titles(reader)
    understood = understanding.understand(question.asks, text, visit.lang, visit.today, titles)
    if form["answer"] and _goes_with(here, question, form, understood):
        return await _take_choice(visit, here, fact, form)
    return await _take_words(visit, here, fact, form, understood)


def _goes_with(here: Here, question: Question, form: Form, understood: Understood) -> bool:
    """Whether a button chosen beside words is what the words say, or all that can be taken. Words typed after a reading, or
    where the button only stood as it was, are a correction."""
    stood = as_answer(here.walk.answers.get(question.fact, ""))
    if understood.care in understanding.FIRST or form["read"] or form["answer"] == stood:
        return False
    meant = [value for value, _label in _choices(question, understood)]
    return not meant or form["answer"] == meant[0]


async def _take_words(
    visit: Visit, here: Here, fact: str, form: Form, understood: Understood
) -> Response[Any]:
    """What was understood of a text: a number is taken, anything else is shown to be confirmed. Who is in a bad way is met
    before anything is asked again."""
    if understood.care in understanding.FIRST:
        return _question(visit, here, fact, form, understood)
    question = here.book.questions[fact]
    meant = bool(_choices(question, understood))
    if understood.wants_person and not meant:
        await actions.ask_for_person(visit, here.walk)
        return go(visit, "borger", "vej", here.walk.id, "resultat")
    if understood.declines and not meant:
        await actions.answer_questions(visit, here.walk, {fact: None})
        return go(visit, "borger", "vej", here.walk.id)
    if CITIZEN[fact].kind == "whole" and not question.options and fact in understood.facts:
        await actions.answer_questions(visit, here.walk, {fact: understood.facts[fact]})
        return go(visit, "borger", "vej", here.walk.id)
    if not meant:
        return await _ask_again(visit, here, fact, form, understood)
    return _question(visit, here, fact, form, understood)


async def _ask_again(
    visit: Visit, here: Here, fact: str, form: Form, understood: Understood
) -> Response[Any]:
    """Asked again in other words; then a person is offered; what is not understood after that counts as not answered."""
    form.values["answer"] = ""  # what stood there before is not what these words say
    tries = (form.whole("tries", 0, 9) or 0) + 1
    if tries > CLARIFYING:
        await actions.answer_questions(visit, here.walk, {fact: None})
        return go(visit, "borger", "vej", here.walk.id)
    return _question(visit, here, fact, form, understood, 422, tries)


def _missing(question: Question) -> str:
    if CITIZEN[question.fact].kind == "whole" and not question.options:
        return _("Skriv et tal, eller vælg “Det ved jeg ikke”.")
    return _("Vælg et svar, eller vælg “Det ved jeg ikke”.")


def _in_other_words(question: Question) -> str:
    """What to do when a text was not understood for the first time."""
    domain = CITIZEN[question.fact]
    if domain.kind == "whole" and not question.options:
        said = _("Skriv ét tal mellem %(low)s og %(high)s. Ved du det ikke, så vælg “Det ved jeg ikke”.")
        return said % {"low": domain.low, "high": domain.high}
    if question.options:
        return _("Prøv med andre ord, vælg et af svarene, eller gå videre med “Det ved jeg ikke”.")
    return _("Prøv med andre ord, eller gå videre med “Det ved jeg ikke”.")


async def _take_choice(visit: Visit, here: Here, fact: str, form: Form) -> Response[Any]:
    value, code = await chosen(visit, here, fact, form["answer"])
    if value is None:
        form.wrong("answer", _("Vælg et af svarene på siden."))
        return _question(visit, here, fact, form, status=422)
    await actions.answer_questions(visit, here.walk, {fact: value}, code)
    return go(visit, "borger", "vej", here.walk.id)


async def chosen(visit: Visit, here: Here, fact: str, answer: str) -> tuple[Value | None, str | None]:
    """The value behind a button, and the occupation it came from."""
    if here.book.questions[fact].asks == "occupation":
        code = answer.removeprefix("occupation:")
        if not answer.startswith("occupation:") or understanding.occupation(code) is None:
            return None, None
        return await actions.outlook(visit, code), code
    if CITIZEN[fact].kind == "flag":
        return {"true": True, "false": False}.get(answer), None
    options = here.book.questions[fact].options
    if options and answer not in options:
        return None, None
    try:
        return CITIZEN[fact].parse(answer), None
    except InvalidError:
        return None, None


@get("/{slug:str}/borger/vej/{walk:str}/svar", access=CITIZEN_OWN, exception_handlers=FINISHED)
async def check_page(visit: NamedDependency[Visit], walk: FromPath[str]) -> Response[Any]:
    here = await open_walk(visit, walk)
    if here.ask is not None:
        return go(visit, "borger", "vej", walk)
    return show(visit, "citizen/walk_check.html", walk=here.walk, rows=answers(visit, here, change=True))


@post("/{slug:str}/borger/vej/{walk:str}/svar", access=CITIZEN_OWN)
async def finish(
    request: Request[Any, Any, Any], visit: NamedDependency[Visit], walk: FromPath[str]
) -> Response[Any]:
    await forms.read_button(request, visit)
    found = await _own(visit, walk)
    if found.finished_at is None:
        here = actions.stand(visit, found)
        if here.ask is not None:
            return go(visit, "borger", "vej", walk)
        await actions.finish_walk(visit, here)
    return go(visit, "borger", "vej", walk, "resultat")


@get("/{slug:str}/borger/vej/{walk:str}/resultat", access=CITIZEN_OWN)
async def outcome(visit: NamedDependency[Visit], walk: FromPath[str]) -> Response[Any]:
    found = await _own(visit, walk)
    if found.finished_at is None:
        return go(visit, "borger", "vej", walk)
    here = actions.stand(visit, found)
    async with visit.store.reading(visit.here.code) as reader:
        names = await places.team_names(reader)
    return show(
        visit,
        "citizen/outcome.html",
        walk=found,
        rows=answers(visit, here, change=False),
        way=here.book.ways[found.outcome["route"]],
        team=names.get(found.outcome["team"], {"da": found.outcome["team"], "en": found.outcome["team"]}),
    )


def answers(visit: Visit, here: Here, *, change: bool) -> list[tuple[str, str, str]]:
    """Question, answer in words, and where it can be changed."""
    rows = []
    for fact in (*here.walk.answers, *here.walk.declined):
        question = here.book.questions.get(fact)
        if question is None:
            continue
        address = visit.path("borger", "vej", here.walk.id, "ret", fact) if change else ""
        rows.append((in_language(question.texts["text"]), _in_words(here, fact, question), address))
    return rows


def _in_words(here: Here, fact: str, question: Question) -> str:
    if fact in here.walk.declined:
        return _("Det ved jeg ikke")
    value = here.walk.answers[fact]
    key = str(value).lower() if isinstance(value, bool) else str(value)
    said = str(in_language(question.options[key])) if key in question.options else key
    if question.asks == "occupation" and here.walk.occupation:
        known = understanding.occupation(here.walk.occupation["code"])
        return f"{known.titles[_lang()]} ({said})" if known else said
    return said


def _lang() -> str:
    return str(in_language({"da": "da", "en": "en"}))


handlers = [
    question_page,
    change_page,
    change,
    check_page,
    finish,
    outcome,
]
