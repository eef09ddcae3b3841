/** Marks what stays operable and audible while a dialog is open: toasts, live regions. */
export const PERSISTENT = { "data-persistent": "" };

/** The elements that are marked so. */
export function staysOperable(): Iterable<Element> {
	return document.querySelectorAll("[data-persistent]");
}
