#include "schema/figures.h"

#include <stdlib.h>
#include <string.h>

#include "schema/sql.h"

#define LEVELS {"district", "town", "community", "grid"}
#define COHORT "按上报时间的日期（+08:00）和上报地点计；"
#define AS_OF_CLOSED "同批次：上报在期内，截至数据提交号已办结"
#define NO_VOIDED "作废的不计"

const struct plain_figure plain_figures[] = {
	{"river_patrols", "巡河次数", "次", FIGURES_BY_LEVEL, LEVELS, NULL,
		"river_patrols/1 河长对河道、沟道的巡查；按开始时间的日期（+08:00）和该日任职级别计；"
		"开始记录入库即计，不论是否结束、是否有效；委托的计入委托人；多样化巡河不计；作废的不计"},
	{"patrols", "巡查次数", "次", FIGURES_BY_CATEGORY, {"river", "gully", "road", "grid", "burning"}, NULL,
		"patrols/1 全部巡查，分类为巡查路线；按开始时间的日期（+08:00）计；"
		"开始记录入库即计，不论是否结束、是否有效；多样化巡河不计；作废的不计"},
	{"river_patrols_valid", "有效巡河", "次", FIGURES_BY_LEVEL, LEVELS, NULL,
		"river_patrols_valid/1 巡河次数（river_patrols/1）中按适用的履职规则判为有效的；"
		"按开始时间的日期（+08:00）和该日任职级别计；" NO_VOIDED},
	{"inspections", "专项检查", "次", FIGURES_BY_CATEGORY, {NULL}, "topic",
		"inspections/1 专项检查记录，分类为检查专题；按检查时间的日期（+08:00）计，不论结果；" NO_VOIDED},
	{"hazards_found", "排查隐患", "处", FIGURES_BY_CATEGORY, {NULL}, "hazard",
		"hazards_found/1 上报的隐患案件，分类为隐患类别；" COHORT NO_VOIDED},
	{"hazards_rectified", "已整改隐患", "处", FIGURES_BY_CATEGORY, {NULL}, "hazard",
		"hazards_rectified/1 排查隐患中以“已整改”或“已完成”办结的，分类为隐患类别；" COHORT AS_OF_CLOSED "；" NO_VOIDED},
	{"findings_found", "巡查发现问题", "处", FIGURES_BY_CATEGORY, {NULL}, "finding",
		"findings_found/1 上报的巡查问题案件，分类为问题类别；" COHORT NO_VOIDED},
	{"findings_rectified", "已整改问题", "处", FIGURES_BY_CATEGORY, {NULL}, "finding",
		"findings_rectified/1 巡查发现问题中以“已整改”或“已完成”办结的，分类为问题类别；" COHORT AS_OF_CLOSED "；" NO_VOIDED},
	{"appeals_received", "诉求收集", "件", FIGURES_BY_CATEGORY, {NULL}, "appeal",
		"appeals_received/1 上报的诉求案件，分类为诉求类别；" COHORT NO_VOIDED},
	{"appeals_closed", "诉求办结", "件", FIGURES_BY_CATEGORY, {NULL}, "appeal",
		"appeals_closed/1 诉求收集中已办结的，不论结果，分类为诉求类别；" COHORT AS_OF_CLOSED "；" NO_VOIDED},
	{"disputes_found", "排查纠纷", "件", FIGURES_BY_CATEGORY, {NULL}, "dispute",
		"disputes_found/1 上报的纠纷案件，分类为纠纷类别；" COHORT NO_VOIDED},
	{"disputes_closed", "办结纠纷", "件", FIGURES_BY_CATEGORY, {NULL}, "dispute",
		"disputes_closed/1 排查纠纷中已办结的，不论结果，分类为纠纷类别；" COHORT AS_OF_CLOSED "；" NO_VOIDED},
	{"disputes_settled", "调处成功纠纷", "件", FIGURES_BY_CATEGORY, {NULL}, "dispute",
		"disputes_settled/1 排查纠纷中以书面或口头协议调解成功办结的，分类为纠纷类别；" COHORT AS_OF_CLOSED "；" NO_VOIDED},
	{"rectify_total", "交办问题", "件", FIGURES_BY_CATEGORY, {NULL}, NULL,
		"rectify_total/1 上报的交办整改案件，分类为交办单位；" COHORT NO_VOIDED},
	{"rectify_done", "已整改交办问题", "件", FIGURES_BY_CATEGORY, {NULL}, NULL,
		"rectify_done/1 交办问题中以“已整改”或“已完成”办结的，分类为交办单位；" COHORT AS_OF_CLOSED "；" NO_VOIDED},
	{"visits", "走访次数", "次", FIGURES_BY_CATEGORY, {NULL}, NULL,
		"visits/1 入户走访记录；按走访时间的日期（+08:00）计，同一户多次走访计多次；" NO_VOIDED},
	{"visit_staff", "走访人员", "人次", FIGURES_BY_CATEGORY, {NULL}, NULL,
		"visit_staff/1 各次入户走访的走访人员数之和；按走访时间的日期（+08:00）计，未填的不计；" NO_VOIDED},
};
const size_t plain_figures_n = ARRAY_LEN(plain_figures);

