export type TooltipPlacement = "top" | "bottom" | "left" | "right";

/** Between the two of them, and to the edge of the window (px). */
const GAP = 6;
const EDGE = 8;

/** Puts a fixed element beside another, on the other side where there is no room. */
export function placeBeside(it: HTMLElement, anchor: HTMLElement, wished: TooltipPlacement): void {
	const from = anchor.getBoundingClientRect();
	const { width, height } = it.getBoundingClientRect();
	const within = (at: number, size: number, room: number) =>
		Math.max(EDGE, Math.min(at, room - size - EDGE));
	const across = wished === "top" || wished === "bottom";
	let x = across ? from.left + (from.width - width) / 2 : from.left - width - GAP;
	let y = across ? from.top - height - GAP : from.top + (from.height - height) / 2;
	if (wished === "bottom" || (wished === "top" && y < EDGE)) y = from.bottom + GAP;
	if (wished === "bottom" && y + height > innerHeight - EDGE) y = from.top - height - GAP;
	if (wished === "right" || (wished === "left" && x < EDGE)) x = from.right + GAP;
	if (wished === "right" && x + width > innerWidth - EDGE) x = from.left - width - GAP;
	it.style.left = `${within(x, width, innerWidth)}px`;
	it.style.top = `${within(y, height, innerHeight)}px`;
}
