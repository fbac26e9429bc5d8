// What this browser remembers for the one who uses it.

/** @param {string} key @returns {string|null} */
export function kept(key) {
	try {
		return localStorage.getItem(key);
	} catch (_) {
		return null; // storage may be switched off
	}
}

/** @param {string} key @param {string} value */
export function keep(key, value) {
	try {
		localStorage.setItem(key, value);
	} catch (_) {
		// then it is forgotten
	}
}
