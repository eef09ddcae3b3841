import { useContext, useEffect } from "react";
import { useTranslation } from "react-i18next";
import type { Me } from "../../protocol";
import { conversations, titleOf, unread } from "../../state/selectors";
import { ChatContext, useChat } from "../../state/store";
import type { State } from "../../state/types";
import { plainText, setPageBadge } from "../../ui";
import { go, roomPath } from "../places";
import { settings, useSettings } from "../settings";
import { type Arrival, arrivals } from "./arrivals";
import { chime } from "./sound";
import { anyVisible, once, shareVisibility } from "./tabs";

/** The number of unread messages in the page's title and on its icon. */
function useBadge(me: Me): void {
	const { badge } = useSettings();
	const count = useChat((state) =>
		conversations(state).reduce((sum, it) => sum + unread(it, me.id), 0),
	);
	useEffect(() => {
		setPageBadge(badge ? count : 0);
		return () => setPageBadge(0);
	}, [badge, count]);
}

interface Words {
	title: (arrival: Arrival, state: State) => string;
}

async function notify(found: readonly Arrival[], state: State, words: Words): Promise<void> {
	if (await anyVisible()) return;
	const { notify: wanted, sound } = settings();
	if (sound) await once(() => void chime());
	if (!wanted || typeof Notification !== "function" || Notification.permission !== "granted")
		return;
	for (const arrival of found) show(arrival, words.title(arrival, state));
}

function show({ it, message }: Arrival, title: string): void {
	try {
		const note = new Notification(title, {
			body: plainText(message.text).slice(0, 200),
			tag: it.room.id,
			icon: "/icon-192.png",
			silent: true,
		});
		note.onclick = () => {
			window.focus();
			go(roomPath(it.room.id));
			note.close();
		};
	} catch {
		// Phones know notifications only from a service worker; they do without.
	}
}

/** Title, icon, notifications and sound: what calls for attention while one looks elsewhere. */
export function useAttention(me: Me): void {
	const { t } = useTranslation("shell");
	const chat = useContext(ChatContext);
	useBadge(me);
	useEffect(shareVisibility, []);
	useEffect(
		() =>
			chat?.store.subscribe((state, before) => {
				if (state.session.at !== "in" || state.session.me.presence === "do_not_disturb") return;
				const found = arrivals(before, state, me);
				if (found.length === 0) return;
				const title = ({ it, message }: Arrival, now: State) => {
					const name = now.users[message.author_id]?.display_name ?? t("someone");
					if (it.room.kind === "direct") return name;
					return t("notification.room", { name, room: titleOf(now, it.room) });
				};
				void notify(found, state, { title });
			}),
		[chat, me, t],
	);
}
