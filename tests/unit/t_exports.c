/* t_exports.c - the frame of the exports, and those of patrols, cases, tracks and events: pieces, masks, formulas, what is refused. */
#include <math.h>
#include "tests/unit/town.h"

#include "base/csv.h"
#include "tests/jansson.h"

#include "schema/exports/export.h"
#include "schema/freeze.h"

#define TOWN "990101100"
#define EAST "990101100001"
#define WEST "990101100002"
#define PHONE "13812345678"
#define IDENTITY "62280119900101123X"

struct world {
	struct town town;
	struct store *reader;
	struct export_ask ask; /* what run() asks, but for name and format */
	struct why why;
	int steps;
	size_t longest; /* bytes of one step */
};

#define EVENT(seq, kind, second, more) "{\"epoch\":\"e\",\"seq\":" #seq ",\"kind\":\"" kind "\",\"at\":17640300" #second "000," more "}"

static void one_patrol(struct town *t)
{
	town_send(t, "d-2", EVENT(1, "patrol.start", 10, "\"body\":{\"patrol\":\"p-a\",\"route\":\"river\",\"target\":\"QSH-01\"}"));
	/* two stretches, a point alone, one that is too vague */
	town_send(t, "d-2", EVENT(2, "patrol.track", 11, "\"body\":{\"patrol\":\"p-a\",\"pts\":[[0,33.39,104.92,5],[20000,33.3905,104.92,5],"
		"[30000,33.3905,104.92,500],[700000,33.391,104.921,5],[720000,33.3912,104.921,5],[1400000,33.3913,104.9211,5]]}"));
	town_send(t, "d-2", EVENT(3, "patrol.end", 90, "\"body\":{\"patrol\":\"p-a\",\"clear\":true,\"note\":\"电话" PHONE "\"}"));
	/* delegated: d-3's person walks for d-2's, who is not enrolled there; so his own, without track or end */
	town_send(t, "d-1", EVENT(1, "patrol.start", 12, "\"body\":{\"patrol\":\"p-b\",\"route\":\"grid\",\"target\":\"" EAST "001\"}"));
	town_send(t, "d-4", EVENT(1, "patrol.start", 12, "\"body\":{\"patrol\":\"p-c\",\"route\":\"grid\",\"target\":\"" WEST "001\"}"));
	(void)town_commit(t);
}

static void some_cases(struct town *t)
{
	town_send(t, "d-1", EVENT(2, "case.report", 20, "\"scope\":\"" EAST "001\",\"loc\":{\"lat\":33.3912,\"lon\":104.9217},\"att\":[{\"sha256\":\""
		"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\",\"role\":\"before\",\"mime\":\"image/jpeg\",\"bytes\":5}],"
		"\"body\":{\"case\":\"c-1\",\"class\":\"hazard\",\"category\":\"fire\",\"title\":\"=HYPERLINK(1)\",\"text\":\"𠮷野家，\\\"电话\\\"" PHONE
		"，\\n身份证" IDENTITY "\"}"));
	town_send(t, "d-4", EVENT(2, "case.report", 20, "\"scope\":\"" WEST "001\",\"body\":{\"case\":\"c-2\",\"class\":\"dispute\",\"category\":\"family\","
		"\"title\":\"+1邻里\",\"parties\":\"司马相如、卓文君\",\"amount_fen\":1250}"));
	(void)town_commit(t);
}

static int setup(void **state)
{
	struct world *w = calloc(1, sizeof *w);
	struct why why = {""};

	town_make(&w->town);
	town_sql(&w->town, "UPDATE person SET name = '欧阳修', phone = '" PHONE "' WHERE id = 'p-2'");
	town_sql(&w->town, "UPDATE person SET name = '𠮷野太郎' WHERE id = 'p-1'");
	town_sql(&w->town, "UPDATE person SET name = '=cmd|x' WHERE id = 'p-4'");
	one_patrol(&w->town);
	some_cases(&w->town);
	if (store_open(w->town.path, STORE_READER, &w->reader, &why) != OK)
		fail_msg("%s", why.text);
	w->ask = (struct export_ask){.from = "2025-11-25", .to = "2025-11-26", .scope = "*", .at_ms = TOWN_NOW, .now_ms = TOWN_NOW};
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;

	store_close(w->reader);
	town_remove(&w->town);
	free(w);
	return 0;
}

/* All of it; NULL: it cannot be had in this format.  The caller frees. */
static char *run(struct world *w, const char *name, enum export_format format, size_t piece)
{
	struct export_ask ask = w->ask;
	struct export *x = NULL;
	struct buf all = {0};
	bool more = true;
	enum err e;

	ask.name = name;
	ask.format = format;
	ask.has_format = true;
	ask.piece = piece;
	w->steps = 0;
	w->longest = 0;
	if ((e = export_open(w->reader, &ask, &x, &w->why)) == ERR_USAGE && strstr(w->why.text, "cannot be had"))
		return NULL;
	if (e != OK)
		fail_msg("%s: %s", name, w->why.text);
	for (; more; w->steps++) {
		size_t was = all.n;

		if (export_step(x, &all, &more, &w->why) != OK)
			fail_msg("%s: %s", name, w->why.text);
		w->longest = all.n - was > w->longest ? all.n - was : w->longest;
		assert_true(sqlite3_get_autocommit(sql_db(w->reader))); /* nothing is held between steps */
	}
	export_close(x);
	return all.p;
}

static void refused(struct world *w, const char *name, enum err want, const char *says)
{
	struct export_ask ask = w->ask;
	struct export *x = NULL;

	ask.name = name;
	w->why.text[0] = '\0';
	assert_int_equal(export_open(w->reader, &ask, &x, &w->why), want);
	if (!strstr(w->why.text, says))
		fail_msg("%s: \"%s\" does not say \"%s\"", name, w->why.text, says);
	assert_true(sqlite3_get_autocommit(sql_db(w->reader)));
}

