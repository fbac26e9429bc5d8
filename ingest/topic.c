#include "ingest/topic.h"

#define PREFIX "xunge/v1/"
#define DISTRICT_MAX 32
#define DEVICE_MAX 32

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_name(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'z');
}

static bool is_claim(char c)
{
	return is_name(c) || (c >= 'A' && c <= 'Z') || c == '_' || c == '-';
}

static bool is_reserved(struct slice device)
{
	return slice_is(device, "office") || slice_is(device, "ingest") || slice_is(device, "server");
}

enum topic_leaf topic_parse(const char *s, size_t n, struct topic *out)
{
	const size_t head = sizeof PREFIX - 1;
	struct topic t = {.leaf = TOPIC_NONE};
	struct slice leaf;
	size_t i;

	if (n < head || n > 256 || memcmp(s, PREFIX, head) != 0)
		return TOPIC_NONE;
	for (i = head; i < n && is_claim(s[i]); i++)
		;
	t.district = (struct slice){s + head, (uint32_t)(i - head)};
	if (t.district.n < 1 || t.district.n > DISTRICT_MAX || i >= n || s[i++] != '/')
		return TOPIC_NONE;
	t.device.p = s + i;
	while (i < n && (is_name(s[i]) || (s[i] == '-' && t.device.n > 0))) {
		i++;
		t.device.n++;
	}
	if (t.device.n < 1 || t.device.n > DEVICE_MAX || i >= n || s[i++] != '/')
		return TOPIC_NONE;
	leaf = (struct slice){s + i, (uint32_t)(n - i)};
	if (slice_is(leaf, "up"))
		t.leaf = TOPIC_UP;
	else if (slice_is(leaf, "presence"))
		t.leaf = TOPIC_PRESENCE;
	else
		return TOPIC_NONE;
	t.reserved = is_reserved(t.device);
	*out = t;
	return t.leaf;
}
