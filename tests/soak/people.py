"""Citizens at browsers: they ask, book, move and cancel, and press again when no answer comes."""

from __future__ import annotations

import asyncio
import random
import re
from collections.abc import Sequence

import httpx

from tests import cast, page
from tests.conftest import Person
from tests.soak.history import (
    ACKNOWLEDGED,
    REFUSED,
    UNKNOWN,
    Action,
    History,
    Stretch,
    Trouble,
    form_key,
    utc_now,
)

SLUG = "silkeborg"
ASK = f"/{SLUG}/borger/samtale/ny"
CALM = "Noget gik galt hos os"
SAID = {"ask": "besked=ny", "move": "besked=flyttet", "cancel": "besked=aflyst"}
NOBODY = (400, 401, 403, 404, 405, 413, 429)  # answers nobody here ever has a reason to see
IMPATIENT = 0.06
TWICE = 0.05


class GivenUpError(Exception):
    """The time is over, and there was no answer."""


class Browser:
    """One browser after another citizen: each logs in, does some things, and leaves."""

    def __init__(
        self,
        servers: Sequence[str],
        history: History,
        rng: random.Random,
        client: httpx.AsyncClient,
        *,
        rude: bool = True,
    ) -> None:
        self.servers, self.history, self.rng, self.client, self.rude = servers, history, rng, client, rude
        self.who = ""
        self.talk: str | None = None
        self.stretch = Stretch()

    async def live(self, citizens: list[str], stretch: Stretch) -> None:
        """New things are begun while the stretch lasts; answers are waited for a little longer."""
        self.stretch = stretch
        try:
            while citizens and not stretch.over():
                await self._be(citizens.pop(0))
        except GivenUpError:
            return

    async def _be(self, subject: str) -> None:
        await self.log_in(subject)
        for _ in range(self.rng.randint(6, 14)):
            if self.stretch.over():
                return
            await self.act()
            await asyncio.sleep(self.rng.random() * 0.3)
        if self.talk is not None and self.rng.random() < 0.8:
            await self.cancel()

    async def log_in(self, subject: str) -> None:
        """Through the provider, from the beginning when it broke off."""
        self.who, self.talk = cast.identity(f"{subject}x"), None
        number = int(subject[1:])
        self.client.headers["x-forwarded-for"] = cast.home_address(number)
        while True:
            self.client.cookies.clear()
            self.client.base_url = httpx.URL(self.rng.choice(self.servers))
            try:
                answer = await Person(self.client, SLUG).choose(subject, f"/{SLUG}/log-ind/borger/videre")
            except (httpx.TransportError, AssertionError, KeyError):
                answer = None
            if answer is not None and answer.status_code == 303:
                return
            await self._wait()

    async def _wait(self) -> None:
        if self.stretch.patience_gone():
            raise GivenUpError
        await asyncio.sleep(0.1 + self.rng.random() * 0.5)

    # -------------------------------------------------------------- what people do

    async def act(self) -> None:
        if self.talk is None:
            await self.ask()
        elif self.rng.random() < 0.35:
            await self.cancel()
        else:
            await self.move()

    async def ask(self) -> None:
        opened = await self._open(ASK)
        if opened.status_code == 303:
            self.history.strange.append(f"{self.who}: an open request nobody was told of: {_where(opened)}")
            self.talk = _talk_of(_where(opened))
            return
        form = page.form(opened.text, "/samtale/ny")
        slot = self._choice([one for one in form.choices.get("slot", []) if one != "none"])
        await self._press("ask", form, slot=slot or "none", action="book")

    async def move(self) -> None:
        opened = await self._open(f"/{SLUG}/borger/samtale/{self.talk}/flyt")
        if opened.status_code == 200:
            form = page.form(opened.text, "/flyt")
            slot = self._choice(form.choices.get("slot", []))
            if slot is not None:
                await self._press("move", form, slot=slot)

    async def cancel(self) -> None:
        opened = await self._open(f"/{SLUG}/borger/samtale/{self.talk}/aflys")
        if opened.status_code == 200:
            await self._press("cancel", page.form(opened.text, "/aflys"))

    def _choice(self, slots: list[str]) -> str | None:
        """A time, most often one of the first, which the others want too."""
        if not slots:
            return None
        return self.rng.choice(slots[:4] if self.rng.random() < 0.3 else slots)

    # -------------------------------------------------------------- asking and pressing

    async def _open(self, path: str) -> httpx.Response:
        while True:
            answer = await self._send("GET", path)
            if answer is not None and answer.status_code < 500:
                return answer
            await self._wait()

    async def _press(self, kind: str, form: page.HtmlForm, **values: str) -> None:
        """Sends the form, and the very same again until there is an answer; then looks at what it led to."""
        fields = {**form.fields, **values}
        slot = fields.get("slot")
        action = Action(
            self.who,
            kind,
            form_key(form.action, self.who, fields),
            self.talk,
            None if slot == "none" else slot,
        )
        self.history.actions.append(action)
        while True:
            answers = await self._once_or_twice(form.action, fields, action)
            settled = [answer for answer in answers if answer is not None and answer.status_code < 500]
            if settled:
                break
            await self._wait()
        self._note(action, settled)
        if action.outcome == ACKNOWLEDGED:
            await self._look(action)
        elif action.outcome == UNKNOWN or kind != "ask":
            await self._find_out()

    async def _once_or_twice(
        self, path: str, fields: dict[str, str], action: Action
    ) -> list[httpx.Response | None]:
        impatient = self.rude and self.rng.random() < TWICE
        times = 2 if self.rude and self.rng.random() < TWICE else 1
        sent = [self._send("POST", path, fields, IMPATIENT if impatient else 60.0) for _ in range(times)]
        answers = list(await asyncio.gather(*sent))
        action.sent += times
        action.lost += sum(answer is None for answer in answers)
        action.failed_at += [
            utc_now() for answer in answers if answer is not None and answer.status_code >= 500
        ]
        return answers

    async def _send(
        self, method: str, path: str, fields: dict[str, str] | None = None, patience: float = 60.0
    ) -> httpx.Response | None:
        """The answer, or None when the connection was lost or nobody waited for it."""
        began = utc_now()
        address = self.rng.choice(self.servers) + path
        try:
            answer = await self.client.request(method, address, data=fields, timeout=patience)
        except httpx.TransportError:
            self.history.lost += 1
            return None
        self.history.answers[answer.status_code] += 1
        if answer.status_code >= 500:
            calm = CALM in answer.text
            self.history.troubles.append(
                Trouble(f"{method} {path}", answer.status_code, began, utc_now(), calm)
            )
        elif answer.status_code in NOBODY:
            self.history.strange.append(f"{self.who}: {answer.status_code} to {method} {path}")
        return answer

    def _note(self, action: Action, settled: list[httpx.Response]) -> None:
        """What the answers said. A refusal after a lost attempt says nothing of the lost one."""
        told = {_where(answer) for answer in settled if SAID[action.kind] in _where(answer)}
        if told:
            action.outcome, action.address = ACKNOWLEDGED, min(told)
            if len(told) > 1:
                self.history.strange.append(f"{self.who}: one form, two addresses: {sorted(told)}")
            if action.kind == "ask":
                action.talk = _talk_of(action.address)
            self.talk = None if action.kind == "cancel" else action.talk
        elif action.sent == len(settled):
            action.outcome = REFUSED

    async def _look(self, action: Action) -> None:
        """What was acknowledged is there at once, whoever is asked."""
        opened = await self._open(f"/{SLUG}/borger/samtale/{action.talk}")
        if opened.status_code != 200:
            self.history.strange.append(f"{action.talk} was acknowledged, then {opened.status_code}")

    async def _find_out(self) -> None:
        """After an answer that left it open: reads where one stands, once what is under way has had time to end."""
        await asyncio.sleep(1)
        opened = await self._open(ASK)
        self.talk = _talk_of(_where(opened)) if opened.status_code == 303 else None


def _where(answer: httpx.Response) -> str:
    return answer.headers.get("location", "")


def _talk_of(address: str) -> str | None:
    found = re.search(r"/samtale/([0-9a-f]{32})", address)
    return found.group(1) if found else None