/* ------------------------------------------------------------------ CSV, read as RFC 4180 has it */

struct cells {
	char cell[64][512];
	int n;
};

/* The next row from *p; fails on anything that RFC 4180 does not have. */
static bool next_row(const char **p, struct cells *c)
{
	c->n = 0;
	while (**p) {
		char *out = c->cell[c->n++];
		size_t n = 0;

		assert_true(c->n <= 64);
		if (**p == '"') {
			for (++*p;; ++*p) {
				assert_true(**p);
				if (**p == '"' && *++*p != '"')
					break;
				assert_true(n < 511);
				out[n++] = **p;
			}
		} else {
			for (; **p && !strchr(",\r\n\"", **p); ++*p) {
				assert_true(n < 511);
				out[n++] = **p;
			}
		}
		out[n] = '\0';
		if (*(*p) == ',') {
			++*p;
			continue;
		}
		assert_true((*p)[0] == '\r' && (*p)[1] == '\n');
		*p += 2;
		return true;
	}
	assert_int_equal(c->n, 0);
	return false;
}

static const char *cell(const struct cells *head, const struct cells *row, const char *heading)
{
	for (int i = 0; i < head->n; i++)
		if (strcmp(head->cell[i], heading) == 0)
			return row->cell[i];
	fail_msg("no column %s", heading);
	return "";
}

static void check_table(const char *csv)
{
	struct cells *head = calloc(1, sizeof *head), *row = calloc(1, sizeof *row);

	assert_memory_equal(csv, "\xef\xbb\xbf", 3);
	csv += 3;
	assert_true(next_row(&csv, head));
	while (next_row(&csv, row)) {
		assert_int_equal(row->n, head->n);
		for (int i = 0; i < row->n; i++) {
			char *end;

			if (row->cell[i][0] && strchr("=+-@\t\r", row->cell[i][0])) { /* a formula, unless it is a number */
				(void)strtod(row->cell[i], &end);
				assert_string_equal(end, "");
			}
		}
	}
	free(head);
	free(row);
}

/* ------------------------------------------------------------------ tests */

/* Every export in every format: pieces of a row give the same bytes as one piece, and a strict reader takes them. */
static void t_pieces(void **state)
{
	struct world *w = *state;
	unsigned formats;
	const char *name;
	int pairs = 0;

	for (size_t i = 0; (name = export_name(i, &formats)); i++)
		for (int f = 0; f < EXPORT_FORMATS; f++) {
			char *whole, *rows;

			if (!(formats & 1U << f) || f == EXPORT_XLSX)
				continue;
			whole = run(w, name, (enum export_format)f, 0);
			rows = run(w, name, (enum export_format)f, 1);
			assert_non_null(whole);
			assert_string_equal(whole, rows);
			if (f == EXPORT_CSV)
				check_table(whole);
			if (f == EXPORT_JSON || f == EXPORT_GEOJSON) {
				json_t *j = json_loads(whole, JSON_REJECT_DUPLICATES, NULL);

				assert_non_null(j);
				json_decref(j);
			}
			if (strcmp(name, "patrols") == 0)
				assert_int_equal(w->steps, 4); /* 3 patrols, and that there is no other */
			free(whole);
			free(rows);
			pairs++;
		}
	assert_true(pairs >= 20);
}

/* A full step stops at its bound, and no earlier than half of it. */
static void t_bound(void **state)
{
	struct world *w = *state;
	struct buf b = {0};
	char *whole;

	for (int i = 0; i < 3000; i++) {
		buf_clear(&b);
		buf_addf(&b, "{\"epoch\":\"n\",\"seq\":%d,\"kind\":\"inspect\",\"at\":1764030020000,\"scope\":\"" EAST "\",\"body\":{\"topic\":\"burn_straw\","
			"\"result\":\"ok\",\"note\":\"%0300d\"}}", i + 1, i);
		town_send(&w->town, "d-1", b.p);
		if (i % 500 == 499)
			(void)town_commit(&w->town);
	}
	whole = run(w, "events", EXPORT_CSV, 0);
	assert_true(w->steps >= 4);
	assert_true(w->longest > EXPORT_PIECE / 2 && w->longest < EXPORT_PIECE + 4096);
	check_table(whole);
	free(whole);
	buf_done(&b);
}

static void t_masks(void **state)
{
	static const char *const secret[] = {PHONE, IDENTITY, "欧阳修", "𠮷野太郎", "=cmd|x", "司马相如", "卓文君"};
	struct world *w = *state;
	unsigned formats;
	const char *name;
	bool shown[ARRAY_LEN(secret)] = {false};

	/* an issuer is a category, a unit stands beside its sum */
	town_send(&w->town, "d-1", EVENT(5, "case.report", 30, "\"scope\":\"" EAST "001\",\"body\":{\"case\":\"c-5\",\"class\":\"rectify\","
		"\"category\":\"work_style\",\"title\":\"x\",\"issuer\":\"作风办" PHONE "\"}"));
	town_send(&w->town, "d-1", EVENT(6, "work", 30, "\"scope\":\"" EAST "001\",\"body\":{\"item\":\"bins\",\"qty\":2,\"unit\":\"个" PHONE "\"}"));
	(void)town_commit(&w->town);
	for (int unmask = 0; unmask < 2; unmask++) {
		w->ask.unmask = unmask;
		for (size_t i = 0; (name = export_name(i, &formats)); i++)
			for (int f = 0; f < EXPORT_FORMATS; f++) {
				char *whole = formats & 1U << f && f != EXPORT_XLSX ? run(w, name, (enum export_format)f, 0) : NULL;

				for (size_t k = 0; whole && k < ARRAY_LEN(secret); k++) {
					if (!unmask && strstr(whole, secret[k]))
						fail_msg("%s in %s", secret[k], name);
					shown[k] |= unmask && strstr(whole, secret[k]);
				}
				free(whole);
			}
	}
	for (size_t k = 0; k < ARRAY_LEN(secret); k++)
		assert_true(shown[k]); /* it was there to be hidden */
}

