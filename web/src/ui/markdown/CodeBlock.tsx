import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { IconButton } from "../IconButton";
import { useAnnounce } from "../LiveRegion";
import styles from "./Markdown.module.css";

/** How long "copied" is shown (ms). */
const SHOWN = 2_000;

/** Fenced code, with the name of its language and a button that copies it. */
export function CodeBlock({ language, text }: { language: string; text: string }) {
	const { t } = useTranslation("ui");
	const announce = useAnnounce();
	const [copied, setCopied] = useState(false);
	useEffect(() => {
		if (!copied) return;
		const timer = setTimeout(() => setCopied(false), SHOWN);
		return () => clearTimeout(timer);
	}, [copied]);
	const copy = async () => {
		try {
			await navigator.clipboard.writeText(text);
			setCopied(true);
			announce(t("copied"));
		} catch {
			announce(t("copyRefused"));
		}
	};
	return (
		<figure className={styles.fence} dir="ltr">
			<figcaption className={styles.fenceHead}>
				<span>{language}</span>
				<IconButton
					icon={copied ? "check" : "copy"}
					size="small"
					label={t(copied ? "copied" : "copyCode")}
					onClick={copy}
				/>
			</figcaption>
			<pre tabIndex={0}>
				<code>{text.replace(/\n$/, "")}</code>
			</pre>
		</figure>
	);
}
