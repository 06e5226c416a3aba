"""What people read: one catalogue of phrases in English and Russian, and a unit's figures in words.

Balloons, popups, tables and documents take their words from here, so that they cannot differ. A
card holds a unit's figures as strings ready to show (not escaped: whoever writes KML, HTML or XLSX
cleans and escapes for that format).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any, Final

import pandas as pd

from cami_units.model import DISCLAIMER, FINDINGS, InputError, listed, nearest

LANGUAGES: Final = ("en", "ru")

CARD_FIELDS: Final = (
    "name_en",
    "name_ru",
    "status",
    "rank",
    "states",
    "area",
    "species",
    "criteria",
    "protected",
    "barriers",
    "context",
    "confidence",
    "stability",
    "origin",
    "comment",
)
"""The fields of a unit's card, in the order in which a balloon or popup shows them."""

OPTIONAL_FIELDS: Final = frozenset({"context", "stability"})
"""Fields that are empty until somebody asks for them, and are not shown while they are."""

CATALOGUE: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        # fields of a card
        "name_en": ("Name", "Название (англ.)"),
        "name_ru": ("Name (Russian)", "Название"),
        "status": ("Status", "Статус"),
        "rank": ("Rank", "Место"),
        "states": ("States", "Государства"),
        "area": ("Area", "Площадь"),
        "species": ("Species", "Виды"),
        "criteria": ("Criteria", "Критерии"),
        "protected": ("Protected", "Охраняется"),
        "barriers": ("Barriers", "Преграды"),
        "context": ("Context", "Контекст"),
        "confidence": ("Confidence", "Достоверность"),
        "stability": ("Stability", "Устойчивость"),
        "origin": ("Hotspots", "Ключевые районы"),
        "comment": ("To comment", "Как высказаться"),
        "how_to_comment": (
            "type in the description, or drop a pin; put “X ” before the name to reject",
            "напишите в описании или поставьте метку; «X » перед названием — отклонить",
        ),
        # statuses
        "modelled candidate": ("modelled candidate", "расчётный кандидат"),
        "area of interest": ("area of interest", "район интереса"),
        "working-group proposal": ("working-group proposal", "предложение рабочей группы"),
        "plenary-agreed": ("plenary-agreed", "согласовано на пленарном заседании"),
        "endorsed by range states": ("endorsed by range states", "одобрено государствами ареала"),
        "adopted": ("adopted", "принято"),
        "rejected": ("rejected", "отклонено"),
        "merged": ("merged", "объединено"),
        # origins and tiers
        "confirms": ("confirms", "подтверждает"),
        "reshapes": ("reshapes", "изменяет"),
        "new": ("new: no known hotspot here", "новый: известного ключевого района здесь нет"),
        "very high": ("very high", "очень высокий"),
        "high": ("high", "высокий"),
        "moderate": ("moderate", "умеренный"),
        # how sure
        "robust": ("robust", "устойчиво"),
        "sensitive": ("sensitive", "чувствительно"),
        "fragile": ("fragile", "неустойчиво"),
        "qualifies in": (
            "qualifies in {share} % of {runs} runs",
            "проходит в {share} % из {runs} прогонов",
        ),
        "weakest": ("weakest", "слабее всего"),
        "cell size": ("cell size", "размер ячейки"),
        "border distance": ("border distance", "расстояние до границы"),
        "presence codes": ("presence codes", "коды присутствия"),
        "range edge": ("range edge", "край ареала"),
        "species left out": ("species left out", "исключение вида"),
        "thresholds": ("thresholds", "пороги"),
        "share of runs": ("Share of runs", "Доля прогонов"),
        "rank intervals": (
            "How sure are the ranks?",
            "Насколько надёжны места?",
        ),
        "rank intervals explained": (
            "Line: the ranks of nine runs in ten. Sign: the middle rank, full where a unit is robust, "
            "empty where it is fragile. Red stroke: the rank in the table. On the right: the share of "
            "runs in which the unit qualifies, and what it hangs on most.",
            "Линия: места в девяти прогонах из десяти. Знак: среднее место, заполнен, если единица "
            "устойчива, пуст, если неустойчива. Красный штрих: место в таблице. Справа: доля прогонов, "
            "в которых единица проходит, и от чего она зависит сильнее всего.",
        ),
        "selection frequency": (
            "How often is each cell part of a unit that qualifies?",
            "Как часто каждая ячейка входит в проходящую единицу?",
        ),
        "coverage curve": (
            "How many units does it take to hold every species?",
            "Сколько единиц нужно, чтобы охватить все виды?",
        ),
        "coverage curve explained": (
            "Line: species held on both sides of a border, as units are added in the greedy order. "
            "Red sign: the smallest set that meets every target within reach has {smallest} units.",
            "Линия: виды по обе стороны границы, когда единицы добавляются в «жадном» порядке. "
            "Красный знак: в наименьшем наборе, выполняющем все достижимые цели, единиц: {smallest}.",
        ),
        "border pairs": ("Pairs of states and their borders", "Пары государств и их границы"),
        "border pairs explained": (
            "Each line is a shared border, thicker the more species have range across it; on it: "
            "species / units.",
            "Каждая линия — общая граница, тем толще, чем больше видов имеют ареал по обе стороны; "
            "на ней: виды / единицы.",
        ),
        # gates and criteria
        "G1": ("two range states", "два государства ареала"),
        "G2": ("a species on both sides", "вид по обе стороны"),
        "C1": ("transboundary species", "трансграничные виды"),
        "C2": ("threatened transboundary species", "угрожаемые трансграничные виды"),
        "C3": ("share of a species’ range", "доля ареала вида"),
        "C4": ("shared responsibility", "общая ответственность"),
        "C5": ("documented movement", "подтверждённые перемещения"),
        "C6": ("barriers", "преграды"),
        "C7": ("protection gap", "пробел в охране"),
        "C8": ("concordance with hotspots", "совпадение с ключевыми районами"),
        "C9": ("confidence of the evidence", "достоверность данных"),
        # small phrases
        "not assessed": ("not assessed", "не оценено"),
        "met": ("met", "выполнен"),
        "not met": ("not met", "не выполнен"),
        "of qualifying range protected": (
            "of qualifying range protected",
            "ареала учтённых видов под охраной",
        ),
        "of the shared border fenced": (
            "of the shared border fenced",
            "общей границы перекрыто ограждением",
        ),
        "disputed": (
            "the count of states hinges on a disputed area",
            "число государств зависит от спорной территории",
        ),
        "score": ("score", "балл"),
        "need": ("need:", "нужда:"),
        "support": ("support:", "подкрепление:"),
        "km2": ("km²", "км²"),
        # the web map
        "map": ("Map", "Карта"),
        "round": ("Round", "Раунд"),
        "profile": ("Criteria profile", "Профиль критериев"),
        "sources": ("Sources", "Источники"),
        "legend": ("Legend", "Условные обозначения"),
        "layers": ("Layers", "Слои"),
        "table": ("Table", "Таблица"),
        "measure": ("Measure", "Измерить"),
        "print": ("Print", "Печать"),
        "close": ("Close", "Закрыть"),
        "language": ("Language", "Язык"),
        "whole region": ("Whole region", "Весь регион"),
        "search": ("Search", "Поиск"),
        "search hint": ("Unit, species or place", "Единица, вид или место"),
        "found": ("found", "найдено"),
        "nothing found": ("Nothing found", "Ничего не найдено"),
        "filter hint": ("Filter the table", "Отбор строк таблицы"),
        "shown of": ("shown of", "показано из"),
        "show on map": ("Show on the map", "Показать на карте"),
        "units": ("Conservation units", "Природоохранные единицы"),
        "unit": ("unit", "единица"),
        "tier": ("Tier", "Уровень"),
        "score title": ("Score", "Балл"),
        "species ranges": ("Species ranges", "Ареалы видов"),
        "no species": ("none", "не показывать"),
        "several species": ("several at once", "несколько сразу"),
        "evidence": ("Evidence", "Сведения"),
        "background": ("Background", "Основа"),
        "hotspots": ("Known hotspots", "Известные ключевые районы"),
        "protected_areas": ("Protected areas", "Охраняемые территории"),
        "corridors": ("Movement corridors", "Пути перемещения"),
        "sections": ("Working-group sections", "Секции рабочих групп"),
        "planning_units": ("Cells, by score", "Ячейки по баллу"),
        "gazetteer": ("Place names", "Географические названия"),
        "countries": ("Borders of countries", "Границы государств"),
        "disputed areas": ("Disputed areas and lines", "Спорные территории и линии"),
        "border_fence": ("border fence", "пограничное ограждение"),
        "railway": ("railway", "железная дорога"),
        "road": ("road", "автодорога"),
        "canal": ("canal", "канал"),
        "pipeline": ("pipeline", "трубопровод"),
        "other barrier": ("other barrier", "другая преграда"),
        "kind": ("Kind", "Тип"),
        "permeability": ("Permeability (0–1)", "Проницаемость (0–1)"),
        "designation": ("Designation", "Категория"),
        "iucn_cat": ("IUCN category", "Категория МСОП"),
        "reported_area_km2": ("Reported area, km²", "Заявленная площадь, км²"),
        "evidence_grade": ("Evidence grade (A–D)", "Степень доказанности (A–D)"),
        "season": ("Season", "Сезон"),
        "source": ("Source", "Источник"),
        "note": ("Note", "Примечание"),
        "range_km2": ("Regional range, km²", "Ареал в регионе, км²"),
        "iucn_category": ("IUCN Red List", "Красный список МСОП"),
        "criterion": ("Criterion", "Критерий"),
        "threshold": ("Threshold", "Порог"),
        "because": ("Because", "Основание"),
        "measure hint": (
            "Click points on the map; double-click ends, Esc clears",
            "Отмечайте точки на карте; двойной щелчок завершает, Esc убирает",
        ),
        "needs script": (
            "This map needs JavaScript. Open it in a browser that allows it.",
            "Для этой карты нужен JavaScript. Откройте её в браузере, где он разрешён.",
        ),
        # folders and phrases of the KML
        "folder about": ("0 About this map", "0 Об этой карте"),
        "folder sections": ("1 Sections", "1 Секции"),
        "folder your section": ("1 Your section", "1 Ваша секция"),
        "neighbours": ("Unit of another group", "Единица другой группы"),
        "before": ("Before", "До изменений"),
        "folder units": (
            "2 Proposed units (edit these)",
            "2 Предлагаемые единицы (редактируйте их)",
        ),
        "folder labels": ("Labels of units", "Подписи единиц"),
        "folder evidence": ("3 Evidence (look)", "3 Сведения (для просмотра)"),
        "folder notes": ("4 Notes (drop pins here)", "4 Заметки (ставьте метки здесь)"),
        "folder borders": ("Borders", "Границы"),
        "border": ("border", "граница"),
        "country names": ("Names of countries", "Названия государств"),
        "disputed line": ("disputed line", "спорная линия"),
        "more places": ("More place names", "Другие названия"),
        "part": ("part", "часть"),
        "tour": ("Tour of the units", "Обзор единиц"),
        "generalised": (
            "sensitive species: drawn on a grid of at least 10 km",
            "уязвимый вид: показан по сетке не мельче 10 км",
        ),
        "how to edit": (
            "To change a unit, edit it. To add one, draw it anywhere. To reject one, put “X ” "
            "before its name. To comment, type in its description or drop a pin.",
            "Чтобы изменить единицу, отредактируйте её. Чтобы добавить, нарисуйте в любом месте. "
            "Чтобы отклонить, поставьте «X » перед названием. Чтобы высказаться, напишите в "
            "описании или поставьте метку.",
        ),
        "indicative": (
            "INDICATIVE: hand-digitised at 10–100 km; not for legal, border, navigation or range "
            "use.",
            "ОРИЕНТИРОВОЧНО: оцифровано вручную с точностью 10–100 км; непригодно для правовых, "
            "пограничных, навигационных целей и как источник ареалов.",
        ),
        # before and after
        "after": ("After", "После"),
        "before and after": ("Before and after", "До и после"),
        "change": ("Change", "Изменение"),
        "change new": ("new", "новая"),
        "change gone": ("gone", "исчезла"),
        "change reshaped": ("reshaped", "контур изменён"),
        "change none": ("unchanged", "без изменений"),
        # context layers: what their numbers count
        "context layers": ("Context (not scored)", "Контекст (без баллов)"),
        "context %": ("% of the area", "% площади"),
        "context count": ("count", "число"),
        "context km per 1000 km²": ("km per 1000 km²", "км на 1000 км²"),
        "context sum": ("sum", "сумма"),
        "context mean": ("mean", "среднее"),
        "drawn of": ("{drawn} of {all} drawn", "показано {drawn} из {all}"),
        "value": ("Value", "Значение"),
        "reason": ("Why no unit", "Почему не единица"),
        # pairs of neighbouring states
        "border_km": ("Border, km", "Граница, км"),
        "disputed_km": ("Disputed, km", "Спорная, км"),
        "species_shared": ("Species across it", "Виды по обе стороны"),
        "fenced_km": ("Fenced, km", "С ограждением, км"),
        "n_crossings": ("Documented crossings", "Подтверждённые переходы"),
        "best_grade": ("Best evidence grade", "Лучшая степень доказанности"),
        "pa_pairs": ("Pairs of protected areas", "Пары охраняемых территорий"),
        "nearest_pa_pair_km": ("Nearest pair, km apart", "Ближайшая пара, км"),
        # IUCN codes
        "presence": ("Presence", "Присутствие"),
        "range origin": ("Origin", "Происхождение"),
        "seasonal": ("Seasonal", "Сезонность"),
        "extant": ("extant", "обитает"),
        "probably extant": ("probably extant", "вероятно обитает"),
        "possibly extant": ("possibly extant", "возможно обитает"),
        "possibly extinct": ("possibly extinct", "возможно исчез"),
        "extinct": ("extinct", "исчез"),
        "presence uncertain": ("presence uncertain", "присутствие неясно"),
        "expected additional range": ("expected additional range", "ожидаемая часть ареала"),
        "native": ("native", "местный"),
        "reintroduced": ("reintroduced", "реинтродуцирован"),
        "introduced": ("introduced", "интродуцирован"),
        "vagrant": ("vagrant", "залётный или заходящий"),
        "origin uncertain": ("origin uncertain", "происхождение неясно"),
        "assisted colonisation": ("assisted colonisation", "содействие расселению"),
        "resident": ("resident", "постоянно"),
        "breeding season": ("breeding season", "в сезон размножения"),
        "non-breeding season": ("non-breeding season", "вне сезона размножения"),
        "passage": ("passage", "на пути миграции"),
        "seasonal occurrence uncertain": (
            "seasonal occurrence uncertain",
            "сезонность неясна",
        ),
        # maps on paper
        "direction N": ("N", "С"),
        "direction S": ("S", "Ю"),
        "direction E": ("E", "В"),
        "direction W": ("W", "З"),
        "km": ("km", "км"),
        "your notes": ("Your notes", "Ваши заметки"),
        "shares of states": ("Shares of the states", "Доли государств"),
        "role qualifying": ("qualifying", "учтённый"),
        "role supporting": ("supporting", "дополнительный"),
        "role occurs": ("occurs on one side", "встречается на одной стороне"),
        "role marginal": ("marginal", "окраинный"),
        # what numbers of criteria count, by the words of the table
        "measure states": ("states", "государства"),
        "measure species": ("species", "вида (видов)"),
        "measure points": ("points", "балла (баллов)"),
        "measure crossings": ("crossings", "перехода (переходов)"),
        "measure % of regional range": ("% of regional range", "% ареала в регионе"),
        "measure % of shared border": ("% of shared border", "% общей границы"),
        "measure % of qualifying range": ("% of qualifying range", "% ареала учтённых видов"),
        "measure % of site": ("% of site", "% участка"),
        "measure 0-1": ("(0–1)", "(0–1)"),
        "standing disclaimer": (
            DISCLAIMER,
            "Границы и географические названия показаны только для ориентировки. Они не выражают "
            "никакой позиции о правовом статусе какой-либо территории или о прохождении границ.",
        ),
        # the board of plenary
        "proposed by": ("Proposed by", "Кем предложено"),
        "software": ("software", "программа"),
        "group": ("group", "группа"),
        "open questions": ("Open questions", "Открытые вопросы"),
        "decisions": ("Decisions", "Решения"),
        "agree": ("agreed", "согласовано"),
        "agree-with-change": ("agreed with a change", "согласовано с изменением"),
        "park": ("parked", "отложено"),
        "reject": ("rejected", "отклонено"),
        "undo": ("taken back", "решение отменено"),
        "board list": ("List", "Список"),
        "board back": ("Previous unit", "Предыдущая единица"),
        "board next": ("Next unit", "Следующая единица"),
        "board clock": ("Time", "Время"),
        "board evidence": ("Evidence (key E)", "Основания (клавиша E)"),
        "this unit": ("this unit", "эта единица"),
        "another version": ("another group's version", "вариант другой группы"),
        "other units": ("other units", "другие единицы"),
        "as drawn": ("as drawn", "как нарисовано"),
        "not proposed": (
            "the criteria would not propose it",
            "по критериям не предлагается",
        ),
        "no longer meets": ("no longer meets", "больше не выполняет"),
        "newly meets": ("newly meets", "впервые выполняет"),
        "conflict between": ("drawn by several groups", "нарисовано несколькими группами"),
        "activities": ("Activities", "Мероприятия"),
        "annex": ("Annex: priority conservation units", "Приложение: приоритетные единицы"),
        "general section": ("General section", "Общий раздел"),
        "suggested for general": (
            "Suggested for the general section (recurs in many units)",
            "Предлагается для общего раздела (повторяется во многих единицах)",
        ),
        "without a unit": ("Without a unit", "Без единицы"),
        "funding notes": ("Funding notes", "Справки для финансирования"),
        "not said": ("not said yet", "пока не указано"),
        "column moved_from": ("Moved from", "Перенесено из"),
        # a working group's form, activities, decisions
        "form how": (
            "Fill in the light yellow cells; choose from the lists where there is one. Sheet 'units': "
            "what is to become of each unit, and why. Sheet 'activities': one line an activity; 'add' "
            "for a new one, 'amend' or 'drop' for one that is there, with the reason. No names of "
            "persons: roles and organisations. Hand the form in with the map.",
            "Заполните светло-жёлтые ячейки; где есть список, выберите из него. Лист units: что "
            "должно стать с каждой единицей и почему. Лист activities: по строке на мероприятие; "
            "add — новое, amend или drop — изменить или снять имеющееся, с причиной. Без имён людей: "
            "должности и организации. Сдайте форму вместе с картой.",
        ),
        "column action": ("What to do", "Что сделать"),
        "column merge_with": ("Merge with", "Объединить с"),
        "column new_name": ("New name", "Новое название"),
        "column evidence_grade": ("Evidence grade (A–D, N)", "Степень доказанности (A–D, N)"),
        "column comment": ("Comment", "Замечание"),
        "column open_question": ("Open question for plenary", "Вопрос к пленарному заседанию"),
        "column why": ("Why", "Почему"),
        "column activity_id": ("Activity", "Мероприятие"),
        "column theme": ("Theme", "Тема"),
        "column text": ("What is to be done", "Что нужно сделать"),
        "column priority": ("Priority", "Приоритет"),
        "column timeframe": ("When", "Срок"),
        "column cost_band": ("Cost band", "Диапазон стоимости"),
        "column funding_source": ("Funding source", "Источник финансирования"),
        "column partner": ("Partner (organisation)", "Партнёр (организация)"),
        # headings of columns in documents
        "column unit_id": ("Unit", "Единица"),
        "column name_en": ("Name (English)", "Название (англ.)"),
        "column name_ru": ("Name (Russian)", "Название (рус.)"),
        "column status": ("Status", "Статус"),
        "column origin": ("Compared with known hotspots", "В сравнении с ключевыми районами"),
        "column hotspot_ids": ("Hotspots", "Ключевые районы"),
        "column rank": ("Rank (for sorting)", "Место (для сортировки)"),
        "column rank_label": ("Rank", "Место"),
        "column tier": ("Tier", "Уровень"),
        "column score": ("Value score (0–1)", "Балл ценности (0–1)"),
        "column area_km2": ("Area, km²", "Площадь, км²"),
        "column countries": ("States", "Государства"),
        "column n_countries": ("Number of states", "Число государств"),
        "column disputed": (
            "The count of states hinges on a disputed area",
            "Число государств зависит от спорной территории",
        ),
        "column species": ("Qualifying species", "Учтённые виды"),
        "column n_species": ("Number of species", "Число видов"),
        "column species_supporting": ("Supporting species", "Дополнительные виды"),
        "column criteria_met": ("Criteria met", "Выполненные критерии"),
        "column confidence": ("Confidence (0–1)", "Достоверность (0–1)"),
        "column rationale": ("Rationale", "Обоснование"),
        "column stability": ("How sure", "Насколько надёжно"),
        "column criterion": ("Criterion", "Критерий"),
        "column what": ("What it asks", "О чём он"),
        "column met": ("Met", "Выполнен"),
        "column value": ("Value", "Значение"),
        "column unit": ("Measured in", "Единица измерения"),
        "column threshold": ("Threshold", "Порог"),
        "column because": ("Because", "Основание"),
        "column sci_name": ("Scientific name", "Научное название"),
        "column species_name": ("Species", "Вид"),
        "column role": ("Role", "Роль"),
        "column overlap_km2": ("Range inside, km²", "Ареал внутри, км²"),
        "column range_share": ("Share of the regional range, %", "Доля ареала в регионе, %"),
        "column sides": ("On the side of", "На стороне"),
        "column iso2": ("State (ISO)", "Государство (ISO)"),
        "column state": ("State", "Государство"),
        "column share": ("Share of the unit, %", "Доля единицы, %"),
        "column hotspot_id": ("Hotspot", "Ключевой район"),
        "column reason": ("Why it became no unit", "Почему не стал единицей"),
        "remarks": ("Pins, comments, conflicts", "Значки, комментарии, споры"),
        "unit_id": ("Unit", "Единица"),
        # the report of what groups handed in
        "column group": ("Group", "Группа"),
        "column groups": ("Groups", "Группы"),
        "column change": ("Change", "Изменение"),
        "column matched_by": ("Known again by", "По чему узнано"),
        "column file": ("File", "Файл"),
        "column folder": ("Folder", "Папка"),
        "column placemark": ("Placemark", "Метка"),
        "column line": ("Line", "Строка"),
        "column before_km2": ("Before, km²", "До, км²"),
        "column after_km2": ("After, km²", "После, км²"),
        "column gained_km2": ("Gained, km²", "Прибавлено, км²"),
        "column lost_km2": ("Lost, km²", "Убавлено, км²"),
        "column criteria_gained": ("Newly meets", "Впервые выполняет"),
        "column criteria_lost": ("No longer meets", "Больше не выполняет"),
        "column states_gained": ("States gained", "Прибавились государства"),
        "column states_lost": ("States lost", "Убавились государства"),
        "column species_gained": ("Species gained", "Прибавились виды"),
        "column species_lost": ("Species lost", "Убавились виды"),
        "column decision": ("By the criteria now", "По критериям теперь"),
        "column note": ("Note", "Примечание"),
        "column question_km2": ("In question, km²", "Под вопросом, км²"),
        "column default": ("Default that applies", "Действует по умолчанию"),
        "column resolution": ("Resolved", "Решено"),
        "column kind": ("Kind", "Вид"),
        "column assumed": ("What was assumed", "Что принято"),
        "column remark_id": ("Remark", "Замечание"),
        "column group_by": ("Group known by", "Группа известна по"),
        "column placemarks": ("Placemarks", "Метки"),
        "column evidence": ("Ours, to look at", "Наши, для просмотра"),
        "column shapes": ("Shapes", "Контуры"),
        "column pins": ("Pins and lines", "Значки и линии"),
        "column unusable": ("Unusable", "Непригодные"),
        "column rows": ("Rows of the form", "Строки формы"),
        "column refused": ("Not read, because", "Не прочитан, потому что"),
        "report title": ("What the groups handed in", "Что сдали группы"),
        "report base": ("compared with", "в сравнении с"),
        "report glance": ("At a glance", "Коротко"),
        "report files": ("Files", "Файлы"),
        "report read": ("read", "прочитано"),
        "report conflicts": ("To be settled", "Нужно решить"),
        "report no conflicts": ("Nothing is in conflict.", "Противоречий нет."),
        "report how to settle": (
            "The default applies as long as nobody says otherwise. To settle a conflict, write unit_id, "
            "resolution (a group, base, union, ask, both, delete or leave-out) and reason into "
            "resolutions.csv beside the files, and collect once more.",
            "По умолчанию действует указанное, пока не сказано иное. Чтобы решить спор, впишите unit_id, "
            "resolution (группа, base, union, ask, both, delete или leave-out) и reason в "
            "resolutions.csv рядом с файлами и выполните collect ещё раз.",
        ),
        "report losses": ("No longer meets", "Больше не выполняет"),
        "report no losses": (
            "No unit lost a criterion by what was drawn.",
            "Ни одна единица не утратила критерия из-за изменений.",
        ),
        "report gone": ("Deleted or absent", "Удалено или отсутствует"),
        "report gone how": (
            "Deleted: its folder came back without it; nothing is applied without a decision. Absent: "
            "its folder did not come back either; nothing is concluded.",
            "Удалено: папка вернулась без неё; без решения ничего не применяется. Отсутствует: папка "
            "тоже не вернулась; вывод не делается.",
        ),
        "report changes": ("Changes", "Изменения"),
        "report unchanged": ("Came back as handed out", "Вернулись без изменений"),
        "report problems": ("What was found and assumed", "Что найдено и что принято"),
        "report remarks": ("Pins and comments", "Значки и комментарии"),
        "report nothing": ("Nothing.", "Ничего."),
        "report before": ("before", "до"),
        "default": ("default", "по умолчанию"),
        "resolved": ("resolved", "решено"),
        "change kept": ("kept", "без изменений"),
        "change renamed": ("renamed", "переименовано"),
        "change split": ("split", "разделено"),
        "change merged": ("merged", "объединено"),
        "change rejected": ("rejected", "отклонено"),
        "change deleted": ("deleted", "удалено"),
        "change commented": ("commented", "с комментарием"),
        "change absent": ("absent", "отсутствует"),
        "change conflict": ("conflict", "противоречие"),
        # the last sheet of a workbook
        "title": ("Title", "Название"),
        "date": ("Date", "Дата"),
        "marks": ("Marks", "Знаки"),
        "statuses": ("Statuses", "Статусы"),
        "disclaimer": ("Disclaimer", "Оговорка"),
        "scripting": (
            "The first row of each sheet holds the names of the columns as in the CSV and the "
            "GeoPackage.",
            "В первой строке каждого листа — имена столбцов, как в CSV и GeoPackage.",
        ),
    }
)
"""Every fixed phrase, as (English, Russian). A phrase without both is a failing test."""