/* The row of one area and figure, of `areas` as CSV; NULL: there is none.  The cells are row's. */
static const char *of_area(const char *csv, const char *area, const char *figure, const char *column, struct cells *head, struct cells *row)
{
	const char *p = csv + 3;

	assert_true(next_row(&p, head));
	while (next_row(&p, row))
		if (strcmp(cell(head, row, "area"), area) == 0 && strcmp(cell(head, row, "figure"), figure) == 0)
			return cell(head, row, column);
	return NULL;
}

/* A place and the areas a step below it: each line is what `figures` says of that area alone. */
static void t_areas(void **state)
{
	static const char *const ids[] = {"patrols", "river_patrols", "patrol_km", "duty_rate", "hazard_rate", "hazards_found", "cases_received", "works"};
	static const char *const codes[] = {TOWN, EAST, WEST};
	struct world *w = *state;
	struct cells *head = calloc(1, sizeof *head), *row = calloc(1, sizeof *row);
	struct cells *fh = calloc(1, sizeof *fh), *fr = calloc(1, sizeof *fr);
	char *areas;
	int seen = 0;

	town_send(&w->town, "d-1", EVENT(6, "case.report", 31, "\"scope\":\"" TOWN "\",\"body\":{\"case\":\"c-6\",\"class\":\"hazard\","
		"\"category\":\"fire\",\"title\":\"全镇\"}")); /* the town's own, no community's */
	(void)town_commit(&w->town);
	w->ask.within = TOWN;
	areas = run(w, "areas", EXPORT_CSV, 0);
	for (size_t a = 0; a < ARRAY_LEN(codes); a++) {
		char *alone;

		w->ask.within = codes[a];
		alone = run(w, "figures", EXPORT_CSV, 0);
		for (size_t i = 0; i < ARRAY_LEN(ids); i++) {
			const char *p = alone + 3, *shown = of_area(areas, codes[a], ids[i], "display", head, row);

			assert_non_null(shown);
			assert_true(next_row(&p, fh));
			while (next_row(&p, fr) && (strcmp(cell(fh, fr, "figure"), ids[i]) != 0 || *cell(fh, fr, "level") || *cell(fh, fr, "category")))
				;
			assert_string_equal(shown, cell(fh, fr, "display"));
			assert_string_equal(cell(head, row, "numerator"), cell(fh, fr, "numerator"));
			seen += strcmp(shown, "0") != 0;
		}
		free(alone);
	}
	assert_true(seen > 5);
	/* the parts, and what is the place's own, add up to the whole */
	seen = 0;
	for (size_t i = 0; i < ARRAY_LEN(ids); i++) {
		const char *const part[] = {EAST, WEST, TOWN "/"};
		bool rate = strstr(ids[i], "_rate") != NULL;
		const char *columns[] = {rate ? "numerator" : "value", rate ? "denominator" : "value"};

		for (size_t c = 0; c < ARRAY_LEN(columns); c++) {
			const char *v = of_area(areas, TOWN, ids[i], columns[c], head, row);
			double all = v ? strtod(v, NULL) : 0, sum = 0;

			if (!of_area(areas, TOWN "/", ids[i], columns[c], head, row))
				continue; /* works of several units have no sum */
			for (size_t k = 0; k < ARRAY_LEN(part); k++)
				if ((v = of_area(areas, part[k], ids[i], columns[c], head, row)))
					sum += strtod(v, NULL);
			assert_true(fabs(all - sum) < 0.06); /* kilometres are rounded, each */
			seen++;
		}
	}
	assert_true(seen > 8);
	assert_string_equal(of_area(areas, TOWN "/", "hazards_found", "value", head, row), "1");
	assert_null(of_area(areas, "990101", "patrols", "value", head, row));
	free(areas);
	w->ask.within = NULL;
	w->ask.scope = WEST; /* the asker sees no other */
	areas = run(w, "areas", EXPORT_CSV, 0);
	assert_non_null(of_area(areas, WEST, "patrols", "value", head, row));
	assert_null(of_area(areas, EAST, "patrols", "value", head, row));
	free(areas);
	w->ask.scope = "*"; /* districts below */
	areas = run(w, "areas", EXPORT_CSV, 0);
	assert_non_null(of_area(areas, "*", "patrols", "value", head, row));
	assert_null(of_area(areas, EAST, "patrols", "value", head, row));
	free(areas);
	free(head);
	free(row);
	free(fh);
	free(fr);
}

