// Text to the clipboard, also where the page has no secure context (plain http in an office's network).

/** @param {string} text @returns {Promise<boolean>} is it there? */
export async function copyText(text) {
	try {
		await navigator.clipboard.writeText(text);
		return true;
	} catch (_) {
		// no secure context, or no leave: the old way
	}
	const had = /** @type {HTMLElement|null} */ (document.activeElement);
	const box = document.createElement("textarea");

	box.value = text;
	box.className = "vh";
	box.readOnly = true;
	document.body.append(box);
	box.select();
	const done = document.execCommand("copy");

	box.remove();
	had?.focus();
	return done;
}
