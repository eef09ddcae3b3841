/** Everything of the kit on one page, for those who work on it: `npm run dev`, then /kit.html. */

import { createRoot } from "react-dom/client";
import { startLanguages } from "../src/app/i18n";
import "../src/ui/tokens.css";
import "../src/ui/base.css";
import { isLanguage, startTheme } from "../src/ui";
import { Kit } from "./Kit";

const asked = new URLSearchParams(location.search);
const language = asked.get("language");
startTheme();
const theme = asked.get("theme");
if (theme) document.documentElement.dataset.theme = theme;
await startLanguages(isLanguage(language) ? language : "en");
const root = document.getElementById("root");
if (root) createRoot(root).render(<Kit />);
