import { useEffect, useMemo, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import type { Message, MessageId, RoomId } from "../../protocol";
import { myId, titleOf } from "../../state/selectors";
import { useChat, useClient } from "../../state/store";
import {
	Button,
	ConfirmDialog,
	Delayed,
	EmptyState,
	Placeholder,
	toast,
	VisuallyHidden,
} from "../../ui";
import { useRefusalText } from "../notices";
import { Closed } from "./Closed";
import { Composer, type ComposerHandle } from "./composer/Composer";
import { Header } from "./header/Header";
import { Replied } from "./message/replied";
import { SeenBy } from "./message/SeenBy";
import styles from "./RoomPane.module.css";
import { type RoomActions, RoomContext } from "./roomContext";
import { TypingLine } from "./TypingLine";
import { Spoken } from "./timeline/Spoken";
import { Timeline, type TimelineHandle } from "./timeline/Timeline";
import { useNewestOwn } from "./timeline/useNewestOwn";
import { useOpening } from "./timeline/useOpening";

export interface RoomPaneProps {
	roomId: RoomId;
	/** A message to go to. */
	messageId?: MessageId | undefined;
	/** Leads to the list, where one pane is shown at a time. */
	onBack?: (() => void) | undefined;
	onDetails?: (() => void) | undefined;
}

/** A conversation: what was written, and where one writes. */
export function RoomPane({ roomId, messageId, onBack, onDetails }: RoomPaneProps) {
	const { t } = useTranslation("ui");
	const open = useChat((state) => {
		const it = state.rooms[roomId];
		return it?.me?.state === "joined" && !it.room.deleted;
	});
	const known = useChat((state) => state.conversationsLoaded || state.rooms[roomId] !== undefined);
	return (
		<section className={styles.pane}>
			{open ? (
				<OpenRoom
					key={roomId}
					roomId={roomId}
					target={messageId ?? null}
					onBack={onBack}
					onDetails={onDetails}
				/>
			) : known ? (
				<Closed key={roomId} roomId={roomId} onBack={onBack} />
			) : (
				<div className={styles.loading}>
					<h1>
						<VisuallyHidden>{t("loading")}</VisuallyHidden>
					</h1>
					<Placeholder rows={8} avatar />
				</div>
			)}
		</section>
	);
}

interface OpenProps {
	roomId: RoomId;
	target: MessageId | null;
	onBack: (() => void) | undefined;
	onDetails: (() => void) | undefined;
}

function OpenRoom({ roomId, target, onBack, onDetails }: OpenProps) {
	const { t, i18n } = useTranslation("room");
	const client = useClient();
	const why = useRefusalText();
	const room = useChat((state) => state.rooms[roomId]?.room);
	const me = useChat(myId);
	const title = useChat((state) => (room ? titleOf(state, room) : ""));
	const { opening, retry } = useOpening(roomId, target);
	const [deleting, setDeleting] = useState<Message | null>(null);
	const [seen, setSeen] = useState<MessageId | null>(null);
	const timeline = useRef<TimelineHandle>(null);
	const composer = useRef<ComposerHandle>(null);
	const newestOwn = useNewestOwn(roomId);

	const replied = useMemo(() => new Replied((id) => client.message(roomId, id)), [client, roomId]);
	const actions = useMemo<RoomActions>(() => {
		const refused = (error: unknown) => toast({ text: why(error), kind: "danger" });
		return {
			roomId,
			me,
			t,
			language: i18n.language,
			replied,
			jump: (message) => timeline.current?.jump(message),
			reply: (message) => composer.current?.reply(message),
			edit: (message) => composer.current?.edit(message),
			askToDelete: setDeleting,
			showSeenBy: setSeen,
			react: (message, emoji, on) => void client.react(roomId, message, emoji, on).catch(refused),
			refused,
			focusComposer: () => composer.current?.focus(),
		};
	}, [roomId, me, client, why, t, i18n.language, replied]);

	// An address of a message that is followed while the room is open already.
	const gone = useRef(target);
	const ready = opening.at === "ready";
	const missed = opening.at === "ready" && opening.missed;
	useEffect(() => {
		if (!ready || target === gone.current) return;
		gone.current = target;
		if (target !== null) timeline.current?.jump(target);
	}, [ready, target]);
	useEffect(() => {
		if (missed) toast({ text: t("timeline.jump_failed"), kind: "warn" });
	}, [missed, t]);

	if (!room) return null;
	const remove = () => {
		const message = deleting;
		setDeleting(null);
		if (message) client.remove(roomId, message.id).catch(actions.refused);
	};
	return (
		<RoomContext value={actions}>
			<Header room={room} title={title} onBack={onBack} onDetails={onDetails} />
			{opening.at === "ready" ? (
				<Timeline ref={timeline} roomId={roomId} title={title} ready={opening} />
			) : opening.at === "failed" ? (
				<div className={styles.closed}>
					<EmptyState
						icon="wifi-off"
						title={t("timeline.failed_title")}
						action={<Button onClick={retry}>{t("timeline.again")}</Button>}
					>
						{t("timeline.failed_text")}
					</EmptyState>
				</div>
			) : (
				<div className={styles.loading}>
					<Delayed>
						<Placeholder rows={8} avatar />
					</Delayed>
				</div>
			)}
			<Spoken roomId={roomId} />
			<TypingLine roomId={roomId} />
			<Composer
				ref={composer}
				roomId={roomId}
				title={title}
				direct={room.kind === "direct"}
				onSent={() => timeline.current?.toEnd()}
				lastOwn={newestOwn}
			/>
			<ConfirmDialog
				open={deleting !== null}
				onClose={() => setDeleting(null)}
				title={t("message.delete_title")}
				confirmLabel={t("message.delete")}
				danger
				onConfirm={remove}
			>
				{t("message.delete_text")}
			</ConfirmDialog>
			{seen ? <SeenBy message={seen} onClose={() => setSeen(null)} /> : null}
		</RoomContext>
	);
}
