"""`plan.toml` and `criteria.toml`: what is read, and every message a consultant may meet."""

from __future__ import annotations

import ast
import re
import tomllib
from pathlib import Path
from typing import IO

import pytest
from pydantic import ValidationError

from cami_units import model, phrases
from cami_units.model import DISCLAIMER, EQUAL_AREA, Note, PlanError, equal_area_fault, said
from cami_units.phrases import LANGUAGES
from cami_units.plan import Plan, _plan_files, read_plan, read_profile, stored_plan
from cami_units.plan._plan_files import _toml

HEAD = 'title = "A workshop"\ndate = "2026-11-22"\n'
PROXY = 'name = "x"\nstatus = "operational proxy"\n'


def written(folder: Path, text: str, name: str = "plan.toml") -> Path:
    file = folder / name
    file.write_text(text, encoding="utf-8")
    return file


def faults(folder: Path, text: str) -> str:
    with pytest.raises(PlanError) as caught:
        read_plan(written(folder, HEAD + text))
    return str(caught.value)


def profile_faults(folder: Path, text: str) -> str:
    with pytest.raises(PlanError) as caught:
        read_profile(written(folder, text, "criteria.toml"))
    return str(caught.value)


# -- what is bundled ------------------------------------------------------------------------------


def test_the_demonstration_plan() -> None:
    plan = read_plan()
    assert len(plan.study.states) == 14
    assert plan.study.crs == EQUAL_AREA
    assert set(plan.sources) == set(model.INPUT_LAYERS)
    assert set(plan.sources.values()) == {None}
    assert plan.profile.name == "operational proxy criteria"
    assert plan.profile.status == "operational proxy"
    assert plan.file == "plan.toml"


def test_the_demonstration_plan_says_the_defaults(tmp_path: Path) -> None:
    """A value that stands in the bundled plan is the one used when nothing is said."""
    bare = read_plan(written(tmp_path, HEAD)).model_dump(exclude={"title"})
    assert read_plan().model_dump(exclude={"title"}) == bare


def test_every_number_of_the_bundled_criteria_is_there_and_none_of_the_empty_ones() -> None:
    assert read_profile().open_numbers() == ()
    empty = read_profile(model.data_dir() / "criteria_empty.toml")
    assert (
        empty.open_numbers() == model.Profile(name="x", status="operational proxy").open_numbers()
    )


def test_the_empty_profile_names_every_key_of_the_full_one() -> None:
    """Whoever fills it in must find each key, under its table."""
    full = tomllib.loads((model.data_dir() / "criteria.toml").read_text(encoding="utf-8"))
    empty = (model.data_dir() / "criteria_empty.toml").read_text(encoding="utf-8")
    for table, keys in full.items():
        if isinstance(keys, dict):
            part = empty.split(f"\n[{table}]", 1)[1].split("\n[", 1)[0]
            for key in keys:
                assert f"\n# {key} =" in part, (table, key)


def test_an_empty_profile_can_be_filled_in_by_uncommenting(tmp_path: Path) -> None:
    text = (model.data_dir() / "criteria_empty.toml").read_text(encoding="utf-8")
    text = text.replace("# min_species =", "min_species = 3", 2)
    rules = read_profile(written(tmp_path, text, "criteria.toml"))
    assert (rules.G2.min_species, rules.C1.min_species) == (3, 3)


def test_the_switched_off_lines_of_the_plan_are_sound(tmp_path: Path) -> None:
    """Every example in the bundled plan works when its "# " is taken away."""
    examples = []
    for line in (model.data_dir() / "plan.toml").read_text(encoding="utf-8").splitlines():
        bare = line.removeprefix("# ")
        sound = bare.startswith("[") or bare.split(" =")[0].isidentifier()
        examples.append(bare if line.startswith("# ") and sound else line)
    text = "\n".join(examples)
    written(
        tmp_path, (model.data_dir() / "criteria.toml").read_text(encoding="utf-8"), "criteria.toml"
    )
    plan = read_plan(written(tmp_path, text))
    assert plan.sources["ranges"] == (tmp_path / "inputs/ranges/*.shp",)
    assert plan.sources["barriers"] == ()
    assert plan.taxa["Panthera pardus tulliana"].within == ("IR", "TM", "AF", "PK")
    assert plan.taxa["Panthera pardus tulliana"].source == ("Panthera pardus",)
    assert plan.context["conflict"].summary == "share"
    assert plan.columns["ranges"] == {"sci_name": "binomial"}
    assert plan.output.disclaimer == DISCLAIMER
    assert plan.workshop.groups["G1"] == ("S1", "S2")