NEED: Final = ("C6", "C7")
SUPPORT: Final = ("C8", "C9")
"""Criteria that are no merit of a unit: what it needs, and what supports the finding."""

MARKS: Final[Mapping[bool | None, str]] = MappingProxyType({True: "✓", False: "✗", None: "?"})


def text(key: str, lang: str = "en") -> str:
    """A phrase of the catalogue.

    Raises
    ------
    InputError
        When the phrase or the language is unknown.

    Examples
    --------
    >>> text("area", "ru")
    'Площадь'
    """
    if lang not in LANGUAGES:
        raise InputError(f"Language '{lang}' is unknown: {listed(LANGUAGES)} are there.")
    if key not in CATALOGUE:
        raise InputError(f"The phrase '{key}' is not in the catalogue.{nearest(key, CATALOGUE)}")
    return CATALOGUE[key][LANGUAGES.index(lang)]


def label(field: str, lang: str = "en") -> str:
    """The label of a card's field: what stands before its value."""
    return text(field, lang)


def disclaimer(given: str, lang: str = "en") -> str:
    """The disclaimer of an imprint; our own standing one in the reader's language.

    Examples
    --------
    >>> disclaimer("An organisation's own words.", "ru")
    "An organisation's own words."
    """
    return text("standing disclaimer", lang) if given == DISCLAIMER else given


