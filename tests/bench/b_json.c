/* b_json - reading and checking an event, ours beside jansson's reading alone.
 * Prints nanoseconds of CPU for each event: medians of interleaved rounds. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/err.h"
#include "core/event.h"
#include "tests/jansson.h"

#define ROUNDS 15
#define PASSES 2000

static const char *const events[] = {
	"{\"epoch\":\"9f3c21a07be4d511\",\"seq\":42,\"kind\":\"patrol.end\",\"at\":1764035730123,"
	"\"off\":-812,\"rec\":1764035731000,\"person\":\"p-0007\",\"scope\":\"990101100016003\","
	"\"loc\":{\"lat\":33.3912,\"lon\":104.9217,\"acc\":8,\"crs\":\"wgs84\"},"
	"\"base\":\"d-0007/9f3c21a07be4d511/40\",\"body\":{\"patrol\":\"6e0c77a1-5d3e\",\"clear\":true}}",
	"{\"epoch\":\"9f3c21a07be4d511\",\"seq\":43,\"kind\":\"patrol.start\",\"at\":1764035730123,"
	"\"off\":15,\"rec\":1764035731000,\"person\":\"p-0007\",\"scope\":\"990101100016003\","
	"\"loc\":{\"lat\":33.391234,\"lon\":104.921777,\"acc\":12.5},\"body\":{\"patrol\":"
	"\"6e0c77a1-5d3e\",\"route\":\"river\",\"target\":\"R-BL-07\",\"for\":\"p-0101\"}}",
	"{\"epoch\":\"9f3c21a07be4d511\",\"seq\":44,\"kind\":\"case.report\",\"at\":1764035730123,"
	"\"person\":\"p-0007\",\"loc\":{\"lat\":33.3912,\"lon\":104.9217,\"acc\":8},\"body\":{\"case\":"
	"\"6e0c77a1-5d3e-4a1b-9000\",\"class\":\"finding\",\"category\":\"dumping\",\"severity\":3,"
	"\"title\":\"河道倾倒建筑垃圾\",\"text\":\"白龙江左岸约三立方米\"}}",
	"{\"epoch\":\"9f3c21a07be4d511\",\"seq\":45,\"kind\":\"patrol.track\",\"at\":1764035730123,"
	"\"off\":-812,\"body\":{\"patrol\":\"6e0c77a1-5d3e-4a1b\",\"pts\":[[0,33.391234,104.921777,8],"
	"[10000,33.391334,104.921877,8],[20000,33.391434,104.921977,9],[30000,33.391534,104.922077,8],"
	"[40000,33.391634,104.922177,12]],\"crs\":\"wgs84\"}}",
};

static double cpu_ns(void)
{
	struct timespec t;

	if (clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t) != 0)
		die("b_json: no clock");
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static double read_and_check(struct json *j, const char *text, size_t n)
{
	double from = cpu_ns();
	struct event_fault f;
	struct event e;

	for (int i = 0; i < PASSES; i++)
		if (!json_read(j, text, n) || event_decode(j, 0, &e, &f) != EVENT_OK)
			die("b_json: refused: %s", text);
	return (cpu_ns() - from) / PASSES;
}

static double read_only(struct json *j, const char *text, size_t n)
{
	double from = cpu_ns();

	for (int i = 0; i < PASSES; i++)
		if (!json_read(j, text, n))
			die("b_json: refused: %s", text);
	return (cpu_ns() - from) / PASSES;
}

static double jansson(const char *text, size_t n)
{
	double from = cpu_ns();

	for (int i = 0; i < PASSES; i++) {
		json_t *v = json_loadb(text, n, JSON_REJECT_DUPLICATES, NULL);

		if (!v)
			die("b_json: jansson refused: %s", text);
		json_decref(v);
	}
	return (cpu_ns() - from) / PASSES;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median(double *v)
{
	qsort(v, ROUNDS, sizeof *v, by_value);
	return v[ROUNDS / 2];
}

int main(void)
{
	double r[ROUNDS], c[ROUNDS], o[ROUNDS], sum[3] = {0};
	struct json j = {0};

	printf("json: ns of CPU per event, medians of %d interleaved rounds\n", ROUNDS);
	printf("%-14s %6s %10s %10s %10s\n", "kind", "bytes", "read", "and check", "jansson");
	for (size_t k = 0; k < ARRAY_LEN(events); k++) {
		size_t n = strlen(events[k]);
		struct event_fault f;
		struct event e;

		(void)json_read(&j, events[k], n); /* the rounds look at the answers */
		(void)event_decode(&j, 0, &e, &f);
		for (int i = 0; i < ROUNDS; i++) {
			r[i] = read_only(&j, events[k], n);
			c[i] = read_and_check(&j, events[k], n);
			o[i] = jansson(events[k], n);
		}
		printf("%-14s %6zu %10.0f %10.0f %10.0f\n", event_kind_name(e.kind), n, median(r),
			median(c), median(o));
		sum[0] += median(r);
		sum[1] += median(c);
		sum[2] += median(o);
	}
	printf("%-14s %6s %10.0f %10.0f %10.0f   jansson / ours %.1f\n", "mean", "",
		sum[0] / ARRAY_LEN(events), sum[1] / ARRAY_LEN(events), sum[2] / ARRAY_LEN(events),
		sum[2] / sum[1]);
	json_done(&j);
	return 0;
}
