"""The words of the weekly report of unusual looks, nl and en: for the auditor.

Owns: every sentence of it. Each kind says what it means and what may be an innocent reason for it.
Never: a name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from shopbell_server.papers.shared_words import Words

UNUSUAL: Final[Words] = {
    "title": {
        "nl": "Ongewoon inkijken van klanten, week {week}",
        "en": "Unusual looks at customers, week {week}",
    },
    "intro": {
        "nl": "Voor de auditor. Van {begin} tot {end} (UTC) is er {looks} keer naar een klant gekeken, in "
        "alle winkels samen. Hieronder staat waar iemand naar zou moeten vragen: {found}.",
        "en": "For the auditor. From {begin} until {end} (UTC) customers were looked at {looks} times, in "
        "all stores together. Below is what somebody should ask about: {found}.",
    },
    "found_none": {"nl": "niets", "en": "nothing"},
    "found_one": {"nl": "1 bevinding", "en": "1 finding"},
    "found_many": {"nl": "{count} bevindingen", "en": "{count} findings"},
    "agreed": {
        "nl": "De ondernemingsraad stemde in op {day}: {document}.",
        "en": "The works council agreed on {day}: {document}.",
    },
    "limits": {
        "nl": "Er staan geen namen in, niet van klanten en niet van medewerkers, en er wordt niemand geteld "
        "of vergeleken. Een bevinding is een reden om iets te vragen en geen bewijs. Wie het betreft zoekt "
        "alleen de auditor op, per bevinding: `shopbell-server audit list --from NUMMER`.",
        "en": "There are no names in it, neither of customers nor of staff, and nobody is counted or "
        "compared. A finding is a reason to ask and no proof. Whom it concerns only the auditor looks up, "
        "finding by finding: `shopbell-server audit list --from NUMBER`.",
    },
    "kind": {"nl": "Wat", "en": "What"},
    "when": {"nl": "Wanneer (UTC)", "en": "When (UTC)"},
    "where": {"nl": "Winkel", "en": "Store"},
    "role": {"nl": "Rol", "en": "Role"},
    "count": {"nl": "Hoe vaak", "en": "How often"},
    "records": {"nl": "Regels van het logboek", "en": "Records of the audit"},
    "and_more": {"nl": "en nog {count}", "en": "and {count} more"},
    "made": {
        "nl": "Gemaakt op {at} (UTC), {tenant}.",
        "en": "Made on {at} (UTC), {tenant}.",
    },
}

KINDS: Final[Words] = {
    "returned": {
        "nl": "Op drie of meer dagen van de week keek dezelfde persoon terug naar dezelfde klant. Kan een "
        "klacht of bestelling zijn die bleef lopen.",
        "en": "On three or more days of the week the same person looked back at the same customer. May be a "
        "complaint or an order that went on.",
    },
    "many_lookers": {
        "nl": "Vier of meer mensen keken terug naar dezelfde klant. Kan een klacht zijn die rondging.",
        "en": "Four or more people looked back at the same customer. May be a complaint that went round.",
    },
    "colleague": {
        "nl": "Er is gekeken naar iemand die hier werkt. Die staan anders niet op het bord: misschien kwam "
        "zij pas daarna in dienst.",
        "en": "Somebody who works here was looked at. They are not on the board otherwise: perhaps she "
        "joined only afterwards.",
    },
    "other_store": {
        "nl": "Er is gekeken in een winkel waar de medewerker nu niet bij hoort. Kan iemand zijn die van "
        "winkel wisselde.",
        "en": "Looks in a store that the looker does not belong to now. May be somebody who changed stores.",
    },
    "out_of_hours": {
        "nl": "Er is gekeken terwijl er niemand in de winkel hoort te zijn. Kan een koopavond of "
        "inventarisatie zijn.",
        "en": "Looks while nobody should be in the store. May be a late opening or stocktaking.",
    },
    "long_after": {
        "nl": "Er is gekeken naar een klant die langer dan een week niet in een winkel was geweest, of van "
        "wie geen bezoek meer wordt bewaard.",
        "en": "Looks at a customer who had not been in a store for more than a week, or of whom no visit is "
        "kept any more.",
    },
    "many_customers": {
        "nl": "In één sessie is teruggekeken naar meer dan duizend klanten.",
        "en": "In one session more than a thousand customers were looked back at.",
    },
}