def measure(unit: object, lang: str = "en") -> str:
    """What a number of the table `unit_criteria` counts, in the reader's language.

    Examples
    --------
    >>> measure("% of site"), measure("of another profile", "ru")
    ('% of site', 'of another profile')
    """
    key = f"measure {unit}"
    return text(key, lang) if key in CATALOGUE else _string(unit)


def number(value: float, lang: str = "en", digits: int = 0) -> str:
    """A number as people write it: "12,345" in English, "12 345" (no-break) in Russian.

    Examples
    --------
    >>> number(12345.4), number(0.5, "ru", 1)
    ('12,345', '0,5')
    """
    plain = f"{value:,.{digits}f}"
    if lang == "ru":
        return plain.replace(",", "\u00a0").replace(".", ",")
    return plain


def unit_cards(
    tables: Mapping[str, pd.DataFrame], species: pd.DataFrame, *, lang: str = "en"
) -> pd.DataFrame:
    """What each unit says of itself, as strings ready to show.

    Parameters
    ----------
    tables : mapping
        `conservation_units`, `unit_criteria` and `unit_species` of a round; `sensitivity`, where
        it has been run; `unit_context`, where the plan has context layers.
    species : DataFrame
        The `species` table: names and label codes.
    lang : {"en", "ru"}
        Language of the phrases and of the species' names.

    Returns
    -------
    DataFrame
        One row a unit, in the order of `conservation_units`: ``unit_id`` and
        :data:`CARD_FIELDS`. An unknown value is an empty string.

    Examples
    --------
    >>> import cami_units as cu
    >>> import pandas as pd
    >>> units = pd.DataFrame(
    ...     {
    ...         "unit_id": ["CU-001"], "name_en": ["Ustyurt"], "name_ru": ["Устюрт"],
    ...         "status": ["modelled candidate"], "origin": ["new"], "hotspot_ids": [""],
    ...         "rank_label": ["1"], "tier": ["high"], "score": [0.5], "area_km2": [12345.6],
    ...         "countries": ["KZ;UZ"], "disputed": [False], "species": ["Saiga tatarica"],
    ...         "confidence": [0.67],
    ...     }
    ... )
    >>> found = pd.DataFrame({"unit_id": ["CU-001"], "criterion": ["C1"], "met": [False], "value": [1.0]})
    >>> tables = {"conservation_units": units, "unit_criteria": found}
    >>> card = cu.unit_cards(tables, cu.read_species()).iloc[0]
    >>> card["area"], card["species"], card["criteria"], card["barriers"]
    ('12,346 km²', '1: Saiga antelope', 'C1 ✗', 'not assessed')
    """
    units = tables["conservation_units"]
    found: dict[str, dict[str, dict[str, Any]]] = {}
    for row in _records(tables["unit_criteria"]):
        found.setdefault(row["unit_id"], {})[row["criterion"]] = row
    names = dict(zip(species["sci_name"], species[f"name_{lang}"], strict=True))
    sure = {
        row["unit_id"]: stability(row, lang)
        for row in _records(tables.get("sensitivity", pd.DataFrame()))
    }
    around: dict[str, list[str]] = {}
    for row in _records(tables.get("unit_context", pd.DataFrame())):
        around.setdefault(row["unit_id"], []).append(context(row, lang))
    rows = [
        _card(unit, found.get(unit["unit_id"], {}), names, lang)
        | {"stability": sure.get(unit["unit_id"], "")}
        | {"context": "; ".join(around.get(unit["unit_id"], ()))}
        for unit in _records(units.drop(columns="geometry", errors="ignore"))
    ]
    return pd.DataFrame(rows, columns=["unit_id", *CARD_FIELDS])


