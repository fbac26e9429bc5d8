// A month beside the month before: exact, rounded half up once, when it is shown.

/** @typedef {{value: number|null, numerator: number|null, denominator: number|null}} Amount a row of a figure */

/** num / den with one decimal, half up, away from zero; den > 0. @param {bigint} num @param {bigint} den */
function tenths(num, den) {
	const minus = num < 0n;
	const n = ((minus ? -num : num) * 20n + den) / (den * 2n); // tenths

	return `${minus && n ? "-" : ""}${n / 10n}.${n % 10n}`;
}

const signed = (/** @type {string} */ s) => (/^-|^0(\.0)?$/.test(s) ? s : `+${s}`);

/** A number without its fraction's rest: thousandths. @param {number} n */
const thousandths = (n) => BigInt(Math.round(n * 1000));

/** The difference: of counts their own, of rates percentage points. @param {Amount|undefined} now @param {Amount|undefined} was @returns {string} +12, -1.4, — */
export function change(now, was) {
	if (!now || !was || now.value === null || was.value === null)
		return "—";
	if (now.denominator !== null && was.denominator !== null) {
		const [a, b, c, d] = [now.numerator, now.denominator, was.numerator, was.denominator].map((n) => BigInt(n || 0));

		return signed(tenths((a * d - c * b) * 100n, b * d));
	}
	const n = thousandths(now.value) - thousandths(was.value);

	return signed(n % 1000n ? tenths(n, 1000n) : String(n / 1000n));
}

/** The same as a share of what was, in percent; of rates there is none. @param {Amount|undefined} now @param {Amount|undefined} was @returns {string} +12.5%, — */
export function growth(now, was) {
	if (!now || !was || now.value === null || !was.value || now.denominator !== null)
		return "—";
	const [n, w] = [thousandths(now.value), thousandths(was.value)];

	return `${signed(tenths((n - w) * 100n, w))}%`;
}

/** Is a's rate higher (1), lower (-1), or the same?  One without a rate is the lowest. @param {Amount|undefined} a @param {Amount|undefined} b */
export function byRate(a, b) {
	const [x, y] = [a, b].map((v) => (v?.denominator ? { n: BigInt(v.numerator || 0), d: BigInt(v.denominator) } : null));

	if (!x || !y)
		return Number(!!x) - Number(!!y);
	const left = x.n * y.d;
	const right = y.n * x.d;

	return left > right ? 1 : left < right ? -1 : 0;
}
