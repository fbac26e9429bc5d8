/* annual_zh.c - the sentences of the report, as towns write them. */
#include "schema/exports/annual.h"

#include <string.h>

#include "core/civil.h"

/* Parts of a list: 、 between them. */
struct list {
	struct annual *a;
	const char *before; /* what stands before the first */
	size_t n;
};

static struct buf *item(struct list *l)
{
	buf_adds(&l->a->text, l->n++ ? "、" : l->before);
	return &l->a->text;
}

static const char *place(const struct annual *a)
{
	switch (a->level) {
	case AREA_DISTRICT:
		return "全区";
	case AREA_TOWN:
		return "全镇";
	case AREA_COMMUNITY:
		return "全社区";
	case AREA_GRID:
		return "本网格";
	default:
		return "";
	}
}

static void when(struct annual *a)
{
	static const char *const quarter[] = {"一", "二", "三", "四"};
	struct annual_dates d;
	struct buf *b = &a->text;

	annual_dates(a, &d);
	buf_addf(b, "%d", d.y1);
	switch (d.what) {
	case ANNUAL_YEAR:
		buf_adds(b, "年");
		break;
	case ANNUAL_YEARS:
		buf_addf(b, "—%d年", d.y2);
		break;
	case ANNUAL_QUARTER:
		buf_addf(b, "年第%s季度", quarter[(d.m1 - 1) / 3]);
		break;
	case ANNUAL_MONTH:
		buf_addf(b, "年%d月", d.m1);
		break;
	case ANNUAL_MONTHS:
		buf_addf(b, "年%d—%d月", d.m1, d.m2);
		break;
	case ANNUAL_DAY:
		buf_addf(b, "年%d月%d日", d.m1, d.d1);
		break;
	case ANNUAL_DAYS:
		buf_addf(b, "年%d月%d日至", d.m1, d.d1);
		if (d.y2 != d.y1)
			buf_addf(b, "%d年", d.y2);
		buf_addf(b, "%d月%d日", d.m2, d.d2);
		break;
	}
	if (a->running && (d.what == ANNUAL_YEAR || d.what == ANNUAL_QUARTER || d.what == ANNUAL_MONTH))
		buf_adds(b, "以来");
}

/* A sentence begins; the first one with time and place. */
static void begin(struct annual *a)
{
	if (a->text.n)
		return;
	when(a);
	buf_addf(&a->text, "，%s", place(a));
}

static void end(struct annual *a)
{
	buf_adds(&a->text, "。");
}

static void rate(struct annual *a, const char *clause, const char *figure, const char *name)
{
	const struct annual_value *v = annual_total(a, figure);

	if (!v || v->den <= 0)
		return;
	buf_addf(&a->text, "，%s%s", name, annual_at_least(v, 90) ? "达" : "为");
	annual_number(a, clause, v, "%s", v->display);
}

/* ------------------------------------------------------------------ patrols */

static void growth(struct annual *a, const char *clause, const char *figure)
{
	struct annual_dates d;
	char percent[32];
	int sign;
	const struct annual_value *was = annual_growth(a, figure, percent, &sign);

	if (!was)
		return;
	annual_dates(a, &d);
	buf_addf(&a->text, "，较上年%s", d.what == ANNUAL_YEAR && !a->running ? "" : "同期");
	if (sign == 0)
		annual_number(a, clause, was, "持平");
	else
		annual_number(a, clause, was, "%s%s%%", sign > 0 ? "增长" : "下降", percent);
}

/* What was looked for along the way: only what there are checks of. */
static void topics(struct annual *a)
{
	static const char *const burning[] = {"burn_straw", "burn_waste", "burn_weeds", "burn_leaves"};
	struct list l = {a, "聚焦", 0};
	const struct annual_value *v;
	bool four = false;

	for (size_t i = 0; i < ARRAY_LEN(burning); i++)
		four |= (v = annual_find(&a->now, "inspections", "", burning[i])) && v->num > 0;
	if (four)
		buf_adds(item(&l), "“四烧”");
	if ((v = annual_find(&a->now, "inspections", "", "dumping_check")) && v->num > 0)
		buf_adds(item(&l), "河道偷倒建筑垃圾");
	if (l.n)
		buf_adds(&a->text, "等行为，");
}

