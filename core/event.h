/* event.h - what a device says: thirteen kinds of events, and the hello (contract, sections 2, 3).
 * event_decode checks every field of the envelope and of the kind's body; it knows no registry
 * and no clock.  All slices borrow from the json doc.
 *
 * Where the contract is silent (schema/messages/ says the same in JSON Schema):
 *   null for an optional member is as good as absent; unknown members are ignored everywhere.
 *   1.0 and 1e3 are whole numbers.  Lengths are bytes of UTF-8.
 *   person codes, households, groups, units, roles, `to`, app: 1..64 bytes, no control characters
 *   category, topic, item: 1..64 of [0-9a-zA-Z_-], looked up in no table here
 *   note, text, reason, parties: <= 4000; title, object, unit, channel ...: <= 200
 *   counts <= 10^9, amounts <= 10^12 fen, qty <= 10^12: sums of many stay within int64
 *   pts: 1..500 of [ms, lat, lon] or [ms, lat, lon, acc]; ms may be negative
 *   body is always there, an object; visit names a household or a group, case.report a title or
 *   a text.  What a case action needs beyond `case` and `action` depends on the folded case.
 *   att needs sha256; bytes, mime, role are checked where they stand. */
#ifndef XUNGE_CORE_EVENT_H
#define XUNGE_CORE_EVENT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"
#include "core/json.h"

#define EVENT_PAYLOAD_MAX (256 * 1024) /* bytes of one payload */
#define EVENT_ARRAY_MAX 200
#define EVENT_EPOCH_MAX 32
#define EVENT_SEQ_MAX 9007199254740991LL /* 2^53 - 1 */
#define EVENT_DEVICE_MAX 32
#define EVENT_ID_MAX 36  /* case and patrol ids */
#define EVENT_ATT_MAX 16
#define EVENT_PTS_MAX 500
#define EVENT_NAME_MAX 64   /* bytes: person codes, households, units, app; category codes */
#define EVENT_LINE_MAX 200  /* bytes: title, object, channel ... */
#define EVENT_TEXT_MAX 4000 /* bytes: text, note, reason, parties */
/* Instants are 0 .. EVENT_MS_MAX; |off| <= EVENT_OFF_MAX.  Beyond: bad_event. */
#define EVENT_MS_MAX 253402300799999LL /* 9999-12-31 */
#define EVENT_OFF_MAX 4102444800000LL

/* The numbers are stored; never renumber. */
enum event_kind {
	EV_PATROL_START = 1,
	EV_PATROL_TRACK = 2,
	EV_PATROL_END = 3,
	EV_PATROL_SUBSTITUTE = 4,
	EV_INSPECT = 5,
	EV_VISIT = 6,
	EV_WORK = 7,
	EV_HOUSEHOLD = 8,
	EV_CASE_REPORT = 9,
	EV_CASE_ACT = 10,
	EV_SOS = 11,
	EV_STATUS = 12,
	EV_VOID = 13,
};
#define EVENT_KINDS 13

enum crs { CRS_WGS84 = 0, CRS_GCJ02 = 1, CRS_CGCS2000 = 2 };

/* device/epoch/seq */
struct event_id {
	struct slice device, epoch;
	int64_t seq; /* 0: absent */
};

