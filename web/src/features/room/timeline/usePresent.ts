import { useSyncExternalStore } from "react";

const present = () => document.visibilityState === "visible" && document.hasFocus();

function onPresence(changed: () => void): () => void {
	window.addEventListener("focus", changed);
	window.addEventListener("blur", changed);
	document.addEventListener("visibilitychange", changed);
	return () => {
		window.removeEventListener("focus", changed);
		window.removeEventListener("blur", changed);
		document.removeEventListener("visibilitychange", changed);
	};
}

/** Whether somebody looks at the page: it is visible, and has the focus. */
export const usePresent = (): boolean => useSyncExternalStore(onPresence, present);