def _records(table: pd.DataFrame) -> list[dict[str, Any]]:
    return [{str(key): value for key, value in row.items()} for row in table.to_dict("records")]


def _card(
    unit: Mapping[str, Any],
    findings: Mapping[str, Mapping[str, Any]],
    names: Mapping[str, str],
    lang: str,
) -> dict[str, str]:
    qualifying = [name for name in _string(unit["species"]).split(";") if name]
    states = _string(unit["countries"]).replace(";", ", ")
    if unit["disputed"]:
        states += f" ({text('disputed', lang)})"
    spoken = ", ".join(names.get(name, name) for name in qualifying)
    return {
        "unit_id": unit["unit_id"],
        "name_en": _string(unit["name_en"]),
        "name_ru": _string(unit["name_ru"]),
        "status": text(unit["status"], lang),
        "rank": _rank(unit, lang),
        "states": states,
        "area": f"{number(unit['area_km2'], lang)} {text('km2', lang)}",
        "species": f"{len(qualifying)}: {spoken}" if qualifying else "0",
        "criteria": _marked(findings, lang),
        "protected": _percent(findings, "C7", "of qualifying range protected", lang),
        "barriers": _percent(findings, "C6", "of the shared border fenced", lang),
        "confidence": _confidence(unit["confidence"], lang),
        "origin": _origin(unit, lang),
        "comment": text("how_to_comment", lang),
    }


