/* storm.h - a random set of events of a small town, and their delivery in any order, batches and repetitions. */
#ifndef XUNGE_TESTS_STORM_H
#define XUNGE_TESTS_STORM_H

#include "core/event.h"
#include "tests/unit/town.h"

#define STORM_EVENTS 300
#define STORM_SHA "0123456789012345678901234567890123456789012345678901234567890123"
#define STORM_PHOTOS "\"att\":[{\"sha256\":\"" STORM_SHA "\",\"role\":\"before\"},{\"sha256\":\"" STORM_SHA "\",\"role\":\"after\"}],"

struct storm_event {
	char device[16];
	char json[1200];
};

static uint64_t storm_seed;

static inline uint32_t roll(uint32_t n)
{
	storm_seed = storm_seed * 6364136223846793005ULL + 1442695040888963407ULL;
	return (uint32_t)(storm_seed >> 33) % n;
}

/* What patrols are judged by: lines, and rules with and without gaps, of which several govern one patrol. */
static inline void storm_rules(struct town *t)
{
	static const char *const rows[] = {
		"INSERT INTO shape VALUES('QSH-01','{\"type\":\"LineString\",\"coordinates\":[[104.9,33.3],[104.9,33.31]]}',3,NULL),"
		"('HG-01','{\"type\":\"MultiLineString\",\"coordinates\":[[[104.9,33.3],[104.91,33.3]],[[104.92,33.3],[104.93,33.31]]]}',3,NULL)",
		"INSERT INTO duty VALUES"
		"('far','chief','community','each','month',112,2,'times',1,300,30,500,0,0,NULL,NULL,3,NULL),"
		"('near','chief','community','any','week',112,1,'days',NULL,20,7,10,0,0,NULL,NULL,3,NULL),"
		"('town','chief','town','any','week',112,1,'times',NULL,NULL,12,NULL,1,1,NULL,NULL,3,NULL),"
		"('grid','worker','grid','any','day',112,1,'times',1,10,NULL,NULL,0,0,NULL,NULL,3,NULL)",
	};
	int64_t commit;

	assert_int_equal(store_begin(t->st), OK);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		town_sql(t, rows[i]);
	assert_int_equal(store_note(t->st, TOWN_NOW - 30 * CIVIL_DAY_MS, "test rules", 1, &commit), OK);
	assert_int_equal(commit, 3);
	assert_int_equal(store_commit(t->st, TOWN_NOW - 400, NULL), OK);
}

/* Points along the one or the other line, some far off, vague, repeated or backwards. */
static inline void storm_points(char *to, size_t room, int64_t at, int64_t start)
{
	int n = 1 + (int)roll(5), used = 0;
	uint32_t step = roll(20) * 30;

	for (int i = 0; i < n; i++, step += roll(6) ? 30 : 0) {
		int64_t ms = start + step * 1000 - at;
		double m = step * 1.5e-5 + (roll(15) ? 0 : 0.02), off = roll(10) ? 0 : 0.002;

		used += snprintf(to + used, room - (size_t)used, "%s[%lld,%.6f,%.6f,%u]", i ? "," : "", (long long)ms, 33.3 + (roll(3) ? m : 0),
			104.9 + off, roll(12) ? 8 : 150);
		assert_true((size_t)used < room);
	}
}

/* Makes the set, within two days before base: four devices, two epochs, patrols with doubled starts, late ends, tracks, voids of
 * voids, of others' and of missing events, cases reported twice, acts before their report, places
 * and people that nobody knows. */
