/* t_import.c - schema/import.c against a real database */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <iconv.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/fault.h"
#include "schema/import.h"
#include "schema/sql.h"

#define NOW 1795400000000LL

struct world {
	char dir[64], db[128], file[128], staged[128];
	struct store *st;
	struct buf told; /* faults, a line each, without the folder */
	struct import_result r;
	struct why why;
};

static int setup(void **state)
{
	struct world *w = xcalloc(1, sizeof *w);

	snprintf(w->dir, sizeof w->dir, "/tmp/xunge-import-XXXXXX");
	assert_non_null(mkdtemp(w->dir));
	snprintf(w->db, sizeof w->db, "%s/xunge.db", w->dir);
	snprintf(w->file, sizeof w->file, "%s/f", w->dir);
	snprintf(w->staged, sizeof w->staged, "%s/staged", w->dir);
	assert_int_equal(store_create(w->db, NOW, NULL), OK);
	assert_int_equal(store_open(w->db, STORE_WRITER, &w->st, NULL), OK);
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	static const char *const names[] = {"xunge.db", "xunge.db-wal", "xunge.db-shm", "xunge.db.lock", "f"};
	struct world *w = *state;

	fault_arm(NULL);
	store_close(w->st);
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		char *p = xasprintf("%s/%s", w->dir, names[i]);

		unlink(p);
		free(p);
	}
	assert_int_equal(rmdir(w->dir), 0); /* also: no staging file is left behind */
	buf_done(&w->told);
	free(w);
	return 0;
}

static void note(void *ctx, const char *line)
{
	struct world *w = ctx;

	if (strncmp(line, w->dir, strlen(w->dir)) == 0)
		line += strlen(w->dir) + 1;
	buf_addf(&w->told, "%s\n", line);
}

static void write_file(struct world *w, const char *text, size_t n)
{
	FILE *f = fopen(w->file, "w");

	assert_non_null(f);
	assert_int_equal(fwrite(text, 1, n, f), n);
	assert_int_equal(fclose(f), 0);
}

static enum err import_bytes(struct world *w, const char *kind, const char *text, size_t n)
{
	struct import_report report = {note, w, 0, 0};
	struct head before, after;
	enum err e;

	write_file(w, text, n);
	buf_clear(&w->told);
	buf_adds(&w->told, "");
	w->why.text[0] = '\0';
	w->r = (struct import_result){-1, -1, -1, -1};
	e = import_stage(kind, w->file, w->staged, &report, &w->why);
	if (e != OK) {
		assert_int_not_equal(access(w->staged, F_OK), 0);
		assert_true(w->why.text[0] != '\0');
		return e;
	}
	assert_int_equal(store_head(w->st, &before), OK);
	assert_int_equal(store_begin(w->st), OK);
	e = import_apply(w->st, NOW, kind, w->staged, &report, &w->r, &w->why);
	if (e == OK)
		assert_int_equal(store_commit(w->st, NOW, &after), OK);
	else
		store_rollback(w->st);
	if (e == OK)
		assert_int_equal(after.commit, before.commit + (w->r.commit != 0));
	if (e == OK && w->r.commit)
		assert_int_equal(w->r.commit, after.commit);
	unlink(w->staged);
	return e;
}

static void takes(struct world *w, const char *kind, const char *text, int inserted, int updated, int unchanged)
{
	enum err e = import_bytes(w, kind, text, strlen(text));

	if (e != OK)
		fail_msg("%s: %s\n%s", err_name(e), w->why.text, w->told.p);
	assert_int_equal(w->r.inserted, inserted);
	assert_int_equal(w->r.updated, updated);
	assert_int_equal(w->r.unchanged, unchanged);
	assert_int_equal(w->r.commit != 0, inserted + updated != 0);
}

static void refuses(struct world *w, const char *kind, const char *text, const char *told)
{
	assert_int_equal(import_bytes(w, kind, text, strlen(text)), ERR_INVALID);
	assert_string_equal(w->told.p, told);
}