def _marked(findings: Mapping[str, Mapping[str, Any]], lang: str) -> str:
    """Marks of all findings; those of need and of support stand apart, as they are no merit."""
    told = told_order(findings)
    axes = [
        ("", [name for name in told if name not in (*NEED, *SUPPORT)]),
        (text("need", lang), [name for name in told if name in NEED]),
        (text("support", lang), [name for name in told if name in SUPPORT]),
    ]
    return " · ".join(
        " ".join(
            [*filter(None, [axis]), *(f"{name} {mark(findings[name]['met'])}" for name in names)]
        )
        for axis, names in axes
        if names
    )


def stability(row: Mapping[str, Any], lang: str = "en") -> str:
    """How sure a unit is, from its row of the table `sensitivity`.

    Examples
    --------
    >>> stability({"label": "robust", "share_qualifying": 0.92, "runs": 1000, "flips": "cell size"})
    'robust: qualifies in 92 % of 1,000 runs; weakest: cell size'
    """
    share = share_of_runs(row["share_qualifying"])
    said = text("qualifies in", lang).format(share=share, runs=number(row["runs"], lang))
    weakest = _string(row["flips"])
    ending = f"; {text('weakest', lang)}: {text(weakest, lang)}" if weakest else ""
    return f"{text(row['label'], lang)}: {said}{ending}"


