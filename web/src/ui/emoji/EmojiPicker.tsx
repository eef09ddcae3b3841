import { type ComponentType, useCallback, useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { Button } from "../Button";
import { Notice } from "../Notice";
import { Placeholder } from "../Placeholder";
import styles from "./EmojiPicker.module.css";
import { rememberEmoji } from "./recent";

export interface EmojiPickerProps {
	onPick: (emoji: string) => void;
}

type Panel = ComponentType<EmojiPickerProps>;

/** All emoji, with a search in the person's language. Loaded when it is first opened. */
export function EmojiPicker({ onPick }: EmojiPickerProps) {
	const { t } = useTranslation("ui");
	const [Panel, setPanel] = useState<Panel | null>(null);
	const [failed, setFailed] = useState(false);
	const load = useCallback(() => {
		setFailed(false);
		import("./EmojiPanel").then(
			(it) => setPanel(() => it.EmojiPanel),
			() => setFailed(true),
		);
	}, []);
	useEffect(load, [load]);
	const pick = (emoji: string) => {
		rememberEmoji(emoji);
		onPick(emoji);
	};
	return (
		<div className={styles.frame}>
			{Panel ? <Panel onPick={pick} /> : failed ? null : <Placeholder rows={6} />}
			{failed ? (
				<Notice
					kind="warn"
					action={
						<Button size="small" onClick={load}>
							{t("tryAgain")}
						</Button>
					}
				>
					{t("emoji.unreachable")}
				</Notice>
			) : null}
		</div>
	);
}
