"""What a list's columns mean: header synonyms, the header row, and rows that are no institutions."""

import re
import unicodedata
from collections.abc import Mapping, Sequence

FIELDS: Mapping[str, tuple[str, ...]] = {
    "row": ("序号", "编号", "序", "no", "顺序号", "排序"),
    "name": (
        "机构名称",
        "机构名",
        "培训机构名称",
        "单位名称",
        "学校名称",
        "校外培训机构名称",
        "校外培训机构",
        "名称",
        "培训学校名称",
        "企业名称",
        "机构全称",
        "培训机构",
        "办学机构名称",
        "民办学校名称",
        "民办非学历教育机构名称",
        "公司名称",
        "主体名称",
        "第三方机构名称",
        "机构",
        "证照名称",
        "法人名称",
        "name",
    ),
    "uscc": (
        "统一社会信用代码",
        "信用代码",
        "社会信用代码",
        "组织机构代码",
        "统一信用代码",
        "统一社会信用代码证号",
        "统一代码",
        "营业执照注册号",
        "uscc",
    ),
    "permit": (
        "办学许可证号",
        "许可证号",
        "办学许可",
        "许可证编号",
        "批准文号",
        "批准书号",
        "批准书编号",
        "批文号",
        "办学许可证编号",
        "办学许可证",
        "许可编号",
        "证号",
        "许可证",
        "permit",
    ),
    "kind": (
        "培训类型",
        "培训类别",
        "类型",
        "类别",
        "机构类型",
        "学科类非学科类",
        "线上线下",
        "业务范围",
        "机构类别",
        "办学类型",
        "学科类别",
        "办学类别",
        "kind",
    ),
    "scope": (
        "培训内容",
        "办学内容",
        "培训项目",
        "项目",
        "学科",
        "培训科目",
        "办学范围",
        "许可项目",
        "经营范围",
        "培训对象",
        "办学层次",
        "scope",
    ),
    "address": (
        "位置",
        "地址",
        "办学地址",
        "经营地址",
        "办学地点",
        "实际经营地址",
        "注册地址",
        "详细地址",
        "住所",
        "机构地址",
        "校址",
        "培训地址",
        "上课地方",
        "上课地点",
        "上课地址",
        "教学地点",
        "教学地址",
        "培训地点",
        "address",
    ),
    "addresses": ("教学点", "教学点地址", "校区", "其他教学点", "分教学点", "教学点名称", "校区地址"),
    "authority": (
        "审批机关",
        "发证机关",
        "主管部门",
        "审批部门",
        "业务主管单位",
        "登记机关",
        "许可机关",
        "审批单位",
        "监管部门",
        "authority",
    ),
    "valid_from": (
        "有效期起",
        "有效期自",
        "发证日期",
        "批准日期",
        "有效期开始",
        "发证时间",
        "审批时间",
        "起始日期",
        "设立时间",
        "批准时间",
    ),
    "valid_to": (
        "有效期止",
        "有效期至",
        "截止日期",
        "有效期",
        "有效期限",
        "许可证有效期",
        "到期日期",
        "证书有效期",
        "办学许可证有效期",
    ),
    "person": ("法定代表人", "举办者", "负责人", "法人", "法人代表", "校长", "联系人", "举办者姓名", "法定代表人姓名"),
    "status": (
        "状态",
        "机构状态",
        "办学状态",
        "经营状态",
        "名单状态",
        "名单类型",
        "名单类别",
        "年检结论",
        "年检结果",
        "备注状态",
    ),
    "aliases": ("简称", "品牌", "品牌名", "品牌名称", "别名", "常用名", "招牌", "商标", "字号"),
    "former_names": ("曾用名", "原名", "原名称", "原机构名称", "更名前", "历史名称"),
    "phones": (
        "联系电话",
        "联系人电话",
        "电话",
        "手机",
        "手机号",
        "手机号码",
        "电话号码",
        "办公电话",
        "招生电话",
        "咨询电话",
        "联系方式",
        "固定电话",
    ),
    "icp": ("icp", "icp备案号", "网站备案号", "备案号", "icp备案"),
    "region": (
        "区域",
        "所属区",
        "区县",
        "所在区",
        "行政区",
        "属地",
        "辖区",
        "所属区县",
        "地区",
        "镇街",
        "所属镇街",
        "县区",
        "市县",
        "县市区",
        "所在区县",
    ),
    "note": ("备注", "说明", "公布日期", "批次", "上榜原因", "原因", "公布批次"),
}
CHINESE = {
    "row": "序号",
    "name": "机构名称",
    "uscc": "统一社会信用代码",
    "permit": "办学许可证号",
    "kind": "培训类型",
    "scope": "培训内容",
    "address": "地址",
    "addresses": "教学点",
    "authority": "审批机关",
    "valid_from": "有效期起",
    "valid_to": "有效期至",
    "person": "法定代表人",
    "status": "状态",
    "aliases": "简称",
    "former_names": "曾用名",
    "phones": "联系电话",
    "icp": "ICP备案号",
    "region": "所属区县",
    "note": "备注",
}
_BY_HEADER = {header: field for field, headers in FIELDS.items() for header in headers}
# bare words that head the names only where no better header does («学校» beside «机构名称» is where an institution teaches)
_BARE_NAMES = frozenset({"单位", "学校", "办学单位", "培训单位"})
_NOISE = re.compile(r"[\s*＊:：、，,（）()\[\]【】“”\"'/·\-—_.。*#]+")
_TAIL = re.compile(r"(?:必填|选填|全称|公章|盖章)$")
# whose telephone it is comes first in a header («法定代表人电话»): what the column holds comes last
_PHONE_ENDS = ("电话", "手机", "手机号", "手机号码", "电话号码", "联系方式")
NAME_ENDS = re.compile(
    r"(?:公司|学校|中心|俱乐部|工作室|学院|书院|画室|艺校|培训部|服务部|馆|社|团|院|班|机构|站|园|堂|坊|校区|琴行|教学点|分校|店)(?:[（(].{1,20}[)）])?$"
)


