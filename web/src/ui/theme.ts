import { createStore, useStore } from "zustand";

/** `system`: as the device has it, and changes it. */
export type Theme = "system" | "light" | "dark";

const KEY = "starling.theme";

const chosen = createStore<{ theme: Theme }>(() => ({ theme: "system" }));

function isTheme(value: unknown): value is Theme {
	return value === "system" || value === "light" || value === "dark";
}

function show(theme: Theme): void {
	if (theme === "system") delete document.documentElement.dataset.theme;
	else document.documentElement.dataset.theme = theme;
	chosen.setState({ theme });
}

function kept(): Theme {
	try {
		const value = localStorage.getItem(KEY);
		return isTheme(value) ? value : "system";
	} catch {
		return "system";
	}
}

/** Shows the theme that was chosen on this device, here and when another tab changes it. */
export function startTheme(): void {
	show(kept());
	window.addEventListener("storage", (event) => {
		if (event.key === KEY) show(kept());
	});
}

function setTheme(theme: Theme): void {
	show(theme);
	try {
		localStorage.setItem(KEY, theme);
	} catch {
		// A browser that keeps nothing shows it until it is closed.
	}
}

/** The chosen theme, and how to choose another. */
export function useTheme(): { theme: Theme; setTheme: (theme: Theme) => void } {
	return { theme: useStore(chosen, (it) => it.theme), setTheme };
}
