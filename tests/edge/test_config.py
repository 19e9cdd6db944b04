from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest

from shopbell_edge.config.meaning import (
    closing,
    hours,
    number_key,
    orders_key,
    pace,
    presence_rules,
    retailer,
    send_rules,
    sought,
)
from shopbell_edge.config.reading import read_settings
from shopbell_edge.config.tables import BluetoothRadio
from shopbell_edge.core.fixed_ids import AltBeacon, FixedIds
from shopbell_program.settings import SettingsError

if TYPE_CHECKING:
    from pathlib import Path

    from shopbell_edge.config.tables import Settings

HEAD = 'tenant = "acme"\nedge = "ams01-door"\n'
BROKER = '[broker]\nhost = "127.0.0.1"\nport = 1883\n'
RETAILER = '[retailer]\nuuid = "6f2a1c5e-9b7d-4e03-a1c4-0f5d2e8b7a61"\nprefix = "5bb0e111"\n'
RADIO = '[[radios]]\nkind = "bluetooth"\nadapter = "hci0"\n'


def read(tmp_path: Path, text: str) -> Settings:
    path = tmp_path / "edge.toml"
    path.write_text(text)
    return read_settings(path)


def faults(tmp_path: Path, text: str) -> str:
    with pytest.raises(SettingsError) as caught:
        read(tmp_path, text)
    return str(caught.value)


def test_the_least_file_is_one_radio_and_a_broker(tmp_path: Path) -> None:
    settings = read(tmp_path, HEAD + BROKER + RETAILER + RADIO)
    assert settings.radios == (BluetoothRadio(adapter="hci0"),)
    assert presence_rules(settings, settings.radios[0]).leave_ms == 180_000
    assert pace(settings).steady_ms == 30_000
    assert send_rules(settings).answer_ms == 30_000


def test_a_radio_may_have_thresholds_of_its_own(tmp_path: Path) -> None:
    own = "enter_loss_db = 14.0\noffset_db = -3.0\n"
    settings = read(tmp_path, HEAD + BROKER + RETAILER + RADIO + own)
    rules = presence_rules(settings, settings.radios[0])
    assert (rules.enter_loss_db, rules.scanner_offset_db) == (14.0, -3.0)


def test_the_demo_is_twenty_times_as_fast(tmp_path: Path) -> None:
    settings = read(tmp_path, 'rules = "demo"\n' + HEAD + BROKER + RETAILER + RADIO)
    rules = presence_rules(settings, settings.radios[0])
    assert (rules.leave_ms, rules.shown_ms) == (9_000, 3_000)
    assert pace(settings).steady_ms == 1_500


HEARTBEAT = '[heartbeat]\nuuid = "0d1f6a52-3c84-4b7e-9f10-6b2c8e4d7a93"\nmajor = 12\nminor = 1\n'


def test_a_heartbeat_is_let_pass_by_the_radios_beside_the_retailers_frames(tmp_path: Path) -> None:
    settings = read(tmp_path, HEAD + BROKER + RETAILER + HEARTBEAT + RADIO)
    ours, heartbeat = sought(settings)
    assert (ours.uuid[:8], heartbeat.uuid[:8]) == ("6f2a1c5e", "0d1f6a52")
    assert sought(read(tmp_path, HEAD + BROKER + RETAILER + RADIO)) == (ours,)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (
            HEARTBEAT + "interval_ms = 5000\n",
            "radios[0].silent_s: the heartbeat beacon sends every 5 s",
        ),
        (
            HEARTBEAT + "minor_without_flags = 1\n",
            "heartbeat: minor and minor_without_flags are both 1",
        ),
        (HEARTBEAT.replace("0d1f", "0D1F"), "heartbeat: uuid is '0D1F6a52"),
        (
            HEARTBEAT.replace(
                "0d1f6a52-3c84-4b7e-9f10-6b2c8e4d7a93", "6f2a1c5e-9b7d-4e03-a1c4-0f5d2e8b7a61"
            ),
            "heartbeat.uuid: the same as retailer.uuid: the beacon would be a customer",
        ),
    ],
)
def test_a_heartbeat_that_measures_nothing_is_refused(tmp_path: Path, text: str, says: str) -> None:
    assert says in faults(tmp_path, HEAD + BROKER + RETAILER + text + RADIO)


FOB: Final = "c3a1f0de-5577-4a10-8d3e-91b2c4d6e8f0"
STATIC: Final = f"""[static]
ibeacons = ["{FOB}"]
namespaces = ["7e11c0ffee0ddba11dad"]
altbeacons = [{{ company = 0x0118, uuid = "d41b7e62-0f93-4c58-b6aa-2e7f9c1d3b45" }}]
"""


