#include "schema/exports/workbook_sheets.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/civil.h"
#include "schema/exports/sumsheet.h"

#define EN(d) ((d)->w->english)

/* ------------------------------------------------------------------ words */

static bool whole_months(int32_t from, int32_t to)
{
	return civil_month_first(from) == from && civil_month_first(to) == to;
}

void wb_period(const struct table_world *w, char *out, size_t room)
{
	int y1, m1, d1, y2, m2, d2;
	bool en = w->english, months = whole_months(w->from_day, w->to_day);

	civil_split(w->from_day, &y1, &m1, &d1);
	civil_split(w->to_day - 1, &y2, &m2, &d2);
	if (months && y1 == y2 && m1 == 1 && m2 == 12)
		snprintf(out, room, en ? "%d" : "%d年", y1);
	else if (months && y1 == y2 && m1 == m2)
		snprintf(out, room, en ? "%04d-%02d" : "%d年%d月", y1, m1);
	else if (months && y1 == y2)
		snprintf(out, room, en ? "%04d-%02d to %02d" : "%d年%d—%d月", y1, m1, m2);
	else if (w->from_day + 1 == w->to_day)
		snprintf(out, room, en ? "%04d-%02d-%02d" : "%d年%d月%d日", y1, m1, d1);
	else
		snprintf(out, room, en ? "%04d-%02d-%02d to %04d-%02d-%02d" : "%d年%d月%d日至%d年%d月%d日", y1, m1, d1, y2, m2, d2);
}

void wb_who(const struct table_world *w, char *out, size_t room)
{
	snprintf(out, room, "%s", w->place_name[0] ? w->place_name : w->english ? "all" : "全部");
}

/* 2026-11-24T10:55:14.864+08:00 as 2026-11-24 10:55 */
static void minute(int64_t ms, char out[CIVIL_INSTANT_TEXT])
{
	civil_instant_text(ms, out);
	out[10] = ' ';
	out[16] = '\0';
}

void wb_what(const struct table_world *w, char *out, size_t room)
{
	char from[CIVIL_DAY_TEXT], last[CIVIL_DAY_TEXT], as_of[CIVIL_INSTANT_TEXT];

	civil_day_text(w->from_day, from);
	civil_day_text(w->to_day - 1, last);
	minute(w->as_of_ms, as_of);
	snprintf(out, room, w->english ? "%s to %s, as of %s (commit %lld)" : "%s 至 %s，数据截至 %s（提交号 %lld）", from, last, as_of,
		(long long)w->as_of);
}

static const char *level_name(int i, bool en)
{
	static const char *const zh[] = {"区级", "镇级", "社区级", "网格级", "未任职"};
	static const char *const english[] = {"District", "Town", "Community", "Grid", "No appointment"};

	return en ? english[i] : zh[i];
}

const char *wb_class_name(const char *klass, bool en)
{
	static const char *const names[][3] = {
		{"hazard", "安全隐患", "Hazard"}, {"finding", "巡查问题", "Finding"}, {"appeal", "群众诉求", "Appeal"},
		{"dispute", "矛盾纠纷", "Dispute"}, {"rectify", "交办整改", "Rectification"},
	};

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (strcmp(names[i][0], klass) == 0)
			return names[i][en ? 2 : 1];
	return klass;
}

static const char *period_name(enum duty_period p, bool en)
{
	static const char *const zh[DUTY_PERIODS] = {"—", "每日", "每周", "每旬", "每半月", "每月", "每两月", "每季度", "每年"};

	return en ? duty_period_name(p) : zh[p];
}

/* A sheet's name, its title and its second row. */
struct face {
	struct sumsheet s;
	struct sumsheet_ask ask;
	char title[400], who[256], what[200];
};

