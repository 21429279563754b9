"""What the forms say: key contents, inspection items, list order, masking, the summary's length whatever was found."""

import re
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import get_args

import pytest
from docx import Document
from docx.oxml.ns import qn
from hypothesis import HealthCheck, settings
from hypothesis import given as over
from hypothesis import strategies as st

from detectors.model import Contact, Detection, Element, Finding
from patrol.bench.report import sample_input, sample_whole
from patrol.errors import NotAvailable
from patrol.handling import ListChange, Measure, Review
from patrol.model import Judgement, Lead, SourceChoice, State, Verdict
from patrol.platforms import PaperKind, load_platforms
from patrol.reports import charts, coverage, figures, wording
from patrol.reports.edits import read_last_issue
from patrol.reports.forms import cases, forms, list_changes, referral, summary
from patrol.reports.masking import mask_identifier, mask_object, mask_text
from patrol.reports.objects import patrolled
from patrol.reports.records import BLANK, PlatformFace, ReportInput
from patrol.reports.to_docx import write_docx


def lead_with(*, rules: tuple[str, ...] = (), verdict: Verdict = Verdict.UNLISTED, categories: tuple[str, ...] = ()) -> Lead:
    """Return a lead whose findings name the given rules."""
    lead = sample_input(1).leads[0]
    assert lead.screening is not None
    findings = tuple(
        Finding(rule=rule, clause="", element=Element.BREACH, start=0, end=1, quote=lead.screening.post.text[:1], weight=0.1)
        for rule in rules
    )
    detection = replace(lead.screening.detection, findings=findings, categories=categories)
    match = replace(lead.match, verdict=verdict, row=3 if verdict is Verdict.LICENSED else None)
    return replace(lead, screening=replace(lead.screening, detection=detection), match=match, categories=categories)


def test_every_form_has_a_template_whose_id_is_its_module() -> None:
    for name, form in forms().items():
        assert form.TEMPLATE.id == name
        assert form.TEMPLATE.basis
        keys = [column.key for column in form.TEMPLATE.columns]
        assert len(set(keys)) == len(keys)


def test_key_content_follows_the_rules_and_the_answer_of_the_list() -> None:
    assert wording.key_codes(lead_with(rules=("T-HOLIDAY",)))[0] == "一"
    assert wording.key_codes(lead_with(rules=("T-HOLIDAY",), verdict=Verdict.LICENSED))[0] == "二"
    assert wording.key_codes(lead_with(categories=("matchmaking",))) == ("六",)
    assert wording.key_codes(lead_with()) == ("待定",)
    assert wording.key_codes(lead_with(categories=("unheard_of",))) == ("待定",)


def test_a_teacher_named_beside_a_class_is_not_counted_as_brokering() -> None:
    rules = ("T-HOLIDAY", "M-BROKER")
    assert wording.key_codes(lead_with(rules=rules, categories=("holiday_class",)))[:2] == ("一", "六")
    assert wording.key_codes(lead_with(rules=rules, categories=("matchmaking",)))[0] == "六"


def test_a_lead_on_advertising_alone_goes_to_the_market_authority() -> None:
    lead = lead_with(rules=("AD-MINOR",))
    assert wording.suspected(lead) == ("面向中小学生（含幼儿园儿童）的校外培训广告",)
    assert referral.bodies_of(lead) == ("market",)


def test_an_unknown_category_is_shown_not_dropped() -> None:
    assert wording.suspected(lead_with(categories=("unheard_of",))) == ("其他疑似情形（unheard_of）",)


def test_only_a_listed_name_is_called_listed_and_nobody_is_called_unlicensed() -> None:
    answers = {verdict: wording.licence_answer(lead_with(verdict=verdict)) for verdict in Verdict}
    assert answers[Verdict.UNLISTED] == "名单未匹配，待核"
    assert all("待核" in answer for answer in answers.values())
    assert not any("无证" in answer for answer in answers.values())


def test_a_platform_is_called_on_paper_as_its_own_file_says() -> None:
    kinds = wording.wording().platform_kinds
    assert set(kinds) == set(get_args(PaperKind))
    given = sample_input(1)
    faces = {face.name: face for face in (
        PlatformFace(name="own", title="新市家长圈", kind="listing", paper_kind="forum"),
        PlatformFace(name="bare", title="新市分类网", kind="listing"),
    )}  # fmt: skip
    assert wording.platform_kind(replace(given, platforms=faces), "own") == "论坛社区"
    assert wording.platform_kind(replace(given, platforms=faces), "bare") == "生活服务"
    assert wording.platform_kind(given, "nobody") == "其他网站平台"
    assert all(platform.paper_kind for name, platform in load_platforms().items() if name != "generic")


