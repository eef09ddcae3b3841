import { useEffect } from "react";

/**
 * Where the keyboard of a phone covers the page instead of making it smaller, the page makes itself
 * smaller, so that the composer stays above the keyboard.
 */
export function useViewportHeight(): void {
	useEffect(() => {
		const viewport = window.visualViewport;
		if (!viewport) return;
		const root = document.documentElement;
		const fit = () => {
			// Zooming in makes the viewport smaller, too; the page stays as it is then.
			const covered = viewport.scale === 1 && window.innerHeight - viewport.height > 1;
			if (covered) root.style.setProperty("--viewport-height", `${viewport.height}px`);
			else root.style.removeProperty("--viewport-height");
			if (covered) window.scrollTo(0, 0);
		};
		fit();
		viewport.addEventListener("resize", fit);
		return () => {
			viewport.removeEventListener("resize", fit);
			root.style.removeProperty("--viewport-height");
		};
	}, []);
}
