// One short highlight on a row whose value changed: a class that alternates, so that the animation
// starts again at each change and at nothing else (style.css: .f0, .f1).

/** @returns {(id: string, value: string, isNew?: boolean) => string} class of the row; isNew: highlight it on its first showing */
export function newFlash() {
	/** @type {Map<string, {value: string, n: number}>} */
	const shown = new Map();

	return (id, value, isNew = false) => {
		const s = shown.get(id);

		if (!s) {
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
