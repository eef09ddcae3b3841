import { useCallback, useEffect, useRef, useState } from "react";

export interface Action<A extends unknown[]> {
	run: (...args: A) => Promise<void>;
	busy: boolean;
	/** What the last attempt was rejected with; `null` when it was not. */
	error: unknown;
	forget: () => void;
}

/** Something that the server is asked for: one at a time, and what came of it. */
export function useAction<A extends unknown[]>(act: (...args: A) => Promise<void>): Action<A> {
	const [busy, setBusy] = useState(false);
	const [error, setError] = useState<unknown>(null);
	const running = useRef(false);
	const newest = useRef(act);
	useEffect(() => {
		newest.current = act;
	});
	const run = useCallback(async (...args: A) => {
		if (running.current) return;
		running.current = true;
		setBusy(true);
		try {
			await newest.current(...args);
			setError(null);
		} catch (refused) {
			setError(refused);
		} finally {
			running.current = false;
			setBusy(false);
		}
	}, []);
	const forget = useCallback(() => setError(null), []);
	return { run, busy, error, forget };
}
