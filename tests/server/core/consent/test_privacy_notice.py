from __future__ import annotations

from shopbell_server.core.consent.privacy_notice import Notice


def test_a_retailer_that_has_said_nothing_leaves_all_of_it_open() -> None:
    notice = Notice()
    said = (notice.controller, notice.address, notice.contact, notice.dpo, notice.page)
    assert {*said, notice.stored_in, notice.jurisdiction} == {None}
    assert notice.recipients == {}
    assert Notice().recipients is not notice.recipients