static void face_begin(struct face *f, const struct wb_data *d, struct xlsx *x, const char *name, const char *title, const char *unit,
	const struct sumcol *col, int cols, bool total)
{
	char period[64];

	wb_period(d->w, period, sizeof(period));
	wb_who(d->w, f->who, sizeof(f->who));
	wb_what(d->w, f->what, sizeof(f->what));
	snprintf(f->title, sizeof(f->title), EN(d) ? "%s: %s, %s" : "%s%s%s", EN(d) ? title : d->w->place_name[0] ? f->who : "",
		EN(d) ? f->who : period, EN(d) ? period : title);
	f->ask = (struct sumsheet_ask){.name = name, .title = f->title, .who = f->who, .what = f->what, .unit = unit, .col = col,
		.cols = cols, .english = EN(d), .total = total};
	sumsheet_begin(&f->s, x, &f->ask);
}

/* ------------------------------------------------------------------ 1: levels */

static const char *before_name(const struct wb_data *d)
{
	int32_t from = d->w->from_day, to = d->w->to_day;

	if (whole_months(from, to) && to - from <= 31)
		return EN(d) ? "Month before" : "上月实巡";
	if (whole_months(from, to) && civil_year_first(from) == from && civil_year_first(to) == to && to - from <= 366)
		return EN(d) ? "Year before" : "上年实巡";
	return EN(d) ? "Period before" : "上期实巡";
}

void wb_sheet_levels(const struct wb_data *d, struct xlsx *x, struct wb_sums *sums)
{
	const struct sumcol col[] = {
		{"序号", "No.", 6, SUMCOL_NUMBER, 0, 0},
		{"级别", "Level", 13, SUMCOL_CENTER, 0, 0},
		{"责任人数", "People with duties", 10, SUMCOL_INT, 0, 0},
		{"应巡次数", "Owed", 10, SUMCOL_INT, 0, 0},
		{"实巡次数", "Made", 10, SUMCOL_INT, 0, 0},
		{"有效巡查", "Valid", 10, SUMCOL_INT, 0, 0},
		{"完成率", "Made of owed", 10, SUMCOL_RATE2, 4, 3},
		{"逾期人次", "Missed duties", 10, SUMCOL_INT, 0, 0},
		{"上报隐患", "Hazards reported", 10, SUMCOL_INT, 0, 0},
		{"今日实巡", "Today", 10, SUMCOL_INT, 0, 0},
		{"本年累计", "This year", 10, SUMCOL_INT, 0, 0},
		{before_name(d), before_name(d), 10, SUMCOL_INT, 0, 0},
		{"增减", "Change", 9, SUMCOL_DIFF, 4, 11},
		{"幅度", "Change in %", 10, SUMCOL_GROWTH, 4, 11},
	};
	static const char *const zh[] = {
		"注：1. 应巡次数为期内到期的履职任务应巡次数之和；"
		"实巡次数按巡查开始之日计（含未结束、判定无效者）；有效巡查为系统判定有效者；"
		"完成率＝实巡÷应巡，可超过100%。",
		"2. 逾期人次为期内到期而未完成的履职任务数；上报隐患含安全隐患和巡查问题，"
		"按上报人当日任职级别计；本年累计自统计期所在年1月1日起，至统计期末止；今日为计算时点当日。",
	};
	static const char *const en[] = {
		"Note 1. Owed: what the duties that fell due in the period asked for. Made: patrols by the day of their start, also those not ended or "
		"judged invalid. Made of owed may exceed 100 %.",
		"2. Missed: duties that fell due in the period and were not done. Hazards, findings among them: by the level of who reported. This year: "
		"from 1 January of the period's year to its end. Today: the day of the instant.",
	};
	struct face f;

	face_begin(&f, d, x, EN(d) ? "1 By level" : "1 履职汇总", EN(d) ? "Patrol duties by level" : "巡查履职情况汇总表",
		EN(d) ? "times" : "人、次", col, ARRAY_LEN(col), true);
	for (int i = 0; i < WORKBOOK_LEVELS; i++) {
		const struct wb_level *l = &d->level[i];

		if ((i == 0 || i == WORKBOOK_LEVELS - 1) && !l->people && !l->patrols && !l->found && !l->year && !l->before && !l->today)
			continue;
		sumsheet_text(&f.s, level_name(i, EN(d)));
		sumsheet_int(&f.s, l->people);
		sumsheet_int(&f.s, l->need);
		sumsheet_int(&f.s, l->patrols);
		sumsheet_int(&f.s, l->valid);
		sumsheet_int(&f.s, l->overdue);
		sumsheet_int(&f.s, l->found);
		sumsheet_int(&f.s, l->today);
		sumsheet_int(&f.s, l->year);
		sumsheet_int(&f.s, l->before);
		sumsheet_row(&f.s);
		sums->patrols += l->patrols;
		sums->found += l->found;
	}
	sumsheet_end(&f.s, EN(d) ? en : zh, 2);
}

