import { useTranslation } from "react-i18next";
import { ConversationList } from "../../features/conversations";
import { PaneBoundary, StatusLines } from "../../features/notices";
import { HOME, NARROW, PlaceLink, useMedia } from "../../features/places";
import type { Me, RoomId } from "../../protocol";
import { ariaShortcut, Icon, Kbd, Logo } from "../../ui";
import type { Floating } from "../useFloating";
import styles from "./ListPane.module.css";
import { PersonMenu } from "./PersonMenu";

interface Props {
	me: Me;
	open: RoomId | null;
	show: (floating: Floating) => void;
	update: (() => void) | null;
	/** Whether the page is about the list, so that the mark is its heading. */
	alone: boolean;
}

/** The mark and oneself, the way to everywhere, the conversations, and the state of the network. */
export function ListPane({ me, open, show, update, alone }: Props) {
	/** A banner is no part of the main part. */
	const inMain = useMedia(NARROW) && alone;
	const Name = alone ? "h1" : "span";
	const { t } = useTranslation("shell");
	return (
		<div className={styles.pane}>
			<div className={styles.top} role={inMain ? undefined : "banner"}>
				<div className={styles.head}>
					<PlaceLink to={HOME} className={styles.mark}>
						<Logo size={28} />
						<Name className={styles.name}>{t("app")}</Name>
					</PlaceLink>
					<PersonMenu me={me} show={show} />
				</div>
				<button
					type="button"
					className={styles.find}
					aria-keyshortcuts={ariaShortcut("Mod+K")}
					onClick={() => show("jump")}
				>
					<Icon name="search" size={16} />
					<span className={styles.findText}>{t("list.find")}</span>
					<Kbd keys="Mod+K" />
				</button>
			</div>
			<nav className={styles.scroller} aria-label={t("list.label")}>
				<PaneBoundary>
					<ConversationList
						me={me}
						open={open}
						onCreate={() => show("create")}
						onStart={() => show("start")}
					/>
				</PaneBoundary>
			</nav>
			<StatusLines update={update} />
		</div>
	);
}