# -- what is read ---------------------------------------------------------------------------------


def test_paths_are_taken_from_the_plan_s_folder(tmp_path: Path) -> None:
    text = (
        '[layers]\nranges = ["r/*.geojson", "/data/x.zip"]\nhotspots = "h.kml"\nbarriers = []\n'
        '[workshop]\noverrides = "o.csv"\n[context.c]\npath = "c.gpkg"\nsummary = "mean"\n'
    )
    plan = read_plan(written(tmp_path, HEAD + text))
    assert plan.sources["ranges"] == (tmp_path / "r/*.geojson", tmp_path / "/data/x.zip")
    assert plan.sources["hotspots"] == (tmp_path / "h.kml",)
    assert plan.sources["barriers"] == ()
    assert plan.sources["corridors"] is None
    assert plan.workshop.overrides == tmp_path / "o.csv"
    assert plan.context["c"].path == tmp_path / "c.gpkg"


def test_a_path_may_begin_at_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(name, str(tmp_path / "home"))
    written(tmp_path, 'name = "ours"\n', "home.toml")
    plan = read_plan(written(tmp_path, HEAD + '[layers]\nranges = ["~/r.shp"]\n'))
    assert plan.sources["ranges"] == (tmp_path / "home" / "r.shp",)


def test_a_plan_names_its_profile(tmp_path: Path) -> None:
    written(tmp_path, PROXY + "[C1]\nmin_species = 2\n", "mine.toml")
    plan = read_plan(written(tmp_path, HEAD + '[criteria]\nprofile = "mine.toml"\n'))
    assert plan.profile.C1.min_species == 2
    assert plan.criteria.profile == tmp_path / "mine.toml"
    assert plan.profile_as_written["C1"] == {"min_species": 2}
    assert plan.as_written["criteria"] == {"profile": "mine.toml"}


def test_a_day_may_be_toml_s_own(tmp_path: Path) -> None:
    plan = read_plan(written(tmp_path, 'title = "x"\ndate = 2026-11-22\n'))
    assert plan.date == plan.as_written["date"] == "2026-11-22"


def test_notepad_s_byte_order_mark_and_line_ends(tmp_path: Path) -> None:
    file = tmp_path / "plan.toml"
    file.write_bytes(b"\xef\xbb\xbf" + HEAD.replace("\n", "\r\n").encode())
    assert read_plan(file).title == "A workshop"


def test_plans_are_frozen(tmp_path: Path) -> None:
    plan = read_plan(written(tmp_path, HEAD))
    with pytest.raises(ValidationError, match="frozen"):
        plan.title = "other"  # type: ignore[misc]
    with pytest.raises(ValidationError, match="frozen"):
        plan.profile.C1.min_species = 1  # type: ignore[misc]


# -- what is refused ------------------------------------------------------------------------------


