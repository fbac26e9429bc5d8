#include "schema/exports/sink.h"

#include "core/civil.h"

#define GEOMETRY "geometry" /* key of the column that a GeoJSON feature stands on; the others are its properties */

/* What every file says of itself. */
static void head(struct rows *r)
{
	const struct table_world *w = r->w;
	char at[CIVIL_INSTANT_TEXT];

	buf_adds(r->out, "\"export\":");
	buf_json_str(r->out, r->table->name);
	buf_adds(r->out, ",\"scope\":");
	buf_json_str(r->out, w->place);
	buf_adds(r->out, ",\"period\":");
	buf_json_str(r->out, w->period);
	buf_addf(r->out, ",\"as_of_commit\":%lld,\"as_of_time\":", (long long)w->as_of);
	buf_json_str(r->out, w->as_of_time);
	if (r->table->clock) {
		civil_instant_text(w->at_ms, at);
		buf_adds(r->out, ",\"at\":");
		buf_json_str(r->out, at);
	}
}

static enum err begin(struct rows *r, struct why *why)
{
	(void)why;
	buf_addc(r->out, '{');
	head(r);
	if (r->table->members)
		r->table->members(r->w, r->out);
	buf_adds(r->out, ",\"rows\":[");
	return OK;
}

static void row(struct rows *r)
{
	buf_adds(r->out, r->n ? ",\n{" : "\n{");
}

static struct buf *key(struct rows *r)
{
	buf_json_key(r->out, sink_column(r)->key);
	return r->out;
}

static void text(struct rows *r, struct slice v)
{
	buf_json(key(r), v.p ? v.p : "", v.n);
}

static void integer(struct rows *r, int64_t v)
{
	buf_int(key(r), v);
}

static void none(struct rows *r)
{
	buf_adds(key(r), "null");
}

static void decimal(struct rows *r, int64_t v, int decimals)
{
	sink_decimal(key(r), v, decimals);
}

static void rate(struct rows *r, int64_t num, int64_t den, int decimals)
{
	if (den > 0)
		sink_rate(key(r), num, den, decimals);
	else
		none(r);
}

static void day(struct rows *r, int32_t v)
{
	char shown[CIVIL_DAY_TEXT];

	civil_day_text(v, shown);
	buf_json_str(key(r), shown);
}

static void instant(struct rows *r, int64_t ms)
{
	char shown[CIVIL_INSTANT_TEXT];

	civil_instant_text(ms, shown);
	buf_json_str(key(r), shown);
}

static void boolean(struct rows *r, bool v)
{
	buf_adds(key(r), v ? "true" : "false");
}

static void json(struct rows *r, struct slice v)
{
	if (v.n)
		buf_add(key(r), v.p, v.n);
	else
		none(r);
}

static void end_row(struct rows *r)
{
	buf_addc(r->out, '}');
}

static enum err finish(struct rows *r, struct why *why)
{
	(void)why;
	buf_adds(r->out, "\n]}\n");
	return OK;
}

const struct sink sink_json = {.begin = begin, .row = row, .text = text, .integer = integer, .decimal = decimal, .rate = rate,
	.day = day, .instant = instant, .boolean = boolean, .json = json, .none = none, .end_row = end_row, .finish = finish,
	.codes = true};

/* ------------------------------------------------------------------ GeoJSON (RFC 7946): the same members as properties */

static enum err geo_begin(struct rows *r, struct why *why)
{
	(void)why;
	buf_adds(r->out, "{\"type\":\"FeatureCollection\",");
	head(r);
	buf_adds(r->out, ",\"features\":[");
	return OK;
}

static void geo_row(struct rows *r)
{
	buf_adds(r->out, r->n ? ",\n{\"type\":\"Feature\"" : "\n{\"type\":\"Feature\"");
}

/* The geometry is the first column; the properties follow. */
static void geo_json(struct rows *r, struct slice v)
{
	bool first = r->column == 0 && strcmp(sink_column(r)->key, GEOMETRY) == 0;

	json(r, v);
	if (first)
		buf_adds(r->out, ",\"properties\":{");
}

static void geo_end_row(struct rows *r)
{
	buf_adds(r->out, "}}");
}

const struct sink sink_geojson = {.begin = geo_begin, .row = geo_row, .text = text, .integer = integer, .decimal = decimal,
	.rate = rate, .day = day, .instant = instant, .boolean = boolean, .json = geo_json, .none = none, .end_row = geo_end_row,
	.finish = finish, .codes = true};
