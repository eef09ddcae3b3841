import { type FocusEvent, type RefObject, useCallback, useLayoutEffect, useRef } from "react";

/**
 * A row that has the focus may be scrolled so far away that it is no more in the page. The list takes
 * its focus then, so that the keys go on here, and gives it back when the row is there again.
 */
export function useKeptFocus(
	scroller: RefObject<HTMLElement | null>,
	element: (id: string) => HTMLElement | null,
) {
	const row = useRef<HTMLElement | null>(null);
	const lost = useRef<string | null>(null);

	useLayoutEffect(() => {
		const list = scroller.current;
		const active = document.activeElement;
		if (!list) return;
		if (row.current && !row.current.isConnected) {
			if (active === null || active === document.body) {
				lost.current = row.current.dataset.id ?? null;
				list.focus({ preventScroll: true });
			}
			row.current = null;
		}
		if (lost.current === null) return;
		if (document.activeElement !== list) {
			lost.current = null;
			return;
		}
		const stop = element(lost.current)?.querySelector<HTMLElement>("[tabindex]");
		if (!stop) return;
		lost.current = null;
		stop.focus({ preventScroll: true });
	});

	return useCallback(({ target, currentTarget }: FocusEvent<HTMLElement>) => {
		row.current = target === currentTarget ? null : target.closest<HTMLElement>("[data-id]");
	}, []);
}