static void t_patrols(void **state)
{
	struct world *w = *state;
	struct cells *head = calloc(1, sizeof *head), *row = calloc(1, sizeof *row);
	char *csv = run(w, "patrols", EXPORT_CSV, 0);
	const char *p = csv + 3;

	assert_true(next_row(&p, head) && next_row(&p, row));
	assert_string_equal(cell(head, row, "日期"), "2025-11-25");
	assert_string_equal(cell(head, row, "开始时间"), "2025-11-25T08:20:10.000+08:00");
	assert_string_equal(cell(head, row, "结束时间"), "2025-11-25T08:21:30.000+08:00");
	assert_string_equal(cell(head, row, "路线"), "河道");
	assert_string_equal(cell(head, row, "巡查对象"), "清水河上段");
	assert_string_equal(cell(head, row, "河流"), "清水河");
	assert_string_equal(cell(head, row, "级别"), "社区级");
	assert_string_equal(cell(head, row, "人员"), "欧*");
	assert_string_equal(cell(head, row, "委托"), "否");
	assert_string_equal(cell(head, row, "时长（分钟）"), "0.7"); /* 40 s: half up of two thirds */
	assert_string_equal(cell(head, row, "里程（公里）"), "0.077");
	assert_string_equal(cell(head, row, "零报告"), "是");
	assert_string_equal(cell(head, row, "区域"), "东街");
	assert_true(next_row(&p, row)); /* the same time: by device */
	assert_string_equal(cell(head, row, "设备"), "d-1");
	assert_string_equal(cell(head, row, "人员"), "𠮷*");
	assert_string_equal(cell(head, row, "结束时间"), "");
	assert_string_equal(cell(head, row, "零报告"), "");
	assert_string_equal(cell(head, row, "有效"), "否");
	assert_string_equal(cell(head, row, "无效原因"), "轨迹点不足、未结束");
	assert_true(next_row(&p, row));
	assert_string_equal(cell(head, row, "设备"), "d-4");
	assert_string_equal(cell(head, row, "人员"), "'=*");
	assert_false(next_row(&p, row));
	free(csv);
	w->ask.within = "QSH-01"; /* a reach narrows it */
	csv = run(w, "patrols", EXPORT_JSON, 0);
	assert_non_null(strstr(csv, "\"patrol\":\"p-a\""));
	assert_null(strstr(csv, "\"patrol\":\"p-b\""));
	assert_non_null(strstr(csv, "\"scope\":\"QSH-01\",\"period\":\"2025-11-25/2025-11-26\""));
	free(csv);
	w->ask.within = NULL;
	w->ask.scope = WEST; /* the asker sees no other */
	csv = run(w, "patrols", EXPORT_JSON, 0);
	assert_null(strstr(csv, "\"patrol\":\"p-a\""));
	assert_non_null(strstr(csv, "\"patrol\":\"p-c\""));
	free(csv);
	w->ask.scope = "*";
	w->ask.english = true;
	csv = run(w, "patrols", EXPORT_CSV, 0);
	p = csv + 3;
	assert_true(next_row(&p, head) && next_row(&p, row) && next_row(&p, row));
	assert_string_equal(cell(head, row, "Route"), "grid"); /* words are codes */
	assert_string_equal(cell(head, row, "Reasons"), "TOO_FEW_POINTS NO_END");
	assert_string_equal(cell(head, row, "Valid"), "no");
	free(csv);
	free(head);
	free(row);
}

static void t_cases(void **state)
{
	struct world *w = *state;
	struct cells *head = calloc(1, sizeof *head), *row = calloc(1, sizeof *row);
	char *csv = run(w, "cases", EXPORT_CSV, 0);
	const char *p = csv + 3;

	assert_true(next_row(&p, head) && next_row(&p, row));
	assert_string_equal(cell(head, row, "编号"), "c-1");
	assert_string_equal(cell(head, row, "类别"), "隐患");
	assert_string_equal(cell(head, row, "类型"), "消防安全");
	assert_string_equal(cell(head, row, "内容"), "'=HYPERLINK(1)");
	assert_string_equal(cell(head, row, "详情"), "𠮷野家，\"电话\"138****5678，\n身份证******************");
	assert_string_equal(cell(head, row, "上报人"), "𠮷*");
	assert_string_equal(cell(head, row, "状态"), "待立案");
	assert_string_equal(cell(head, row, "照片数"), "1");
	assert_string_equal(cell(head, row, "经度"), "104.9217000");
	assert_true(next_row(&p, row));
	assert_string_equal(cell(head, row, "编号"), "c-2");
	assert_string_equal(cell(head, row, "内容"), "'+1邻里");
	assert_string_equal(cell(head, row, "当事人"), "司*、卓*");
	assert_string_equal(cell(head, row, "金额（元）"), "12.50");
	assert_false(next_row(&p, row));
	free(csv);
	w->ask.klass = "dispute";
	csv = run(w, "cases", EXPORT_JSON, 0);
	assert_null(strstr(csv, "\"id\":\"c-1\""));
	assert_non_null(strstr(csv, "\"id\":\"c-2\",\"class\":\"dispute\""));
	assert_non_null(strstr(csv, "\"at\":\"2025-11-25T09:55:30.000+08:00\"")); /* it hangs on the clock */
	free(csv);
	free(head);
	free(row);
}

static void t_tracks(void **state)
{
	struct world *w = *state;
	char *text = run(w, "tracks", EXPORT_GEOJSON, 0);
	json_t *j = json_loads(text, JSON_REJECT_DUPLICATES, NULL), *f, *g, *lines;

	assert_non_null(j);
	assert_string_equal(json_string_value(json_object_get(j, "type")), "FeatureCollection");
	assert_int_equal(json_array_size(json_object_get(j, "features")), 3);
	f = json_array_get(json_object_get(j, "features"), 0);
	assert_string_equal(json_string_value(json_object_get(f, "type")), "Feature");
	g = json_object_get(f, "geometry");
	assert_string_equal(json_string_value(json_object_get(g, "type")), "MultiLineString");
	lines = json_object_get(g, "coordinates");
	assert_int_equal(json_array_size(lines), 3); /* gaps of 680 s part them */
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(json_array_size(json_array_get(lines, i)), 2); /* the vague point is none; the last is alone, and twice */
	assert_non_null(strstr(text, "[[[104.9200000,33.3900000],[104.9200000,33.3905000]],[[104.9210000,33.3910000]"));
	assert_non_null(strstr(text, "[[104.9211000,33.3913000],[104.9211000,33.3913000]]]"));
	assert_string_equal(json_string_value(json_object_get(json_object_get(f, "properties"), "person_name")), "欧*");
	assert_int_equal(json_integer_value(json_object_get(json_object_get(f, "properties"), "metres")), 77);
	assert_non_null(strstr(text, "{\"type\":\"Feature\",\"geometry\":null,\"properties\":{\"patrol\":\"p-b\""));
	json_decref(j);
	free(text);
}