/* ------------------------------------------------------------------ 2: places */

static int by_code(const void *a, const void *b)
{
	const struct wb_place *const *x = a, *const *y = b;

	return strcmp((*x)->code, (*y)->code);
}

static const char *grid_name(const struct wb_place *p, bool en)
{
	switch (area_level(slice_of(p->code))) {
	case AREA_GRID: return p->name;
	case AREA_COMMUNITY: return en ? "(community itself)" : "（社区本级）";
	case AREA_TOWN: return en ? "(town itself)" : "（镇本级）";
	case AREA_DISTRICT: return en ? "(district itself)" : "（区本级）";
	default: return en ? "(place unknown)" : "（地点不明）";
	}
}

void wb_sheet_places(struct wb_data *d, struct xlsx *x, struct wb_sums *sums)
{
	static const struct sumcol col[] = {
		{"序号", "No.", 6, SUMCOL_NUMBER, 0, 0},
		{"社区", "Community", 16, SUMCOL_TEXT, 0, 0},
		{"网格", "Grid", 18, SUMCOL_TEXT, 0, 0},
		{"网格员", "Workers", 16, SUMCOL_TEXT, 0, 0},
		{"应巡", "Owed", 10, SUMCOL_INT, 0, 0},
		{"实巡", "Made", 10, SUMCOL_INT, 0, 0},
		{"完成率", "Made of owed", 11, SUMCOL_RATE2, 5, 4},
		{"上报", "Reported", 10, SUMCOL_INT, 0, 0},
		{"办结", "Closed", 10, SUMCOL_INT, 0, 0},
		{"办结率", "Closed of reported", 11, SUMCOL_RATE2, 8, 7},
		{"最近巡查", "Last patrol", 18, SUMCOL_INSTANT, 0, 0},
	};
	static const char *const zh[] = {
		"注：实巡为计入该网格的全部巡查（按开始之日）；应巡为该网格除河长任务以外的履职任务；"
		"上报、办结为期内上报的各类案件（同批次，截至提交号），办结率＝办结÷上报。"
		"社区本级、镇本级为未落到网格的部分。",
	};
	static const char *const en[] = {
		"Note. Made: all patrols counted for the grid, by the day of their start. Owed: duties there but those of chiefs. Reported, closed: cases of "
		"all classes reported in the period and closed as of the commit. Rows in brackets: what belongs to no grid.",
	};
	struct face f;

	face_begin(&f, d, x, EN(d) ? "2 By grid" : "2 分网格", EN(d) ? "Patrols and cases by grid" : "分网格巡查办件统计表",
		EN(d) ? "times, cases" : "次、件", col, ARRAY_LEN(col), true);
	if (d->places.n)
		qsort(d->places.row, d->places.n, sizeof(*d->places.row), by_code);
	for (size_t i = 0; i < d->places.n; i++) {
		const struct wb_place *p = d->places.row[i];

		sumsheet_text(&f.s, p->community[0] ? p->community : "—");
		sumsheet_text(&f.s, grid_name(p, EN(d)));
		sumsheet_text(&f.s, p->workers.n ? p->workers.p : "—");
		sumsheet_int(&f.s, p->need);
		sumsheet_int(&f.s, p->patrols);
		sumsheet_int(&f.s, p->received);
		sumsheet_int(&f.s, p->closed);
		sumsheet_instant(&f.s, p->last_ms);
		sumsheet_row(&f.s);
		sums->places_patrols += p->patrols;
		sums->places_cases += p->received;
	}
	sumsheet_end(&f.s, EN(d) ? en : zh, 1);
}