static void routes(struct annual *a)
{
	static const struct {
		const char *code, *name;
	} way[] = {{"river", "河道"}, {"gully", "沟道"}, {"road", "公路沿线"}};
	struct list l = {a, "加大", 0};
	const struct annual_value *v;

	for (size_t i = 0; i < ARRAY_LEN(way); i++)
		if ((v = annual_find(&a->now, "patrols", "", way[i].code)) && v->num > 0)
			buf_adds(item(&l), way[i].name);
	if (l.n)
		buf_adds(&a->text, "巡查监管力度，");
}

static const char *level_name(const char *level)
{
	if (strcmp(level, "district") == 0)
		return "区级";
	if (strcmp(level, "town") == 0)
		return "镇级";
	return strcmp(level, "community") == 0 ? "社区" : "网格";
}

static void patrols(struct annual *a)
{
	const struct annual_value *all = annual_total(a, "patrols"), *v;
	size_t pos = 0, n = 0;

	if (!all)
		return;
	begin(a);
	buf_adds(&a->text, "落实网格化管理制度，");
	topics(a);
	routes(a);
	while ((v = annual_part(a, "river_patrols", &pos))) {
		buf_addf(&a->text, "%s%s河长巡河", n++ ? "，" : "", level_name(v->level));
		annual_number(a, "patrols", v, "%s次", v->display);
	}
	if (n)
		growth(a, "patrols", "river_patrols");
	buf_adds(&a->text, n ? "；共开展各类巡查" : "共开展各类巡查");
	annual_number(a, "patrols", all, "%s次", all->display);
	growth(a, "patrols", "patrols");
	end(a);
}

/* ------------------------------------------------------------------ what was found */

/* "其中消防120处、建筑施工45处" */
static void parts(struct annual *a, const char *clause, const char *figure, const char *unit)
{
	const struct annual_value *v;
	struct list l = {a, "，其中", 0};
	size_t pos = 0;

	while ((v = annual_part(a, figure, &pos))) {
		buf_adds(item(&l), annual_part_name(v));
		annual_number(a, clause, v, "%s%s", v->display, unit);
	}
}

static void inspections(struct annual *a)
{
	const struct annual_value *all = annual_total(a, "inspections");

	if (!all)
		return;
	begin(a);
	buf_adds(&a->text, "开展专项检查");
	annual_number(a, "inspections", all, "%s次", all->display);
	parts(a, "inspections", "inspections", "次");
	end(a);
}

/* "，已整改296处，整改率达98.7%"; all of them: "，已全部整改" */
static void rectified(struct annual *a, const char *clause, const struct annual_value *found, const char *figure, const char *unit,
	const char *share)
{
	const struct annual_value *v = annual_total(a, figure);

	if (!v)
		return;
	buf_adds(&a->text, "，");
	if (v->num == found->num) {
		annual_number(a, clause, v, "已全部整改");
		return;
	}
	buf_adds(&a->text, "已整改");
	annual_number(a, clause, v, "%s%s", v->display, unit);
	if (share)
		rate(a, clause, share, "整改率");
}

static void hazards(struct annual *a)
{
	const struct annual_value *found = annual_total(a, "hazards_found");

	if (!found)
		return;
	begin(a);
	buf_adds(&a->text, "累计排查各类安全隐患");
	annual_number(a, "hazards", found, "%s处", found->display);
	parts(a, "hazards", "hazards_found", "处");
	rectified(a, "hazards", found, "hazards_rectified", "处", "hazard_rate");
	end(a);
}

static void findings(struct annual *a)
{
	const struct annual_value *found = annual_total(a, "findings_found");

	if (!found)
		return;
	begin(a);
	buf_adds(&a->text, "巡查发现问题");
	annual_number(a, "findings", found, "%s处", found->display);
	parts(a, "findings", "findings_found", "处");
	rectified(a, "findings", found, "findings_rectified", "处", NULL);
	end(a);
}