/* The rows of a query, cells joined by |, a line each; NULL as -. */
static void holds(struct world *w, const char *sql, const char *want)
{
	sqlite3_stmt *s = NULL;
	struct buf b = {0};

	buf_adds(&b, "");
	assert_int_equal(sqlite3_prepare_v2(sql_db(w->st), sql, -1, &s, NULL), SQLITE_OK);
	while (sqlite3_step(s) == SQLITE_ROW) {
		for (int i = 0; i < sqlite3_column_count(s); i++)
			buf_addf(&b, "%s%s", i ? "|" : "",
				sqlite3_column_type(s, i) == SQLITE_NULL ? "-" : (const char *)sqlite3_column_text(s, i));
		buf_addc(&b, '\n');
	}
	sqlite3_finalize(s);
	assert_string_equal(b.p, want);
	buf_done(&b);
}

#define TOWN \
	"code,name,valid_from,valid_to\r\n990101,江滨区,,\r\n990101100,松涛镇,2020-01-01,\r\n" \
	"990101100016,沙坪社区,,\r\n990101100016003,第三网格,2023/1/5,2023/12/31\r\n"

static void areas_come_and_change(void **state)
{
	struct world *w = *state;

	takes(w, "areas", TOWN, 4, 0, 0);
	holds(w, "SELECT code, name, valid_from, valid_to, since, until FROM area",
		"990101|江滨区|-|-|2|-\n990101100|松涛镇|18262|-|2|-\n990101100016|沙坪社区|-|-|2|-\n"
		"990101100016003|第三网格|19362|19722|2|-\n");
	holds(w, "SELECT \"commit\", time, what, rows FROM change WHERE \"commit\" > 1", "2|1795400000000|import areas|4\n");
	takes(w, "areas", TOWN, 0, 0, 4);
	/* a name changes, a grid comes: the old row stays, with the commits between which it held */
	takes(w, "areas", "code,name\n990101100016,沙坪村\n990101100016004,第四网格\n990101,江滨区\n", 1, 1, 1);
	holds(w, "SELECT name, since, until FROM area WHERE code = '990101100016' ORDER BY since", "沙坪社区|2|3\n沙坪村|3|-\n");
	/* a column that the file lacks stays; one that is there and empty is emptied */
	takes(w, "areas", "name,code\n第三网格(新),990101100016003\n", 0, 1, 0);
	holds(w, "SELECT name, valid_from, valid_to FROM area WHERE code = '990101100016003' AND until IS NULL",
		"第三网格(新)|19362|19722\n");
	takes(w, "areas", "code,name,valid_to\n990101100016003,第三网格(新),\n", 0, 1, 0);
	holds(w, "SELECT name, valid_from, valid_to FROM area WHERE code = '990101100016003' AND until IS NULL",
		"第三网格(新)|19362|-\n");
	holds(w, "SELECT count(*), count(until) FROM area", "8|3\n");
}

static void the_national_list_needs_no_parents(void **state)
{
	struct world *w = *state;

	takes(w, "areas", "code,name,streetCode,provinceCode,cityCode,areaCode\n"
		"110101001001,\"多福巷社区居委会\",110101001,11,1101,110101\n110101001002,\"银闸社区居委会\",110101001,11,1101,110101\n",
		2, 0, 0);
	/* a grid does need its community: in the registry, or in the file, in any order */
	takes(w, "areas", "code,name\n110101001001001,甲\n", 1, 0, 0);
	takes(w, "areas", "code,name\n990101100017001,乙\n990101100017,丙\n", 2, 0, 0);
	refuses(w, "areas", "name,code\n丁,990101100017002\n戊,990101100018001\n己,990101100018002\n",
		"f:3:2: code: \"990101100018001\": its community is neither in the file nor in the registry\n"
		"f:4:2: code: \"990101100018002\": its community is neither in the file nor in the registry\n");
	holds(w, "SELECT count(*) FROM area WHERE code LIKE '9901011000170%'", "1\n");
}