PLAN_FAULTS = [
    ("titel = 1", "titel: unknown key. Did you mean 'title'?"),
    ("[study]\ncells_km = 25", "[study] cells_km: unknown key. Did you mean 'cell_km'?"),
    ("[studi]\n", "studi: unknown key. Did you mean 'study'?"),
    ("[study]\ncell_km = -3", "[study] cell_km: -3 came, a number above 0 is expected"),
    ("[study]\ncell_km = nan", "[study] cell_km: nan came, a finite number is expected"),
    ('[study]\ncell_km = "25"', '[study] cell_km: "25" came, a number is expected'),
    ("[study]\ncell_km = true", "[study] cell_km: true came, a number is expected"),
    ('[study]\nshape = "hexagons"', "one of square, hexagon is expected. Did you mean 'hexagon'?"),
    ('[study]\nstates = ["KZ", "kaz"]', '[study] states, item 2: "kaz" came, two capital letters'),
    ('[study]\nstates = ["KZ", "KZ"]', "each may be named once; repeated: KZ"),
    ("[study]\nstates = []", "at least one is expected, none came. Fill it in"),
    ('[study]\ncrs = "EPSG:3857"', "EPSG:3857 is none: an area in it is off by"),
    ('[study]\ncrs = "EPSG:4326"', "an equal-area system in metres is expected; EPSG:4326 is not projected"),
    ('[study]\ncrs = "EPSG:2263"', "EPSG:2263 is in US survey foot"),
    ('[study]\ncrs = "nonsense"', '"nonsense" came; a coordinate system that PROJ knows is expected'),
    ("[layers]\nrange = []", "[layers] range: unknown key. Did you mean 'ranges'?"),
    ("[layers]\nranges = []", "[layers] ranges: this layer cannot be left empty"),
    ("[layers]\nhotspots = 3", "[layers] hotspots: 3 came, a list [ … ] is expected"),
    ("[layers]\nhotspots = [3]", "[layers] hotspots, item 1: 3 came, a path in quotes is expected"),
    ('[crs]\nrangs = "EPSG:4326"', "[crs] rangs: unknown key. Did you mean 'ranges'?"),
    ('[crs]\nranges = "EPSG:0"', '[crs] ranges: "EPSG:0" came; a coordinate system that PROJ knows'),
    ('[columns.ranges]\nsci_name = ""', "[columns.ranges] sci_name: \"\" came; one line of text"),
    ('[context.x]\npath = "x"\nsummary = "sum"', '[context.x] summary: "sum" came, one of share, count'),
    ('[taxa.Cat]\nfrom = "Felis"', "[taxa] Cat: either `within` or `skip = true` is expected"),
    ('[taxa.Cat]\nfrom = "Felis"\nskipp = true\nskip = true', "[taxa.Cat] skipp: unknown key. Did you mean 'skip'?"),
    ("[codes]\npresence = [1, 8]", "[codes] presence, item 2: 8 came, a number not above 7 is expected"),
    ("[codes]\norigin = [0]", "[codes] origin, item 1: 0 came, a number not below 1 is expected"),
    ("[codes]\nseasonal = [1.5]", "[codes] seasonal, item 1: 1.5 came, a whole number is expected"),
    ('[study]\nstates = ["KZ", "КZ"]', '"КZ" came, Latin letters are expected; of another alphabet: К.'),
    ('[study]\ncrs = "garbage"', 'a coordinate system that PROJ knows is expected, such as "ESRI:102025"'),
    ("[criteria]\nborder_km = 1e308", "[criteria] border_km: 1e+308 came, a number not above 510100000 is expected"),
    ("[units]\nmax_km2 = 1e300", "[units] max_km2: 1e+300 came, a number not above 510100000 is expected"),
    ("[criteria]\nborder_km = -1", "[criteria] border_km: -1 came, a number not below 0 is expected"),
    ("[units]\nmin_km2 = 9\nmax_km2 = 9", "[units] max_km2: 9 came; a number above min_km2 (9) is expected"),
    ("[workshop.groups]\n'../x' = ['S1']", "[workshop.groups] ../x: \"../x\" came, a group's name is expected"),
    ('[workshop]\ndefaults = { overlap = "mine" }', '[workshop.defaults] overlap: "mine" came, one of section-owner'),
    ('[output]\nlanguages = ["fr"]', '[output] languages, item 1: "fr" came; one of en, '),
    ('[output]\ndisclaimer = " "', "[output] disclaimer: \" \" came; one line of text is expected"),
    ('[study]\ncrs = "+proj=tpers +h=1000000 +lon_0=-90 +datum=WGS84 +units=m"', "it ends inside the region. Leave crs out"),
    ('[coverage]\nhotspot = ["MN"]', "[coverage] hotspot: unknown key. Did you mean 'hotspots'?"),
    ('[coverage]\nhotspots = ["MNG"]', "or a path; MNG came."),
    ("[coverage]\nhotspots = []", "or a path; none came."),
    ("[coverage]\nhotspots = 3", "3 came; a list of states is expected"),
    ('[encoding]\nx = "klingon"', '"klingon" came; the name of an encoding is expected'),
    ("study = 3", "study: 3 came, a table is expected."),
    ("[study]\nstates = {}", "[study] states: a table came, a list [ … ] is expected."),
    ("[columns]\nranges = { a = [] }", "a: a list came, text in quotes"),
    ("[taxa.Cat]\nfrom = 'Felis'\nskip = 1", "[taxa.Cat] skip: 1 came, true or false is expected."),
    ("[defaults.ranges]\npresence = 99999999999999999999", "text in quotes or a number below 10^15 is expected."),
    ("[defaults.telemetry]\nanimal = true", "animal: true came; text in quotes or a number below 10^15 is expected."),
    ("profile = 3", "profile: unknown key."),
    ("[study]\nreach_km = 3", "[study] reach_km: unknown key. It belongs in [units]. Known here: states"),
    ("[output]\nstates = []", "[output] states: unknown key. It belongs in [study]."),
    ("[units]\noverlap = 'ask'", "It belongs in [workshop.defaults]."),
    ("[study]\ntitle = 'x'", "It belongs in the lines above the first [table]."),
    ("summary = 'share'", "summary: unknown key. It belongs in [context.NAME]."),
]  # fmt: skip


