import { memo } from "react";
import type { MessageId, RoomId } from "../../../protocol";
import { Button, Delayed, type Mentioned, TimeText } from "../../../ui";
import { Entry } from "../message/Entry";
import { FoldLine } from "../message/FoldLine";
import type { Open } from "../message/MessageActions";
import { SystemLine } from "../message/SystemLine";
import { useRoomActions } from "../roomContext";
import { Beginning } from "./Beginning";
import type { Row } from "./rows";
import styles from "./TimelineRow.module.css";
import type { Edge } from "./usePages";

interface Props {
	row: Row;
	says: boolean;
	current: boolean;
	marked: boolean;
	mention: (username: string) => Mentioned | null;
	asked: Open;
	onAsked: (open: Open) => void;
	/** Opens or closes the fold of this message. */
	onToggle: (id: MessageId) => void;
	edge: Edge;
	onAgain: () => void;
	title: string;
	roomId: RoomId;
}

/** One row of the timeline, with what stands before it. */
export const TimelineRow = memo(function TimelineRow(props: Props) {
	const { row, edge, onAgain, onToggle, title, roomId, ...entry } = props;
	const { t } = useRoomActions();
	switch (row.kind) {
		case "start":
			if (!row.more) return <Beginning roomId={roomId} title={title} />;
			return (
				<LoadingEdge
					edge={edge}
					loading={t("timeline.loading_older")}
					failed={t("timeline.older_failed")}
					onAgain={onAgain}
				/>
			);
		case "end":
			return (
				<LoadingEdge
					edge={edge}
					loading={t("timeline.loading_newer")}
					failed={t("timeline.newer_failed")}
					onAgain={onAgain}
				/>
			);
		case "missing":
			return <p className={styles.missing}>{t("timeline.missing")}</p>;
		case "folded":
			return null;
		case "fold":
			return (
				<div className={styles.row}>
					<Marks day={row.day} isNew={row.isNew} />
					<div className={styles.system}>
						<FoldLine
							event={row.event}
							people={row.people}
							open={row.open}
							tabIndex={entry.current ? 0 : -1}
							onToggle={() => onToggle(row.message.id)}
						/>
						{row.open ? <SystemLine message={row.message} /> : null}
					</div>
				</div>
			);
		case "system":
			return (
				<div className={styles.row}>
					<Marks day={row.day} isNew={row.isNew} />
					<div className={styles.system}>
						<SystemLine message={row.message} />
					</div>
				</div>
			);
		case "entry": {
			const { written } = row;
			return (
				<div className={styles.row}>
					<Marks day={row.day} isNew={row.isNew} />
					<Entry
						{...entry}
						head={row.head}
						message={written.stored ? written.message : null}
						unsent={written.stored ? null : written.unsent}
					/>
				</div>
			);
		}
	}
});

/** A new day, and where the unread ones begin. */
function Marks({ day, isNew }: { day: number | null; isNew: boolean }) {
	const { t } = useRoomActions();
	return (
		<>
			{day === null ? null : (
				<p className={styles.day}>
					<TimeText at={day} style="day" />
				</p>
			)}
			{isNew ? (
				<p className={styles.new}>
					<span>{t("timeline.new")}</span>
				</p>
			) : null}
		</>
	);
}

/** Where more is being loaded. It has a height from the beginning, so that nothing jumps. */
function LoadingEdge({
	edge,
	loading,
	failed,
	onAgain,
}: {
	edge: Edge;
	loading: string;
	failed: string;
	onAgain: () => void;
}) {
	const { t } = useRoomActions();
	return (
		<div className={styles.edge}>
			{edge === "failed" ? (
				<>
					<span>{failed}</span>
					<Button size="small" onClick={onAgain}>
						{t("timeline.again")}
					</Button>
				</>
			) : (
				<Delayed>{loading}</Delayed>
			)}
		</div>
	);
}