static void faults_have_places(void **state)
{
	struct world *w = *state;

	refuses(w, "areas", "code,name,valid_from,valid_to\n"
			    "9.90101E+14,甲,,\n"
			    "99010110001,乙,,\n"
			    "990101,,2023-02-30,\n"
			    "990102,丙,2023-05-02,2023-05-01\n"
			    "990103,丁\n"
			    "990104,戊,,,x\n"
			    "990105,\"己\n庚\",,\n"
			    "990106,辛,2023年1月5日,\n"
			    " 990107　,壬,2023/1/5,2023-01-05\n"
			    "990107,癸,,\n",
		"f:2:1: code: \"9.90101E+14\": a code or number that a spreadsheet shortened: its digits are lost, "
		"make the column text and save it again\n"
		"f:3:1: code: \"99010110001\": want an area code of 6, 9, 12 or 15 digits\n"
		"f:4:2: name: is empty\n"
		"f:4:3: valid_from: \"2023-02-30\": want a date like 2023-01-05 or 2023/1/5\n"
		"f:5:4: valid_to: is before valid_from\n"
		"f:6:3: the row has 2 cells, the header 4\n"
		"f:7:5: the cell stands under no column: is a comma unquoted?\n"
		"f:8:2: name: \"己?庚\": has a line break, tab or other control character\n"
		"f:10:3: valid_from: \"2023年1月5日\": want a date like 2023-01-05 or 2023/1/5\n"
		"f:12:1: code: the same as in line 11\n");
	assert_non_null(strstr(w->why.text, "/f: 10 faults, nothing was imported"));
	holds(w, "SELECT count(*) FROM area", "0\n");

	refuses(w, "areas", "", "f:1:1: the file is empty: want a header row\n");
	refuses(w, "areas", "code;name\n990101;x\n", "f:1:1: the columns are not separated by commas: save it as CSV\n");
	refuses(w, "areas", "kode,name\n990101,x\n", "f:1:3: code: the column is missing\n");
	refuses(w, "areas", "code,name,code\n990101,x,y\n", "f:1:3: code: the column is there twice\n");
	refuses(w, "people", "id,name,fone\np-1,张三,1\n", "f:1:3: fone: unknown column\n");
	refuses(w, "people", "id,name,phone\np-1,张三,1.3800E+10\n",
		"f:2:3: phone: \"1.3800E+10\": a code or number that a spreadsheet shortened: its digits are lost, "
		"make the column text and save it again\n");
	refuses(w, "people", "id,\"na\nme,", "f:1:2: has an opening quote without a closing one\n");
	refuses(w, "people", "\xff\xfei\0d\0", "f:1:1: is UTF-16: save it as CSV UTF-8\n");
	assert_int_equal(import_bytes(w, "people", "id,name\np-1,a\0b\np-\x01,c\n", 22), ERR_INVALID);
	assert_string_equal(w->told.p, "f:2:2: holds U+0000\nf:3:1: id: \"p-?\": want at most 64 bytes without control characters\n");
	/* UTF-8 with one broken character among good ones: named, not read as something else */
	refuses(w, "people", "id,name\np-1,张三\np-2,李\xe5\x9b\n", "f:3:2: is not UTF-8\n");

	assert_int_equal(import_bytes(w, "nonsense", "", 0), ERR_INVALID);
	assert_non_null(strstr(w->why.text, "want areas, reaches"));
	holds(w, "SELECT count(*) FROM person", "0\n");
}

static void faults_are_bounded(void **state)
{
	struct world *w = *state;
	struct buf b = {0};
	int lines = 0;

	buf_adds(&b, "code,name\n");
	for (int i = 0; i < 500; i++)
		buf_adds(&b, "x y,z\n");
	assert_int_equal(import_bytes(w, "areas", b.p, b.n), ERR_INVALID);
	for (size_t i = 0; i < w->told.n; i++)
		lines += w->told.p[i] == '\n';
	assert_int_equal(lines, IMPORT_ERRORS_MAX);
	assert_non_null(strstr(w->why.text, "500 faults"));
	buf_done(&b);
}

static void excel_files(void **state)
{
	struct world *w = *state;
	char utf8[] = "id,name,phone\r\np-1,张三,13800138000\r\np-2,李四㐂,\r\n,,\r\n", gb[256];
	char *from = utf8, *to = gb;
	size_t left = sizeof utf8 - 1, room = sizeof gb;
	iconv_t cd = iconv_open("GB18030", "UTF-8");
	static const char want[] = "p-1|张三|13800138000\np-2|李四㐂|\n";

	assert_true(cd != (iconv_t)-1);
	assert_int_equal(iconv(cd, &from, &left, &to, &room), 0);
	iconv_close(cd);
	assert_int_equal(import_bytes(w, "people", gb, (size_t)(to - gb)), OK);
	assert_int_equal(w->r.inserted, 2);
	holds(w, "SELECT id, name, phone FROM person WHERE until IS NULL", want);
	/* the same in UTF-8, with BOM and without, changes nothing */
	takes(w, "people", utf8, 0, 0, 2);
	takes(w, "people", "\xef\xbb\xbfid,name,phone\np-1,张三,13800138000\n", 0, 0, 1);
	holds(w, "SELECT id, name, phone FROM person WHERE until IS NULL", want);
}