static inline int storm_make(struct storm_event *v, int64_t base)
{
	static const char *const route[] = {"river", "gully", "road", "grid", "burning"};
	static const char *const standing[] = {"identified", "helped", "risk_removed", "relapsed"};
	static const char *const target[] = {"QSH-01", "HG-01", "990101100001001", "990101100", "NO-99"};
	int64_t seq[4][2] = {{0}};
	int n = 0;

	for (; n < STORM_EVENTS; n++) {
		int d = (int)roll(4), e = (int)roll(2);
		int64_t s = ++seq[d][e];
		int64_t at = base - (int64_t)roll(40) * 3600 * 1000 - roll(5);
		char head[600], body[600], pts[400], extra[400] = "";
		uint32_t w = roll(7);

		at = roll(10) ? base - (int64_t)(w + 1) * 6 * 3600 * 1000 - roll(5) * 60000 : at; /* of the patrol's hours */

		if (roll(12) == 0)
			(void)snprintf(extra, sizeof extra, "\"scope\":\"%s\",", target[roll(5)]);
		else if (roll(8) == 0)
			(void)snprintf(extra, sizeof extra, "\"ref\":\"w%u\",", roll(12));
		(void)snprintf(v[n].device, sizeof v[n].device, "d-%d", d + 1);
		switch (roll(18)) {
		case 0:
		case 1:
		case 2:
			(void)snprintf(body, sizeof body, "\"patrol.start\",\"body\":{\"patrol\":\"w%u\",\"route\":\"%s\",\"target\":\"%s\"%s}",
				w, route[roll(5)], target[roll(20) ? roll(4) : 4], roll(6) ? "" : ",\"for\":\"p-3\"");
			break;
		case 3:
		case 9:
			at += 20 * 60000;
			(void)snprintf(body, sizeof body, "\"patrol.end\",\"body\":{\"patrol\":\"w%u\",\"clear\":%s}", w, roll(2) ? "true" : "false");
			break;
		case 4:
		case 10:
		case 11:
		case 12:
			storm_points(pts, sizeof pts, at, base - (int64_t)(w + 1) * 6 * 3600 * 1000);
			(void)snprintf(body, sizeof body, "\"patrol.track\",\"body\":{\"patrol\":\"w%u\",\"pts\":[%s]%s}", w, pts,
				roll(20) ? "" : ",\"mock\":true");
			break;
		case 13:
			(void)snprintf(body, sizeof body, "\"patrol.substitute\",\"body\":{\"patrol\":\"w%u\",\"way\":\"%s\",\"target\":\"%s\"}",
				w, roll(2) ? "drone" : "paper", target[roll(4)]);
			break;
		case 5:
			(void)snprintf(body, sizeof body, "\"case.report\",\"body\":{\"case\":\"c%u\",\"class\":\"hazard\",\"category\":\"%s\",\"title\":\"t\"}",
				roll(8), roll(8) ? "fire" : "no_such");
			break;
		case 6:
			(void)snprintf(body, sizeof body, "\"case.act\",\"body\":{\"case\":\"c%u\",\"action\":\"accept\"}", roll(10));
			break;
		case 14:
			(void)snprintf(body, sizeof body, "\"visit\",\"body\":{\"household\":\"h%u\",\"staff\":%u,\"aid_fen\":%u}", roll(5), roll(4), roll(3) * 100);
			break;
		case 15:
			(void)snprintf(body, sizeof body, "\"work\",\"body\":{\"item\":\"%s\",\"qty\":%u.%u,\"unit\":\"%s\"%s}", roll(2) ? "bins" : "greening",
				roll(50), roll(10), roll(3) ? "个" : "处", roll(4) ? "" : ",\"approx\":true");
			break;
		case 16:
			(void)snprintf(body, sizeof body, "\"household\",\"body\":{\"household\":\"h%u\",\"state\":\"%s\"%s}", roll(6),
				standing[roll(4)], roll(3) ? ",\"persons\":4" : "");
			break;
		case 17: /* closed by its reporter */
			(void)snprintf(extra, sizeof extra, "\"scope\":\"%s\"," STORM_PHOTOS, target[roll(3)]);
			(void)snprintf(body, sizeof body, "\"case.report\",\"body\":{\"case\":\"s%u\",\"class\":\"%s\",\"category\":\"%s\","
				"\"self_fixed\":true,\"due\":%lld,\"title\":\"t\"}",
				roll(8), roll(2) ? "finding" : "appeal", roll(2) ? "litter" : "roads", (long long)(at + (int64_t)roll(9) * 10000000));
			break;
		case 7:
			(void)snprintf(body, sizeof body, "\"inspect\",\"body\":{\"topic\":\"burn_straw\",\"result\":\"ok\"}");
			break;
		default: { /* a void: mostly of one's own events, of any that exist or never will */
			int vd = roll(4) ? d : (int)roll(4);

			(void)snprintf(body, sizeof body, "\"void\",\"body\":{\"target\":\"d-%d/e%u/%u\"}", vd + 1, roll(2), 1 + roll(45));
			break;
		}
		}
		(void)snprintf(head, sizeof head, "{\"epoch\":\"e%d\",\"seq\":%lld,\"at\":%lld,%s\"kind\":", e, (long long)s, (long long)at, extra);
		(void)snprintf(v[n].json, sizeof v[n].json, "%s%s}", head, body);
	}
	return n;
}

/* Sends all events in a random order, some twice or more, singly or in arrays, in random batches, with restarts. */
static inline void storm_deliver(struct town *t, const struct storm_event *v, int n, bool shuffled)
{
	int *order = calloc((size_t)n * 2, sizeof *order), m = 0;
	struct buf b = {0};

	for (int i = 0; i < n; i++)
		order[m++] = i;
	for (int i = 0; shuffled && i < n / 2; i++)
		order[m++] = (int)roll((uint32_t)n); /* repeats */
	for (int i = m - 1; shuffled && i > 0; i--) {
		int k = (int)roll((uint32_t)i + 1), x = order[i];

		order[i] = order[k];
		order[k] = x;
	}
	for (int i = 0; i < m;) {
		const char *device = v[order[i]].device;
		int k = 0, most = shuffled ? 1 + (int)roll(6) : 1;

		buf_clear(&b);
		buf_addc(&b, '[');
		for (; i < m && k < most && strcmp(v[order[i]].device, device) == 0; i++, k++)
			buf_addf(&b, "%s%s", k ? "," : "", v[order[i]].json);
		buf_addc(&b, ']');
		town_send(t, device, b.p);
		if (roll(4) == 0)
			(void)town_commit(t);
		if (shuffled && roll(40) == 0) {
			(void)town_commit(t);
			town_close(t);
			town_open(t);
		}
	}
	(void)town_commit(t);
	buf_done(&b);
	free(order);
}

#endif
