/* load.h - the events that the benchmarks publish, and small helpers of the programs.
 *
 * Mix "patrol": of each 12 events of a device one patrol.start, ten patrol.track of two points and
 * one patrol.end.  Mix "inspect": inspections only, each of which stands on its own in the feed.
 * Mix "hazard": as "patrol", but each event whose time is a multiple of 20 ms reports a hazard of severity 1.
 * An event has exactly the bytes asked for (a member `pad` fills it up; unknown members of a body
 * are kept and ignored).  Patrol ids are 16 random-looking hex digits, as phones make them. */
#ifndef XUNGE_BENCH_LOAD_H
#define XUNGE_BENCH_LOAD_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define LOAD_DISTRICT "990101"
#define LOAD_PATROL 12      /* events of a patrol */
#define LOAD_COMMUNITIES 16 /* 990101100001 ... */
#define LOAD_REACHES 24     /* QSH-01 ... */
#define LOAD_EVENT_MAX 4096

#define LOAD_HAZARD_EVERY 20

enum load_mix { LOAD_PATROLS, LOAD_INSPECTIONS, LOAD_HAZARDS };

struct load_who {
	uint32_t index; /* device d-00000, person p-00000 */
	char epoch[17];
};

static inline int64_t load_now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* CPU time of this process, all threads. */
static inline int64_t load_cpu_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static inline uint64_t load_hash(uint64_t x)
{
	x += 0x9e3779b97f4a7c15u;
	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
	x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
	return x ^ (x >> 31);
}

static inline void load_hex16(char *out, uint64_t x)
{
	for (int i = 0; i < 16; i++)
		out[i] = "0123456789abcdef"[(x >> (60 - 4 * i)) & 15];
}

static inline void load_who_set(struct load_who *w, uint32_t index, uint64_t salt)
{
	w->index = index;
	load_hex16(w->epoch, load_hash(((uint64_t)index << 32) ^ salt ^ 0x65706f6368u));
	w->epoch[16] = 0;
}

static inline char *load_put(char *p, const char *s)
{
	size_t n = strlen(s);

	memcpy(p, s, n);
	return p + n;
}

static inline char *load_int(char *p, int64_t v)
{
	char t[24];
	int n = 0;

	do
		t[n++] = (char)('0' + v % 10);
	while (v /= 10);
	while (n)
		*p++ = t[--n];
	return p;
}

/* v with just so many digits */
static inline char *load_digits(char *p, int64_t v, int digits)
{
	for (int i = digits - 1; i >= 0; i--, v /= 10)
		p[i] = (char)('0' + v % 10);
	return p + digits;
}

/* Writes event `seq` of device w into out (room for LOAD_EVENT_MAX), `bytes` long (more when it
 * does not fit), not NUL-terminated; returns its length. */
static inline size_t load_event(char *out, size_t bytes, const struct load_who *w, int64_t seq,
	int64_t at_ms, enum load_mix mix)
{
	int64_t nth = (seq - 1) / LOAD_PATROL;
	int step = (int)((seq - 1) % LOAD_PATROL);
	bool hazard = mix == LOAD_HAZARDS && at_ms % LOAD_HAZARD_EVERY == 0;
	char *p = out;
	size_t n;

	p = load_put(p, "{\"epoch\":\"");
	p = load_put(p, w->epoch);
	p = load_int(load_put(p, "\",\"seq\":"), seq);
	if (mix == LOAD_INSPECTIONS)
		p = load_put(p, ",\"kind\":\"inspect\"");
	else if (hazard)
		p = load_put(p, ",\"kind\":\"case.report\"");
	else
		p = load_put(p, step == 0 ? ",\"kind\":\"patrol.start\"" :
			step == LOAD_PATROL - 1 ? ",\"kind\":\"patrol.end\"" : ",\"kind\":\"patrol.track\"");
	p = load_int(load_put(p, ",\"at\":"), at_ms);
	p = load_digits(load_put(p, ",\"person\":\"p-"), w->index, 5);
	p = load_digits(load_put(p, "\",\"scope\":\"990101100"), 1 + w->index % LOAD_COMMUNITIES, 3);
	p = load_put(p, "\",\"body\":{");
	if (mix == LOAD_INSPECTIONS) {
		p = load_put(p, "\"topic\":\"gas_check\",\"result\":\"ok\",\"people\":2");
	} else if (hazard) {
		p = load_put(p, "\"case\":\"");
		load_hex16(p, load_hash(((uint64_t)w->index << 40) ^ (uint64_t)at_ms));
		p = load_put(p + 16, "\",\"class\":\"hazard\",\"category\":\"fire\",\"severity\":1,\"title\":\"x\"");
	} else {
		p = load_put(p, "\"patrol\":\"");
		load_hex16(p, load_hash(((uint64_t)w->index << 40) ^ (uint64_t)nth ^ ((uint64_t)w->epoch[0] << 32)));
		p = load_put(p + 16, "\"");
		if (step == 0) {
			p = load_put(p, ",\"route\":\"river\",\"target\":\"QSH-");
			p = load_digits(p, 1 + w->index % LOAD_REACHES, 2);
			*p++ = '"';
		} else if (step == LOAD_PATROL - 1) {
			p = load_put(p, ",\"clear\":true");
		} else {
			p = load_digits(load_put(p, ",\"pts\":[[0,33.39"), step * 37 % 1000, 3);
			p = load_digits(load_put(p, ",104.92"), step * 53 % 1000, 3);
			p = load_digits(load_put(p, ",8],[30000,33.39"), step * 37 % 1000 + 21, 3);
			p = load_digits(load_put(p, ",104.92"), step * 53 % 1000 + 17, 3);
			p = load_put(p, ",9]]");
		}
	}
	n = (size_t)(p - out) + strlen(",\"pad\":\"\"}}");
	if (n <= bytes) {
		p = load_put(p, ",\"pad\":\"");
		memset(p, 'x', bytes - n);
		p += bytes - n;
		*p++ = '"';
	}
	return (size_t)(load_put(p, "}}") - out);
}

static inline __attribute__((noreturn)) void load_fail(const char *what, const char *detail)
{
	fprintf(stderr, "bench: %s: %s\n", what, detail);
	exit(1);
}

#endif