def context(row: Mapping[str, Any], lang: str = "en") -> str:
    """What a context layer comes to in a unit, from its row of the table `unit_context`.

    Examples
    --------
    >>> context({"layer": "human-wildlife_conflict", "value": 12.3, "unit": "%"})
    'human-wildlife conflict: 12 % of the area'
    >>> context({"layer": "cattle", "value": 3.21, "unit": "mean"}, "ru")
    'cattle: 3,2 (среднее)'
    """
    name, value = _string(row["layer"]).replace("_", " "), row["value"]
    if pd.isna(value):
        return f"{name}: {text('not assessed', lang)}"
    counted, told = context_measure(row["unit"], lang), _figure(float(value), lang)
    if row["unit"] in ("%", "km per 1000 km²"):
        return f"{name}: {told} {counted}"
    return f"{name}: {told} ({counted})"


def context_measure(unit: object, lang: str = "en") -> str:
    """What the numbers of a context layer count.

    Examples
    --------
    >>> context_measure("%"), context_measure("sum", "ru")
    ('% of the area', 'сумма')
    """
    key = f"context {unit}"
    return text(key, lang) if key in CATALOGUE else _string(unit)


def context_title(title: object, measure: object, drawn: int, in_all: int, lang: str = "en") -> str:
    """A context layer in a legend: its name, what its numbers count, and how much of it is drawn.

    Examples
    --------
    >>> context_title("conflict", "%", 2, 2), context_title("mines", "count", 500, 12000)
    ('conflict (% of the area)', 'mines (count, 500 of 12,000 drawn)')
    """
    told = [context_measure(measure, lang)]
    if drawn < in_all:
        part = text("drawn of", lang)
        told.append(part.format(drawn=number(drawn, lang), all=number(in_all, lang)))
    return f"{_string(title)} ({', '.join(told)})"


