/* t_annual.c - the sentences of the yearly report: schema/exports/annual.c, annual_zh.c, annual_en.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/civil.h"
#include "schema/exports/annual.h"

#define TAIL "（数据截至2024年1月15日，提交号77，由巡格系统生成；口径见附表。）"

static void put_in(struct annual_set *set, const char *figure, const char *level, const char *category, const char *name,
	int64_t num, int64_t den, const char *display, const char *unit)
{
	struct figure f = {.id = figure};
	struct figure_value v = {.f = &f, .name = figure, .unit = unit, .level = level, .category = category, .category_name = name,
		.has = true, .num = num, .den = den, .definition = "x/1"};

	(void)snprintf(v.display, sizeof v.display, "%s", display);
	(void)snprintf(v.value, sizeof v.value, "%lld", (long long)num);
	annual_take(set, &v);
}

static void put(struct annual *a, const char *figure, const char *category, const char *name, int64_t num)
{
	char shown[32];

	(void)snprintf(shown, sizeof shown, "%lld", (long long)num);
	put_in(&a->now, figure, "", category, name, num, 0, shown, "个");
}

static void put_level(struct annual *a, const char *figure, const char *level, int64_t num)
{
	char shown[32];

	(void)snprintf(shown, sizeof shown, "%lld", (long long)num);
	put_in(&a->now, figure, level, "", "", num, 0, shown, "个");
}

static struct annual make(const char *from, const char *to)
{
	struct annual a = {.level = AREA_TOWN, .as_of = 77};

	assert_true(civil_parse_day(from, strlen(from), &a.from_day));
	assert_true(civil_parse_day(to, strlen(to), &a.to_day));
	a.as_of_ms = civil_day_ms(civil_make(2024, 1, 15)) + 3600000;
	return a;
}

static void expect(struct annual *a, const char *want)
{
	annual_write(a);
	assert_string_equal(a->text.p, want);
	annual_done(a);
}

/* No dangling punctuation, no 0, no empty brackets, whatever is missing. */
static void sound(const struct annual *a)
{
	static const char *const never[] = {"，，", "，。", "、。", "、，", "。，", "；。", "（）", "：。", "(null)", "  ", " .", ",.", "()", "达0", "为0"};

	for (size_t i = 0; i < sizeof never / sizeof *never; i++)
		if (strstr(a->text.p, never[i]))
			fail_msg("%s in %s", never[i], a->text.p);
}