static void t_refused(void **state)
{
	struct world *w = *state;
	const struct export_ask good = w->ask;

#define ASK(...) (w->ask = good, w->ask.__VA_ARGS__)
	refused(w, "nothing", ERR_NOTFOUND, "there are figures, patrols");
	refused(w, "", ERR_NOTFOUND, "no such export");
	ASK(from = NULL);
	refused(w, "patrols", ERR_USAGE, "from is missing");
	ASK(to = NULL);
	refused(w, "patrols", ERR_USAGE, "to is missing");
	w->ask.command = true;
	refused(w, "patrols", ERR_USAGE, "--to is missing");
	ASK(from = "2025-02-30");
	refused(w, "patrols", ERR_USAGE, "2025-02-30: want a day");
	ASK(from = "2025-11-25T08:00:00+08:00");
	refused(w, "figures", ERR_USAGE, "want a day such as");
	ASK(to = "2025-11-25");
	refused(w, "patrols", ERR_USAGE, "nothing lies between");
	ASK(from = "2026-01-01");
	refused(w, "patrols", ERR_USAGE, "nothing lies between");
	w->ask.to = "2026-01-02";
	refused(w, "patrols", ERR_INVALID, "yet to come");
	ASK(period = "2025-11");
	refused(w, "patrols", ERR_USAGE, "period stands in the place of from and to");
	w->ask.from = w->ask.to = NULL;
	w->ask.period = "2025-W54";
	refused(w, "patrols", ERR_USAGE, "period 2025-W54: want 2023, ");
	w->ask.period = "2026";
	refused(w, "figures", ERR_INVALID, "yet to come");
	ASK(within = "110000");
	refused(w, "patrols", ERR_NOTFOUND, "there is no such place");
	ASK(within = "99010");
	refused(w, "patrols", ERR_USAGE, "want an area code");
	ASK(within = "NO-1");
	refused(w, "patrols", ERR_NOTFOUND, "there is no such place");
	ASK(within = "QSH-01");
	refused(w, "figures", ERR_USAGE, "counts by area");
	ASK(scope = EAST);
	w->ask.within = WEST;
	refused(w, "patrols", ERR_DENIED, "lies outside of " EAST);
	w->ask.within = "HG-01";
	refused(w, "patrols", ERR_DENIED, "lies outside of " EAST);
	w->ask.within = "110000"; /* whether it is there, is none of the asker's business */
	refused(w, "patrols", ERR_DENIED, "lies outside of " EAST);
	ASK(klass = "hazard");
	refused(w, "patrols", ERR_USAGE, "class does not go with patrols");
	ASK(klass = "hazards");
	refused(w, "cases", ERR_USAGE, "want hazard, finding");
	ASK(figure = "patrols");
	refused(w, "patrols", ERR_USAGE, "figure does not go with patrols");
	ASK(level = "town");
	refused(w, "events", ERR_USAGE, "level wants figure");
	ASK(figure = "no");
	refused(w, "events", ERR_USAGE, "figure no: there is none");
	ASK(as_of = -1);
	refused(w, "patrols", ERR_USAGE, "want a commit number");
	ASK(as_of = 9999);
	refused(w, "patrols", ERR_NOTFOUND, "there is no such commit");
	ASK(has_format = true);
	w->ask.format = EXPORT_GEOJSON;
	refused(w, "patrols", ERR_USAGE, "patrols cannot be had as geojson; there is csv, json");
	w->ask = good;
#undef ASK
}

/* ------------------------------------------------------------------ while others commit */

static void storm(struct town *t)
{
	town_send(t, "d-4", EVENT(7, "patrol.track", 13, "\"body\":{\"patrol\":\"p-c\",\"pts\":[[0,33.39,104.92,5],[20000,33.3905,104.92,5]]}"));
	town_send(t, "d-4", EVENT(8, "patrol.end", 60, "\"body\":{\"patrol\":\"p-c\",\"clear\":false}"));
	town_send(t, "d-4", EVENT(9, "patrol.start", 50, "\"body\":{\"patrol\":\"p-late\",\"route\":\"grid\",\"target\":\"" WEST "001\"}"));
	town_send(t, "d-2", EVENT(9, "void", 60, "\"body\":{\"target\":\"d-2/e/2\",\"reason\":\"错\"}"));
	town_send(t, "d-4", EVENT(10, "void", 60, "\"body\":{\"target\":\"d-4/e/2\",\"reason\":\"错\"}"));
	town_send(t, "d-1", EVENT(9, "case.report", 61, "\"scope\":\"" EAST "001\",\"body\":{\"case\":\"c-3\",\"class\":\"hazard\",\"category\":\"fire\",\"title\":\"后\"}"));
	town_send(t, "d-1", EVENT(10, "inspect", 15, "\"scope\":\"" EAST "001\",\"body\":{\"topic\":\"burn_straw\",\"result\":\"ok\"}"));
	(void)town_commit(t);
}

static void rename_people(struct town *t)
{
	int64_t commit;
	char sql[256];

	assert_int_equal(store_begin(t->st), OK);
	assert_int_equal(store_note(t->st, TOWN_NOW, "import people", 2, &commit), OK);
	(void)snprintf(sql, sizeof sql, "UPDATE person SET until = %lld WHERE id IN ('p-1', 'p-4')", (long long)commit);
	town_sql(t, sql);
	(void)snprintf(sql, sizeof sql, "INSERT INTO person VALUES('p-1','改名','',%lld,NULL),('p-4','换人','',%lld,NULL)", (long long)commit, (long long)commit);
	town_sql(t, sql);
	assert_int_equal(store_commit(t->st, TOWN_NOW, NULL), OK);
}

