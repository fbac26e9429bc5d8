#include "schema/figures/figures.h"

#include <assert.h>
#include <string.h>

#define DECIMALS_MAX 6

/* 128 bits: |num| < 2^63, times 100 * 10^6 * 2, is below 2^91. */
void figure_round(int64_t num, int64_t den, int decimals, bool percent, char out[32])
{
	unsigned __int128 n = num < 0 ? -(unsigned __int128)num : (unsigned __int128)num;
	char digits[32], *to = out;
	bool minus = num < 0;
	int at = 0;

	assert(den > 0 && decimals >= 0 && decimals <= DECIMALS_MAX);
	n *= percent ? 100 : 1;
	for (int i = 0; i < decimals; i++)
		n *= 10;
	n = (2 * n + (unsigned __int128)den) / (2 * (unsigned __int128)den);
	if (n == 0)
		minus = false; /* no "-0.0" */
	do {
		digits[at++] = (char)('0' + (int)(n % 10));
		n /= 10;
	} while (n || at <= decimals);
	if (minus)
		*to++ = '-';
	while (at-- > 0) {
		*to++ = digits[at];
		if (at == decimals && at > 0)
			*to++ = '.';
	}
	*to = '\0';
}
