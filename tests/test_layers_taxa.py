"""Whose range is it: names, synonyms, authors, and the sub-species guard."""

from __future__ import annotations

import tomllib

import pandas as pd
import pytest

from cami_units.layers import TaxonRule, read_species
from cami_units.layers._taxa import (
    Match,
    asked_name,
    match,
    names_of,
    one_rule_each,
    rule_lines,
    rules_by_source,
    words_of,
)
from cami_units.model import InputError, Note, problem_of

NAMES = names_of(read_species())
GUARDED = {
    "Ursus arctos": "Ursus arctos gobiensis",
    "Panthera pardus": "Panthera pardus tulliana",
    "Acinonyx jubatus": "Acinonyx jubatus venaticus",
    "Equus ferus": "Equus ferus przewalskii",
    "Cervus hanglu": "Cervus hanglu bactrianus",
}


def found(name, subspecies=None, subpop=None, rules=()):
    return match(name, subspecies, subpop, names=NAMES, rules={rule: ["x"] for rule in rules})


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ("Saiga tatarica", "saiga tatarica"),
        ("SAIGA_TATARICA", "saiga tatarica"),
        ("  saiga   tatarica ", "saiga tatarica"),
        ("Saiga tatarica (Linnaeus, 1766)", "saiga tatarica"),
        ("Saiga tatarica Linnaeus, 1766", "saiga tatarica"),
        ("Saiga tatarica Linnaeus 1766", "saiga tatarica"),
        ("SAIGA TATARICA (LINNAEUS, 1766)", "saiga tatarica"),
        ("Felis (Otocolobus) manul Pallas, 1776", "felis manul"),
        ("Panthera pardus ssp. tulliana (Valenciennes, 1856)", "panthera pardus tulliana"),
        ("Panthera pardus subsp. tulliana", "panthera pardus tulliana"),
        ("Panthera pardus tulliana Valenciennes", "panthera pardus tulliana"),
        ("Panthera pardus s.l.", "panthera pardus"),
        ("", ""),
        ("Homo", "homo"),
    ],
)
def test_the_words_of_a_name(written, words):
    assert " ".join(words_of(written)) == words


@pytest.mark.parametrize(
    ("name", "taxon"),
    [
        ("Saiga tatarica", "Saiga tatarica"),
        ("Saiga borealis", "Saiga tatarica"),  # a synonym
        ("Uncia uncia (Schreber, 1775)", "Panthera uncia"),
        ("felis_manul", "Otocolobus manul"),
        ("Ovis ammon polii", "Ovis ammon"),  # a sub-species of a species of ours
        ("Ovis orientalis vignei", "Ovis vignei"),
        ("Cervus elaphus bactrianus", "Cervus hanglu bactrianus"),
        ("Equus przewalskii", "Equus ferus przewalskii"),  # two words, and yet exactly the taxon
        ("Ursus arctos (Gobi subpopulation)", "Ursus arctos gobiensis"),
        ("Panthera pardus ssp. tulliana", "Panthera pardus tulliana"),
        ("Panthera pardus saxicolor", "Panthera pardus tulliana"),
    ],
)
def test_names_of_our_taxa(name, taxon):
    assert (found(name).verdict, found(name).taxon) == ("ours", taxon)


@pytest.mark.parametrize(
    ("name", "is_part"),
    [
        ("Saiga tatarica", False),
        ("Saiga borealis", True),  # the Mongolian saiga: a part of what the table calls saiga
        ("Saiga tatarica mongolica", True),
        ("Ovis ammon polii", True),
        ("Ovis polii", True),
        ("Uncia uncia", False),  # another name of the whole
    ],
)
def test_a_part_of_a_taxon_is_known_as_a_part(name, is_part):
    assert found(name).is_part == is_part


@pytest.mark.parametrize(
    ("name", "taxon"),
    [
        ("Bos grunniens", "Bos mutus"),
        ("Camelus bactrianus", "Camelus ferus"),
        ("Equus caballus", "Equus ferus przewalskii"),
    ],
)
def test_a_name_that_livestock_bears_is_asked_about(name, taxon):
    assert found(name) == Match("domestic", taxon)