def test_fobs_are_heard_if_they_are_listed_and_else_not(tmp_path: Path) -> None:
    settings = read(tmp_path, HEAD + BROKER + RETAILER + STATIC + HEARTBEAT + RADIO)
    ours, heartbeat = sought(settings)
    assert ours == retailer(settings)
    assert ours.fixed == FixedIds(
        ibeacons=(FOB,),
        altbeacons=(AltBeacon(company=0x0118, uuid="d41b7e62-0f93-4c58-b6aa-2e7f9c1d3b45"),),
        namespaces=("7e11c0ffee0ddba11dad",),
    )
    assert heartbeat.fixed is None
    assert retailer(read(tmp_path, HEAD + BROKER + RETAILER + RADIO)).fixed is None


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[static]\n", "static: neither ibeacons nor altbeacons nor namespaces; give one"),
        (STATIC.replace("c3a1", "C3A1"), "static: ibeacons[0] is 'C3A1f0de"),
        (STATIC.replace("7e11", "7e1"), "static: namespaces[0] is '7e1c0ffee0ddba11dad'; write 20"),
        (STATIC.replace("0x0118", "65_536"), "static.altbeacons[0].company"),
        (
            STATIC.replace(FOB, "6f2a1c5e-9b7d-4e03-a1c4-0f5d2e8b7a61"),
            "retailer: uuid is '6f2a1c5e-9b7d-4e03-a1c4-0f5d2e8b7a61', and that of fixed ids too",
        ),
        (
            STATIC.replace(FOB, "0d1f6a52-3c84-4b7e-9f10-6b2c8e4d7a93") + HEARTBEAT,
            "heartbeat.uuid: among those of [static]: the beacon would be a fob that never leaves",
        ),
        (
            STATIC + "beacon_interval_ms = 5000\n",
            "presence.leave_s: for radios[0]: leave timeout is 180 s, but must be at least 5 x T",
        ),
    ],
)
def test_fobs_that_cannot_be_told_from_others_are_refused(
    tmp_path: Path, text: str, says: str
) -> None:
    assert says in faults(tmp_path, HEAD + BROKER + RETAILER + text + RADIO)


def test_a_simulated_radio_is_never_begun_anew_for_its_silence(tmp_path: Path) -> None:
    radio = '[[radios]]\nkind = "socket"\nscanner = "sim0"\npath = "/run/air"\n'
    text = HEAD + BROKER + RETAILER + HEARTBEAT + "interval_ms = 5000\n" + radio
    assert read(tmp_path, text).heartbeat is not None


def test_a_spool_that_holds_no_week_is_refused_with_its_arithmetic(tmp_path: Path) -> None:
    small = "[spool]\nsize_mib = 64\n"
    said = faults(tmp_path, HEAD + BROKER + RETAILER + small + RADIO)
    assert "spool.size_mib: 64 MiB hold 5.2 days without a server" in said
    assert (
        read(tmp_path, 'rules = "demo"\n' + HEAD + BROKER + RETAILER + small + RADIO).spool.size_mib
        == 64
    )
    seldom = "[presence]\nreport_steady_s = 60.0\n"
    assert read(tmp_path, HEAD + BROKER + RETAILER + small + seldom + RADIO).spool.size_mib == 64