/* ------------------------------------------------------------------ people's affairs */

static void settled_by(struct annual *a)
{
	static const char *const who[][2] = {{"district", "区级"}, {"town", "镇级"}, {"community", "社区"}, {"grid", "网格"}};
	struct list l = {a, "，其中", 0};
	const struct annual_value *v;

	for (size_t i = ARRAY_LEN(who); i-- > 0;)
		if ((v = annual_find(&a->now, "disputes_by_level", who[i][0], "")) && v->has && v->num > 0) {
			buf_addf(item(&l), "%s化解", who[i][1]);
			annual_number(a, "disputes", v, "%s件", v->display);
		}
}

/* A good rate is told as towns tell it, by the whole percent that it passes: 98%以上. */
static void success(struct annual *a)
{
	const struct annual_value *v = annual_total(a, "dispute_rate");
	int64_t percent;
	bool exact;

	if (!v || v->den <= 0)
		return;
	if (!annual_at_least(v, 90)) {
		rate(a, "disputes", "dispute_rate", "调处成功率");
		return;
	}
	percent = annual_floor(v, &exact);
	buf_adds(&a->text, exact ? "，调处成功率达" : "，调处成功率");
	annual_number(a, "disputes", v, exact ? "%lld%%" : "%lld%%以上", (long long)percent);
}

static void disputes(struct annual *a)
{
	const struct annual_value *found = annual_total(a, "disputes_found"), *v;

	if (!found)
		return;
	begin(a);
	buf_adds(&a->text, "排查调处矛盾纠纷");
	annual_number(a, "disputes", found, "%s件", found->display);
	if ((v = annual_total(a, "disputes_settled"))) {
		buf_adds(&a->text, "，调处成功");
		annual_number(a, "disputes", v, "%s件", v->display);
		success(a);
		settled_by(a);
	}
	end(a);
}

static void satisfaction(struct annual *a)
{
	const struct annual_value *v = annual_total(a, "appeal_satisfaction"), *none = annual_total(a, "appeals_no_contact");

	if (!v || v->den <= 0)
		return;
	rate(a, "appeals", "appeal_satisfaction", "群众评议满意度");
	buf_addf(&a->text, "（回访评价%lld件", (long long)v->den);
	if (none) {
		buf_adds(&a->text, "，未联系上");
		annual_number(a, "appeals", none, "%s件", none->display);
		buf_adds(&a->text, "不计");
	}
	buf_adds(&a->text, "）");
}

static void appeals(struct annual *a)
{
	const struct annual_value *all = annual_total(a, "appeals_received"), *closed = annual_total(a, "appeals_closed");

	if (!all)
		return;
	begin(a);
	buf_adds(&a->text, "收集各类群众诉求");
	annual_number(a, "appeals", all, "%s起（件）", all->display);
	if (closed) {
		buf_adds(&a->text, "，办结");
		annual_number(a, "appeals", closed, "%s起（件）", closed->display);
		rate(a, "appeals", "appeal_close_rate", "办结率");
	}
	satisfaction(a);
	end(a);
}

#define ISSUERS 3 /* that are named, those with most first; of more, these and how many there are */

static void issuers(struct annual *a)
{
	const struct annual_value *v, *most[ISSUERS + 1];
	struct list l = {a, "", 0};
	size_t pos = 0, n = 0, kept = 0, i;

	while ((v = annual_part(a, "rectify_total", &pos))) {
		n++;
		for (i = kept; i > 0 && most[i - 1]->num < v->num; i--)
			most[i] = most[i - 1];
		most[i] = v;
		kept += kept < ISSUERS;
	}
	for (i = 0; i < kept; i++)
		buf_adds(item(&l), annual_part_name(most[i]));
	if (n > ISSUERS)
		buf_addf(&a->text, "等%zu家单位", n);
	else if (n == 0)
		buf_adds(&a->text, "上级");
}