def test_livestock_named_below_its_species_is_asked_about():
    """A domestic yak under the wild species; a "sub-species of a species of ours" it was, and taken."""
    assert found("Bos mutus grunniens") == Match("domestic", "Bos mutus")
    assert found("Ovis ammon", "aries") == Match("domestic", "Ovis ammon")


WIDER = {
    "Ursus arctos isabellinus": "Ursus arctos gobiensis",  # the bear of the Himalaya and Tian Shan
    "Cervus hanglu yarkandensis": "Cervus hanglu bactrianus",  # the deer of the Tarim
    "Cervus elaphus yarkandensis": "Cervus hanglu bactrianus",
    "Ovis ammon musimon": "Ovis ammon",  # the mouflon
    "Gazella subgutturosa marica": "Gazella subgutturosa",  # the sand gazelle of Arabia
}


@pytest.mark.parametrize(("name", "taxon"), WIDER.items())
def test_a_name_that_other_animals_bear_is_asked_about_though_synonyms_have_it(name, taxon):
    assert found(name) == Match("wider", taxon)
    genus, species, below = name.split()
    assert found(f"{genus} {species}", below) == Match("wider", taxon)
    assert asked_name("wider", f"{genus} {species}", below) == name
    words = name.lower()
    assert found(name, rules=[words]) == Match("ruled", source=words)
    # a rule for other rows of this taxon leaves no way to write a second one
    settled = match(name, None, None, names=NAMES, rules={"ursus arctos": [taxon]})
    assert settled == Match("other", taxon)


@pytest.mark.parametrize(
    ("name", "taxon"),
    [("Equus hemionus kiang", "Equus kiang"), ("Ovis ammon vignei", "Ovis vignei")],
)
def test_a_subspecies_of_old_that_is_a_species_of_ours_today(name, taxon):
    assert found(name) == Match("ours", taxon, is_part=True)


def test_every_synonym_below_species_level_is_looked_over():
    """Those that are not asked about are other names of the very taxon: a new one is to be judged."""
    species = read_species()
    cells = [*species["synonyms"].dropna(), *species["cms_name"].dropna()]
    names = {name.strip() for cell in cells for name in cell.split(";")}
    below = {name for name in names if len(words_of(name)) == 3}
    assert {name for name in below if found(name).verdict == "ours"} == {
        "Camelus bactrianus ferus",
        "Cervus elaphus bactrianus",
        "Equus caballus przewalskii",
        "Ovis orientalis vignei",
        "Ovis vignei arkal",
        "Ovis vignei bocharensis",
        "Panthera pardus ciscaucasica",
        "Panthera pardus saxicolor",
        "Saiga tatarica mongolica",
    }


@pytest.mark.parametrize(("name", "taxon"), GUARDED.items())
def test_a_whole_species_is_guarded_even_where_a_synonym_list_has_it(name, taxon):
    assert found(name) == Match("guarded", taxon)
    assert found(f"{name} Linnaeus, 1758") == Match("guarded", taxon)
    assert found(name.upper().replace(" ", "_")) == Match("guarded", taxon)


@pytest.mark.parametrize(
    "below", ["tulliana", "ssp. tulliana", "P. p. tulliana", "Panthera pardus tulliana", "TULLIANA"]
)
def test_the_subspecies_column_resolves_a_whole_species(below):
    assert found("Panthera pardus", below) == Match("ours", "Panthera pardus tulliana")


def test_another_subspecies_is_not_ours_and_is_no_reason_to_refuse():
    assert found("Panthera pardus", "orientalis").verdict == "other"
    assert found("Panthera pardus orientalis").verdict == "other"
    assert found("Acinonyx jubatus", "hecki").verdict == "other"


def test_the_subpopulation_column_resolves_the_gobi_bear_and_no_other_bear():
    for text in ("Gobi", "Gobi subpopulation", "Gobi desert (Mongolia)", "GOBI"):
        assert found("Ursus arctos", None, text) == Match("ours", "Ursus arctos gobiensis")
    assert found("Ursus arctos", None, "Cantabrian").verdict == "guarded"


