"""The texts of consents that are shipped, nl and en. A retailer may have others (`[privacy] texts_file`).

Owns: the words, and the name of their version.
Never: changes a word without another version: receipts name both.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from shopbell_server.core.consent.ledger import Purpose
from shopbell_server.core.consent.texts import texts_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from shopbell_server.core.consent.texts import ConsentTexts
    from shopbell_server.core.language import DocumentLanguage

VERSION: Final = "shopbell-1"

WORDS: Final[Mapping[Purpose, Mapping[DocumentLanguage, tuple[str, str]]]] = {
    Purpose.RECOGNISE_IN_STORE: {
        "nl": (
            "Mij herkennen in de winkel",
            (
                "De winkel mag mij herkennen als ik binnenkom: aan mijn telefoon, aan mijn pas en aan "
                "labels die ik zelf aanmeld. Dan wordt bewaard in welke winkel ik was, in welk deel "
                "ervan en hoe lang. Dat wordt hoogstens 13 maanden bewaard. Zonder deze toestemming "
                "gebeurt er niets, ook niets van wat hieronder staat."
            ),
        ),
        "en": (
            "Recognise me in the store",
            (
                "The store may recognise me when I come in: by my phone, by my pass, and by tags that I "
                "register myself. It then keeps which store I was in, in which part of it, and for how "
                "long. That is kept for 13 months at the most. Without this permission nothing happens, "
                "nor does anything that is listed below."
            ),
        ),
    },
    Purpose.SHOW_TO_STAFF: {
        "nl": (
            "Aan medewerkers laten zien dat ik er ben",
            (
                "Medewerkers van die winkel zien op hun scherm dat ik er ben, waar in de winkel, en "
                "waarvoor ik kom, zodat ze mij kunnen helpen. Ze zien een bijnaam zoals “Gast 12” en "
                "niet hoe ik heet."
            ),
        ),
        "en": (
            "Show staff that I am here",
            (
                "Staff of that store see on their screen that I am here, where in the store, and what I "
                "came for, so that they can help me. They see a nickname such as “Guest 12” and not "
                "what I am called."
            ),
        ),
    },
    Purpose.GREET_BY_NAME: {
        "nl": (
            "Mij bij mijn naam begroeten",
            (
                "Medewerkers van die winkel zien ook mijn voornaam als ik er ben, zodat ze mij kunnen "
                "begroeten."
            ),
        ),
        "en": (
            "Greet me by name",
            (
                "Staff of that store also see my first name while I am there, so that they can greet "
                "me."
            ),
        ),
    },
    Purpose.SHOW_PURCHASES: {
        "nl": (
            "Mijn aankopen laten zien",
            (
                "Als ik mijn pas laat zien, zien medewerkers wat ik eerder heb gekocht, zodat ze mij "
                "beter kunnen adviseren."
            ),
        ),
        "en": (
            "Show my purchases",
            (
                "When I show my pass, staff see what I bought before, so that they can advise me "
                "better."
            ),
        ),
    },
    Purpose.SHOW_BROWSING: {
        "nl": (
            "Laten zien wat ik online bekeek",
            (
                "Als ik mijn pas laat zien, zien medewerkers wat ik in de webwinkel of de app heb "
                "bekeken en bewaard, zodat ze mij beter kunnen adviseren."
            ),
        ),
        "en": (
            "Show what I looked at online",
            (
                "When I show my pass, staff see what I looked at and saved in the web shop or the app, "
                "so that they can advise me better."
            ),
        ),
    },
    Purpose.SHARE_WITH_CDP: {
        "nl": (
            "Mijn winkelbezoek aan mijn online profiel toevoegen",
            (
                "De winkel geeft mijn bezoeken door aan haar klantplatform, zodat mijn online profiel "
                "ervan weet. Wie dat ontvangt, staat op deze pagina."
            ),
        ),
        "en": (
            "Add my store visits to my online profile",
            (
                "The store tells its customer platform of my visits, so that my online profile knows of "
                "them. Who receives that is listed on this page."
            ),
        ),
    },
    Purpose.MESSAGES: {
        "nl": (
            "Mij berichten sturen",
            (
                "De winkel mag mij een bericht sturen omdat ik er was, bijvoorbeeld over wat ik daar "
                "heb bekeken."
            ),
        ),
        "en": (
            "Send me messages",
            (
                "The store may send me a message because I was there, for example about what I looked "
                "at."
            ),
        ),
    },
}

STANDARD: Final[ConsentTexts] = texts_of(VERSION, WORDS)