@pytest.mark.parametrize(("text", "words"), PLAN_FAULTS)
def test_faults_of_a_plan(tmp_path: Path, text: str, words: str) -> None:
    message = faults(tmp_path, text)
    assert words in message
    assert "1 fault in this plan file" in message
    assert "Every key is explained in the plan.toml that `cami-units init DIR` writes." in message


HEAD_FAULTS = [
    ('title = "x"\n', "date: this is needed and is not there. Add it"),
    ('date = "2026-11-22"\n', "title: this is needed and is not there. Add it"),
    ('title = "x"\ndate = "22.11.2026"\n', '"22.11.2026" came; a day such as "2026-11-22" is expected'),
    ('title = "x"\ndate = 2026-11-22T10:00:00\n', 'a day such as "2026-11-22" is expected'),
    ('title = "a\\nb"\ndate = "2026-11-22"\n', "title: \"a\nb\" came; one line of text is expected"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "words"), HEAD_FAULTS)
def test_faults_of_the_head(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(PlanError) as caught:
        read_plan(written(tmp_path, text))
    assert words in str(caught.value)


def test_all_faults_of_plan_and_profile_come_in_one_message(tmp_path: Path) -> None:
    written(tmp_path, PROXY + "[C1]\nmin_specie = 3\n[C3]\nmin_share = 500\n", "mine.toml")
    message = faults(
        tmp_path,
        "[study]\ncell_km = 0\nsape = 1\n[units]\nreach_km = 'far'\n"
        '[criteria]\nprofile = "mine.toml"\n',
    )
    assert "3 faults in this plan file" in message
    assert "2 faults in this criteria file" in message
    for words in ("cell_km", "'shape'", "reach_km", "'min_species'", "[C3] min_share: 500 came"):
        assert words in message


PROFILE_FAULTS = [
    ("", "name: this is needed and is not there"),
    ('name = "x"\nstatus = "final"\n', '"final" came, one of operational proxy, official is expected'),
    ('name = "x"\nstatus = "official"\n', 'status is "official" without a reference'),
    (PROXY + 'changed = [{ who = "G2" }]\n', "changed, item 1, why: this is needed and is not there"),
    (PROXY + "[C10]\n", "C10: unknown key. Did you mean 'C1'?"),
    (PROXY + "[C1]\nmin_species = 2.5\n", "[C1] min_species: 2.5 came, a whole number is expected"),
    (PROXY + "[G1]\nmin_states = 100000000000000000000000\n", "a number not above 100000 is expected"),
    (PROXY + "[occurrence]\nside_km2 = 1e308\n", "[occurrence] side_km2: 1e+308 came, a number not above 510100000"),
    (PROXY + "[C4]\nmin_evenness = 30\n", "[C4] min_evenness: 30 came, a number not above 1 is expected"),
    (PROXY + "[C2]\nweights = { LC = -1 }\n", "[C2.weights] LC: -1 came, a number not below 0 is expected"),
    (PROXY + "[C2]\nweights = { LC = 1 }\nunknown_counts_as = 'DD'\n", "'DD' has no weight in [C2] weights (LC)"),
    (PROXY + "[C2]\nweights = { LC = 1 }\nor_categories = ['CR']\n", "[C2] or_categories: CR has no weight"),
    (PROXY + "[C5]\ngrades = { A = 1 }\ncounted_grades = ['A', 'B']\n", "[C5] counted_grades: grade B has no worth"),
    (PROXY + "[G2]\ncrossing_grades = ['Z']\n[C5]\ngrades = { A = 1 }\n", "[G2] crossing_grades: grade Z has no worth"),
    (PROXY + "[decision]\nany_of = ['C1', 'C12']\n", '[decision] any_of, item 2: "C12" came, one of C1'),
    (PROXY + "[score]\nweights = { C4 = 1 }\n", "[score.weights] C4: unknown key."),
    (PROXY + "[score]\nweights = { C1 = 1, C2 = 1 }\nmaxima = { C1 = 6 }\n", "[score] maxima: C2 has a weight"),
    (PROXY + "[score]\nweights = { C1 = 0 }\n", "[score] weights: all are 0"),
    (PROXY + "[score]\nmaxima = { C1 = 0 }\n", "[score.maxima] C1: 0 came, a number above 0 is expected"),
    (PROXY + "[score]\ntiers = { high = 0.3 }\n", "[score] tiers: the lowest tier must begin at 0"),
    (PROXY + '[further.D1]\nname_en = ""\nname_ru = "x"\nunit = ""\n', '"D1" came, the id of a further criterion'),
    (PROXY + '[further.C10]\nname_en = ""\nname_ru = "x"\nunit = ""\n', '"" came, some text is expected.'),
]  # fmt: skip


@pytest.mark.parametrize(("text", "words"), PROFILE_FAULTS)
def test_faults_of_a_profile(tmp_path: Path, text: str, words: str) -> None:
    message = profile_faults(tmp_path, text)
    assert words in message
    assert "in this criteria file" in message


def test_official_criteria_name_their_document(tmp_path: Path) -> None:
    text = 'name = "CAMI"\nstatus = "official"\nreference = "UNEP/CMS/COP15/Doc.1"\n'
    assert read_profile(written(tmp_path, text)).reference == "UNEP/CMS/COP15/Doc.1"


NO_TOML = [
    (b'path = "C:\\data"', 'Unescaped .* Write paths with "/" instead'),
    (b"a = 1\na = 2\n", r"this is not TOML: .* each key appears once"),
    ("[workshop.groups]\nЗапад = ['S1']\n".encode(), r"at line 2.*\"Запад\" = \[\"S1\"\]"),
    (b"a = [1,\n", r"this is not TOML: .*at end of document"),
    (b"a = 1\nb = \xff\n", "line 2 is not UTF-8 text. Save the file as UTF-8"),
    ("title = 'x'".encode("utf-16-be"), "line 1 is not UTF-8 text. Save the file as UTF-8"),
    ("title = 'x'".encode("utf-16-le"), "line 1 is not UTF-8 text. Save the file as UTF-8"),
    (b"a = " + b"[" * 100_000, "nested too deeply"),
    (
        b"[units]\nmin_km2 = 1\n[units]\nmin_km2 = 2\n",
        r"units.min_km2 is set to 1 and to 2: keep one\. Text",
    ),
    (b'[layers]\nranges = "C:\\new"\n', "with what a backslash made of the letter after it"),
    (
        "title = “A workshop”\n".encode(),
        r"Line 1 has typographic quotes \(“ ”\): write straight ones",
    ),
]


@pytest.mark.parametrize(("raw", "words"), NO_TOML)
def test_files_that_are_no_toml(tmp_path: Path, raw: bytes, words: str) -> None:
    file = tmp_path / "plan.toml"
    file.write_bytes(raw)
    with pytest.raises(PlanError, match=words):
        read_plan(file)


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="no such device on this system")
def test_a_device_without_an_end_is_no_plan():
    with pytest.raises(PlanError, match="not UTF-8 text"):
        read_plan("/dev/zero")