static void appointments_know_their_people_and_places(void **state)
{
	struct world *w = *state;

	takes(w, "areas", TOWN, 4, 0, 0);
	takes(w, "people", "id,name\np-1,张三\np-2,李四\n", 2, 0, 0);
	takes(w, "reaches", "code,name,river,kind,area,length_m\nR-01,大河一段,大河,river,990101100016,1200\n"
			    "G-01,小沟,,gully,990101100,\n", 2, 0, 0);
	holds(w, "SELECT code, name, river, kind, area, length_m FROM reach",
		"G-01|小沟||gully|990101100|-\nR-01|大河一段|大河|river|990101100016|1200\n");
	refuses(w, "reaches", "code,name,river,kind,area,length_m\nR-02,a,,river,880101100016,1\nR-03,a,,stream,990101,0\n99,a,,river,990101,1\n",
		"f:3:4: kind: \"stream\": want one of river gully lake canal road\n"
		"f:3:6: length_m: \"0\": want a whole number from 1 to 10000000\n"
		"f:4:1: code: \"99\": want a reach code, 1 to 32 of 0-9 A-Z a-z _ - with a letter\n");
	refuses(w, "reaches", "code,name,kind,area\nR-02,a,river,880101100016\n",
		"f:2:4: area: \"880101100016\": no such area in the registry\n");
	takes(w, "appointments", "person,role,scope,level,valid_from,valid_to\np-1,chief,R-01,town,2023-01-01,2023-12-31\n"
				 "p-1,chief,R-01,community,2024-01-01,\np-2,worker,990101100016003,grid,,\n", 3, 0, 0);
	holds(w, "SELECT person, role, scope, valid_from, level, valid_to FROM appointment",
		"p-1|chief|R-01|19358|town|19722\np-1|chief|R-01|19723|community|-\np-2|worker|990101100016003|-2147483648|grid|-\n");
	refuses(w, "appointments", "person,role,scope,level\np-9,chief,R-01,town\np-1,chief,R-09,town\np-1,chief,880101,town\n",
		"f:2:1: person: \"p-9\": no such person in the registry\n"
		"f:3:3: scope: \"R-09\": no such area or reach in the registry\n"
		"f:4:3: scope: \"880101\": no such area or reach in the registry\n");
	refuses(w, "appointments", "person,role,scope,level\np-1,king,R-01,town\np-1,chief,R-01,\n",
		"f:2:2: role: \"king\": want one of worker patroller chief office centre handler verifier leader district admin\n"
		"f:3:4: level: is empty\n");
	refuses(w, "appointments", "person,role,scope,level,valid_from\np-1,chief,R-01,town,2023-01-01\np-1,chief,R-01,community,2023/1/1\n",
		"f:3:1: person,role,scope,valid_from: the same as in line 2\n");
	/* an ended appointment: the same key, another end */
	takes(w, "appointments", "person,role,scope,level,valid_from,valid_to\np-1,chief,R-01,community,2024-01-01,2024-06-30\n", 0, 1, 0);
	refuses(w, "exemptions", "person,rule,reason\np-1,dinghu,x\n", "f:2:2: rule: \"dinghu\": no such rule in the registry\n");
	takes(w, "duties", "rule,role,level,target,period,count\ndinghu,chief,town,each,month,1\n", 1, 0, 0);
	refuses(w, "exemptions", "person,rule,reason\np-1,dinghu,\n", "f:2:3: reason: is empty\n");
	takes(w, "exemptions", "person,rule,target,from,to,reason\np-1,dinghu,R-01,2023-05-01,2023-05-31,住院\np-2,,,,,外出学习\n", 2, 0, 0);
	holds(w, "SELECT person, rule, target, valid_from, valid_to, reason FROM exemption",
		"p-1|dinghu|R-01|19478|19508|住院\np-2|||-2147483648|-|外出学习\n");
	refuses(w, "exemptions", "person,rule,target,from,to,reason\np-1,dinghu,R-09,2023-05-31,2023-05-01,x\n",
		"f:2:5: to: is before from\n");
	refuses(w, "exemptions", "person,target,reason\np-9,R-09,x\n",
		"f:2:1: person: \"p-9\": no such person in the registry\nf:2:2: target: \"R-09\": no such area or reach in the registry\n");
}