def test_leads_of_one_object_are_gathered_and_none_is_lost() -> None:
    leads = sample_input(200).reported
    objects = patrolled(leads)
    assert sum(len(one.leads) for one in objects) == len(leads)
    assert len({lead.number for one in objects for lead in one.leads}) == len(leads)


@pytest.mark.parametrize(
    ("step", "verdict"),
    [
        (("none", "reminded"), "相符"),
        (("reminded", "yellow"), "相符"),
        (("yellow", "red"), "相符"),
        (("grey", "black"), "相符"),
        (("none", "red"), "越级，须属情形极严重并附说明"),
        (("none", "black"), "与规定次序不符，请核"),
        (("red", "yellow"), "与规定次序不符，请核"),
    ],
)
def test_list_changes_are_held_against_the_order_of_the_rules(step: tuple[str, str], verdict: str) -> None:
    change = ListChange(name="某机构", before=step[0], after=step[1], at=date(2027, 2, 1), reason="逾期未整改")
    assert list_changes.check(change) == verdict
    table = list_changes.build(replace(sample_input(3), list_changes=(change,))).tables[0]
    assert table.rows[0].alarm is (verdict != "相符")


def test_contacts_are_masked_wherever_they_stand() -> None:
    assert mask_identifier("19900001234") == "199****1234"
    text = mask_text("电话199 0000 1234，微信：abcdef123，QQ：12345678，邮箱teacher@mail.example，身份证110101199003070012")
    for secret in ("19900001234", "0000 1234", "abcdef123", "12345678", "teacher@", "110101199003070012"):
        assert secret not in text
    assert mask_text("每次120元，共20课时，2027年1月15日开课") == "每次120元，共20课时，2027年1月15日开课"


def test_a_leads_own_contacts_are_masked_in_its_excerpt() -> None:
    lead = lead_with()
    assert lead.screening is not None
    contact = Contact(kind="wechat", value="shuxue_laoshi88", start=2, end=17, quote="shuxue_laoshi88")
    post = replace(lead.screening.post, text="找我shuxue_laoshi88报名")
    detection = Detection(violation=True, score=1, ad_violation=True, contacts=(contact,))
    shown = wording.excerpt(replace(lead, screening=replace(lead.screening, post=post, detection=detection), excerpt=post.text))
    assert "shuxue_laoshi88" not in shown
    assert shown.startswith("找我sh")


def test_objects_are_masked_for_papers_that_may_be_published() -> None:
    assert mask_object("XX市甲一教育科技有限公司") == "某教育科技有限公司"
    assert mask_object("王老师") == "王某"


def test_a_case_tells_only_what_is_recorded() -> None:
    whole = sample_whole(30)
    lead = next(lead for lead in whole.reported if lead.judgement is Judgement.CONFIRMED)
    given = replace(whole, chosen=(lead.number,))
    blank = "".join(block.text for block in cases.build(given).paper.blocks)  # type: ignore[union-attr]
    assert f"处置情况：{BLANK}" in blank
    assert f"复核人员：{BLANK}" in blank
    at = datetime(2027, 2, 1, tzinfo=UTC)
    reviews = tuple(Review(lead=lead.number, judgement=Judgement.CONFIRMED, officer=name, role="复核", at=at) for name in "甲乙")
    measure = Measure(lead=lead.number, kind="talk", at=date(2027, 2, 1))
    known = replace(given, reviews={lead.number: reviews}, measures={lead.number: (measure,)})
    told = "".join(block.text for block in cases.build(known).paper.blocks)  # type: ignore[union-attr]
    assert "经2名工作人员复核属实" in told
    assert "2027年2月1日约谈负责人" in told


def test_only_confirmed_leads_on_request_and_the_rest_accounted_for() -> None:
    given = replace(sample_input(60), confirmed_only=True)
    report = forms()["patrol_table"].build(given)
    confirmed = sum(lead.judgement is Judgement.CONFIRMED for lead in given.leads)
    assert len(report.tables[0].rows) == confirmed
    sums = {row.values[1]: row.values[2] for row in report.tables[3].rows if row.values[0] == "总数"}
    assert list(sums.values()) == [60, given.dismissed, given.held_back, confirmed]
    assert given.dismissed + given.held_back + confirmed == 60


