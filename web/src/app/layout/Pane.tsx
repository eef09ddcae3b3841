import { type ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { back } from "../../features/places";
import { IconButton } from "../../ui";
import styles from "./Pane.module.css";

interface Props {
	title: string;
	children: ReactNode;
}

/** A page in the place of the conversation: its title, and the way back. */
export function Pane({ title, children }: Props) {
	const { t } = useTranslation("shell");
	return (
		<>
			<header className={styles.head}>
				<IconButton icon="back" label={t("back")} tooltip="bottom" onClick={() => back()} />
				<h1 className={styles.title}>{title}</h1>
			</header>
			<div className={styles.body}>{children}</div>
		</>
	);
}
