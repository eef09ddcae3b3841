/** What several tabs do once: locks tell them of each other. Where there are none, each acts alone. */

const VISIBLE = "starling.visible";
const CHIME = "starling.chime";

/** While the page is in sight, other tabs can know it. */
export function shareVisibility(): () => void {
	if (!("locks" in navigator)) return () => {};
	let release: (() => void) | null = null;
	const update = () => {
		if (document.visibilityState === "visible" && !release) {
			const held = new Promise<void>((resolve) => {
				release = resolve;
			});
			navigator.locks.request(VISIBLE, { mode: "shared" }, () => held).catch(() => {});
		} else if (document.visibilityState !== "visible") {
			release?.();
			release = null;
		}
	};
	update();
	document.addEventListener("visibilitychange", update);
	return () => {
		document.removeEventListener("visibilitychange", update);
		release?.();
	};
}

/** Whether one of the tabs, this or another, is in sight. */
export async function anyVisible(): Promise<boolean> {
	if (document.visibilityState === "visible") return true;
	if (!("locks" in navigator)) return false;
	const { held = [] } = await navigator.locks.query();
	return held.some((it) => it.name === VISIBLE);
}

/** Of all tabs that want to at the same moment, one does it. */
export async function once(act: () => void): Promise<void> {
	if (!("locks" in navigator)) return act();
	await navigator.locks.request(CHIME, { ifAvailable: true }, async (lock) => {
		if (!lock) return;
		act();
		await new Promise((resolve) => setTimeout(resolve, 1000));
	});
}