def shapes() -> st.SearchStrategy[ReportInput]:
    """Return inputs of every size: leads, gaps, sources, measures, hours."""

    def shape(count: int, complete: bool, sources: bool, seen: bool, measured: bool) -> ReportInput:
        given = sample_whole(count)
        rows = tuple(row for row in given.coverage if not complete or row.complete) if seen else ()
        campaign = given.campaign if sources else replace(given.campaign, sources=())
        taken = {lead.number: (Measure(lead=lead.number, kind="rectify", at=date(2027, 2, 1)),) for lead in given.reported[:2]}
        return replace(given, coverage=rows, campaign=campaign, measures=taken if measured else {})

    counts = st.sampled_from([0, 1, 2, 3, 5, 17, 90, 400])
    return st.builds(shape, counts, st.booleans(), st.booleans(), st.booleans(), st.booleans())


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@over(shapes())
def test_the_summary_keeps_to_its_length_whatever_was_found(given: ReportInput) -> None:
    blocks = summary.compose(given)
    assert 1800 <= summary.length(given, blocks) <= 2200
    assert [block.text for block in blocks if block.kind == "heading1"] == [
        "巡查基本情况",
        "发现的问题",
        "采取的措施",
        "工作建议",
    ]
    assert not any(re.search(r"[{}]", block.text) for block in blocks)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@over(shapes())
def test_no_number_stands_in_plain_text(given: ReportInput) -> None:
    for block in summary.compose(given):
        assert not [span.text for span in block.spans if span.figure is None and re.search(r"\d", span.text)]


def test_lists_of_the_summary_add_up_even_when_shortened() -> None:
    given = sample_whole(300)
    for longest in (6, 3, 2):
        words = figures.collect(given, longest_list=longest).words
        for key in ("by_batch", "by_key", "by_kind", "by_district", "by_stage", "by_answer"):
            numbers = [int(span.figure.value) for span in words[key] if span.figure is not None]
            assert sum(numbers) == len(given.reported)
            assert len(numbers) <= max(longest, 2)


def test_without_leads_the_summary_draws_no_conclusion_from_silence() -> None:
    empty = sample_whole(0)
    text = "".join(block.text for block in summary.compose(empty))
    assert "没有发现列入各表的疑似线索" in text
    assert "不能据此认定本地区不存在线上违规培训" in text
    nothing = replace(empty, coverage=(), campaign=replace(empty.campaign, sources=()))
    assert "不能作为未发现问题的依据" in "".join(block.text for block in summary.compose(nothing))


def test_charts_add_up_and_fold_the_smallest_into_one_bar() -> None:
    chart = charts.Chart.of("图", {f"区{number}": number for number in range(30)})
    assert len(chart.labels) == 10
    assert chart.labels[-1] == "其他"
    assert chart.total == sum(range(30))
    given = sample_whole(60)
    assert {chart.total for chart in summary.charts(given)} == {len(given.reported)}


def test_charts_refuse_to_draw_boxes_for_chinese(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(charts, "FONTS", ("No Such Font",))
    with pytest.raises(NotAvailable, match="没有中文字体"):
        charts.draw_page("图", summary.charts(sample_whole(6)))


def test_an_edit_is_kept_when_the_data_moves_on(tmp_path: Path) -> None:
    paper = tmp_path / "总结.docx"
    write_docx(summary.build(sample_whole(20)), paper)
    document = Document(str(paper))
    holder = next(
        tag.getparent().getparent()
        for tag in document.element.body.iter(qn("w:tag"))
        if str(tag.get(qn("w:val"))).startswith("patrol:planned=")
    )
    next(holder.iter(qn("w:t"))).text = "999"
    document.save(str(paper))
    last = read_last_issue(paper)
    assert last.edits == {"planned": "999"}
    assert last.prose_kept
    write_docx(summary.build(replace(sample_whole(40), edits=last.edits)), paper)
    again = read_last_issue(paper)
    assert again.edits == {"planned": "999"}
    assert again.prose_kept


def test_a_file_that_is_not_ours_counts_as_edited(tmp_path: Path) -> None:
    document = Document()
    document.add_paragraph("人工写的总结")
    document.save(str(tmp_path / "总结.docx"))
    assert not read_last_issue(tmp_path / "总结.docx").prose_kept


def test_gone_and_blocked_sources_are_told_apart_in_the_coverage_words() -> None:
    assert State.GONE_VIOLATION.covered
    assert not State.BLOCKED_CAPTCHA.covered
    rows = sample_input(0).coverage
    assert figures.flags(replace(sample_whole(0), coverage=tuple(row for row in rows if row.complete))) >= {"no_leads"}


def test_pages_brought_by_hand_are_named_in_chinese() -> None:
    given = sample_input(0)
    chosen = replace(given.campaign, sources=(SourceChoice(name="saved"), SourceChoice(name="urls")))
    shown = [row.values[1] for row in coverage.build(replace(given, campaign=chosen, coverage=())).rows]
    assert shown[:2] == ["人工保存的网页", "粘贴的网址"]


def test_pages_that_did_not_change_and_repeats_are_told_under_the_coverage() -> None:
    given = sample_input(0)
    rows = (replace(given.coverage[0], unchanged=7, repeated=2), *given.coverage[1:])
    notes = "".join(coverage.build(replace(given, coverage=rows)).notes)
    assert "7页与上次巡查时相同" in notes
    assert "2条为同一发布者重复发布" in notes
