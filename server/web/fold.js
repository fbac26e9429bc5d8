// Blocks of the desk end at a whole row, and say how many are below: nothing looks as if it were all when it is not.

/** @typedef {import("./main.js").App} App */

const LINE = 20; // height of the words below

/** @param {App} app */
export function newFold(app) {
	const desk = matchMedia("(min-width: 1101px) and (min-height: 660px)");
	/** @type {Set<Element>} */
	const seen = new Set();
	/** @type {Set<HTMLElement>} */
	const dirty = new Set();
	let asked = false;
	const watch = new ResizeObserver((all) => all.forEach((e) => later(/** @type {HTMLElement} */ (e.target.closest(".block")))));

	/** @param {HTMLElement|null} block */
	function later(block) {
		if (block)
			dirty.add(block);
		if (asked)
			return;
		asked = true;
		requestAnimationFrame(() => {
			asked = false;
			dirty.forEach(measure);
			dirty.clear();
		});
	}

	/** @param {HTMLElement} block */
	function measure(block) {
		const box = /** @type {HTMLElement|null} */ (block.querySelector(":scope > .scroll"));
		const table = box?.querySelector("table");

		if (!box || !table || !desk.matches) {
			if (box)
				box.style.marginBottom = "";
			delete block.dataset.more;
			return;
		}
		const room = block.getBoundingClientRect().bottom - box.getBoundingClientRect().top;
		const rows = [...table.rows];
		const ends = rows.map((r) => table.offsetTop - box.offsetTop + r.offsetTop + r.offsetHeight);

		if (box.scrollHeight <= room + 1) {
			box.style.marginBottom = "";
			delete block.dataset.more;
			return;
		}
		let n = ends.findIndex((e) => e > room - LINE);

		while (n > 1 && rows[n - 1].matches(".group")) // a heading belongs to what it heads
			n--;
		if (n < 1)
			return;
		box.style.marginBottom = `${Math.max(room - ends[n - 1], 0)}px`;
		say(block, box, rows, ends);
	}

	/** @param {HTMLElement} block @param {HTMLElement} box @param {HTMLTableRowElement[]} rows @param {number[]} ends */
	function say(block, box, rows, ends) {
		const below = Number(block.dataset.rest || 0) + rows.filter((r, i) => !r.matches(".group") && ends[i] > box.scrollTop + box.clientHeight + 1).length;

		block.dataset.more = below ? app.say("rows_below", { n: below }) : app.say("rows_end");
	}

	/** @param {Event} e */
	function scrolled(e) {
		const box = /** @type {HTMLElement} */ (e.target);
		const block = /** @type {HTMLElement|null} */ (box.closest?.(".block"));
		const table = box.querySelector?.("table");

		if (block?.dataset.more && table) {
			const rows = [...table.rows];

			say(block, box, rows, rows.map((r) => table.offsetTop - box.offsetTop + r.offsetTop + r.offsetHeight));
		}
	}
	document.addEventListener("scroll", scrolled, { capture: true, passive: true });

	return {
		/** After each drawing: blocks and tables that are new are watched. */
		after() {
			for (const el of document.querySelectorAll(".on-desk .block, .on-desk .block > .scroll > table"))
				if (!seen.has(el)) {
					seen.add(el);
					watch.observe(el);
				}
			for (const el of seen)
				if (!el.isConnected) {
					seen.delete(el);
					watch.unobserve(el);
				}
		},
	};
}