/* Between the pages of an export others go on: it has none of it, and is what it is asked for again as of its commit. */
static void t_exact(void **state)
{
	static const char *const names[] = {"patrols", "cases", "tracks", "events"};
	struct world *w = *state;

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		struct export_ask ask = w->ask;
		struct export *x = NULL;
		struct buf b = {0};
		bool more = true;
		char *before;

		if (i) { /* a town that is as it was */
			teardown(state);
			setup(state);
			w = *state;
			ask = w->ask;
		}
		before = run(w, names[i], i == 2 ? EXPORT_GEOJSON : EXPORT_CSV, 0);
		ask.name = names[i];
		ask.piece = 1;
		assert_int_equal(export_open(w->reader, &ask, &x, &w->why), OK);
		storm(&w->town);
		assert_int_equal(export_step(x, &b, &more, &w->why), OK);
		rename_people(&w->town);
		while (more)
			assert_int_equal(export_step(x, &b, &more, &w->why), OK);
		assert_string_equal(b.p, before);
		w->ask.as_of = export_as_of(x, NULL);
		export_close(x);
		free(before);
		before = run(w, names[i], i == 2 ? EXPORT_GEOJSON : EXPORT_CSV, 0); /* the connection is that of then from here on */
		assert_string_equal(b.p, before);
		free(before);
		buf_done(&b);
	}
}

/* What is read in one page is as of the commit that it names. */
static void t_label(void **state)
{
	struct world *w = *state;
	struct export_ask ask = w->ask;
	struct export *x = NULL;
	struct buf b = {0};
	bool more = true;
	int64_t then;
	char want[64];

	ask.name = "figures";
	assert_int_equal(export_open(w->reader, &ask, &x, &w->why), OK);
	then = export_as_of(x, NULL);
	storm(&w->town);
	while (more)
		assert_int_equal(export_step(x, &b, &more, &w->why), OK);
	assert_true(export_as_of(x, NULL) > then);
	(void)snprintf(want, sizeof want, ",2025-11-25/2025-11-26,4,次,,,4,%lld,", (long long)export_as_of(x, NULL));
	assert_non_null(strstr(b.p, want)); /* four patrols now, and the commit that brought the fourth */
	export_close(x);
	buf_done(&b);
}

static void is_called(struct world *w, const char *name, const char *file)
{
	struct export_ask ask = w->ask;
	struct export *x = NULL;

	ask.name = name;
	assert_int_equal(export_open(w->reader, &ask, &x, &w->why), OK);
	assert_string_equal(export_filename(x, false), file);
	export_close(x);
}

/* Whole months that are frozen are shown as of their freeze, by default; figures without going back through all events. */
static void t_frozen(void **state)
{
	struct world *w = *state;
	struct freeze_done done;
	struct office_end end;
	int64_t commit;
	char sql[256], *now, *then;

	w->ask.from = "2025-11-01";
	w->ask.to = "2025-12-01";
	assert_int_equal(office_freeze(w->town.st, w->town.in, TOWN_NOW + 7 * CIVIL_DAY_MS, "2025-11", &done, &end, &w->why), OK);
	commit = end.commit;
	town_sql(&w->town, "INSERT INTO category(class, code, name, name_en, parent, deadline_unit, photo_before, photo_after, since) "
		"VALUES('topic', 'later', '后加', '', '', '', 0, 0, 99)");
	storm(&w->town);
	town_sql(&w->town, "UPDATE batch SET last = 99 WHERE rev = (SELECT max(rev) FROM batch)");
	now = run(w, "figures", EXPORT_CSV, 0);
	(void)snprintf(sql, sizeof sql, ",%lld,2025-12-02T", (long long)commit);
	assert_non_null(strstr(now, sql));
	assert_null(strstr(now, "later"));
	free(now);
	/* the connection stands at the freeze from here on */
	store_close(w->reader);
	assert_int_equal(store_open(w->town.path, STORE_READER, &w->reader, &w->why), OK);
	then = run(w, "patrols", EXPORT_JSON, 0);
	(void)snprintf(sql, sizeof sql, "\"as_of_commit\":%lld,", (long long)commit);
	assert_non_null(strstr(then, sql));
	assert_null(strstr(then, "p-late"));
	free(then);
	store_close(w->reader);
	assert_int_equal(store_open(w->town.path, STORE_READER, &w->reader, &w->why), OK);
	w->ask.to = "2025-11-30"; /* a part of the month */
	then = run(w, "patrols", EXPORT_JSON, 0);
	assert_non_null(strstr(then, sql));
	assert_null(strstr(then, "p-late"));
	free(then);
	store_close(w->reader);
	assert_int_equal(store_open(w->town.path, STORE_READER, &w->reader, &w->why), OK);
	w->ask.to = "2025-12-02"; /* a day of it is not frozen: as of now */
	then = run(w, "patrols", EXPORT_JSON, 0);
	assert_non_null(strstr(then, "p-late"));
	free(then);
	/* events do not go back, and yet their place is called what it was called */
	town_sql(&w->town, "UPDATE area SET until = 99 WHERE code = '" EAST "'; INSERT INTO area VALUES('" EAST "','新街',NULL,NULL,99,NULL)");
	w->ask.within = EAST;
	is_called(w, "events", "新街事件_2025-11-01_2025-12-02.csv");
	w->ask.to = "2025-12-01";
	is_called(w, "events", "东街事件_2025-11-01_2025-12-01.csv");
	is_called(w, "cases", "东街案件台账_2025-11-01_2025-12-01.csv");
}

/* Inspections and patrols of a day, from one device; the last of them one number further. */
static void some_work(struct town *t, int *seq, int year, int month, int day, int n)
{
	for (int i = 0; i < n; i++) {
		char json[1000];
		long long at = civil_day_ms(civil_make(year, month, day)) + 36000000;

		(void)snprintf(json, sizeof json, "[{\"epoch\":\"w\",\"seq\":%d,\"kind\":\"inspect\",\"at\":%lld,\"scope\":\"" EAST "001\",\"body\":{\"topic\":\"burn_straw\","
			"\"result\":\"ok\"}},{\"epoch\":\"w\",\"seq\":%d,\"kind\":\"patrol.start\",\"at\":%lld,\"body\":{\"patrol\":\"w%d\",\"route\":\"grid\",\"target\":\"" EAST "001\"}},"
			"{\"epoch\":\"w\",\"seq\":%d,\"kind\":\"case.report\",\"at\":%lld,\"scope\":\"" EAST "001\",\"body\":{\"case\":\"cw%d\",\"class\":\"hazard\",\"category\":\"fire\","
			"\"title\":\"甲\"}}]", *seq + 1, at, *seq + 2, at, *seq, *seq + 3, at, *seq);
		*seq += 3;
		town_send(t, "d-1", json);
	}
	(void)town_commit(t);
}