def test_files_that_are_not_there(tmp_path: Path) -> None:
    written(tmp_path, HEAD)
    with pytest.raises(PlanError, match=r"no such file\. Did you mean 'plan\.toml'\?"):
        read_plan(tmp_path / "plann.toml")
    with pytest.raises(PlanError, match=r"this is a folder\. It holds plan\.toml: name that file"):
        read_plan(tmp_path)
    with pytest.raises(PlanError, match=r"mine\.toml: there is no such file"):
        read_plan(written(tmp_path, HEAD + '[criteria]\nprofile = "mine.toml"\n'))


def every_refusal(folder: Path) -> list[Note]:
    """What each plan, profile and file of the cases above is refused for."""
    bad_files = [
        *(written(folder, HEAD + text, f"p{n}.toml") for n, (text, _) in enumerate(PLAN_FAULTS)),
        *(written(folder, text, f"h{n}.toml") for n, (text, _) in enumerate(HEAD_FAULTS)),
        written(folder, HEAD + 'titel = 1\n[criteria]\nprofile = "c0.toml"\n', "both.toml"),
        *(folder / f"t{n}.toml" for n in range(len(NO_TOML))),
        *(folder / "p00.toml", folder / "bare", folder),
    ]
    (folder / "bare").mkdir()
    for n, (raw, _) in enumerate(NO_TOML):
        (folder / f"t{n}.toml").write_bytes(raw)
    bad_profiles = [
        written(folder, text, f"c{n}.toml") for n, (text, _) in enumerate(PROFILE_FAULTS)
    ]
    notes = []
    for read, files in ((read_plan, bad_files), (read_profile, bad_profiles)):
        for file in files:
            with pytest.raises(PlanError) as caught:
                read(file)
            notes.append(caught.value.note)
    with pytest.raises(PlanError) as caught:
        _toml(_Locked(), "plan")  # type: ignore[arg-type]
    with pytest.raises(PlanError) as of_manifest:
        stored_plan({}, "no table")  # type: ignore[arg-type]
    return [*notes, caught.value.note, of_manifest.value.note]


