import { useCallback, useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import type { Session } from "../../protocol";
import { useChat, useClient } from "../../state/store";
import { Button, ConfirmDialog, Icon, Placeholder, TimeText, useToast } from "../../ui";
import { RefusalNotice, useAction } from "../notices";
import { browserAndSystem } from "./device";
import { Part } from "./Part";
import styles from "./Sessions.module.css";

function useDeviceName() {
	const { t } = useTranslation("account");
	return (it: Session): string => {
		const known = browserAndSystem(it.user_agent);
		return known ? t("sessions.on", known) : it.device || t("sessions.unknown");
	};
}

/** Where one is logged in; each of them can be ended. */
export function Sessions() {
	const { t } = useTranslation(["account", "errors"]);
	const client = useClient();
	const [sessions, setSessions] = useState<readonly Session[] | null>(null);
	const [asking, setAsking] = useState(false);
	const toast = useToast();
	const load = useAction(async () => setSessions(newestFirst(await client.sessions())));
	const endOthers = useAction(async () => {
		await client.endOtherSessions();
		setAsking(false);
		toast(t("sessions.others_ended"));
		await load.run();
	});
	const { run, busy } = load;
	const changes = useChat((state) => state.sessionsChanges);
	const loaded = useRef(-1);
	useEffect(() => {
		if (busy || loaded.current === changes) return;
		loaded.current = changes;
		void run();
	}, [run, busy, changes]);
	const ended = useCallback((id: string) => {
		setSessions((before) => before?.filter((it) => it.id !== id) ?? null);
	}, []);
	const others = sessions?.some((it) => !it.current) ?? false;
	return (
		<Part title={t("settings.sessions")}>
			<p className={styles.note}>{t("sessions.text")}</p>
			<RefusalNotice error={load.error} />
			{load.error !== null && (
				<Button busy={load.busy} onClick={run}>
					{t("errors:try_again")}
				</Button>
			)}
			{sessions === null && load.error === null && <Placeholder rows={3} avatar />}
			{sessions && (
				<ul role="list" aria-label={t("sessions.list")} className={styles.list}>
					{sessions.map((it) => (
						<Entry key={it.id} it={it} onEnded={ended} />
					))}
				</ul>
			)}
			{others ? (
				<Button onClick={() => setAsking(true)}>{t("sessions.end_others")}</Button>
			) : (
				sessions && <p className={styles.note}>{t("sessions.alone")}</p>
			)}
			<ConfirmDialog
				open={asking}
				onClose={() => setAsking(false)}
				title={t("sessions.end_others_title")}
				confirmLabel={t("sessions.end_others")}
				onConfirm={endOthers.run}
				busy={endOthers.busy}
				danger
			>
				<p>{t("sessions.end_others_text")}</p>
				<RefusalNotice error={endOthers.error} />
			</ConfirmDialog>
		</Part>
	);
}

const newestFirst = (all: readonly Session[]) =>
	[...all].sort(
		(a, b) =>
			Number(b.current ?? false) - Number(a.current ?? false) || b.last_used_at - a.last_used_at,
	);

function Entry({ it, onEnded }: { it: Session; onEnded: (id: string) => void }) {
	const { t } = useTranslation("account");
	const { endSession } = useClient();
	const toast = useToast();
	const device = useDeviceName()(it);
	const { run, busy, error } = useAction(async () => {
		await endSession(it.id);
		toast(t("sessions.ended", { device }));
		onEnded(it.id);
	});
	return (
		<li className={styles.entry}>
			<Icon name="device" />
			<div className={styles.words}>
				<p className={styles.device}>
					<bdi>{device}</bdi>
					{it.current && <span className={styles.this}>{t("sessions.this")}</span>}
				</p>
				<p className={styles.note}>
					<bdi>{it.address}</bdi>
				</p>
				<p className={styles.note}>
					{t("sessions.last_used")}: <TimeText at={it.last_used_at} style="relative" />
					{" · "}
					{t("sessions.since")}: <TimeText at={it.created_at} style="day" />
				</p>
				<RefusalNotice error={error} />
			</div>
			{!it.current && (
				<Button busy={busy} aria-label={t("sessions.end_of", { device })} onClick={run}>
					{t("sessions.end")}
				</Button>
			)}
		</li>
	);
}
