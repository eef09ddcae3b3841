import { useEffect, useState } from "react";

type Overlays = typeof import("./index");

let loaded: Overlays | undefined;

async function load(): Promise<Overlays> {
	loaded = await import("./index");
	return loaded;
}

/** Fetches them while nothing else is to be done. */
function prefetch(): () => void {
	const go = () => void load().catch(() => undefined);
	if (typeof requestIdleCallback === "undefined") {
		const timer = setTimeout(go, 1_000);
		return () => clearTimeout(timer);
	}
	const ticket = requestIdleCallback(go);
	return () => cancelIdleCallback(ticket);
}

/**
 * The parts that float, once they are here; they are fetched when the page is idle, at the latest
 * when one is `wanted`. Where they can't be had, nothing opens; the next press tries again.
 */
export function useOverlays(wanted: boolean): Overlays | null {
	const [overlays, setOverlays] = useState(loaded);
	useEffect(() => {
		if (loaded) return setOverlays(loaded);
		if (!wanted) return prefetch();
		let gone = false;
		load().then(
			(it) => {
				if (!gone) setOverlays(it);
			},
			() => undefined,
		);
		return () => {
			gone = true;
		};
	}, [wanted]);
	return overlays ?? null;
}