/* With the national list alone, the town above its communities is known all the same. */
static void a_town_is_known_by_its_communities(void **state)
{
	struct world *w = *state;

	takes(w, "areas", "code,name\n110101001001,多福巷\n", 1, 0, 0);
	takes(w, "people", "id,name\np-1,张三\n", 1, 0, 0);
	takes(w, "appointments", "person,role,scope,level\np-1,chief,110101001,town\np-1,leader,110101,district\n", 2, 0, 0);
	refuses(w, "appointments", "person,role,scope,level\np-1,chief,110101002,town\n",
		"f:2:3: scope: \"110101002\": no such area or reach in the registry\n");
}

static void catalogue_duties_calendar(void **state)
{
	struct world *w = *state;

	holds(w, "SELECT count(*), min(since), max(since), count(until) FROM category", "58|1|1|0\n");
	takes(w, "categories", "code,class,name,name_en,parent,severity,deadline,deadline_unit,photo_before,photo_after,valid_from,valid_to\n"
			       "fire,hazard,消防,Fire,,1,24,hour,yes,TRUE,,\nfire_exit,hazard,消防通道,,fire,2,,,是,,,\nburn_straw,topic,烧秸秆,,,,,,,,,2025-12-31\n",
		1, 2, 0);
	holds(w, "SELECT code, name, parent, severity, deadline, deadline_unit, photo_before, photo_after, valid_to FROM category "
		 "WHERE since > 1 ORDER BY class, code",
		"fire|消防||1|24|hour|1|1|-\nfire_exit|消防通道|fire|2|-||1|0|-\nburn_straw|烧秸秆||-|-||0|0|20453\n");
	refuses(w, "categories", "code,class,name,severity,deadline,deadline_unit,photo_before\nx,hazard,甲,5,3,,maybe\ny,crime,乙,,,,\n",
		"f:2:4: severity: \"5\": want a whole number from 1 to 4\nf:2:7: photo_before: \"maybe\": want yes or no\n"
		"f:3:2: class: \"crime\": want one of hazard finding appeal dispute rectify topic work\n");
	refuses(w, "categories", "code,class,name,deadline,deadline_unit\nx,hazard,甲,3,\n",
		"f:2:5: deadline_unit: is empty: a deadline is an amount and a unit\n");
	refuses(w, "categories", "code,class,name,parent\nx,hazard,甲,none\nz,finding,丙,fire\n",
		"f:2:4: parent: \"none\": no such category of this class, neither in the file nor in the registry\n"
		"f:3:4: parent: \"fire\": no such category of this class, neither in the file nor in the registry\n");

	takes(w, "duties", "rule,role,level,target,period,months,count,count_unit,min_minutes,min_metres,min_gap_hours,min_coverage,"
			   "substitute,delegate,valid_from,valid_to\n"
			   "aheqi,chief,town,each,month,3-12,1,times,30,2000,96,80%,no,no,,\n"
			   "aheqi,chief,community,each,week,3-12,1,times,30,2000,96,0.655,no,no,,\n"
			   "guangzhou,chief,community,any,tenday,,1,days,10,1000,,1.0,yes,yes,,\n", 3, 0, 0);
	holds(w, "SELECT rule, level, period, months, count_unit, min_minutes, min_gap_hours, min_coverage, substitute FROM duty",
		"aheqi|community|week|312|times|30|96|655|0\naheqi|town|month|312|times|30|96|800|0\n"
		"guangzhou|community|tenday|112|days|10|-|1000|1\n");
	refuses(w, "duties", "rule,role,level,target,period,months,count,min_coverage\na,chief,town,each,month,12-3,0,1\na,chief,town,all,fortnight,3月12日,1,101\n",
		"f:2:6: months: \"12-3\": want months like 3-12 (as text: a spreadsheet takes it for a date)\n"
		"f:2:7: count: \"0\": want a whole number from 1 to 1000\n"
		"f:2:8: min_coverage: \"1\": want a share like 80% or 0.8\n"
		"f:3:4: target: \"all\": want one of each any\n"
		"f:3:5: period: \"fortnight\": want one of day week tenday halfmonth month twomonths quarter year\n"
		"f:3:6: months: \"3月12日\": want months like 3-12 (as text: a spreadsheet takes it for a date)\n"
		"f:3:8: min_coverage: \"101\": want a share like 80% or 0.8\n");

	takes(w, "calendar", "date,kind\n2026-10-01,holiday\n2026/10/10,makeup\n", 2, 0, 0);
	takes(w, "calendar", "date,kind\n2026-10-10,holiday\n", 0, 1, 0);
	holds(w, "SELECT day, kind, since, until FROM calendar", "20727|holiday|4|-\n20736|makeup|4|5\n20736|holiday|5|-\n");
}

