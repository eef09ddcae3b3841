import { type ReactNode, useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { useChat, useClient } from "../../state/store";
import { Icon, type IconName } from "../../ui";
import { networkNews } from "./network";
import { useRefusalText } from "./refusals";
import styles from "./StatusLines.module.css";

interface LineProps {
	icon: IconName;
	quiet?: boolean;
	children: ReactNode;
	action?: { label: string; run: () => void };
}

function Line({ icon, quiet = false, children, action }: LineProps) {
	return (
		<p className={quiet ? styles.quiet : styles.line}>
			<Icon name={icon} />
			<span className={styles.text}>
				{children}{" "}
				{action && (
					<button type="button" className={styles.action} onClick={action.run}>
						{action.label}
					</button>
				)}
			</span>
		</p>
	);
}

const reload = () => location.reload();

function useNetworkNews() {
	const connection = useChat((state) => state.connection);
	const waiting = useChat((state) => state.unsent.filter((it) => it.status !== "failed").length);
	const [since, setSince] = useState(Date.now);
	const [now, setNow] = useState(Date.now);
	const connected = connection.at === "online" || connection.at === "catching_up";
	useEffect(() => {
		const start = Date.now();
		setNow(start);
		if (connected) return;
		setSince((before) => Math.max(before, start - 60_000));
		const timer = setInterval(() => setNow(Date.now()), 1000);
		return () => {
			clearInterval(timer);
			setSince(Date.now());
		};
	}, [connected]);
	return networkNews(connection, { waiting, since, now });
}

function NetworkLine() {
	const { t } = useTranslation("shell");
	const { reconnect } = useClient();
	const refusalText = useRefusalText();
	const news = useNetworkNews();
	switch (news?.kind) {
		case undefined:
			return null;
		case "offline":
			return (
				<Line icon="wifi-off">
					{news.waiting === 0
						? t("network.offline")
						: t("network.offline_waiting", { count: news.waiting })}
				</Line>
			);
		case "connecting":
			return news.seconds === null ? (
				<Line icon="wifi-off">{t("network.connecting")}</Line>
			) : (
				<Line icon="wifi-off" action={{ label: t("network.try_now"), run: reconnect }}>
					{t("network.connecting_in", { count: news.seconds })}
				</Line>
			);
		case "polls":
			return (
				<Line icon="clock" quiet>
					{t("network.polls")}
				</Line>
			);
		case "stopped":
			return (
				<Line icon="alert" action={{ label: t("network.reload"), run: reload }}>
					{t("network.stopped", { why: refusalText(news.error) })}
				</Line>
			);
	}
}

function StorageLine() {
	const { t } = useTranslation("shell");
	const storage = useChat((state) => state.storage);
	const session = useChat((state) => state.session);
	const forgetful = session.at === "in" && session.cookies === "refused";
	return (
		<>
			{storage !== "ok" && <Line icon="alert">{t(`storage.${storage}`)}</Line>}
			{forgetful && <Line icon="alert">{t("storage.cookies")}</Line>}
		</>
	);
}

interface Props {
	/** Takes the newer version of the client, where one waits. */
	update: (() => void) | null;
}

/** What there is to say of network, storage and version: the foot of the list. */
export function StatusLines({ update }: Props) {
	const { t } = useTranslation("ui");
	return (
		<div className={styles.lines} role="status">
			<NetworkLine />
			<StorageLine />
			{update && (
				<Line icon="arrow-down" quiet action={{ label: t("update.reload"), run: update }}>
					{t("update.ready")}
				</Line>
			)}
		</div>
	);
}