static void assigned(struct annual *a)
{
	const struct annual_value *all = annual_total(a, "rectify_total"), *done = annual_total(a, "rectify_done");

	if (!all)
		return;
	begin(a);
	issuers(a);
	buf_adds(&a->text, "交办的");
	annual_number(a, "rectify", all, "%s项问题", all->display);
	if (done) {
		buf_adds(&a->text, "，");
		if (done->num == all->num) {
			annual_number(a, "rectify", done, "已全面整改完成");
		} else {
			buf_adds(&a->text, "已完成整改");
			annual_number(a, "rectify", done, "%s项", done->display);
		}
	}
	end(a);
}

static void households(struct annual *a)
{
	const struct annual_value *h = annual_total(a, "monitored_households"), *p = annual_total(a, "monitored_persons");
	const struct annual_value *rh = annual_total(a, "risk_removed_households"), *rp = annual_total(a, "risk_removed_persons");

	if (!h)
		return;
	if (a->text.n)
		buf_adds(&a->text, place(a));
	begin(a);
	buf_adds(&a->text, "监测对象");
	annual_number(a, "households", h, "%s户", h->display);
	if (p)
		annual_number(a, "households", p, "%s人", p->display);
	if (rh) {
		buf_adds(&a->text, "中已消除风险");
		annual_number(a, "households", rh, "%s户", rh->display);
		if (rp)
			annual_number(a, "households", rp, "%s人", rp->display);
	}
	end(a);
}

static void visits(struct annual *a)
{
	const struct annual_value *all = annual_total(a, "visits"), *v;

	if (!all)
		return;
	begin(a);
	buf_adds(&a->text, "开展入户走访");
	annual_number(a, "visits", all, "%s次", all->display);
	if ((v = annual_total(a, "visited_households"))) {
		buf_adds(&a->text, "，走访");
		annual_number(a, "visits", v, "%s户", v->display);
	}
	if ((v = annual_total(a, "visit_staff"))) {
		buf_adds(&a->text, "，参与干部");
		annual_number(a, "visits", v, "%s人次", v->display);
	}
	if ((v = annual_total(a, "aid"))) {
		buf_adds(&a->text, "，发放慰问金");
		annual_number(a, "visits", v, "%.*s%s", annual_short(v), v->display, v->unit);
	}
	end(a);
}

static void works(struct annual *a)
{
	const struct annual_value *v;
	struct list l = {a, "", 0};
	size_t pos = 0;

	while ((v = annual_part(a, "works", &pos))) {
		if (l.n == 0)
			begin(a);
		buf_adds(item(&l), annual_part_name(v));
		annual_number(a, "works", v, "%s%s", v->display, v->unit);
	}
	if (l.n)
		end(a);
}

/* ------------------------------------------------------------------ what it is as of */

static void corrections(struct annual *a)
{
	struct list l = {a, "：", 0};

	if (!a->corrections)
		return;
	buf_addf(&a->text, "封账后收到的更正%zu项，未计入上述数字", a->corrections);
	for (size_t i = 0; i < a->corrections && i < ANNUAL_CORRECTIONS; i++) {
		const struct annual_correction *c = &a->correction[i];

		buf_addf(item(&l), "%d年%d月%s", c->month / 100, c->month % 100, c->name);
		if (*c->level || *c->category)
			buf_addf(&a->text, "（%s）", *c->level ? level_name(c->level) : *c->category_name ? c->category_name : c->category);
		buf_addf(&a->text, "%s改为%s", c->before, c->after);
	}
	buf_adds(&a->text, a->corrections > ANNUAL_CORRECTIONS ? "等。" : "。");
}

void annual_chinese(struct annual *a)
{
	int y, m, d;

	patrols(a);
	inspections(a);
	hazards(a);
	findings(a);
	disputes(a);
	appeals(a);
	assigned(a);
	households(a);
	visits(a);
	works(a);
	if (!a->text.n) {
		when(a);
		buf_adds(&a->text, "，");
		buf_addf(&a->text, "%s没有巡查、案件、走访等记录。", place(a));
	}
	corrections(a);
	civil_split(civil_day(a->as_of_ms), &y, &m, &d);
	buf_addf(&a->text, "（数据截至%d年%d月%d日，提交号%lld，由巡格系统生成；口径见附表。）", y, m, d, (long long)a->as_of);
}
