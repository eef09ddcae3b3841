import { useCallback, useState } from "react";

/** What may float above the page; one at a time. */
export type Floating = "jump" | "create" | "start" | "shortcuts";

/** `used`: something floated before, so that what draws it is loaded. */
export function useFloating() {
	const [floating, setFloating] = useState<Floating | null>(null);
	const [used, setUsed] = useState(false);
	const show = useCallback((what: Floating) => {
		setUsed(true);
		setFloating(what);
	}, []);
	const hide = useCallback(() => setFloating(null), []);
	return { floating, used, show, hide };
}
