// One short highlight on a row whose value changed: a class that alternates, so that the animation
// starts again at each change and at nothing else (style.css: .f0, .f1).

const EVERY = 20000; // looks, after which rows that were not shown meanwhile are forgotten

/** @returns {(id: string, value: string, isNew?: boolean) => string} class of the row; isNew: highlight it on its first showing */
export function newFlash() {
	/** @type {Map<string, {value: string, n: number}>} */
	let shown = new Map();
	/** @type {typeof shown} those of the turn before */
	let before = new Map();
	let looks = 0;

	return (id, value, isNew = false) => {
		if (++looks > EVERY) {
			looks = 0;
			before = shown;
			shown = new Map();
		}
		const s = shown.get(id) || before.get(id);

		if (s)
			shown.set(id, s);
		else {
			shown.set(id, { value, n: isNew ? 1 : 0 });
			return isNew ? "f1" : "";
		}
		if (s.value !== value) {
			s.value = value;
			s.n++;
		}
		return s.n ? `f${s.n % 2}` : "";
	};
}