#define FEATURE(code, geometry) "{\"type\":\"Feature\",\"properties\":{\"code\":" code "},\"geometry\":" geometry "}"
#define COLLECTION(features) "{\n \"name\": \"a [\\\" ] b\", \"type\": \"FeatureCollection\",\n \"features\": [\n" features "\n]}\n"
#define SQUARE "{\"type\":\"Polygon\",\"coordinates\":[[[104.9,33.3,900],[105,33.3],[105,-0.00000001],[104.9,33.3,900]]]}"

static void maps(void **state)
{
	struct world *w = *state;

	takes(w, "areas", TOWN, 4, 0, 0);
	takes(w, "reaches", "code,name,kind,area\nR-01,大河,river,990101100\n", 1, 0, 0);
	takes(w, "map", "\xef\xbb\xbf" COLLECTION(FEATURE("\"990101100\"", SQUARE) ",\n" FEATURE("990101100016003",
		"{\"type\":\"MultiPolygon\",\"coordinates\":[[[[1,2],[3,4],[-5.1234567,6],[1,2]]],[[[1,2],[3,4],[5,6],[1,2]]]]}") ",\n" FEATURE("\"R-01\"",
		"{\"type\":\"LineString\",\"coordinates\":[[-0.5,1e0],[180,-90]]}")), 3, 0, 0);
	holds(w, "SELECT code, geojson FROM shape",
		"990101100|{\"type\":\"Polygon\",\"coordinates\":[[[104.9,33.3],[105,33.3],[105,0],[104.9,33.3]]]}\n"
		"990101100016003|{\"type\":\"MultiPolygon\",\"coordinates\":[[[[1,2],[3,4],[-5.1234567,6],[1,2]]],[[[1,2],[3,4],[5,6],[1,2]]]]}\n"
		"R-01|{\"type\":\"LineString\",\"coordinates\":[[-0.5,1],[180,-90]]}\n");
	takes(w, "map", COLLECTION(FEATURE("\"990101100\"", SQUARE)), 0, 0, 1);
	takes(w, "map", COLLECTION(FEATURE("\"R-01\"", "{\"type\":\"MultiLineString\",\"coordinates\":[[[1,2],[3,4]],[[5,6],[7,8]]]}")), 0, 1, 0);

	refuses(w, "map", COLLECTION(
			FEATURE("\"990101100\"", "{\"type\":\"LineString\",\"coordinates\":[[1,2],[3,4]]}") ",\n"
			FEATURE("\"R-01\"", SQUARE) ",\n  "
			FEATURE("\"R-01\"", "{\"type\":\"LineString\",\"coordinates\":[[1,2]]}") ",\n"
			FEATURE("\"990101100\"", "{\"type\":\"Polygon\",\"coordinates\":[[[1,2],[3,4],[5,6],[7,8]]]}") ",\n"
			FEATURE("\"R-01\"", "{\"type\":\"LineString\",\"coordinates\":[[1,2],[33.4,104.9]]}") ",\n"
			FEATURE("\"R-01\"", "{\"type\":\"LineString\",\"coordinates\":[[1,2],[181,3]]}") ",\n"
			FEATURE("\"R-01\"", "{\"type\":\"LineString\",\"coordinates\":[[1,2],[\"3\",3]]}") ",\n"
			FEATURE("\"R-01\"", "null") ",\n"
			FEATURE("\"9.9E+14\"", SQUARE) ",\n"
			FEATURE("null", SQUARE) ",\n"
			"3"),
		"f:4:1: /features/0/geometry: want a Polygon or MultiPolygon for an area\n"
		"f:5:1: /features/1/geometry: want a LineString or MultiLineString for a reach\n"
		"f:6:3: /features/2/geometry/coordinates: want 2 positions or more\n"
		"f:7:1: /features/3/geometry/coordinates/0: the ring is not closed: its last position must be its first\n"
		"f:8:1: /features/4/geometry/coordinates/1: latitude beyond 90: the longitude comes first\n"
		"f:9:1: /features/5/geometry/coordinates/1: is not on the globe: want degrees (WGS 84)\n"
		"f:10:1: /features/6/geometry/coordinates/1: want a position, [longitude, latitude]\n"
		"f:11:1: /features/7/geometry: want a LineString or MultiLineString for a reach\n"
		"f:12:1: /features/8/properties/code: \"9.9E+14\": a code or number that a spreadsheet shortened: its digits are lost, "
		"make the column text and save it again\n"
		"f:13:1: /features/9/properties/code: want the code of an area or a reach, as text\n"
		"f:14:1: /features/10: want a Feature\n");
	refuses(w, "map", COLLECTION(FEATURE("\"990101100\"", SQUARE) "," FEATURE("\"990101100\"", SQUARE)),
		"f:4:165: code: the same as in line 4\n");
	refuses(w, "map", COLLECTION(FEATURE("\"990102\"", SQUARE) ",\n" FEATURE("\"R-02\"", "{\"type\":\"LineString\",\"coordinates\":[[1,2],[3,4]]}")),
		"f:4:1: code: \"990102\": no such area or reach in the registry\nf:5:1: code: \"R-02\": no such area or reach in the registry\n");
	refuses(w, "map", "{\"type\":\"FeatureCollection\",\"features\":{}}", "f:1:1: want a GeoJSON FeatureCollection\n");
	refuses(w, "map", "{\"type\":\"FeatureCollection\",\"features\":[],\"crs\":{\"type\":\"name\",\"properties\":{\"name\":\"EPSG:3857\"}}}",
		"f:1:1: /crs: want WGS 84 (EPSG:4326, CRS84) or CGCS2000 (EPSG:4490)\n");
	assert_int_equal(import_bytes(w, "map", "{\n \"a\":1,\n \"a\":2}", 18), ERR_INVALID);
	assert_int_equal(strncmp(w->told.p, "f:3:4: is not JSON: duplicate", 29), 0);
	holds(w, "SELECT count(*) FROM shape WHERE until IS NULL", "3\n");
}