/* ------------------------------------------------------------------ 3: reaches */

static int by_river(const void *a, const void *b)
{
	const struct wb_reach *x = *(const struct wb_reach *const *)a, *y = *(const struct wb_reach *const *)b;
	int n = strcmp(x->river, y->river);

	if (n == 0)
		n = strcmp(x->target, y->target);
	if (n == 0)
		n = wb_level_index(x->level) - wb_level_index(y->level);
	return n ? n : strcmp(x->person, y->person);
}

void wb_sheet_reaches(struct wb_data *d, struct xlsx *x)
{
	static const struct sumcol col[] = {
		{"序号", "No.", 5, SUMCOL_NUMBER, 0, 0},
		{"河流", "River", 11, SUMCOL_TEXT, 0, 0},
		{"河段", "Reach", 20, SUMCOL_TEXT, 0, 0},
		{"级别", "Level", 10, SUMCOL_CENTER, 0, 0},
		{"河长", "Chief", 9, SUMCOL_CENTER, 0, 0},
		{"应巡", "Owed", 8, SUMCOL_INT, 0, 0},
		{"实巡", "Made", 8, SUMCOL_INT, 0, 0},
		{"有效", "Valid", 8, SUMCOL_INT, 0, 0},
		{"巡河率", "Made of owed", 10, SUMCOL_RATE2, 6, 5},
		{"里程(km)", "Distance (km)", 10, SUMCOL_DEC, 0, 0},
		{"时长(小时)", "Time (hours)", 10, SUMCOL_DEC, 0, 0},
		{"发现问题", "Found", 8, SUMCOL_INT, 0, 0},
		{"已整改", "Rectified", 8, SUMCOL_INT, 0, 0},
		{"整改率", "Rectified of found", 10, SUMCOL_RATE2, 12, 11},
		{"最近巡河", "Last patrol", 17, SUMCOL_INSTANT, 0, 0},
	};
	static const char *const zh[] = {
		"注：实巡为河长对河道、沟道的巡查（委托巡查计入委托人），按开始之日和当日任职级别计；"
		"巡河率＝实巡÷应巡，可超过100%；发现问题为巡河途中上报的案件，"
		"已整改为其中办结且结果为整改完成、办结者。",
	};
	static const char *const en[] = {
		"Note. Made: patrols of rivers and gullies by a chief (a delegated one counts for who delegated it), by the day of their start and the level "
		"held that day. Found: cases reported on these patrols; rectified: those of them closed as rectified or done.",
	};
	struct face f;

	face_begin(&f, d, x, EN(d) ? "3 River chiefs" : "3 河长巡河", EN(d) ? "Patrols of the river chiefs" : "河长巡河情况统计表",
		EN(d) ? "times, cases" : "次、件", col, ARRAY_LEN(col), true);
	if (d->reaches.n)
		qsort(d->reaches.row, d->reaches.n, sizeof(*d->reaches.row), by_river);
	for (size_t i = 0; i < d->reaches.n; i++) {
		const struct wb_reach *p = d->reaches.row[i];

		sumsheet_text(&f.s, p->river[0] ? p->river : "—");
		sumsheet_text(&f.s, p->target[0] ? p->name : EN(d) ? "(any)" : "（责任河段）");
		sumsheet_text(&f.s, level_name(wb_level_index(p->level), EN(d)));
		sumsheet_text(&f.s, p->chief);
		sumsheet_int(&f.s, p->need);
		sumsheet_int(&f.s, p->patrols);
		sumsheet_int(&f.s, p->valid);
		sumsheet_int(&f.s, p->metres);
		sumsheet_int(&f.s, (p->seconds * 1000 + 1800) / 3600);
		sumsheet_int(&f.s, p->found);
		sumsheet_int(&f.s, p->fixed);
		sumsheet_instant(&f.s, p->last_ms);
		sumsheet_row(&f.s);
	}
	sumsheet_end(&f.s, EN(d) ? en : zh, 1);
}