struct figures_part {
	int64_t n;
	char key[];
};

static struct figures_part *part_of(struct figures_sum *sum, const char *key)
{
	size_t n = strlen(key);
	struct figures_part *p = map_get(&sum->part, key, n);

	if (!p) {
		p = xcalloc(1, sizeof *p + n + 1);
		memcpy(p->key, key, n);
		(void)map_put(&sum->part, key, n, p); /* was not there */
	}
	return p;
}

void figures_add(struct figures_sum *sum, const struct figure_row *row)
{
	for (size_t f = 0; f < plain_figures_n; f++) {
		const char *key = plain_figures[f].by == FIGURES_BY_LEVEL ? row->level : row->category;

		if (strcmp(plain_figures[f].id, row->figure) != 0)
			continue;
		sum[f].total += row->n;
		if (*key)
			part_of(&sum[f], key)->n += row->n;
	}
}

enum err figures_catalogue(struct figures_sum *sum, struct store *st, int64_t as_of, int32_t from_day, int32_t to_day)
{
	sqlite3_stmt *q = sql_get(st, "SELECT class, code FROM category WHERE since <= ?1 AND (until IS NULL OR until > ?1) AND "
		"(valid_from IS NULL OR valid_from < ?3) AND (valid_to IS NULL OR valid_to >= ?2)");
	enum err e;

	sql_int(q, 1, as_of);
	sql_int(q, 2, from_day);
	sql_int(q, 3, to_day);
	while ((e = sql_row(q)) == OK)
		for (size_t f = 0; f < plain_figures_n; f++)
			if (plain_figures[f].klass && strcmp(plain_figures[f].klass, sql_cstr(q, 0)) == 0)
				(void)part_of(&sum[f], sql_cstr(q, 1)); /* that it is there is enough */
	return sql_end(q, e);
}

static bool is_fixed(const struct plain_figure *f, const char *key)
{
	for (size_t i = 0; i < FIGURES_PARTS && f->part[i]; i++)
		if (strcmp(f->part[i], key) == 0)
			return true;
	return false;
}

static int by_code(const void *a, const void *b)
{
	return strcmp((*(struct figures_part *const *)a)->key, (*(struct figures_part *const *)b)->key);
}

void figures_each(const struct plain_figure *f, const struct figures_sum *sum,
	void (*row)(void *ctx, const struct plain_figure *f, const char *part, int64_t n), void *ctx)
{
	struct figures_part **v = xcalloc(sum->part.n + 1, sizeof(struct figures_part *)), *p;
	size_t pos = 0, n = 0;

	row(ctx, f, "", sum->total);
	for (size_t i = 0; i < FIGURES_PARTS && f->part[i]; i++) {
		p = map_get(&sum->part, f->part[i], strlen(f->part[i]));
		row(ctx, f, f->part[i], p ? p->n : 0);
	}
	while ((p = map_next(&sum->part, &pos)))
		if (!is_fixed(f, p->key))
			v[n++] = p;
	qsort(v, n, sizeof(struct figures_part *), by_code);
	for (size_t i = 0; i < n; i++)
		row(ctx, f, v[i]->key, v[i]->n);
	free(v);
}

void figures_done(struct figures_sum *sum)
{
	for (size_t f = 0; f < plain_figures_n; f++) {
		size_t pos = 0;
		struct figures_part *p;

		while ((p = map_next(&sum[f].part, &pos)))
			free(p);
		map_done(&sum[f].part);
		sum[f].total = 0;
	}
}
