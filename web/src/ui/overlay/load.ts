import { useEffect, useState } from "react";

type Overlays = typeof import("./index");

let loaded: Overlays | undefined;

async function load(): Promise<Overlays> {
	loaded = await import("./index");
	return loaded;
}

/** By then even a slow network has brought what is shown first; a pause in it looks like idleness. */
const PREFETCH_AFTER_MS = 3_000;

/** Fetches them before they are wanted. */
function prefetch(): () => void {
	const timer = setTimeout(() => void load().catch(() => undefined), PREFETCH_AFTER_MS);
	return () => clearTimeout(timer);
}

/**
 * The parts that float, once they are here; they are fetched some seconds after the first page,
 * at the latest when one is `wanted`. Where they can't be had, nothing opens; the next press tries again.
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