/* ------------------------------------------------------------------ 4, 7: cases by category */

static int64_t cases_sheet(const struct wb_data *d, struct xlsx *x, const char *name, const char *title, const char *const *klass, int n,
	int64_t *voided)
{
	static const struct sumcol col[] = {
		{"序号", "No.", 6, SUMCOL_NUMBER, 0, 0},
		{"类别", "Class", 13, SUMCOL_CENTER, 0, 0},
		{"类型", "Category", 20, SUMCOL_TEXT, 0, 0},
		{"受理", "Received", 9, SUMCOL_INT, 0, 0},
		{"立案", "Accepted", 9, SUMCOL_INT, 0, 0},
		{"应结案", "Due", 9, SUMCOL_INT, 0, 0},
		{"结案", "Closed", 9, SUMCOL_INT, 0, 0},
		{"结案率", "Closed of due", 10, SUMCOL_RATE2, 6, 5},
		{"按期结案", "Closed in time", 10, SUMCOL_INT, 0, 0},
		{"按期结案率", "In time of due", 11, SUMCOL_RATE2, 8, 5},
		{"返工", "Reworked", 9, SUMCOL_INT, 0, 0},
		{"延期", "Extended", 9, SUMCOL_INT, 0, 0},
		{"超期未结", "Overdue", 10, SUMCOL_INT, 0, 0},
	};
	static const char *const zh[] = {
		"注：受理、立案按上报之日计；应结案为办结时限在期内的案件，"
		"结案、按期结案、返工、延期均指其中（同批次，截至提交号）；结案率＝结案÷应结案，"
		"按期结案率＝按期结案÷应结案；超期未结为计算时点已过时限而未处置的全部案件，不限期内上报。",
	};
	static const char *const en[] = {
		"Note. Received, accepted: by the day of the report. Due: cases whose deadline lies in the period; closed, in time, reworked, extended: of "
		"these, as of the commit. Overdue: all that are open past their deadline at the instant, whenever they were reported.",
	};
	struct face f;
	int64_t received = 0;

	face_begin(&f, d, x, name, title, EN(d) ? "cases" : "件", col, ARRAY_LEN(col), true);
	for (int k = 0; k < n; k++) {
		for (size_t i = 0; i < d->categories.n; i++) {
			const struct wb_category *c = d->categories.row[i];

			if (strcmp(c->klass, klass[k]) != 0)
				continue;
			sumsheet_text(&f.s, wb_class_name(c->klass, EN(d)));
			sumsheet_text(&f.s, c->name);
			sumsheet_int(&f.s, c->received);
			sumsheet_int(&f.s, c->accepted);
			sumsheet_int(&f.s, c->due);
			sumsheet_int(&f.s, c->closed);
			sumsheet_int(&f.s, c->on_time);
			sumsheet_int(&f.s, c->reworked);
			sumsheet_int(&f.s, c->extended);
			sumsheet_int(&f.s, c->overdue);
			sumsheet_row(&f.s);
			received += c->received;
			*voided += c->voided;
		}
	}
	sumsheet_end(&f.s, EN(d) ? en : zh, 1);
	return received;
}

void wb_sheet_hazards(const struct wb_data *d, struct xlsx *x, struct wb_sums *sums)
{
	static const char *const klass[] = {"hazard", "finding"};

	sums->hazards = cases_sheet(d, x, EN(d) ? "4 Hazards" : "4 隐患办结", EN(d) ? "Hazards and findings" : "隐患问题办结情况统计表", klass, 2,
		&sums->hazards_void);
}

