/* http.h - a request and its answer, free of the library that carries them. */
#ifndef XUNGE_SERVER_HTTP_H
#define XUNGE_SERVER_HTTP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/slice.h"

#define HTTP_BODY_MAX (64 * 1024) /* bytes of a request's body */

enum http_method { HTTP_GET, HTTP_HEAD, HTTP_POST, HTTP_PUT, HTTP_PATCH, HTTP_DELETE, HTTP_OPTIONS, HTTP_METHODS };

extern const char *const http_method_names[HTTP_METHODS];

#define REQUEST_PARAMS 2

/* Where a body goes that is not gathered: piece by piece as it comes. */
struct sink {
	void (*take)(void *ctx, const char *p, size_t n); /* what fails is said when the request is answered */
	void (*gone)(void *ctx);                          /* the request is over, or its connection */
	void *ctx;                                        /* NULL: there is none */
};

struct tus_headers { /* of resumable uploads */
	const char *version, *length, *defer, *offset, *metadata, *checksum, *concat, *method;
};

struct request { /* texts are NULL when the header is absent; all borrowed for the call */
	enum http_method method;
	const char *path, *query; /* path decoded by the carrier; query as it came */
	const char *host, *origin, *cookie, *csrf, *type, *if_none_match, *if_match, *idempotency_key, *accept_encoding, *authorization;
	const char *protocols, *version; /* of a WebSocket upgrade */
	const char *peer; /* address as text */
	bool local;       /* the peer is on this machine and no proxy stands between */
	bool tls;
	struct tus_headers tus;
	struct slice body;
	struct sink sink;
	struct slice param[REQUEST_PARAMS]; /* the {} of the route's path */
	uint64_t ticket;                    /* for an answer that comes later */
};

/* A body that comes in pieces, each asked for when the socket has taken the one before (wire_more). */
struct stream {
	void (*next)(void *ctx); /* the next piece is wanted, and nothing else until it has come */
	void (*gone)(void *ctx); /* the answer is over, or its connection */
	void *ctx;
};

struct response {
	int status;           /* 0: not answered yet */
	const char *type;     /* literal */
	struct buf head;      /* further header lines, each with its CRLF */
	struct buf body;      /* owned */
	struct slice fixed;   /* instead of body: bytes that live as long as the server */
	const char *img;      /* origin of further pictures, for the content policy; lives as long as the server */
	bool later;           /* the handler answers by ticket */
	bool close;           /* no further request on this connection */
	bool streams;         /* body is the first piece of a stream: chunked, so that a cut-off answer can be told */
	struct stream stream;
	bool terse;        /* few headers: for programs */
	bool bare;         /* fewer still: for scripts and styles under a name that holds their hash */
};

void response_done(struct response *r);

/* Value: printable, no CR or LF (both are ours to promise). */
void response_header(struct response *r, const char *name, const char *value);

/* RFC 9457.  code: for programs, as in the contract; detail: for people, may be NULL. */
void response_problem(struct response *r, int status, const char *code, const char *detail);
void response_retry(struct response *r, int seconds); /* Retry-After */

const char *http_reason(int status);

/* Status line, headers and the empty line, for a body of n bytes. */
void response_head(const struct response *r, size_t n, bool tls, struct buf *out);
struct slice response_body(const struct response *r);

/* Value of a cookie, p NULL when absent. */
struct slice http_cookie(const char *cookies, const char *name);

/* Does the Origin name the host and port that was asked?  Absent: false. */
bool http_same_origin(const char *origin, const char *host, bool tls);

/* Is etag ("..." with its quotes) listed in If-None-Match? */
bool http_etag_listed(const char *list, const char *etag);

/* Is coding accepted by Accept-Encoding (named, and not with q=0)? */
bool http_accepts(const char *accept, const char *coding);

/* Is token one of a comma-separated list, case and white space aside? */
bool http_listed(const char *list, const char *token);

#endif