def test_a_leave_timeout_that_makes_customers_flicker_is_refused_with_its_arithmetic(
    tmp_path: Path,
) -> None:
    said = faults(
        tmp_path,
        HEAD + BROKER + RETAILER + "[presence]\nleave_s = 30.0\ninactive_s = 20.0\n" + RADIO,
    )
    assert (
        "presence.leave_s: for radios[0]: leave timeout is 30 s, but must be at least 5 x T" in said
    )


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (HEAD + BROKER + RETAILER, "neither a radio nor a camera nor a scanner"),
        (HEAD + BROKER + RETAILER + RADIO + RADIO, '"hci0" stands twice'),
        (HEAD + BROKER + RETAILER + '[[cameras]]\nscanner = "c"\n', "one of device and folder"),
        (
            HEAD + BROKER.replace("127.0.0.1", "mq.example") + RETAILER + RADIO,
            "broker.tls: missing",
        ),
        (
            'rules = "demo"\n'
            + HEAD
            + BROKER.replace("127.0.0.1", "mq.example")
            + RETAILER
            + RADIO,
            'rules: "demo" is accepted only with a broker on this machine',
        ),
        (HEAD + BROKER + 'username = "u"\n' + RETAILER + RADIO, "give both or none"),
        (
            HEAD + BROKER + 'username = "u"\npassword_file = "/none"\n' + RETAILER + RADIO,
            'there is no file "/none"',
        ),
        (
            HEAD + BROKER + '[broker.tls]\nca_file = "/none"\n' + RETAILER + RADIO,
            "broker.tls.ca_file: there is no file",
        ),
        (HEAD + BROKER + RETAILER.replace("5bb0e111", "5BB0E111") + RADIO, "retailer: prefix is"),
        (HEAD + BROKER.replace("1883", "0") + RETAILER + RADIO, "broker.port: 0 is not allowed"),
        (HEAD + BROKER.replace("127.0.0.1", "a..b") + RETAILER + RADIO, "'a..b' is no host name"),
        (HEAD + BROKER.replace("127.0.0.1", "") + RETAILER + RADIO, "'' is no host name"),
        (
            HEAD + BROKER + 'fallbacks = ["mq-b.example"]\n' + RETAILER + RADIO,
            "broker.fallbacks[0]: 'mq-b.example' is no address; write a host and a port",
        ),
        (
            HEAD + BROKER + 'fallbacks = ["mq-b.example:8883"]\n' + RETAILER + RADIO,
            "broker.tls: missing; mq-b.example is not this machine",
        ),
        (
            HEAD + BROKER + RETAILER + RADIO + '[metrics]\nhost = "http://here"\n',
            "metrics.host: 'http://here' is no host name",
        ),
        (
            HEAD + BROKER + '[broker.tls]\nca_file = "/none"\nkey_file = "/none"\n' + RETAILER,
            "broker.tls.key_file: goes with broker.tls.cert_file",
        ),
        (
            HEAD + BROKER + 'username = "u"\npassword_file = ""\n' + RETAILER + RADIO,
            "broker.password_file: empty, or with a NUL in it",
        ),
        (
            HEAD + BROKER + RETAILER + RADIO + '[spool]\npath = "a\\u0000b"\n',
            "spool.path: empty, or with a NUL in it",
        ),
        (
            HEAD + BROKER + RETAILER + '[[radios]]\nkind = "socket"\nscanner = "s"\npath = ""\n',
            "radios[0].path: empty",
        ),
        (
            HEAD + BROKER + RETAILER + '[[cameras]]\nscanner = "c"\nfolder = ""\n',
            "cameras[0].folder: empty",
        ),
        (
            HEAD + BROKER + RETAILER + '[[cameras]]\nscanner = "c"\ndevice = 0\nconsume = true\n',
            "cameras[0].consume: goes with folder",
        ),
        (
            HEAD + BROKER + RETAILER + RADIO + "silent_s = 0.5\n",
            "radios[0].silent_s: 0.5 is not allowed; a number at least 1 and at most 86400",
        ),
        (HEAD + BROKER + RETAILER + RADIO + "duty = 1e-300\n", "radios[0].duty: 1e-300 is not"),
        (HEAD + BROKER + RETAILER + RADIO + "offset_db = nan\n", "radios[0].offset_db: nan is not"),
        (
            HEAD + BROKER + RETAILER + RADIO + "[presence]\nleave_loss_db = inf\n",
            "presence.leave_loss_db: inf is not allowed",
        ),
        (
            HEAD + BROKER + RETAILER + RADIO + "[presence]\nreport_steady_s = 1.0\n",
            "presence.report_steady_s: is 1, below report_moving_s, 5",
        ),
        (
            HEAD + BROKER + RETAILER + RADIO + RADIO + "[presence]\nleave_s = 50.0\n",
            "presence.leave_s: is 50, below inactive_s, 60; raise it",
        ),
        (
            HEAD + BROKER + RETAILER + "power_dbm = 59\n" + RADIO,
            "retailer.power_dbm: 59 is not allowed; a whole number at least -90 and at most -30",
        ),
        (
            HEAD + BROKER + RETAILER + RADIO + "offset_db = 80.0\n",
            "radios[0].offset_db: 80.0 is not allowed; a number at least -",
        ),
        (
            HEAD + BROKER + RETAILER + RADIO.replace("hci0", "bluetooth0"),
            'radios[0].adapter: "bluetooth0" is not allowed; hci and a number in quotes, such as "hci0"',
        ),
        (
            HEAD + BROKER + RETAILER + RADIO + "[hours]\n",
            'hours.zone: missing; text in quotes, such as "Europe/Amsterdam"',
        ),
        (
            HEAD + BROKER.replace("127.0.0.1", "mqtt://x") + RETAILER + RADIO,
            "'mqtt://x' is no host name and no address; write it alone, without a scheme or a port",
        ),
        (
            HEAD + BROKER + RETAILER + RADIO + "[sending]\nanswer_s = 0.0001\n",
            "sending.answer_s: 0.0001 is not allowed; a number at least 1 and at most 86400",
        ),
        (
            HEAD + BROKER + RETAILER + RADIO + "[sending]\nanswer_most_s = 1.0\n",
            "sending.answer_most_s: is 1, below answer_s, 30",
        ),
        (
            HEAD + BROKER + RETAILER + '[numbers]\nkey_file = "/none"\nshapes = []\n' + RADIO,
            "numbers.shapes: empty",
        ),
        (
            HEAD + BROKER + RETAILER + RADIO + "enter_loss_db = 40.0\n",
            "radios[0]: enter_loss_db is 40, above leave_loss_db",
        ),
        (
            HEAD
            + BROKER
            + RETAILER
            + '[numbers]\nkey_file = "/none"\n[[numbers.shapes]]\nsymbology = "EAN-13"\n'
            + 'prefix = "29"\nlength = 12\n'
            + RADIO,
            "numbers.shapes: length is 12; EAN-13 has 13 digits\n  numbers.key_file: there is no file",
        ),
    ],
)
def test_what_contradicts_itself_is_refused_by_name(tmp_path: Path, text: str, says: str) -> None:
    assert says in faults(tmp_path, text)