class _Locked:
    """A file that may not be read, for whoever may read all."""

    def open(self, mode: str) -> IO[bytes]:
        raise PermissionError(13, "Permission denied")

    def is_dir(self) -> bool:
        return False

    def __str__(self) -> str:
        return "locked.toml"


def keys_in(value: object) -> set[str]:
    """The keys of a note and of all notes among its facts."""
    if isinstance(value, Note):
        return {value.key}.union(*map(keys_in, value.facts.values()))
    return set().union(*map(keys_in, value)) if isinstance(value, list | tuple) else set()


def keys_of_the_room() -> set[str]:
    """The keys that `plan` makes notes of, as they stand in its source."""
    makers = {"Note", "of"}
    calls = [
        call
        for file in Path(_plan_files.__file__).parent.glob("*.py")
        for call in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(call, ast.Call)
        and getattr(call.func, "attr", getattr(call.func, "id", "")) in makers
    ]
    choices = [
        each
        for call in calls
        for each in (
            [call.args[0].body, call.args[0].orelse]
            if isinstance(call.args[0], ast.IfExp)
            else [call.args[0]]
        )
    ]
    return {str(each.value) for each in choices if isinstance(each, ast.Constant)}


def test_every_fault_of_a_plan_is_told_in_four_languages(tmp_path: Path) -> None:
    """Each key of the room is met in a case above, and none is told in English to another."""
    notes = every_refusal(tmp_path)
    keys = set().union(*map(keys_in, notes))
    tables = {*_plan_files._PATTERNS.values(), *_plan_files._KINDS.values()}
    limits = {f"wanted {limit}" for limit in _plan_files._LIMITS}
    assert (keys_of_the_room() | tables | limits) - keys == set()
    for lang in phrases.LANGUAGES:
        assert {f"note {key}" for key in keys} - set(phrases.translated(lang)) == set()
        for note in notes:
            sentence = said(note, lang)
            assert "{" not in sentence
            if lang != "en":
                # the reader of TOML and the disk have their own words, which stand in quotes
                own = re.sub("[«“][^»”]*[»”]", "‹›", sentence)
                assert not re.search(r"(?:\b[a-z]{2,}\b[,;]? ){3,}[a-z]{2,}\b", own), own