static int lines_of(struct world *w, const char *name, const char *figure)
{
	char *all;
	int n = -1; /* the heading */

	w->ask.figure = figure;
	all = run(w, name, EXPORT_CSV, 0);
	for (const char *p = all; (p = strchr(p, '\n')); p++)
		n++;
	free(all);
	w->ask.figure = NULL;
	store_close(w->reader);
	assert_int_equal(store_open(w->town.path, STORE_READER, &w->reader, &w->why), OK);
	return n;
}

static int value_of(struct world *w, const char *figure)
{
	char *all = run(w, "figures", EXPORT_CSV, 0), want[64];
	const char *p;
	int n, column = 0;

	(void)snprintf(want, sizeof want, "\n%s,", figure);
	p = strstr(all, want);
	assert_non_null(p);
	for (p++; column < 6; p++)
		column += *p == ',';
	n = atoi(p);
	free(all);
	store_close(w->reader);
	assert_int_equal(store_open(w->town.path, STORE_READER, &w->reader, &w->why), OK);
	return n;
}

/* Months that were frozen one after the other, with late records between: the events behind a figure are those that it counted. */
static void t_stretches(void **state)
{
	static const char *const figure[] = {"inspections", "patrols", "hazards_found"};
	static const char *const to[] = {"2025-11-01", "2025-12-01", "2025-12-03"}; /* one month, both, and days that are not frozen */
	struct world *w = *state;
	struct freeze_done done;
	struct office_end end;
	int64_t october, november;
	int seq = 0, was[ARRAY_LEN(figure)] = {0};

	some_work(&w->town, &seq, 2025, 10, 5, 2);
	assert_int_equal(office_freeze(w->town.st, w->town.in, TOWN_NOW, "2025-10", &done, &end, &w->why), OK);
	october = end.commit;
	some_work(&w->town, &seq, 2025, 10, 31, 1); /* late */
	some_work(&w->town, &seq, 2025, 11, 1, 3);
	town_send(&w->town, "d-1", "{\"epoch\":\"w\",\"seq\":900,\"kind\":\"void\",\"at\":1764000000000,\"body\":{\"target\":\"d-1/w/1\",\"reason\":\"错\"}}");
	(void)town_commit(&w->town);
	assert_int_equal(office_freeze(w->town.st, w->town.in, TOWN_NOW + 7 * CIVIL_DAY_MS, "2025-11", &done, &end, &w->why), OK);
	november = end.commit;
	assert_true(november > october);
	some_work(&w->town, &seq, 2025, 11, 1, 1); /* late */
	w->ask.from = "2025-10-01";
	w->ask.now_ms = TOWN_NOW + 10 * CIVIL_DAY_MS;
	for (size_t p = 0; p < ARRAY_LEN(to); p++)
		for (size_t i = 0; i < ARRAY_LEN(figure); i++) {
			int n;

			w->ask.to = to[p];
			n = value_of(w, figure[i]);
			assert_int_equal(lines_of(w, "events", figure[i]), n);
			assert_true(p == 0 ? n == 2 : p == 1 ? n >= 5 : n == was[i]);
			was[i] = n;
		}
	w->ask.to = "2025-11-01T12:00:00+08:00"; /* a part of a day is of its month, too */
	assert_int_equal(lines_of(w, "events", "patrols"), 2 + 3);
	w->ask.to = "2025-12-01"; /* of one commit: as it was known then, late ones too */
	w->ask.as_of = november;
	assert_int_equal(lines_of(w, "events", "inspections"), was[0]); /* one is void by then, one is late */
	assert_int_equal(lines_of(w, "events", "hazards_found"), was[2] + 1);
}

struct meddler {
	struct town *town;
	int times, left; /* COMMITs seen; of them to meddle with */
};

static int meddle(unsigned type, void *ctx, void *stmt, void *sql)
{
	struct meddler *m = ctx;

	(void)type;
	(void)stmt;
	if (strncmp(sql, "COMMIT", 6) != 0)
		return 0;
	m->times++;
	if (m->left) {
		struct buf b = {0};

		buf_addf(&b, "{\"epoch\":\"m\",\"seq\":%d,\"kind\":\"patrol.start\",\"at\":1764030010000,\"body\":{\"patrol\":\"m-%d\",\"route\":\"grid\","
			"\"target\":\"" EAST "001\"}}", m->times, m->times);
		m->left--;
		town_send(m->town, "d-1", b.p);
		(void)town_commit(m->town);
		buf_done(&b);
	}
	return 0;
}

/* The copy is made in several reads: what comes between them begins it again, at last it is made in one. */
static void t_restart(void **state)
{
	struct world *w = *state;
	struct meddler m = {&w->town, 0, 1};
	struct head head;
	char *json, want[48];

	sqlite3_trace_v2(sql_db(w->reader), SQLITE_TRACE_STMT, meddle, &m);
	json = run(w, "patrols", EXPORT_JSON, 1);
	assert_int_equal(m.left, 0);
	assert_non_null(strstr(json, "\"patrol\":\"m-1\"")); /* begun again at the commit of the meddler */
	free(json);
	m = (struct meddler){&w->town, 100, 1000}; /* with every read: it comes to an end all the same */
	json = run(w, "patrols", EXPORT_JSON, 1);
	assert_true(m.left > 900);
	sqlite3_trace_v2(sql_db(w->reader), 0, NULL, NULL);
	assert_int_equal(store_head(w->reader, &head), OK);
	(void)snprintf(want, sizeof want, "\"as_of_commit\":%lld,", (long long)head.commit);
	assert_null(strstr(json, want)); /* what came since is not in it */
	free(json);
}

