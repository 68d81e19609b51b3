"""Leaving: nothing of a person comes back after logging out, and nothing typed ever runs in anybody's browser."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, Error, Page, Route, expect

from tests import browser as chromium
from tests.e2e.conftest import Open, choose
from tests.http.hostile import NASTIEST, SINK, STRINGS, packs

pytestmark = pytest.mark.long

# Who: where their own pages begin, their name, and how many kinds of page there are at least.
PEOPLE = {
    "amina": ("borger", "Amina Yusuf", 12),
    "bo": ("virksomhed", "Bo Bager", 7),
    "clara": ("medarbejder", "Clara Holm", 5),
    "tove": ("medarbejder", "Tove Mikkelsen", 7),
    "ada": ("medarbejder", "Ada Skov", 1),
}
MOST = 14
HIDDEN = "Hemmelig Allé 7"
OURS = re.compile(r"^\[(\[\]|\[\[\"htmx-current-path-for-history\",\"[^\"]*\"\]\]),\[\],\[\],\[\]\]$")
KEPT = """async () => JSON.stringify([Object.entries(sessionStorage), Object.entries(localStorage),
  await caches.keys(), (await indexedDB.databases()).map(one => one.name)])"""
SEEN = """where => document.title + '\\n' + document.querySelector(where).innerText + '\\n' + [...document.querySelectorAll(
  where + ' input:not([type=hidden]), ' + where + ' textarea')].map(one => one.value).join('\\n')"""
MAY_GO = "step => step > 0 ? navigation.canGoForward : navigation.canGoBack"
NOT_PASSED = {
    "accept-encoding", "cache-control", "clear-site-data", "connection", "content-encoding", "content-length",
    "transfer-encoding", "vary",
}  # fmt: skip
PAGESHOW = "window.addEventListener('pageshow', event => { window.__persisted = event.persisted; });"


@pytest.fixture(scope="module")
def browser(browser: Browser) -> Iterator[Browser]:
    """A browser that keeps whole pages for Back, as people's browsers do and Playwright's does not."""
    path, arguments = chromium.executable(), chromium.ARGUMENTS
    never = ["--disable-back-forward-cache"]
    opened = browser.browser_type.launch(executable_path=path, args=arguments, ignore_default_args=never)
    yield opened
    opened.close()


# ------------------------------------------------------------------ (a) after logging out


def _lines(page: Page, where: str = "body") -> set[str]:
    """What can be read there: words, what stands in fields, and the title."""
    said = page.evaluate(SEEN, where)
    return {line.strip() for line in said.split("\n") if len(line.strip()) > 3}


def _kind(link: str) -> str:
    return "/".join("x" if len(part) == 32 else part for part in link.split("?")[0].split("/"))


def _crawl(page: Page, root: str, home: str) -> tuple[list[str], set[str]]:
    """One page of each kind the person can reach, by ordinary navigation; and everything read on the way."""
    own = ["/silkeborg/mine-oplysninger"] if home in ("borger", "virksomhed") else []
    todo, seen, read = [f"/silkeborg/{home}", *own], {}, set()
    while todo and len(seen) < MOST:
        link = todo.pop(0)
        if _kind(link) in seen or not re.match(f"/silkeborg/({home}|mine-oplysninger)", link):
            continue
        answer = page.goto(root + link)
        if answer is None or answer.status != 200:
            continue
        seen[_kind(link)] = link
        read |= _lines(page, "main")
        found = page.eval_on_selector_all("a[href]", "all => all.map(a => a.getAttribute('href'))")
        todo += [one.split("#")[0] for one in found if not re.search(r"/(bliv|kalender)$|lang=", one)]
    return list(seen.values()), read


def _swap(page: Page, root: str, name: str) -> set[str]:
    """The pages that change in place: questions, times, conditions and queues, with what htmx puts in the history."""
    read: set[str] = set()
    if name == "amina":
        page.goto(f"{root}/silkeborg/borger/oplysninger")
        page.fill("#address", HIDDEN)
        page.locator("main form button").click()
        page.goto(f"{root}/silkeborg/borger/samtale/ny")
        with page.expect_response(lambda answer: answer.request.method == "POST"):
            choose(page, "input[name=form][value=phone]")
        read |= _lines(page, "main")
        page.goto(f"{root}/silkeborg/borger/vej")
        page.locator("main form button").click()
        for _ in range(2):
            title = page.locator("h1").inner_text()
            page.locator("button[value=decline]").click()
            expect(page.locator("h1")).not_to_have_text(title)
            read |= _lines(page, "main")
        page.goto(f"{root}/silkeborg/borger/samtale/ny")
        page.fill("#about", HIDDEN)
        page.locator("input[name=slot]").first.check(force=True)
        page.locator("button[value=book]").click()
        page.wait_for_url("**?besked=ny")
    if name == "bo":
        page.goto(f"{root}/silkeborg/virksomhed/ny")
        choose(page, "input[value=placement]")
        page.locator("main form button").first.click()
        page.fill("#workplace", HIDDEN)
        with page.expect_response(lambda answer: answer.request.method == "POST"):
            choose(page, "input[name=sector][value=private]")
        page.fill("#p_number", "1000000001")
        page.fill("#positions", "1")
        choose(page, "input[name=who][value=open]")
        page.locator("button.button[value=next]").click()
        page.wait_for_url("**/trin/3")
        read |= _lines(page, "main")
    if name in ("clara", "tove"):
        for queue in ("virksomheder", "borgere"):
            page.goto(f"{root}/silkeborg/medarbejder/{queue}")
            with page.expect_response(lambda answer: "vis=all" in answer.url):
                page.locator("select[name=vis]").select_option("all")
            page.wait_for_url("**vis=all**")
            read |= _lines(page, "main")
    return read


def _log_out(page: Page) -> None:
    page.locator("form[action$='/log-ud'] button").click()
    expect(page.locator(".alert-success")).to_be_visible()


def _go(page: Page, step: int, number: int) -> bool:
    """To another stop in the history, loaded anew or kept by the browser; False where there is none."""
    before = page.url
    if page.url.startswith("http") and not page.evaluate(MAY_GO, step):
        return False
    page.evaluate(f"window.__stop = {number}; setTimeout(() => history.go({step}), 0)")
    for _ in range(60):
        page.wait_for_timeout(25)
        with suppress(Error):  # a page on its way out cannot be asked
            if page.evaluate(f"window.__stop !== {number} && document.readyState === 'complete'"):
                return True
    return page.url != before


def _through_history(page: Page, check: Callable[[str], None]) -> int:
    """Back as far as it goes, forward again, and in leaps; looks at every stop."""
    stops = 0
    for step in (-1, 1, -3, 2):
        while stops < 200 and _go(page, step, stops + 1):
            stops += 1
            if "demo-login" not in page.url:  # the demo's own page, where everybody's name stands
                check(f"history.go({step}) to {page.url}")
    return stops


def _public(page: Page, address: str, name: str) -> set[str]:
    """What everybody may read: the front page, the login pages, and the pages of help."""
    door = PEOPLE[name][0]
    said: set[str] = set()
    for path in (
        "",
        "?besked=log-ud&fra=" + door,
        "/hjaelp",
        "/privatliv",
        f"/log-ind/{door}",
        "/findes-ikke",
    ):
        page.goto(address + path)
        said |= _lines(page)
    return said


def _left(page: Page, name: str, read: set[str], public: set[str]) -> tuple[list[str], int]:
    """What of a person is still there after logging out, wherever Back and Forward lead."""
    whole = PEOPLE[name][1]
    secrets = {whole, whole.split()[0], HIDDEN, *(read - public)}
    found: list[str] = []

    def check(where: str) -> None:
        shown = _lines(page)
        again = (secrets & shown) | {one for one in (whole, HIDDEN) if one in "\n".join(shown)}
        kept = page.evaluate(KEPT) if page.url.startswith("http") else "[[],[],[],[]]"
        found.extend(f"{where}: {line[:80]}" for line in sorted(again))
        if not OURS.match(kept) or any(secret in kept for secret in secrets):
            found.append(f"{where}: kept {kept[:200]}")
        if page.evaluate("window.__persisted === true") and again:
            found.append(f"{where}: from the browser's own memory")

    check("logged out")
    return found, _through_history(page, check)


@pytest.mark.parametrize("name", PEOPLE)
def test_after_logging_out_no_page_comes_back(visit: Open, address: str, name: str) -> None:
    """Every kind of page of every role, reached by links and by swaps; Back, Forward and leaps."""
    public = _public(visit(), address, name)
    page = visit(name)
    page.add_init_script(PAGESHOW)
    root = address.removesuffix("/silkeborg")
    swapped = _swap(page, root, name)
    pages, read = _crawl(page, root, PEOPLE[name][0])
    assert len(pages) >= PEOPLE[name][2], pages
    read = (read | swapped) - public
    assert len(read) > 5
    _log_out(page)
    found, stops = _left(page, name, read, public)
    print(f"{name}: {len(pages)} kinds of page, {len(read)} lines, {stops} stops in the history")
    assert found == []
    assert stops >= len(pages)


@contextmanager
def _loosened(address: str) -> Iterator[str]:
    """The same portal behind a server that lets browsers keep what they like and clears nothing at logging out."""
    root = address.removesuffix("/silkeborg")

    class Between(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _pass(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            sent = {name: said for name, said in self.headers.items() if name.lower() not in NOT_PASSED}
            url = root + self.path
            answer = httpx.request(self.command, url, content=body, headers=sent, trust_env=False, timeout=20)
            self.send_response(answer.status_code)
            for name, said in answer.headers.multi_items():
                if name not in NOT_PASSED:
                    self.send_header(name, said)
            self.send_header("Cache-Control", "private, max-age=600")
            self.send_header("Content-Length", str(len(answer.content)))
            self.end_headers()
            self.wfile.write(answer.content)

        do_GET = do_POST = _pass  # noqa: N815

        def log_message(self, *_: Any) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Between)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://localhost:{server.server_address[1]}/silkeborg"
    server.shutdown()
    server.server_close()
    thread.join()


def test_without_the_headers_the_pages_do_come_back(visit: Open, address: str) -> None:
    """So that the test above can be red: the same walk, where pages may be kept and nothing is cleared."""
    page = visit("amina")
    page.add_init_script(PAGESHOW)
    with _loosened(address) as loose:
        public = _public(visit(), address, "amina")
        _, read = _crawl(page, loose.removesuffix("/silkeborg"), "borger")
        page.evaluate("sessionStorage.setItem('kept', 'x')")
        _log_out(page)
        found, _ = _left(page, "amina", read, public)
    assert any("Hej Amina Yusuf" in one for one in found), found
    assert any(": kept [[[" in one for one in found), found
    assert any("own memory" in one for one in found), found


# ------------------------------------------------------------------ (b) what was typed never runs


@pytest.fixture
def reports() -> list[str]:
    return []


def _watched(page: Page, reports: list[str]) -> Page:
    """A page that tells of every breach of the policy, every script that ran, and every box that popped up."""
    page.context.expose_binding("__report", lambda _source, said: reports.append(str(said)))
    page.context.add_init_script(SINK)
    page.on("dialog", lambda box: (reports.append(f"a box: {box.message}"), box.dismiss()))
    page.on("console", lambda said: reports.append(said.text) if "Content Security" in said.text else None)
    return page


def _open(page: Page, address: str, path: str) -> None:
    answer = page.goto(f"{address}/{path}")
    assert answer is not None
    assert answer.status == 200, path
    assert "zq9" in page.evaluate(SEEN, "body"), path


def _because(page: Page) -> None:
    """Says why, where a case is not one's own."""
    if page.locator("form[action*='/formaal/']").count():
        choose(page, "input[name=purpose]")
        page.locator("main form button").click()