/* Any registry, any file: what holds afterwards is the old with the new over it, and no key twice.
 * Codes are drawn from few, so that the gaps of the one meet the rows of the other. */
static void random_merges(void **state)
{
	struct world *w = *state;
	unsigned seed = (unsigned)getpid();
	int model[100] = {0}; /* 0: not there; else the name */

	print_message("seed %u\n", seed);
	for (int round = 1; round <= 150; round++) {
		int from = rand_r(&seed) % 60, n = 1 + rand_r(&seed) % 30, step = 1 + rand_r(&seed) % 3;
		struct buf file = {0}, want = {0};
		int inserted = 0, updated = 0, unchanged = 0;

		buf_adds(&file, "code,name\n");
		buf_adds(&want, "");
		for (int i = 0, k = from; i < n && k < 100; i++, k += step) {
			int name = 1 + rand_r(&seed) % 3;

			buf_addf(&file, "%s%d,n%d\n", k % 7 ? "99010110" : "990101100", 1000 + k - (k % 7 ? 0 : 900), name);
			if (model[k] == 0)
				inserted++;
			else if (model[k] == name)
				unchanged++;
			else
				updated++;
			model[k] = name;
		}
		takes(w, "areas", file.p, inserted, updated, unchanged);
		for (int pass = 0; pass < 2; pass++)
			for (int k = 0; k < 100; k++)
				if (model[k] && (k % 7 == 0) == (pass == 0))
					buf_addf(&want, "%s%d|n%d\n", k % 7 ? "99010110" : "990101100", 1000 + k - (k % 7 ? 0 : 900), model[k]);
		holds(w, "SELECT code, name FROM area WHERE until IS NULL ORDER BY code", want.p);
		buf_done(&file);
		buf_done(&want);
	}
	/* the history of each code is one chain without a hole */
	holds(w, "SELECT count(*) FROM area a WHERE until IS NOT NULL AND NOT EXISTS "
		 "(SELECT 1 FROM area b WHERE b.code = a.code AND b.since = a.until)", "0\n");
}