# -- coordinate systems ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "crs",
    [
        *(EQUAL_AREA, "EPSG:6933", "EPSG:3035", "EPSG:5070", "ESRI:102025"),
        # without an area of use each is tried around its own centre, and not in Central Asia, where
        # the seam of these of the Americas runs
        "+proj=aea +lat_1=-5 +lat_2=-42 +lat_0=-32 +lon_0=-60 +datum=WGS84 +units=m",
        "+proj=aea +lat_1=20 +lat_2=60 +lat_0=40 +lon_0=-96 +x_0=500000 +datum=WGS84 +units=m",
        "+proj=cea +lon_0=-95 +datum=WGS84 +units=m",
        "+proj=eqearth +lon_0=-60 +datum=WGS84 +units=m",
        "+proj=laea +lat_0=-40 +lon_0=-95 +datum=WGS84 +units=m",
        "+proj=laea +lat_0=-90 +lon_0=0 +datum=WGS84 +units=m",
        "+proj=laea +lat_0=0 +lon_0=180 +datum=WGS84 +units=m",
    ],
)
def test_equal_area_systems_pass(crs: str) -> None:
    assert equal_area_fault(crs) is None


@pytest.mark.parametrize(
    "crs",
    [
        "EPSG:3857",
        "EPSG:32643",  # UTM: right within 0.1 %, and not equal-area
        "ESRI:54009",  # PROJ draws Mollweide on a sphere
        "+proj=lcc +lat_1=30 +lat_2=50 +lat_0=40 +lon_0=80 +datum=WGS84 +units=m",
        "+proj=aea +lat_1=30 +lat_2=50 +lat_0=40 +lon_0=80 +R=6371000 +units=m",
        "+proj=tmerc +lon_0=-60 +k=0.9996 +datum=WGS84 +units=m",
        "+proj=eqc +lat_ts=-30 +lon_0=-60 +datum=WGS84 +units=m",
    ],
)
def test_others_do_not(crs: str) -> None:
    fault = equal_area_fault(crs)
    assert fault is not None
    for lang in LANGUAGES:
        systems = set(re.findall(r"(?:EPSG|ESRI):\d+", said(fault, lang))) - {crs}
        assert len(systems) == 8
        assert all(equal_area_fault(one) is None for one in systems)
    assert "an equal-area system is expected" in said(fault)


def test_schema_keys_are_documented_in_the_demo_plan() -> None:
    text = (model.data_dir() / "plan.toml").read_text(encoding="utf-8")
    for name, field in Plan.model_fields.items():
        if not field.exclude:
            assert f"{name} =" in text or f"[{name}" in text


@pytest.mark.parametrize(
    ("line", "signs"),
    [
        ("title = «Рабочая встреча»", "« »"),
        ('title = "x"\n[taxa.“Panthera pardus tulliana”]\nskip = true', "“ ”"),
    ],
)
def test_typographic_quotes_are_named_with_their_line(tmp_path, line, signs):
    """Word writes them by itself; "Invalid value" names neither the sign nor what to do."""
    path = tmp_path / "plan.toml"
    path.write_text(f'date = "2026-11-22"\n{line}\n', encoding="utf-8")
    number = 1 + [*path.read_text(encoding="utf-8").split("\n")].index(
        next(text for text in line.split("\n") if signs[0] in text)
    )
    with pytest.raises(PlanError) as caught:
        read_plan(path)
    assert f"Line {number} has typographic quotes ({signs}): write straight ones" in str(
        caught.value
    )


def test_a_fault_beside_quotes_within_text_is_no_fault_of_theirs(tmp_path):
    path = tmp_path / "plan.toml"
    path.write_text('title = "the “Altai” group" x\n', encoding="utf-8")
    with pytest.raises(PlanError) as caught:
        read_plan(path)
    assert "typographic" not in str(caught.value)
