#include "server/device_access.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "schema/account.h"
#include "server/access.h"
#include "server/session.h"

static bool refuse(struct response *rs, const char *code, const char *detail)
{
	access_no_store(rs);
	response_header(rs, "www-authenticate", "Basic realm=\"xunge device\", charset=\"UTF-8\"");
	response_problem(rs, 401, code, detail);
	return false;
}

/* "Basic base64(id:secret)". */
static bool read_header(const char *header, char id[DEVICE_ID_ROOM], char secret[ACCOUNT_SECRET])
{
	char text[DEVICE_ID_ROOM + ACCOUNT_SECRET];
	const char *colon;
	size_t n = 0;
	bool right = false;

	if (strncasecmp(header, "Basic ", 6) == 0 &&
		sodium_base642bin((unsigned char *)text, sizeof text - 1, header + 6, strlen(header + 6), " ", &n, NULL, sodium_base64_VARIANT_ORIGINAL) == 0) {
		text[n] = '\0';
		colon = memchr(text, ':', n);
		if (colon && strlen(text) == n && colon > text && (size_t)(colon - text) < DEVICE_ID_ROOM && n - (size_t)(colon - text) - 1 < ACCOUNT_SECRET) {
			slice_copy(id, DEVICE_ID_ROOM, (struct slice){text, (uint32_t)(colon - text)});
			slice_copy(secret, ACCOUNT_SECRET, slice_of(colon + 1));
			right = true;
		}
	}
	sodium_memzero(text, sizeof text);
	return right;
}

/* A wrong one is counted: after too many, the address is asked to wait.  A right secret opens all the same, so that
 * nobody can lock a phone out. */
static bool wrong(struct app *a, const struct request *rq, struct response *rs, const char *id)
{
	char name[DEVICE_ID_ROOM + 8];
	int wait;

	(void)snprintf(name, sizeof name, "device:%s", id); /* fits */
	wait = lock_wait(a->sessions, name, rq->peer, clock_wall_ms());
	if (wait > 0) {
		response_retry(rs, wait);
		response_problem(rs, 429, "too_many_attempts", "too many wrong secrets: wait");
		return false;
	}
	lock_keep(a->sessions, name, rq->peer);
	return refuse(rs, "bad_credentials", "device or secret is wrong, or the device was revoked");
}

bool device_access(struct app *a, const struct request *rq, struct response *rs, char id[DEVICE_ID_ROOM])
{
	char secret[ACCOUNT_SECRET];
	enum err e;
	bool was;

	if (!rq->authorization || !read_header(rq->authorization, id, secret))
		return refuse(rs, "bad_credentials", "Authorization: Basic, with the device's id and secret");
	e = a->st ? account_device_verify(a->st, id, secret) : ERR_CLOSED;
	was = e == ERR_DENIED && account_device_was(a->st, id, secret);
	sodium_memzero(secret, sizeof secret);
	if (e == OK)
		return true;
	if (was) /* no guess, and the phone is to forget what it was told */
		return refuse(rs, "device_revoked", "the device was revoked");
	if (e == ERR_DENIED)
		return wrong(a, rq, rs, id);
	response_retry(rs, 5);
	response_problem(rs, 503, "unavailable", "the records cannot be read now: try again");
	return false;
}