/* A disk that fills up in the midst leaves nothing; then it works. */
static void all_or_nothing(void **state)
{
	struct world *w = *state;
	struct import_report report = {note, w, 0, 0};
	int n = 0;

	takes(w, "areas", TOWN, 4, 0, 0);
	write_file(w, "code,name\n990101,江滨\n990101100,松涛\n990102,新\n", strlen("code,name\n990101,江滨\n990101100,松涛\n990102,新\n"));
	assert_int_equal(import_stage("areas", w->file, w->staged, &report, NULL), OK);
	for (n = 1; n < 100; n++) {
		char spec[32];
		enum err e;

		snprintf(spec, sizeof spec, "import.row:%d", n);
		fault_arm(spec);
		assert_int_equal(store_begin(w->st), OK);
		e = import_apply(w->st, NOW, "areas", w->staged, &report, &w->r, &w->why);
		if (e == OK)
			break;
		assert_int_equal(e, ERR_FULL);
		store_rollback(w->st);
		holds(w, "SELECT count(*), count(until), max(since) FROM area", "4|0|2\n");
		holds(w, "SELECT max(\"commit\") FROM change", "2\n");
	}
	assert_int_equal(n, 6); /* five writes: two rows closed, two again, one new */
	assert_int_equal(store_commit(w->st, NOW, NULL), OK);
	holds(w, "SELECT count(*), count(until), max(since) FROM area", "7|2|3\n");
	fault_arm(NULL);

	/* a dry run is a rollback; the numbers are those of the real one */
	unlink(w->staged);
	write_file(w, "code,name\n990103,丙\n", strlen("code,name\n990103,丙\n"));
	assert_int_equal(import_stage("areas", w->file, w->staged, &report, NULL), OK);
	assert_int_equal(store_begin(w->st), OK);
	assert_int_equal(import_apply(w->st, NOW, "areas", w->staged, &report, &w->r, NULL), OK);
	assert_int_equal(w->r.inserted, 1);
	store_rollback(w->st);
	holds(w, "SELECT count(*) FROM area WHERE code = '990103'", "0\n");
	/* the wrong kind, and what is no staging file */
	assert_int_equal(store_begin(w->st), OK);
	assert_int_equal(import_apply(w->st, NOW, "people", w->staged, &report, &w->r, &w->why), ERR_INVALID);
	assert_int_equal(import_apply(w->st, NOW, "areas", w->file, &report, &w->r, &w->why), ERR_INVALID);
	assert_int_equal(import_apply(w->st, NOW, "areas", w->db, &report, &w->r, &w->why), ERR_INVALID);
	assert_int_equal(import_apply(w->st, NOW, "areas", "/tmp/no/such/file", &report, &w->r, &w->why), ERR_NOTFOUND);
	store_rollback(w->st);
	/* a staging file is made, never overwritten */
	assert_int_equal(import_stage("areas", w->file, w->staged, &report, &w->why), ERR_EXISTS);
	assert_int_equal(access(w->staged, F_OK), 0);
	unlink(w->staged);
	assert_int_equal(import_stage("areas", "/tmp/no/such/file", w->staged, &report, &w->why), ERR_NOTFOUND);
	assert_int_equal(import_stage("areas", w->dir, w->staged, &report, &w->why), ERR_IO);
	assert_non_null(strstr(w->why.text, w->dir));
	assert_int_not_equal(access(w->staged, F_OK), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(areas_come_and_change, setup, teardown),
		cmocka_unit_test_setup_teardown(the_national_list_needs_no_parents, setup, teardown),
		cmocka_unit_test_setup_teardown(faults_have_places, setup, teardown),
		cmocka_unit_test_setup_teardown(faults_are_bounded, setup, teardown),
		cmocka_unit_test_setup_teardown(excel_files, setup, teardown),
		cmocka_unit_test_setup_teardown(appointments_know_their_people_and_places, setup, teardown),
		cmocka_unit_test_setup_teardown(a_town_is_known_by_its_communities, setup, teardown),
		cmocka_unit_test_setup_teardown(catalogue_duties_calendar, setup, teardown),
		cmocka_unit_test_setup_teardown(maps, setup, teardown),
		cmocka_unit_test_setup_teardown(random_merges, setup, teardown),
		cmocka_unit_test_setup_teardown(all_or_nothing, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