/* Given up on the way, nothing is left; names of files lead nowhere else. */
static void t_ends(void **state)
{
	struct world *w = *state;
	struct export_ask ask = w->ask;
	struct export *x = NULL;
	struct buf b = {0};
	bool more;
	int64_t ms;

	town_sql(&w->town, "UPDATE area SET name = '东/街:\"..' WHERE code = '" EAST "'");
	ask.name = "patrols";
	ask.within = EAST;
	ask.from = "2025-11-25T00:00:00+08:00";
	ask.piece = 1;
	assert_int_equal(export_open(w->reader, &ask, &x, &w->why), OK);
	assert_int_equal(export_step(x, &b, &more, &w->why), OK);
	assert_true(more);
	assert_int_equal(export_rows(x), 1);
	assert_string_equal(export_filename(x, false), "东-街--..巡河台账_2025-11-25T00-00-00.000+08-00_2025-11-26.csv");
	assert_string_equal(export_filename(x, true), "xunge-patrols-2025-11-25T00-00-00.000+08-00-2025-11-26.csv");
	assert_string_equal(export_type(x), "text/csv; charset=utf-8");
	assert_true(export_as_of(x, &ms) > 2);
	assert_int_equal(ms, TOWN_NOW);
	assert_true(export_progress(x) >= 0 && export_progress(x) < 1000);
	export_close(x);
	export_close(NULL);
	buf_done(&b);
}

/* Figures from a list of several, one line each: the value and its parts of every row. */
static char *values_of(struct world *w, const char *to)
{
	struct buf b = {0};
	struct cells c;
	char *csv;
	const char *p;

	w->ask.to = to;
	csv = run(w, "figures", EXPORT_CSV, 0);
	for (p = csv; next_row(&p, &c);)
		buf_addf(&b, "%s %s %s %s %s %s\n", c.cell[0], c.cell[3], c.cell[4], c.cell[6], c.cell[8], c.cell[9]);
	free(csv);
	return b.p;
}

/* A period that goes on for thousands of years costs what has begun of it; the ledger of its duties comes in pieces. */
static void t_long(void **state)
{
	struct world *w = *state;
	char *near, *far, *csv;

	town_sql(&w->town, "INSERT INTO duty VALUES('d','worker','grid','each','day',112,1,'times',NULL,NULL,NULL,NULL,0,0,20089,NULL,2,NULL),"
		"('y','chief','community','each','year',112,1,'times',NULL,NULL,NULL,NULL,0,0,20089,NULL,2,NULL)");
	town_send(&w->town, "d-2", EVENT(4, "patrol.start", 10, "\"body\":{\"patrol\":\"p-y\",\"route\":\"river\",\"target\":\"QSH-01\"}"));
	town_send(&w->town, "d-2", EVENT(5, "patrol.track", 11, "\"body\":{\"patrol\":\"p-y\",\"pts\":[[0,33.3,104.9,8],[480000,33.3045,104.9,8]]}"));
	town_send(&w->town, "d-2", EVENT(6, "patrol.end", 90, "\"body\":{\"patrol\":\"p-y\"}"));
	(void)town_commit(&w->town);
	w->ask.at_ms = w->ask.now_ms = TOWN_NOW + 5LL * 24 * 3600 * 1000;
	near = values_of(w, "2026-12-01"); /* the year of the chief is not over, and met */
	far = values_of(w, "9999-12-31");
	assert_non_null(strstr(near, "duty_rate community  100.0 1 1\n"));
	assert_null(strstr(near, "duty_rate grid   0 0\n"));
	assert_string_equal(far, near);
	free(near);
	free(far);
	w->ask.from = "2025-01-01";
	w->ask.to = "2085-01-01";
	csv = run(w, "duty", EXPORT_CSV, 0);
	assert_true(w->steps > 4);
	assert_true(w->longest < 16 * EXPORT_PIECE);
	free(csv);
	w->ask.to = "2026-01-01";
	csv = run(w, "duty", EXPORT_CSV, 0);
	assert_true(strlen(csv) > 365 * 40);
	free(csv);
}

static int no_room(void *ctx)
{
	(void)ctx;
	return 1; /* what was written to temporary files is taken back */
}

/* Where the end of a read cannot keep what the next one needs, the export fails and says so; the program goes on. */
static void t_unkept(void **state)
{
	struct world *w = *state;
	struct export_ask ask = w->ask;
	struct export *x = NULL;
	struct buf all = {0};
	bool more = true;
	char *csv;
	enum err e;

	ask.name = "cases";
	(void)sqlite3_commit_hook(sql_db(w->reader), no_room, NULL);
	e = export_open(w->reader, &ask, &x, &w->why);
	while (e == OK && more)
		e = export_step(x, &all, &more, &w->why);
	assert_int_equal(e, ERR_IO);
	assert_non_null(strstr(w->why.text, "cannot keep what was read: "));
	assert_true(sqlite3_get_autocommit(sql_db(w->reader)));
	export_close(x);
	buf_done(&all);
	(void)sqlite3_commit_hook(sql_db(w->reader), NULL, NULL);
	csv = run(w, "cases", EXPORT_CSV, 0);
	assert_non_null(strstr(csv, "c-1"));
	free(csv);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {T(t_pieces), T(t_bound), T(t_masks), T(t_areas), T(t_patrols), T(t_cases), T(t_tracks), T(t_refused), T(t_exact), T(t_label), T(t_frozen), T(t_stretches), T(t_restart), T(t_ends), T(t_long),
		T(t_unkept)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