struct event {
	struct slice raw; /* its bytes in the payload */
	struct json *doc; /* that its tokens are of */
	uint32_t as;      /* token of `as`: the rights that an officer's act was done with; 0 absent, else unchecked */
	struct slice epoch;
	int64_t seq;
	enum event_kind kind;
	int64_t at_ms;   /* by the device's clock */
	int64_t off_ms;  /* 0 when absent */
	int64_t when_ms; /* event time: at + off; may be < 0 or beyond EVENT_MS_MAX */
	int64_t rec_ms;  /* -1: absent */
	struct slice person, scope, ref; /* p NULL: absent */
	struct event_id base;
	bool has_loc;
	int32_t lat_e7, lon_e7; /* as sent, in its crs */
	int32_t acc_m;          /* metres, rounded up; -1: absent */
	enum crs crs;
	uint32_t natt, att; /* attachments; token of their array, 0 when absent */
	bool photo_before, photo_after; /* attachments of these roles */
	uint32_t body; /* token of the body object */
	/* What is needed beyond storing, by kind; the rest was checked and stays in raw. */
	struct slice patrol;   /* patrol.*: the device's patrol id */
	struct slice route;    /* patrol.start: river gully road grid burning */
	struct slice target;   /* patrol.start, .substitute: reach or area code */
	struct slice for_person; /* patrol.start: `for` */
	bool clear;            /* patrol.end */
	uint32_t pts;          /* patrol.track: token of its points (core/track.h); 0: none */
	enum crs pts_crs;
	bool mock;             /* patrol.track */
	struct slice way;      /* patrol.substitute: drone meeting onsite paper */
	struct slice casus;    /* case.report, case.act: `case` */
	struct slice category; /* case.report: category; inspect: topic; work: item */
	struct slice klass;    /* case.report: class */
	int severity;          /* case.report: 1..4, 0 absent */
	struct slice title;    /* case.report; sos: text */
	struct slice text;     /* case.report */
	struct slice issuer;   /* case.report */
	bool self_fixed;       /* case.report */
	int64_t due_ms;        /* case.report: -1 absent */
	struct slice action;   /* case.act; so are: */
	struct slice note, to, result, rating;
	int64_t until_ms;      /* -1 absent */
	struct slice household; /* visit, household */
	int64_t staff, aid_fen; /* visit: 0 absent */
	int64_t qty_milli;     /* work: thousandths */
	struct slice unit;     /* work */
	bool approx;           /* work */
	struct slice state, type; /* household */
	int64_t persons;       /* household: -1 absent */
	int battery;           /* status: 0..100, -1 absent */
	int64_t queue;         /* status: -1 absent */
	struct event_id victim; /* void: target */
};

enum event_code { EVENT_OK = 0, EVENT_BAD_JSON, EVENT_BAD_EVENT, EVENT_UNKNOWN_KIND };

struct event_fault {
	enum event_code code;
	char detail[160]; /* "/body/pts/3: latitude 91" - a JSON Pointer, then what is wrong */
};

const char *event_kind_name(enum event_kind k); /* "patrol.start" */
const char *event_kind_zh(enum event_kind k);
enum event_kind event_kind_of(struct slice name); /* 0: unknown */
const char *event_code_name(enum event_code c);  /* "bad_json" ... as on the wire */

/* Reads identity only (epoch, seq) of element t, also from a doc with a hard error when both
 * tokens were complete before it.  Two members `seq` or `epoch` are none.
 * False: none can be read; the whole payload is answered without identity. */
bool event_identity(struct json *j, uint32_t t, struct slice *epoch, int64_t *seq);

/* Decodes element t.  On EVENT_OK *out is complete; else *out holds epoch and seq if
 * event_identity() could read them, and *fault says what is wrong.  A soft json error inside t is
 * EVENT_BAD_JSON, its byte counted from the event's brace.  First fault in this order: json,
 * envelope, kind, body. */
enum event_code event_decode(struct json *j, uint32_t t, struct event *out, struct event_fault *fault);

struct hello {
	struct slice epoch;
	int64_t first, next; /* 1 .. 2^53; first <= next */
	int64_t time_ms;     /* -1: absent */
	struct slice app;    /* p NULL: absent; <= 64 bytes */
};

/* Is the top an object with the member `hello`? */
bool hello_is(const struct json *j);
enum event_code hello_decode(struct json *j, struct hello *out, struct event_fault *fault);

struct presence {
	bool online;
	int64_t at_ms; /* -1: absent */
};
bool presence_decode(struct json *j, struct presence *out);

#endif