def _figure(value: float, lang: str) -> str:
    """About two digits of a number below ten, whole numbers above."""
    size = abs(value)
    return number(value, lang, 0 if size >= 9.95 or value.is_integer() else 1 if size >= 1 else 2)


def share_of_runs(share: float) -> int:
    """A share (0–1) in whole per cent: 100 only where it is all of them, 0 only where none.

    Examples
    --------
    >>> share_of_runs(0.999), share_of_runs(0.001), share_of_runs(0.925)
    (99, 1, 92)
    """
    percent = 100 * float(share)
    return min(max(round(percent), int(percent > 0)), 100 - int(percent < 100))


def mark(met: Any) -> str:
    """✓ met, ✗ not met, ? not assessed.

    Examples
    --------
    >>> mark(True), mark(False), mark(None)
    ('✓', '✗', '?')
    """
    return MARKS[None if pd.isna(met) else bool(met)]


def told_order(findings: Iterable[str]) -> list[str]:
    """Gates and criteria in the order in which they are told; those beyond C9 come last.

    Examples
    --------
    >>> told_order(["C10", "C2", "G1"])
    ['G1', 'C2', 'C10']
    """
    known = {name: place for place, name in enumerate(FINDINGS)}
    return sorted(findings, key=lambda name: (known.get(name, len(known)), len(name), name))


def _string(value: Any) -> str:
    return "" if pd.isna(value) else str(value)


def _rank(unit: Mapping[str, Any], lang: str) -> str:
    tier = _string(unit["tier"])
    parts = (
        _string(unit["rank_label"]),
        text(tier, lang) if tier in CATALOGUE else tier,
        f"{text('score', lang)} {number(unit['score'], lang, 3)}",
    )
    return " · ".join(part for part in parts if part)


def _percent(
    findings: Mapping[str, Mapping[str, Any]], criterion: str, phrase: str, lang: str
) -> str:
    value = findings.get(criterion, {}).get("value")
    if pd.isna(value):
        return text("not assessed", lang)
    return f"{number(value, lang)} % {text(phrase, lang)}"


def _confidence(value: Any, lang: str) -> str:
    return text("not assessed", lang) if pd.isna(value) else number(value, lang, 2)


def _origin(unit: Mapping[str, Any], lang: str) -> str:
    hotspots = _string(unit["hotspot_ids"]).replace(";", ", ")
    kind = text(unit["origin"], lang)
    return f"{kind} {hotspots}" if hotspots else kind
