"""Every message that a user may get is in the catalogue, is as it says, and reads as a message has to."""

import re

import pytest

from tests.errors import catalogue
from tests.errors.catalogue import ENTRIES, REPEATED, site_of, sites_of
from tests.errors.entry import Entry
from tests.errors.provoking import message_of, outcome_of, was_made
from tests.errors.rules import broken_rule
from tests.errors.world import World
from tests.errors.write_troubleshooting import PAGE, page, recorded_messages


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    return World(tmp_path_factory.mktemp("errors"))


def test_every_place_that_makes_a_message_has_an_entry():
    lacking = [f"{site.file}:{site.first_line} {site.template}" for site in catalogue.not_covered()]
    assert not lacking, "add an entry to tests/errors/areas/ for:\n" + "\n".join(lacking)


def test_every_entry_stands_for_one_message_and_no_two_for_the_same():
    wrong = []
    for entry in ENTRIES:
        templates = {site.template for site in sites_of(entry.file, entry.words)}
        if len(templates) != 1:
            wrong.append(f"{entry.name} stands for {sorted(templates) or 'nothing'}")
    assert not wrong, "\n".join(wrong)
    names = [entry.name for entry in ENTRIES]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("place", REPEATED, ids=": ".join)
def test_what_only_passes_on_a_message_is_there(place):
    assert place in {(site.file, site.template) for site in catalogue.sites()} and REPEATED[place]


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.name)
def test_a_message_is_one_line_that_helps(entry: Entry, world, recwarn):
    site = site_of(entry)
    outcome = outcome_of(entry, world)
    message = message_of(site, outcome)
    assert was_made(site, outcome), (message, outcome.made)
    assert not broken_rule(site, message) and re.search(entry.says, message), message
    if not entry.varies:
        assert message == recorded_messages()[entry.name], "run python -m tests.errors.write_troubleshooting"


def test_the_page_is_what_the_catalogue_makes_of_it():
    assert PAGE.read_text(encoding="utf-8") == page(), "run python -m tests.errors.write_troubleshooting"


@pytest.mark.parametrize("message", ["it is wrong", "received 3", "received 3\nexpected 4", "received 3; sorry"])
def test_the_rules_refuse_what_does_not_help(message):
    site = next(site for site in catalogue.sites() if site.kind == "error")
    assert broken_rule(site, message)
