import { useConversationShortcuts } from "../features/conversations";
import { back, go, HOME, roomPath, settingsPath } from "../features/places";
import { settings } from "../features/settings";
import { useShortcut } from "../features/shortcuts";
import type { RoomId } from "../protocol";
import type { Front } from "./layout/Layout";
import type { Floating } from "./useFloating";

interface Here {
	path: string;
	room: RoomId | null;
	front: Front;
	show: (floating: Floating) => void;
	toggleDetails: () => void;
}

/** Leaves what one has opened beside the conversation; on a phone, the conversation as well. */
function goBack({ path, room, front }: Here): boolean {
	const beside = room === null && path !== HOME;
	if (front === "details" || (front === "main" && matchMedia("(max-width: 699px)").matches)) {
		back(front === "details" && room ? roomPath(room) : HOME);
		return true;
	}
	if (!beside) return false;
	const { lastRoom } = settings();
	back(lastRoom ? roomPath(lastRoom) : HOME);
	return true;
}

/** The shortcuts that hold everywhere. */
export function useAppShortcuts(here: Here): void {
	const { room, show, toggleDetails } = here;
	useShortcut("Mod+K", "shell:shortcut.jump", () => void show("jump"));
	useConversationShortcuts(room);
	useShortcut("Mod+Shift+M", "shell:shortcut.new_message", () => void show("start"));
	useShortcut("Mod+.", "shell:shortcut.details", () => (room ? void toggleDetails() : false));
	useShortcut("Mod+,", "shell:shortcut.settings", () => go(settingsPath()));
	useShortcut("Esc", "shell:shortcut.back", () => goBack(here));
	useShortcut("?", "shell:shortcut.sheet", () => void show("shortcuts"));
}