def header_key(cell: str) -> str:
    """Return a header cell as it is looked up: half width, lower case, no punctuation."""
    plain = _NOISE.sub("", unicodedata.normalize("NFKC", cell)).lower()
    return _TAIL.sub("", plain) if plain not in _BY_HEADER else plain


def guess_columns(cells: Sequence[str]) -> dict[str, int]:
    """Return which column holds which field, judged by header words; an exact word beats one that is only contained."""
    found: dict[str, int] = {}
    keys = [header_key(cell) for cell in cells]
    for column, key in enumerate(keys):
        field = _BY_HEADER.get(key)
        if field and field not in found:
            found[field] = column
    for column, key in enumerate(keys):
        if column in found.values() or not 2 <= len(key) <= 16:
            continue
        inside = [header for header in _BY_HEADER if len(header) >= 3 and header in key]
        field = _BY_HEADER[max(inside, key=len)] if inside else None
        field = "phones" if key.endswith(_PHONE_ENDS) else field
        if field and field not in found:
            found[field] = column
    bare = next((column for column, key in enumerate(keys) if key in _BARE_NAMES and column not in found.values()), None)
    if bare is not None and "name" not in found:
        found["name"] = bare
    return found


def is_header(cells: Sequence[str], *, alone: bool = False) -> bool:
    """Whether a row reads like the header of a list of institutions; `alone`: the list has one column, only exact words count."""
    found = guess_columns(cells)
    if "name" not in found:
        return False
    if alone:
        return _BY_HEADER.get(header_key(cells[found["name"]])) == "name"
    if len(found) < 2:
        return False
    short = sum(1 for cell in cells if 0 < len(cell.strip()) <= 18)
    title = cells[found["name"]].strip()
    known = header_key(title) in _BARE_NAMES or header_key(title) in _BY_HEADER
    return short >= 2 and (known or not NAME_ENDS.search(title.replace("培训机构", "")))


def guess_by_content(rows: Sequence[Sequence[str]]) -> dict[str, int]:
    """Guess columns of a table without header from what stands in them: codes, permits, names, addresses, numbers."""
    width = max((len(row) for row in rows), default=0)
    tests = {
        "uscc": re.compile(r"^[0-9A-Z]{18}$"),
        "permit": re.compile(r"^\D{0,6}\d{13}(?:\d\d)?号?$"),
        "name": NAME_ENDS,
        "address": re.compile(r"(?:路|街|道|镇|乡|村|号|楼|室|层)"),
        "row": re.compile(r"^\d{1,6}[、.．]?$"),
    }
    found: dict[str, int] = {}
    for field, test in tests.items():
        best, share = -1, 0.6
        for column in range(width):
            cells = [row[column].strip() for row in rows if column < len(row) and row[column].strip()]
            hits = sum(1 for cell in cells if test.search(unicodedata.normalize("NFKC", cell)))
            if column not in found.values() and len(cells) > len(rows) / 2 and hits / len(cells) > share:
                best, share = column, hits / len(cells)
        if best >= 0:
            found[field] = best
    return found