void wb_sheet_others(const struct wb_data *d, struct xlsx *x, struct wb_sums *sums)
{
	static const char *const klass[] = {"appeal", "dispute", "rectify"};

	sums->others = cases_sheet(d, x, EN(d) ? "7 Appeals, disputes, items" : "7 诉求纠纷交办",
		EN(d) ? "Appeals, disputes, rectification items" : "群众诉求、矛盾纠纷、交办整改办结情况统计表", klass, 3, &sums->others_void);
}

/* ------------------------------------------------------------------ 6: who is overdue */

static int by_days(const void *a, const void *b)
{
	const struct wb_overdue *x = *(const struct wb_overdue *const *)a, *y = *(const struct wb_overdue *const *)b;

	if (x->days != y->days)
		return x->days > y->days ? -1 : 1;
	return x->nth < y->nth ? -1 : 1;
}

void wb_sheet_overdue(struct wb_data *d, struct xlsx *x)
{
	static const struct sumcol col[] = {
		{"序号", "No.", 6, SUMCOL_NUMBER, 0, 0},
		{"姓名", "Name", 14, SUMCOL_CENTER, 0, 0},
		{"级别", "Level", 13, SUMCOL_CENTER, 0, 0},
		{"责任网格/河段", "Grid or reach", 30, SUMCOL_TEXT, 0, 0},
		{"应巡周期", "Period", 14, SUMCOL_CENTER, 0, 0},
		{"上次巡查", "Last patrol", 20, SUMCOL_INSTANT, 0, 0},
		{"逾期天数", "Days overdue", 12, SUMCOL_PLAIN, 0, 0},
		{"本期应巡", "Due now", 11, SUMCOL_PLAIN, 0, 0},
		{"本期实巡", "Done now", 11, SUMCOL_PLAIN, 0, 0},
		{"提醒次数", "Reminders", 11, SUMCOL_PLAIN, 0, 0},
	};
	char text[400], at[CIVIL_INSTANT_TEXT];
	const char *const notes[] = {text};
	struct face f;

	face_begin(&f, d, x, EN(d) ? "6 Overdue" : "6 逾期名单", EN(d) ? "Overdue patrols" : "逾期未巡名单", EN(d) ? "days, times" : "天、次", col,
		ARRAY_LEN(col), false);
	if (d->overdue.n)
		qsort(d->overdue.row, d->overdue.n, sizeof(*d->overdue.row), by_days);
	for (size_t i = 0; i < d->overdue.n; i++) {
		const struct wb_overdue *p = d->overdue.row[i];

		sumsheet_text(&f.s, p->name[0] ? p->name : "—");
		sumsheet_text(&f.s, level_name(wb_level_index(p->level), EN(d)));
		sumsheet_text(&f.s, p->place[0] ? p->place : EN(d) ? "(any of theirs)" : "（任一责任网格/河段）");
		sumsheet_text(&f.s, period_name(p->period, EN(d)));
		sumsheet_instant(&f.s, p->last_ms);
		sumsheet_decimal(&f.s, p->days, 0);
		sumsheet_decimal(&f.s, p->need, 0);
		sumsheet_decimal(&f.s, p->done, 0);
		sumsheet_decimal(&f.s, p->told, 0);
		sumsheet_row(&f.s);
	}
	minute(d->w->at_ms, at);
	snprintf(text, sizeof(text), EN(d) ? "Note. As things stand at %s. Days: counted from the end of the last missed period. Due, done: of this period. Reminders: by the office."
		: "注：逾期情况为计算时点 %s 的状态；逾期天数自应巡周期届满起算；"
		  "本期应巡、实巡为当前周期的数；提醒次数为自逾期起管理人员催办的次数。", at);
	sumsheet_end(&f.s, notes, 1);
}