def test_what_citizens_type_never_runs(visit: Open, address: str, reports: list[str]) -> None:
    """What somebody wants to talk about, and where they live: on their own pages and on the caseworker's."""
    dan, rikke = _watched(visit("dan"), reports), _watched(visit("rikke"), reports)
    for pack in packs(900):
        dan.goto(f"{address}/borger/samtale/ny")
        dan.fill("#about", pack)
        dan.locator("input[name=slot][value=none]").check(force=True)
        dan.locator("button[value=book]").click()
        dan.wait_for_url(re.compile(r"/borger/samtale/\w{32}"))
        talk = dan.url.split("/")[-1].split("?")[0]
        rikke.goto(f"{address}/medarbejder/samtale/{talk}")
        _because(rikke)
        assert "zq9" in rikke.evaluate(SEEN, "body")
        dan.goto(f"{address}/borger/samtale/{talk}/aflys")
        dan.locator("main form button").click()
        expect(dan.locator(".alert-success")).to_be_visible()
    for pack in packs(190):
        dan.goto(f"{address}/borger/oplysninger")
        dan.fill("#address", pack.replace("\n", " "))
        dan.locator("main form button").click()
        expect(dan.locator(".alert-success")).to_be_visible()
        _open(dan, address, "borger/oplysninger")
        rikke.goto(f"{address}/medarbejder/samtale/{talk}")
        assert "zq9" in rikke.evaluate(SEEN, "body"), pack
    assert reports == []


