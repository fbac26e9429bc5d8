#include "schema/exports/sink.h"

#include "core/civil.h"

static enum err begin(struct rows *r, struct why *why)
{
	(void)why;
	r->csv.b = r->out;
	if (!r->no_bom)
		csv_out_bom(&r->csv);
	for (size_t i = 0; i < r->table->columns; i++)
		csv_out_text(&r->csv, slice_of(sink_heading(r, i)));
	csv_out_end(&r->csv);
	return OK;
}

static void row(struct rows *r)
{
	r->csv.b = r->out; /* each step has its own */
}

static void text(struct rows *r, struct slice v)
{
	csv_out_text(&r->csv, v);
}

static void plain(struct rows *r, const char *v)
{
	csv_out_text(&r->csv, slice_of(v));
}

static void integer(struct rows *r, int64_t v)
{
	csv_out_int(&r->csv, v);
}

static void decimal(struct rows *r, int64_t v, int decimals)
{
	struct buf b = {0};

	sink_decimal(&b, v, decimals);
	csv_out_text(&r->csv, buf_slice(&b));
	buf_done(&b);
}

static void rate(struct rows *r, int64_t num, int64_t den, int decimals)
{
	struct buf b = {0};

	if (den > 0) {
		sink_rate(&b, num, den, decimals);
		buf_addc(&b, '%');
	} else {
		buf_adds(&b, "—");
	}
	csv_out_text(&r->csv, buf_slice(&b));
	buf_done(&b);
}

static void day(struct rows *r, int32_t v)
{
	char shown[CIVIL_DAY_TEXT];

	civil_day_text(v, shown);
	plain(r, shown);
}

static void instant(struct rows *r, int64_t ms)
{
	char shown[CIVIL_INSTANT_TEXT];

	civil_instant_text(ms, shown);
	plain(r, shown);
}

static void boolean(struct rows *r, bool v)
{
	if (r->table->keys)
		csv_out_int(&r->csv, v);
	else if (r->w->english)
		plain(r, v ? "yes" : "no");
	else
		plain(r, v ? "是" : "否");
}

static void none(struct rows *r)
{
	plain(r, "");
}

static void end_row(struct rows *r)
{
	csv_out_end(&r->csv);
}

static enum err finish(struct rows *r, struct why *why)
{
	(void)r;
	(void)why;
	return OK;
}

const struct sink sink_csv = {.begin = begin, .row = row, .text = text, .integer = integer, .decimal = decimal, .rate = rate,
	.day = day, .instant = instant, .boolean = boolean, .json = text, .none = none, .end_row = end_row, .finish = finish};
