/**
 * One room by itself, over a client without a server, for tests in a browser:
 * `?count=1000&unread=0&loaded=50&lang=en&theme=light&message=N&joins=5-90&scene=…`.
 */

import { createRoot } from "react-dom/client";
import { startLanguages } from "../../src/app/i18n";
import { RoomPane } from "../../src/features/room";
import { ChatContext, newStore } from "../../src/state/store";
import { isLanguage, LiveRegion, Toasts } from "../../src/ui";
import "../../src/ui/tokens.css";
import "../../src/ui/base.css";
import { messageId } from "../fixtures/room/history";
import { roomScene, type Scene } from "../fixtures/room/roomClient";
import { prepare } from "../fixtures/room/scenes";
import { richState } from "../fixtures/state";

declare global {
	interface Window {
		scene: Scene;
	}
}

const asked = new URLSearchParams(location.search);
const number = (name: string, otherwise: number) => Number(asked.get(name) ?? otherwise);
const language = asked.get("lang");
document.documentElement.dataset.theme = asked.get("theme") ?? "light";

await startLanguages(isLanguage(language) ? language : "en");
const store = newStore(richState());
const [from, to] = (asked.get("joins") ?? "").split("-").map(Number);
const scene = roomScene(store, {
	count: number("count", 1_000),
	unread: number("unread", 0),
	loaded: number("loaded", 50),
	...(from !== undefined && to !== undefined && { joins: { from, to } }),
});
window.scene = scene;
prepare(scene, asked.get("scene"));

const message = asked.get("message");
createRoot(document.getElementById("root") as HTMLElement).render(
	<ChatContext value={{ store, client: scene.client }}>
		<main style={{ blockSize: "100dvh" }}>
			<RoomPane
				roomId={scene.roomId}
				messageId={message ? messageId(Number(message)) : undefined}
				onDetails={() => undefined}
				onBack={matchMedia("(max-width: 699px)").matches ? () => undefined : undefined}
			/>
		</main>
		<Toasts />
		<LiveRegion />
	</ChatContext>,
);