def test_unknown_names_are_unknown():
    for name in ("Homo sapiens", "Cervus elaphus", "Ovis orientalis", "", "???", "Panthera"):
        assert found(name).verdict == "unknown"
    assert NAMES.related["ovis orientalis"] == "Ovis vignei"  # but worth a hint


def test_a_rule_goes_before_the_guard_but_not_before_a_row_that_says_its_subspecies():
    assert found("Panthera pardus", rules=["panthera pardus"]).verdict == "ruled"
    assert found("Panthera pardus", "tulliana", rules=["panthera pardus"]).verdict == "ours"
    assert found("Panthera pardus orientalis", rules=["panthera pardus"]).verdict == "other"


@pytest.mark.parametrize("level", ["species", "population"])
def test_taxa_that_share_the_words_of_their_names_are_told_apart_or_neither(level):
    # what stands in brackets, and numbers, are no words: one row of two would get the ground of both
    table = pd.DataFrame({"sci_name": ["Aa bb (north)", "Aa bb (south)", "Cc sp. 1", "Cc sp. 2"]})
    table = table.assign(taxon_level=level, iucn_name=table["sci_name"], cms_name="", synonyms="")
    names = names_of(table)

    def of(*row):
        return match(*row, *(None,) * (3 - len(row)), names=names, rules={})

    assert of("aa bb (North)") == of("Aa_bb_(north)") == Match("ours", "Aa bb (north)")
    assert of("Aa bb (south)") == Match("ours", "Aa bb (south)")
    assert of("Cc sp. 1") == Match("ours", "Cc sp. 1")
    assert of("Aa bb").verdict == {"species": "unknown", "population": "guarded"}[level]
    if level == "population":
        assert of("Aa bb", None, "Southern south subpopulation") == of("Aa bb (south)")


def test_a_species_that_has_a_row_of_its_own_is_not_guarded():
    bear = {
        "sci_name": ["Ursus arctos", "Ursus arctos gobiensis"],
        "taxon_level": ["species", "subspecies"],
        **{name: ["", ""] for name in ("iucn_name", "cms_name", "synonyms")},
    }
    names = names_of(pd.DataFrame(bear))
    assert match("Ursus arctos", None, None, names=names, rules={}) == Match("ours", "Ursus arctos")


def test_a_rule_wants_states_or_skip_and_not_both():
    with pytest.raises(InputError, match=r"either within = .* or skip = true; neither came"):
        TaxonRule("Panthera pardus")
    with pytest.raises(InputError, match="both came"):
        TaxonRule("Panthera pardus", ("IR",), skip=True)


def test_the_lines_to_paste_are_toml():
    taxon, source = "Panthera pardus tulliana", "Panthera pardus"
    for states, rest in ((["AF", "IR"], {"within": ["AF", "IR"]}), ([], {"skip": True})):
        rule = tomllib.loads(rule_lines(taxon, source, states))["taxa"][taxon]
        assert rule == {"from": source, **rest}


def test_a_hint_extends_the_rule_that_a_refusal_asks_for():
    """A hint is shown before the refusal; who follows both sets `from` once, to all names."""
    asked = (("note", "A c"), ("refuses", "A b"), ("refuses", "A d"))
    problems = [
        problem_of(
            level,
            "ranges",
            "",
            "",
            Note("part of a species", {"taxon": "A", "source": name}),
            rule_lines("A", name, ["KZ"]),
        )
        for level, name in asked
    ]
    hint, first, second = (tomllib.loads(one.lines) for one in one_rule_each(problems, {}))
    assert first == {"taxa": {"A": {"from": ["A b", "A d"], "within": ["KZ"]}}}
    assert (hint, second) == ({"from": ["A b", "A d", "A c"]}, {})


def test_one_source_may_stand_for_two_taxa():
    rules = {"B b b": TaxonRule("B_b (Author, 1900)", ("KZ",)), "A b b": TaxonRule("B b", ("UZ",))}
    assert rules_by_source(rules) == {"b b": ["A b b", "B b b"]}
    several = {"B b b": TaxonRule(("B b", "B b c"), ("KZ",))}
    assert rules_by_source(several) == {"b b": ["B b b"], "b b c": ["B b b"]}
