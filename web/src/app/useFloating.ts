import { useCallback, useState } from "react";

/** What may float above the page; one at a time. */
export type Floating = "jump" | "create" | "start" | "shortcuts";

export function useFloating() {
	const [floating, show] = useState<Floating | null>(null);
	const hide = useCallback(() => show(null), []);
	return { floating, show, hide };
}
