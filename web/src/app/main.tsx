import "../ui/tokens.css";
import "../ui/base.css";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { ChatContext } from "../state/store";
import { startTheme } from "../ui";
import { App } from "./App";
import { startChat } from "./engine/engine";
import { startLanguages } from "./i18n";
import { keepOnDevice } from "./update";

startTheme();
const chat = startChat();
await startLanguages();

const root = document.getElementById("root");
if (!root) throw new Error("the page has no #root");
createRoot(root).render(
	<StrictMode>
		<ChatContext value={chat}>
			<App />
		</ChatContext>
	</StrictMode>,
);
keepOnDevice();
