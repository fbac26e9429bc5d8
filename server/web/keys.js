// The keyboard: one goes through the rows, opens, signs, without a mouse.  Off while one types, and by a switch (WCAG 2.1.4).
import { linkTo } from "./by.js";
import { isPage } from "./pages.js";
import { link } from "./route.js";

/** @typedef {import("./main.js").App} App */

const GO_WITHIN_MS = 1500;

/** After g. @type {Record<string, string>} */
export const GO = { d: "desk", c: "cases", p: "patrols", u: "people", r: "reports", s: "settings" };

/** Rows that j and k go through: on the desk the alerts and the cases, elsewhere the first table.
 * @returns {HTMLElement[]} */
function rows() {
	const desk = /** @type {HTMLElement[]} */ ([...document.querySelectorAll(".alerts tbody tr[data-row], .cases tbody tr[data-row]")]);

	return desk.length ? desk : /** @type {HTMLElement[]} */ ([...(document.querySelector("main table")?.querySelectorAll("tbody tr") || [])]);
}

/** @param {EventTarget|null} t */
const types = (t) => t instanceof HTMLElement && t.matches("input, textarea, select, [contenteditable]") && !t.matches("input[type=checkbox], input[type=radio]");

/** @param {App} app */
export function newKeys(app) {
	let goUntil = 0;
	/** @type {{block: string, row: string}|null} where the reader stands, when he goes by keys */
	let at = null;
	/** @type {{row: string, near: (HTMLElement|undefined)[]}|null} an alert that he signed here, which goes to the end, and what stood before and behind it */
	let signed = null;
	let seeking = false; // a field to search in, on a page that is not drawn yet

	/** @param {HTMLElement} tr */
	function stand(tr) {
		at = { block: tr.closest(".block")?.classList[1] || "", row: tr.dataset.row || "" };
		tr.tabIndex = -1;
		tr.focus();
		tr.scrollIntoView({ block: "nearest" });
		if (tr.dataset.pick && app.picked !== tr.dataset.pick)
			app.act.pick(tr.dataset.pick);
	}

	/** @param {number} step */
	function move(step) {
		const all = rows();
		const i = all.findIndex((tr) => tr.contains(document.activeElement));
		const near = signed && i >= 0 && all[i].dataset.row === signed.row ? signed.near[step < 0 ? 0 : 1] : null;

		signed = null;
		if (near?.isConnected)
			stand(near);
		else if (all.length)
			stand(all[Math.min(Math.max(i < 0 ? (step > 0 ? 0 : all.length - 1) : i + step, 0), all.length - 1)]);
	}

	/** The alert of the row, or of the case that is open or that the row is about. */
	function alertHere() {
		const tr = /** @type {HTMLElement|null} */ (document.activeElement?.closest("tr[data-row]") || null);
		const id = tr?.dataset.row || "";
		const kase = tr?.closest(".cases") ? id : app.file.id;
		const mine = [...app.town.rows.alerts.values()].filter((a) => a.state !== "cleared" && !a.acked_by);

		return mine.find((a) => (tr?.closest(".alerts") ? String(a.id) === id : kase !== null && a.case === kase)) || null;
	}

	/** @returns {boolean} there is one */
	function seek() {
		const field = /** @type {HTMLElement|null} */ (document.querySelector("main input[type=search]"));

		field?.focus();
		return field !== null;
	}

	/** @param {KeyboardEvent} e @returns {boolean} it was for us */
	function press(e) {
		const tr = /** @type {HTMLElement|null} */ (document.activeElement?.matches("tr") ? document.activeElement : null);
		const go = app.mono() < goUntil && GO[e.key];

		goUntil = 0;
		if (go) {
			if (isPage(go))
				location.hash = linkTo(app, go);
			return isPage(go);
		}
		switch (e.key) {
		case "j":
			move(1);
			return true;
		case "k":
			move(-1);
			return true;
		case "Enter":
			tr?.querySelector("a")?.click();
			return tr !== null;
		case "a": {
			const a = alertHere();

			if (a && app.act.maySign()) {
				const all = rows();
				const i = tr ? all.indexOf(tr) : -1;

				signed = i >= 0 ? { row: all[i].dataset.row || "", near: [all[i - 1], all[i + 1]] } : null;
				app.act.sign(a.id);
			}
			return a !== null;
		}
		case "m":
			app.act.sound();
			return true;
		case "g":
			goUntil = app.mono() + GO_WITHIN_MS;
			return true;
		case "/":
			if (!seek() && isPage("cases")) {
				location.hash = link("cases");
				seeking = true;
			}
			return true;
		case "?":
			app.act.help();
			return true;
		default:
			return false;
		}
	}

	document.addEventListener("keydown", (e) => {
		if (app.page !== "duty" || e.ctrlKey || e.altKey || e.metaKey || e.defaultPrevented || document.querySelector("dialog[open]"))
			return;
		if (e.key === "Escape") {
			const menu = /** @type {HTMLDetailsElement|null} */ (document.querySelector("details.menu[open]"));

			if (menu) {
				menu.open = false;
				menu.querySelector("summary")?.focus();
			} else if (app.file.id !== null) {
				app.act.closeFile();
			}
		} else if (keys.on && !types(e.target) && press(e)) {
			e.preventDefault();
		}
	});

	const keys = {
		on: true,
		/** After each drawing: a row that moved takes the focus with it. */
		after() {
			if (seeking && seek())
				seeking = false;
			if (at && document.activeElement === document.body && !document.querySelector("dialog[open]")) {
				const { block, row } = at;
				const tr = rows().find((r) => r.dataset.row === row && r.closest(".block")?.classList.contains(block));

				if (tr) {
					tr.tabIndex = -1;
					tr.focus({ preventScroll: true });
					if (signed?.row === row)
						tr.scrollIntoView({ block: "nearest" });
				} else {
					const near = signed?.row === row ? [...signed.near].reverse().find((r) => r?.isConnected) : null;

					at = signed = null;
					if (near)
						stand(near);
				}
			} else if (at && !document.activeElement?.closest("tr")) {
				at = null;
			}
		},
	};

	return keys;
}