def _request(bo: Page, address: str, tasks: str) -> str:
    """A request sent by Bo with these tasks; gives the case."""
    bo.goto(f"{address}/virksomhed/ny")
    choose(bo, "input[value=recruitment]")
    bo.locator("main form button").first.click()
    bo.fill("#workplace", str(STRINGS["out of an attribute"]))
    bo.fill("#p_number", "1000000001")
    choose(bo, "input[name=sector][value=private]")
    bo.fill("#positions", "1")
    bo.locator("button.button[value=next]").click()
    bo.fill("#job_title", "Bager")
    bo.fill("#tasks", tasks)
    bo.fill("#weekly_hours", "30")
    bo.fill("#start", "31-12-2099")
    bo.locator("button.button[value=next]").click()
    expect(bo.locator("h1")).to_have_text("Tjek dine svar")
    bo.locator("main form button").click()
    bo.wait_for_url("**/kvittering")
    return bo.url.split("/")[-2]


def test_what_companies_and_caseworkers_type_never_runs(
    visit: Open, address: str, reports: list[str]
) -> None:
    """The work, and messages both ways: on the company's pages, the queue, the case and the board."""
    bo, clara, tove = (_watched(visit(name), reports) for name in ("bo", "clara", "tove"))
    case = ""
    for pack in packs(1900):
        case = _request(bo, address, pack)
        _open(bo, address, f"virksomhed/sag/{case}")
        _open(clara, address, f"medarbejder/sag/{case}")
    clara.get_by_role("button", name="Tag sagen").click()
    for said in [*(str(STRINGS[name]) for name in NASTIEST[:8]), *packs(3900)]:
        clara.fill("form[action$='/spoerg'] textarea", said)
        clara.get_by_role("button", name="Send spørgsmålet").click()
        expect(clara.locator(".alert-success")).to_be_visible()
    _open(bo, address, f"virksomhed/sag/{case}")
    for pack in packs(3900):
        bo.fill("form[action$='/tilfoej'] textarea", pack)
        bo.locator("form[action$='/tilfoej'] button").click()
        expect(bo.locator(".alert-success")).to_be_visible()
    _open(clara, address, f"medarbejder/sag/{case}")
    _open(bo, address, "virksomhed")
    clara.goto(
        f"{address}/medarbejder/virksomheder?vis=all&soeg=%3Cimg+src%3Dx+onerror%3Dwindow.__pwned%3D1%3E"
    )
    for path in ("tavle", f"sag/{case}", "virksomheder?vis=all"):
        tove.goto(f"{address}/medarbejder/{path}")
    assert reports == []


def test_the_watch_sees_a_script_that_came_with_a_page(
    browser: Browser, address: str, reports: list[str]
) -> None:
    """So that the tests above can be red: a page with a script of its own, under the portal's own policy; and
    without the policy, where it runs."""

    def inject(route: Route) -> None:
        answer = route.fetch()
        bare = {
            k: v
            for k, v in answer.headers.items()
            if "no-policy" not in route.request.url or "security" not in k
        }
        script = f"{STRINGS['script']}{STRINGS['img']}<script>alert(1)</script></main>"
        route.fulfill(response=answer, headers=bare, body=answer.text().replace("</main>", script))

    context = browser.new_context(base_url=address)
    page = _watched(context.new_page(), reports)
    page.route("**/silkeborg?*", inject)
    page.goto(f"{address}?policy")
    page.wait_for_timeout(300)
    assert any(said.startswith("script-src-elem inline") for said in reports), reports
    assert any(said.startswith("script-src-attr inline") for said in reports), reports
    assert not any(said.startswith(("it ran", "a box")) for said in reports), reports
    page.goto(f"{address}?no-policy")
    page.wait_for_timeout(300)
    assert any(said.startswith("it ran") for said in reports), reports
    assert any(said.startswith("a box") for said in reports), reports
    context.close()