SHAPE = '[[numbers.shapes]]\nsymbology = "EAN-13"\nprefix = "29"\nlength = 13\n'


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"abcd",
        b"zz" * 32,
        b"00" * 31,
        b"00" * 33,
        b"\xff" * 32,
        b"-----BEGIN PRIVATE KEY-----",
    ],
)
def test_a_key_file_without_a_key_is_named_and_not_quoted(tmp_path: Path, content: bytes) -> None:
    key = tmp_path / "number.pub"
    key.write_bytes(content)
    numbers = f'[numbers]\nkey_file = "{key}"\n{SHAPE}'
    said = faults(tmp_path, HEAD + BROKER + RETAILER + numbers + RADIO)
    assert f'numbers.key_file: "{key}" does not hold a public key: 64 hexadecimal digits' in said
    assert "PRIVATE" not in said


def test_a_key_of_orders_is_looked_at_before_anything_is_ordered(tmp_path: Path) -> None:
    key = tmp_path / "orders.pub"
    orders = f'[orders]\nkey_file = "{key}"\n'
    whole = HEAD + BROKER + RETAILER + orders + RADIO
    assert "orders.key_file: there is no file" in faults(tmp_path, whole)
    key.write_text("no key")
    said = faults(tmp_path, whole)
    assert f'orders.key_file: "{key}" does not hold a public key: 64 hexadecimal' in said
    key.write_text("0b" * 32 + "\n")
    settings = read(tmp_path, whole).orders
    assert settings is not None
    assert orders_key(settings) == b"\x0b" * 32


@pytest.mark.parametrize("name", ["", "../../etc", "a/b", ".", "x" * 64, "ACT\\n"])
def test_a_lamp_to_be_found_by_is_a_lamp(tmp_path: Path, name: str) -> None:
    whole = HEAD + BROKER + RETAILER + f'[identify]\nled = "{name}"\n' + RADIO
    assert "identify.led" in faults(tmp_path, whole)


def test_a_key_is_read_with_the_line_end_that_editors_add(tmp_path: Path) -> None:
    key = tmp_path / "number.pub"
    key.write_text("0A" * 32 + "\n")
    numbers = f'[numbers]\nkey_file = "{key}"\n{SHAPE}'
    settings = read(tmp_path, HEAD + BROKER + RETAILER + numbers + RADIO)
    assert settings.numbers is not None
    assert number_key(settings.numbers) == b"\x0a" * 32


HOURS = '[hours]\nzone = "Europe/Amsterdam"\nmonday = "09:00-18:00"\n'


def test_a_store_has_its_own_hours(tmp_path: Path) -> None:
    always = read(tmp_path, HEAD + BROKER + RETAILER + RADIO)
    assert hours(always) is None
    assert closing(always).judged
    shop = hours(read(tmp_path, HEAD + BROKER + RETAILER + HOURS + RADIO))
    assert shop is not None
    monday_9 = 1_795_420_800_000  # in Amsterdam, in November
    assert [shop.open_at(monday_9 + ms) for ms in (-1, 0, 9 * 3_600_000)] == [False, True, False]
    assert not shop.open_at(monday_9 + 86_400_000), "a day that is left out is closed"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (
            '[hours]\nzone = "Mars/Olympus"\nmonday = "09:00-18:00"\n',
            "hours.zone: 'Mars/Olympus' is no time",
        ),
        ('[hours]\nzone = "../../etc/passwd"\nmonday = "09:00-18:00"\n', "hours.zone"),
        ('[hours]\nzone = "UTC"\nmonday = "9 to 5"\n', "hours.monday: '9 to 5' is no span"),
        ('[hours]\nzone = "UTC"\n', "hours: the store would never open"),
        ('[hours]\nzone = "UTC"\nmonday = "09:00-18:00"\nradio = "of"\n', "hours.radio"),
    ],
)
def test_hours_that_cannot_be_are_refused(tmp_path: Path, text: str, says: str) -> None:
    assert says in faults(tmp_path, HEAD + BROKER + RETAILER + text + RADIO)
