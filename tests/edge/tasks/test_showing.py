from __future__ import annotations

from shopbell_edge.tasks.showing import Showing
from tests.edge.tasks.running import running
from tests.fakes.orders import FakeSign
from tests.rigs.waiting import until


async def test_the_first_sign_that_is_there_is_used() -> None:
    lamp, bell = FakeSign("the lamp", away=True), FakeSign("the bell")
    showing = Showing([(lamp, 1), (bell, 1)])
    async with running(showing.run()):
        assert showing.begin(1) == (True, "the bell, for 1 s")
        await until("it blinks", lambda: bell.blinks > 1)
        await until("it is given back", lambda: not bell.borrowed)
    assert lamp.blinks == 0


async def test_without_any_it_is_said_why() -> None:
    assert Showing([]).begin(9) == (False, "it has neither a lamp nor a bell")
    both = Showing([(FakeSign("a", away=True), 1), (FakeSign("b", away=True), 1)])
    assert both.begin(9) == (False, "a: No such device; b: No such device")


async def test_being_asked_again_lets_it_go_on() -> None:
    lamp = FakeSign()
    showing = Showing([(lamp, 1)])
    async with running(showing.run()):
        showing.begin(600)
        await until("it blinks", lambda: lamp.blinks > 0)
        assert showing.begin(1) == (True, "the lamp, for 1 s")
        await until("it ends as it was asked for last", lambda: not lamp.borrowed)
        showing.begin(600)
        await until("it blinks once more", lambda: lamp.borrowed)
    assert not lamp.borrowed


async def test_a_sign_that_goes_ends_it_and_nothing_else() -> None:
    lamp = FakeSign()
    showing = Showing([(lamp, 1)])
    async with running(showing.run()):
        showing.begin(600)
        await until("it blinks", lambda: lamp.blinks > 0)
        lamp.away = True
        await until("it is given up", lambda: not lamp.borrowed)
        lamp.away = False
        before = lamp.blinks
        showing.begin(600)
        await until("it can be asked for again", lambda: lamp.blinks > before)


async def test_an_end_while_a_sign_has_gone_is_an_end() -> None:
    lamp = FakeSign()
    showing = Showing([(lamp, 1)])
    async with running(showing.run()):
        showing.begin(600)
        await until("it blinks", lambda: lamp.blinks > 0)
        lamp.away = True