static void test_year(void **state)
{
	struct annual a = make("2023-01-01", "2024-01-01");

	(void)state;
	put(&a, "patrols", "", "", 905);
	put(&a, "patrols", "gully", "沟道", 115);
	put(&a, "patrols", "river", "河道", 554);
	put(&a, "patrols", "road", "公路", 24);
	put_level(&a, "river_patrols", "", 579);
	put_level(&a, "river_patrols", "community", 451);
	put_level(&a, "river_patrols", "district", 0);
	put_level(&a, "river_patrols", "town", 128);
	put(&a, "hazards_found", "", "", 300);
	put(&a, "hazards_found", "hazard_other", "其他隐患", 2);
	put(&a, "hazards_found", "campus", "校园安全", 25);
	put(&a, "hazards_found", "fire", "消防安全", 273);
	put(&a, "hazards_rectified", "", "", 296);
	put_in(&a.now, "hazard_rate", "", "", "", 296, 300, "98.7%", "%");
	put(&a, "disputes_found", "", "", 328);
	put(&a, "disputes_settled", "", "", 318);
	put_in(&a.now, "dispute_rate", "", "", "", 318, 323, "98.5%", "%");
	put(&a, "appeals_received", "", "", 634);
	put(&a, "appeals_closed", "", "", 623);
	put_in(&a.now, "appeal_close_rate", "", "", "", 623, 634, "98.3%", "%");
	put_in(&a.now, "appeal_satisfaction", "", "", "", 498, 500, "99.6%", "%");
	put(&a, "rectify_total", "", "", 20);
	put(&a, "rectify_total", "区作风办", "区作风办", 8);
	put(&a, "rectify_total", "区创卫办", "区创卫办", 12);
	put(&a, "rectify_done", "", "", 20);
	put(&a, "monitored_households", "", "", 7);
	put(&a, "monitored_persons", "", "", 18);
	put(&a, "risk_removed_households", "", "", 2);
	put(&a, "risk_removed_persons", "", "", 9);
	put_in(&a.now, "works", "", "wall_painting", "粉刷墙面", 8000000, 0, "8000", "平方米");
	put_in(&a.now, "works", "", "overhead_cables", "清理“蜘蛛网”", 5000, 0, "约5", "吨");
	put_in(&a.now, "works", "", "window_bars", "拆除防盗窗", 5100000, 0, "5100", "个");
	annual_write(&a);
	sound(&a);
	assert_int_equal(a.rows, 25);
	assert_string_equal(a.row[0].text, "128次");
	assert_string_equal(a.row[0].v->level, "town");
	expect(&a, "2023年，全镇落实网格化管理制度，加大河道、沟道、公路沿线巡查监管力度，镇级河长巡河128次，社区河长巡河451次；"
		"共开展各类巡查905次。累计排查各类安全隐患300处，其中消防安全273处、校园安全25处、其他隐患2处，已整改296处，整改率达98.7%。"
		"排查调处矛盾纠纷328件，调处成功318件，调处成功率98%以上。"
		"收集各类群众诉求634起（件），办结623起（件），办结率达98.3%，群众评议满意度达99.6%（回访评价500件）。"
		"区创卫办、区作风办交办的20项问题，已全面整改完成。全镇监测对象7户18人中已消除风险2户9人。"
		"拆除防盗窗5100个、清理“蜘蛛网”约5吨、粉刷墙面8000平方米。" TAIL);
}

