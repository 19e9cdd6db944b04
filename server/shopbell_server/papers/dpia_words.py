"""The words of the data protection impact assessment, nl and en.

Owns: what is true of every shop that uses this, and the questions that only the retailer can answer.
Never: facts of one installation (`facts`), or a judgement: that is the retailer's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from shopbell_server.papers.shared_words import Words

DPIA: Final[Words] = {
    "title": {
        "nl": "Gegevensbeschermingseffectbeoordeling (DPIA)",
        "en": "Data protection impact assessment (DPIA)",
    },
    "intro": {
        "nl": "Sjabloon voor artikel 35 AVG. Wat uit de instellingen volgt, is ingevuld; wat "
        "alleen de winkelier weet of beslist, is geel gemarkeerd. "
        "Een DPIA is hier nodig: locatiegegevens, profilering en sensoren staan op de lijst van "
        "de Autoriteit Persoonsgegevens.",
        "en": "Template for article 35 GDPR. What follows from the settings is filled in; what "
        "only the retailer knows or decides is marked in yellow. "
        "A DPIA is needed here: location data, profiling and sensors are on the list of the "
        "Dutch supervisory authority.",
    },
    "what_title": {"nl": "Wat er gebeurt", "en": "What happens"},
    "what_1": {
        "nl": "Een klant die daar in de app voor kiest, laat zich in de winkel herkennen: "
        "doordat haar telefoon een wisselend signaal uitzendt, of doordat zij een pascode "
        "laat scannen.",
        "en": "A customer who chooses so in the app is recognised in the store: because her "
        "phone sends a changing signal, or because she has a pass code scanned.",
    },
    "what_2": {
        "nl": "Een kastje in de winkel vangt het signaal op en stuurt het naar de server. Alleen "
        "de server kan het lezen, kijkt of zij toestemming gaf, en maakt er een bezoek van.",
        "en": "A box in the store picks the signal up and sends it to the server. Only the "
        "server can read it; it looks whether she consented, and makes a visit of it.",
    },
    "what_3": {
        "nl": "Medewerkers van die winkel zien dat zij er is, met niet meer dan zij toestaat en "
        "dan zeker genoeg is. Ontvangers buiten de winkel horen ervan als zij ook dat "
        "toestaat.",
        "en": "Staff of that store see that she is here, with no more than she allows and than "
        "is certain enough. Recipients outside the store are told if she allows that as "
        "well.",
    },
    "purposes_title": {
        "nl": "Doelen en grondslag",
        "en": "Purposes and legal basis",
    },
    "basis": {
        "nl": "Grondslag van elk doel: toestemming (artikel 6 lid 1 onder a AVG; artikel 11.7a "
        "Telecommunicatiewet voor het uitlezen van de telefoon). "
        "Elk doel staat uit tot zij het aanzet, en verloopt na {months} maanden. Weigeren kost "
        "haar geen bestelling en geen korting.",
        "en": "Legal basis of each purpose: consent (article 6(1)(a) GDPR; article 5(3) of the "
        "ePrivacy Directive for reading the phone). "
        "Each is off until she switches it on, and expires after {months} months. Refusing costs "
        "her no order and no discount.",
    },
    "purpose": {"nl": "Doel", "en": "Purpose"},
    "used": {
        "nl": "Gebruiken wij dit, en waarvoor precies?",
        "en": "Do we use it, and what for exactly?",
    },
    "data_title": {
        "nl": "Gegevens en bewaartermijnen",
        "en": "Data and how long they are kept",
    },
    "what": {"nl": "Wat", "en": "What"},
    "how_long": {"nl": "Hoe lang", "en": "How long"},
    "sensors_title": {"nl": "Waar en waarmee", "en": "Where and with what"},
    "sensors_text": {
        "nl": "Winkels: {stores}; kastjes: {edges}. Wat elke sensor hoort en weggooit, staat in de "
        "verklaring over waarneming.",
        "en": "Stores: {stores}; boxes: {edges}. What each sensor hears and drops stands in the "
        "statement of sensing.",
    },
    "fobs_on": {
        "nl": "Hangers en kaarten met een vast nummer worden herkend. Dat nummer verandert "
        "nooit: wie het eenmaal hoorde, kan de drager volgen. Weeg dit apart.",
        "en": "Fobs and cards with a fixed number are recognised. That number never changes: who "
        "heard it once can follow whoever carries it. Weigh this by itself.",
    },
    "why_fobs": {
        "nl": "waarom hangers en kaarten nodig zijn naast de app",
        "en": "why fobs and cards are needed beside the app",
    },
    "recipients_title": {"nl": "Ontvangers", "en": "Recipients"},
    "recipient": {"nl": "Ontvanger", "en": "Recipient"},
    "how": {"nl": "Hoe", "en": "How"},
    "as_whom": {"nl": "Kent haar als", "en": "Knows her as"},
    "who": {"nl": "Wie en waar", "en": "Who and where"},
    "ladder_title": {"nl": "Wie ziet wat", "en": "Who sees what"},
    "ladder_text": {
        "nl": "Een veld verschijnt alleen als aan alles is voldaan: zo zeker is het dat zij het "
        "is, dit stond zij toe, en deze functie kijkt.",
        "en": "A field shows only if all of it holds: it is so certain that it is she, she "
        "allowed this, and this role looks.",
    },
    "field": {"nl": "Veld", "en": "Field"},
    "evidence": {"nl": "Hoe zeker ten minste", "en": "How certain at least"},
    "allowed": {"nl": "Toegestane doelen", "en": "Purposes allowed"},
    "viewers": {"nl": "Wie", "en": "Who"},
    "need_title": {
        "nl": "Noodzaak en evenredigheid",
        "en": "Necessity and proportionality",
    },
    "need_text": {
        "nl": "Wie niet meedoet, laat geen spoor na: zijn signaal wordt weggegooid voordat er "
        "iets wordt geschreven. Wie meedoet, kiest per doel en kan alles in één keer "
        "uitzetten.",
        "en": "Who does not take part leaves no trace: the signal is thrown away before anything "
        "is written. Who takes part chooses by purpose, and can switch everything off at "
        "once.",
    },
    "need_fill_1": {
        "nl": "welk probleem van de klant dit oplost, en waarom het niet met minder kan (alleen "
        "een pas, geen telefoon)",
        "en": "which problem of the customer this solves, and why it cannot be done with less (a "
        "pass only, no phone)",
    },
    "need_fill_2": {
        "nl": "hoe u zorgt dat de keuze vrij is, en dat kinderen onder de zestien niet meedoen",
        "en": "how you see to it that the choice is free, and that children under sixteen do not "
        "take part",
    },
    "risks_title": {"nl": "Risico's en maatregelen", "en": "Risks and measures"},
    "risk": {"nl": "Risico voor de klant", "en": "Risk to the customer"},
    "measure": {"nl": "Wat ertegen is gedaan", "en": "What is done about it"},
    "left": {"nl": "Wat overblijft, en ons oordeel", "en": "What remains, and our judgement"},
    "judge": {"nl": "kans, ernst, aanvaardbaar?", "en": "likelihood, severity, acceptable?"},
    "security_title": {"nl": "Beveiliging", "en": "Security"},
    "gaps_title": {
        "nl": "Wat deze versie niet voor u doet",
        "en": "What this version does not do for you",
    },
    "gaps_text": {
        "nl": "Regel dit zelf, of zet het programma niet aan voordat u weet hoe:",
        "en": "See to these yourself, or do not switch the program on before you know how:",
    },
    "advice_title": {"nl": "Advies en besluit", "en": "Advice and decision"},
    "advice_dpo": {
        "nl": "advies van de functionaris gegevensbescherming, met datum",
        "en": "advice of the data protection officer, with date",
    },
    "advice_council": {
        "nl": "instemming van de ondernemingsraad (artikel 27 lid 1 onder k en l WOR), met datum",
        "en": "agreement of the works council, with date (in the Netherlands: article 27(1)(k) "
        "and (l) of its Works Councils Act)",
    },
    "advice_agreed": {
        "nl": "De ondernemingsraad stemde op {day} in met het wekelijkse rapport over ongewoon inkijken: "
        "{document}.",
        "en": "The works council agreed to the weekly report of unusual looks on {day}: {document}.",
    },
    "advice_customers": {
        "nl": "wat klanten ervan vonden (artikel 35 lid 9 AVG)",
        "en": "what customers thought of it (article 35(9) GDPR)",
    },
    "advice_decision": {
        "nl": "besluit, door wie, wanneer, en wanneer dit stuk opnieuw wordt bekeken",
        "en": "decision, by whom, when, and when this paper is looked at again",
    },
}