/* A floor is the whole percent below; whole ones are exact; below 90 the rate stands as it is. */
static void test_rates(void **state)
{
	static const struct {
		int64_t num, den;
		const char *shown, *want;
	} is[] = {
		{318, 323, "98.5%", "，调处成功率98%以上"},
		{98, 100, "98.0%", "，调处成功率达98%"},
		{100, 100, "100.0%", "，调处成功率达100%"},
		{9999, 10000, "100.0%", "，调处成功率99%以上"}, /* shown rounded it is 100: the floor is not */
		{9, 10, "90.0%", "，调处成功率达90%"},
		{899, 1000, "89.9%", "，调处成功率为89.9%"},
		{8996, 10000, "90.0%", "，调处成功率为90.0%"}, /* nor does rounding carry it over the border */
		{INT64_MAX / 2, INT64_MAX - 1, "50.0%", "，调处成功率为50.0%"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof is / sizeof *is; i++) {
		struct annual a = make("2023-01-01", "2024-01-01");
		char want[512];

		put(&a, "disputes_found", "", "", 10);
		put(&a, "disputes_settled", "", "", 9);
		put_in(&a.now, "dispute_rate", "", "", "", is[i].num, is[i].den, is[i].shown, "%");
		(void)snprintf(want, sizeof want, "2023年，全镇排查调处矛盾纠纷10件，调处成功9件%s。" TAIL, is[i].want);
		annual_write(&a);
		sound(&a);
		expect(&a, want);
	}
}

static void test_close_rate_below_ninety(void **state)
{
	struct annual a = make("2023-01-01", "2024-01-01");

	(void)state;
	put(&a, "appeals_received", "", "", 10);
	put(&a, "appeals_closed", "", "", 8);
	put_in(&a.now, "appeal_close_rate", "", "", "", 8, 10, "80.0%", "%");
	put_in(&a.now, "appeal_satisfaction", "", "", "", 0, 0, "—", "%"); /* nobody was asked */
	put(&a, "appeals_no_contact", "", "", 3);
	expect(&a, "2023年，全镇收集各类群众诉求10起（件），办结8起（件），办结率为80.0%。" TAIL);
}

static void test_periods(void **state)
{
	static const struct {
		const char *from, *to, *want;
		bool running;
	} is[] = {
		{"2023-01-01", "2024-01-01", "2023年，", false},
		{"2026-01-01", "2027-01-01", "2026年以来，", true},
		{"2023-01-01", "2023-07-01", "2023年1—6月，", false},
		{"2023-01-01", "2023-04-01", "2023年第一季度，", false},
		{"2023-10-01", "2024-01-01", "2023年第四季度，", false},
		{"2023-02-01", "2023-05-01", "2023年2—4月，", false},
		{"2024-02-01", "2024-03-01", "2024年2月，", false},
		{"2022-01-01", "2024-01-01", "2022—2023年，", false},
		{"2022-12-01", "2023-02-01", "2022年12月1日至2023年1月31日，", false},
		{"2023-01-05", "2023-02-04", "2023年1月5日至2月3日，", false},
		{"2024-02-29", "2024-03-01", "2024年2月29日，", false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof is / sizeof *is; i++) {
		struct annual a = make(is[i].from, is[i].to);
		char want[512];

		a.running = is[i].running;
		put(&a, "visits", "", "", 3);
		(void)snprintf(want, sizeof want, "%s全镇开展入户走访3次。" TAIL, is[i].want);
		expect(&a, want);
	}
}

static void test_growth(void **state)
{
	static const struct {
		int64_t now, was;
		const char *to, *want;
	} is[] = {
		{120, 100, "2024-01-01", "，较上年增长20.0%"},
		{80, 120, "2024-01-01", "，较上年下降33.3%"},
		{100, 100, "2024-01-01", "，较上年持平"},
		{100, 0, "2024-01-01", ""},
		{2001, 2000, "2024-01-01", "，较上年增长0.1%"}, /* half up */
		{150, 100, "2023-07-01", "，较上年同期增长50.0%"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof is / sizeof *is; i++) {
		struct annual a = make("2023-01-01", is[i].to);
		char want[512];

		put(&a, "patrols", "", "", is[i].now);
		put_in(&a.was, "patrols", "", "", "", is[i].was, 0, "n", "次");
		(void)snprintf(want, sizeof want, "%s，全镇落实网格化管理制度，共开展各类巡查%lld次%s。" TAIL,
			is[i].to[3] == '4' ? "2023年" : "2023年1—6月", (long long)is[i].now, is[i].want);
		annual_write(&a);
		assert_int_equal(a.rows, is[i].want[0] ? 2 : 1);
		assert_true(a.rows == 1 || a.row[1].before);
		expect(&a, want);
	}
}

/* Three who gave work are named, those of most first; of more, how many they are. */
static void test_issuers(void **state)
{
	static const char *const want[] = {"丙", "丙、甲", "丙、甲、乙", "丙、丁、甲等4家单位"};

	(void)state;
	for (int n = 1; n <= 4; n++) {
		struct annual a = make("2023-01-01", "2024-01-01");
		char text[512];

		put(&a, "rectify_total", "", "", 12);
		put(&a, "rectify_done", "", "", 11);
		put(&a, "rectify_total", "丙", "丙", 5);
		if (n > 1)
			put(&a, "rectify_total", "甲", "甲", 2);
		if (n > 2)
			put(&a, "rectify_total", "乙", "乙", 1);
		if (n > 3)
			put(&a, "rectify_total", "丁", "丁", 4);
		(void)snprintf(text, sizeof text, "2023年，全镇%s交办的12项问题，已完成整改11项。" TAIL, want[n - 1]);
		expect(&a, text);
	}
}

static void test_nothing(void **state)
{
	struct annual a = make("2023-01-01", "2024-01-01");

	(void)state;
	put(&a, "patrols", "", "", 0);
	put(&a, "visits", "", "", 0);
	put(&a, "appeals_received", "", "", 0);
	put_in(&a.now, "appeal_close_rate", "", "", "", 0, 0, "—", "%");
	expect(&a, "2023年，全镇没有巡查、案件、走访等记录。" TAIL);
}

static const char *const figures_told[] = {"patrols", "river_patrols", "inspections", "hazards_found", "hazards_rectified", "findings_found",
	"findings_rectified", "disputes_found", "disputes_settled", "disputes_by_level", "appeals_received", "appeals_closed", "appeals_no_contact",
	"rectify_total", "rectify_done", "monitored_households", "monitored_persons", "risk_removed_households", "risk_removed_persons", "visits",
	"visited_households", "visit_staff", "aid", "works"};

/* Any figures may be missing: what remains is still a text, in both languages. */
static void test_any_part(void **state)
{
	unsigned x = 20231231;

	(void)state;
	for (int round = 0; round < 2000; round++) {
		struct annual a = make("2023-01-01", "2024-01-01");

		a.english = round % 2;
		for (size_t i = 0; i < sizeof figures_told / sizeof *figures_told; i++) {
			const char *f = figures_told[i];

			x = x * 1664525 + 1013904223;
			if (x >> 24 & 1)
				put(&a, f, "", "", 3 * (x >> 25 & 1));
			if (!(x >> 26 & 1))
				continue;
			if (strcmp(f, "river_patrols") == 0 || strcmp(f, "disputes_by_level") == 0)
				put_level(&a, f, "town", 1);
			else
				put(&a, f, "one", "甲", 2);
		}
		if (x >> 28 & 1)
			put_in(&a.now, "appeal_satisfaction", "", "", "", x >> 29 & 1, x >> 29 & 1, "1", "%");
		annual_write(&a);
		sound(&a);
		annual_done(&a);
	}
}

static void test_corrections(void **state)
{
	struct annual a = make("2023-01-01", "2024-01-01");
	struct annual_correction c = {.figure = (char *)(intptr_t)"visits", .name = (char *)(intptr_t)"走访次数", .unit = NULL, .level = NULL,
		.before = (char *)(intptr_t)"3", .after = (char *)(intptr_t)"4", .month = 202312, .events_n = 1};
	size_t n = 0;

	(void)state;
	put(&a, "visits", "", "", 3);
	annual_correct(&a, &c);
	annual_write(&a);
	assert_string_equal(a.text.p, "2023年，全镇开展入户走访3次。封账后收到的更正1项，未计入上述数字：2023年12月走访次数3改为4。" TAIL);
	for (int i = 1; i < ANNUAL_CORRECTIONS + 1; i++)
		annual_correct(&a, &c);
	annual_done(&a);

	for (int extra = -1; extra <= 1; extra++) {
		struct annual b = make("2023-01-01", "2024-01-01");

		put(&b, "visits", "", "", 3);
		for (int i = 0; i < ANNUAL_CORRECTIONS + extra; i++)
			annual_correct(&b, &c);
		annual_write(&b);
		n = 0;
		for (const char *p = b.text.p; (p = strstr(p, "改为")); p++)
			n++;
		assert_int_equal(n, ANNUAL_CORRECTIONS + (extra < 0 ? extra : 0));
		assert_true((strstr(b.text.p, "4等。") != NULL) == (extra > 0));
		annual_done(&b);
	}
}

static void test_english(void **state)
{
	struct annual a = make("2023-01-01", "2024-01-01");

	(void)state;
	a.english = true;
	put(&a, "patrols", "", "", 905);
	put_level(&a, "river_patrols", "town", 128);
	put_level(&a, "river_patrols", "community", 451);
	put(&a, "disputes_found", "", "", 328);
	put(&a, "disputes_settled", "", "", 318);
	put_in(&a.now, "dispute_rate", "", "", "", 318, 323, "98.5%", "%");
	expect(&a, "In 2023 the town made 905 patrols; rivers and gullies were walked by chiefs of the town 128 times, by those of the community "
		"451 times. It took up 328 disputes and settled 318 (over 98% of those closed). (Data as of 15 January 2024, commit 77, made by "
		"Xunge; the table says what each number means.)");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_year), cmocka_unit_test(test_rates), cmocka_unit_test(test_close_rate_below_ninety),
		cmocka_unit_test(test_periods), cmocka_unit_test(test_growth), cmocka_unit_test(test_issuers), cmocka_unit_test(test_nothing), cmocka_unit_test(test_any_part),
		cmocka_unit_test(test_corrections), cmocka_unit_test(test_english),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
