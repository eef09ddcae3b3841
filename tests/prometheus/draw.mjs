// Draws the dashboard's main rows from its own queries, as a picture. It is no Grafana: it knows what this
// one dashboard uses (rows, single numbers, lines and bars over time) and nothing else.
//
//   node draw.mjs PROMETHEUS FROM TO RATE_INTERVAL PICTURE      times in seconds since 1970
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const { chromium } = createRequire(new URL("../../web/package.json", import.meta.url))(
	"playwright-core",
);

const [prometheus, from, to, rateInterval, picture] = process.argv.slice(2);
const dashboard = JSON.parse(
	readFileSync(new URL("../../helm/dashboards/starling.json", import.meta.url), "utf8"),
);

const DRAWN_ROWS = ["Overview", "Latency", "Reliability", "Resources"];
const COLOURS = [
	"#3d71d9",
	"#3a9a5b",
	"#d9822b",
	"#c4404f",
	"#7a5bc0",
	"#1f97a8",
	"#8a7a2b",
	"#b34d94",
];
// Series that a legend names.
const NAMED = 6;
const CELL = { w: 60, h: 31, gap: 8 };

// The nodes listen on free ports, which say nothing.
const nodes = new Map();
const nameOf = (instance) => {
	if (!nodes.has(instance)) nodes.set(instance, `node ${nodes.size + 1}`);
	return nodes.get(instance);
};

async function ask(expr) {
	const query = expr
		.replaceAll("$__rate_interval", rateInterval)
		.replaceAll("$job", "cluster")
		.replaceAll("$instance", ".*");
	const url = new URL("/api/v1/query_range", prometheus);
	url.search = new URLSearchParams({ query, start: from, end: to, step: "1" });
	const answer = await (await fetch(url)).json();
	if (answer.status !== "success") throw new Error(`${expr}: ${answer.error}`);
	return answer.data.result;
}

/** A panel's series: a name, and points of time and value. */
async function series(panel) {
	const found = [];
	for (const target of panel.targets) {
		for (const { metric, values } of await ask(target.expr)) {
			const legend = target.legendFormat || panel.title;
			const name = legend.replace(/{{(\w+)}}/g, (_, label) =>
				label === "instance" ? nameOf(metric.instance) : (metric[label] ?? ""),
			);
			const points = values.map(([at, value]) => [at, Number(value)]);
			found.push({ name, points: points.filter(([, value]) => Number.isFinite(value)) });
		}
	}
	return found.filter(({ points }) => points.length > 0);
}

const SECONDS = [
	[1, "s"],
	[1e-3, "ms"],
	[1e-6, "µs"],
];
const BYTES = [
	[2 ** 30, "GiB"],
	[2 ** 20, "MiB"],
	[2 ** 10, "KiB"],
	[1, "B"],
];
const COUNTS = [
	[1e6, "M"],
	[1e3, "k"],
	[1, ""],
];
const UNITS = {
	s: SECONDS,
	bytes: BYTES,
	Bps: BYTES.map(([size, unit]) => [size, `${unit}/s`]),
	ops: COUNTS.map(([size, unit]) => [size, `${unit}/s`]),
	reqps: COUNTS.map(([size, unit]) => [size, `${unit}/s`]),
	percentunit: [[0.01, "%"]],
};

function written(value, unit) {
	if (value === 0) return "0";
	const scale = UNITS[unit] ?? COUNTS;
	const [size, sign] = scale.find(([size]) => Math.abs(value) >= size) ?? scale.at(-1);
	const number = Number((value / size).toPrecision(3));
	return `${number}${sign.startsWith("/") || sign === "" ? sign : ` ${sign}`}`;
}

const escaped = (text) =>
	text.replace(/[&<>]/g, (c) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;" })[c]);

/** A step of 1, 2 or 5 at which at most four lines fit below `most`. */
function stepFor(most, unit) {
	const base = unit?.startsWith("b") || unit === "Bps" ? 2 : 10;
	const steps = base === 2 ? [1, 2, 4, 8] : [1, 2, 5, 10];
	const power = base === 2 ? 16 : 10;
	const size = power ** Math.floor(Math.log(most / 4) / Math.log(power));
	return size * (steps.find((step) => step * size * 4 >= most) ?? power);
}

function plot(panel, found, width, height) {
	const { unit, custom } = panel.fieldConfig.defaults;
	const stacked = custom.stacking.mode === "normal";
	const bars = custom.drawStyle === "bars";
	const below = new Map();
	const drawn = found.map(({ name, points }) => ({
		name,
		points: points.map(([at, value]) => {
			const floor = stacked ? (below.get(at) ?? 0) : 0;
			below.set(at, floor + value);
			return [at, floor, floor + value];
		}),
	}));
	const top = Math.max(0, ...drawn.flatMap(({ points }) => points.map(([, , value]) => value)));
	const most = panel.fieldConfig.defaults.max ?? (top > 0 ? top * 1.08 : 1);
	const left = 62;
	const x = (at) => left + ((at - from) / (to - from)) * (width - left - 6);
	const y = (value) => height - 18 - (value / most) * (height - 26);
	const step = most <= 1 && unit === "none" ? 1 : stepFor(most, unit);
	let svg = "";
	for (let value = 0; value <= most; value += step) {
		svg += `<path class="grid" d="M${left} ${y(value)}H${width - 6}"/>`;
		svg += `<text x="${left - 6}" y="${y(value) + 4}" text-anchor="end">${written(value, unit)}</text>`;
	}
	for (let after = 20; after < to - from; after += 20) {
		svg += `<text x="${x(Number(from) + after)}" y="${height - 3}" text-anchor="middle">${after} s</text>`;
	}
	drawn.forEach(({ points }, index) => {
		const colour = COLOURS[index % COLOURS.length];
		if (bars) {
			for (const [at, floor, value] of points) {
				const tall = y(floor) - y(value);
				if (tall > 0)
					svg += `<rect x="${x(at) - 2}" y="${y(value)}" width="4" height="${tall}" fill="${colour}" opacity=".75"/>`;
			}
			return;
		}
		// A line is broken where there is nothing.
		const pieces = [];
		for (const point of points) {
			const before = pieces.at(-1)?.at(-1);
			if (before && point[0] - before[0] < 5) pieces.at(-1).push(point);
			else pieces.push([point]);
		}
		for (const piece of pieces) {
			const line = piece.map(([at, , value]) => `${x(at)} ${y(value)}`);
			const floor = piece.map(([at, floor]) => `${x(at)} ${y(floor)}`).reverse();
			svg += `<path d="M${[...line, ...floor].join("L")}Z" fill="${colour}" opacity="${stacked ? 0.3 : 0.04}"/>`;
			svg += `<path d="M${line.join("L")}" fill="none" stroke="${colour}" stroke-width="1.5"/>`;
		}
	});
	return `<svg width="${width}" height="${height}">${svg}</svg>`;
}

/** At most three lines of it: about so many pixels, going by the letters. */
function legendHeight(found, width) {
	const letters = found.slice(0, NAMED).map(({ name }) => name.length + 8);
	const pixels = letters.reduce((sum, count) => sum + count * 6.4 + 27, 0);
	return 15 * Math.min(3, Math.ceil(pixels / (width - 60)));
}

function legend(found, unit) {
	const last = ({ points }) => points.at(-1)[1];
	const named = found.map((one, index) => ({ ...one, colour: COLOURS[index % COLOURS.length] }));
	named.sort((a, b) => last(b) - last(a));
	const items = named
		.slice(0, NAMED)
		.map(
			(one) =>
				`<span><i style="background:${one.colour}"></i>${escaped(one.name)} <b>${written(last(one), unit)}</b></span>`,
		);
	if (named.length > NAMED) items.push(`<span>and ${named.length - NAMED} more</span>`);
	return `<div class="legend">${items.join("")}</div>`;
}

function single(panel, found) {
	const { unit, thresholds } = panel.fieldConfig.defaults;
	const shown = found.map(({ name, points }) => {
		const value = points.at(-1)[1];
		const { color } = thresholds.steps
			.filter((step) => step.value === null || value >= step.value)
			.at(-1);
		const ink = { green: "#2f8a4f", orange: "#c9731c", red: "#c4404f" }[color] ?? "#1f2733";
		const label =
			panel.options.textMode === "value_and_name" ? `<small>${escaped(name)}</small> ` : "";
		return `<div style="color:${ink}">${label}${written(value, unit)}</div>`;
	});
	return `<div class="single">${shown.join("") || "-"}</div>`;
}

let row = "";
let top = 0;
let body = "";
let bottom = 0;
for (const panel of dashboard.panels) {
	const { x, y, w, h } = panel.gridPos;
	if (panel.type === "row") {
		row = panel.title;
		if (DRAWN_ROWS.includes(row)) {
			top = y - bottom;
			body += `<h2 style="top:${(y - top) * CELL.h}px">${escaped(row)}</h2>`;
			bottom += 1;
		}
		continue;
	}
	if (!DRAWN_ROWS.includes(row)) continue;
	bottom = Math.max(bottom, y - top + h);
	const [width, height] = [w * CELL.w - CELL.gap, h * CELL.h - CELL.gap];
	const found = await series(panel);
	const drawn =
		panel.type === "stat"
			? single(panel, found)
			: plot(panel, found, width - 16, height - 40 - legendHeight(found, width)) +
				legend(found, panel.fieldConfig.defaults.unit);
	body += `<section style="left:${x * CELL.w}px;top:${(y - top) * CELL.h}px;width:${width}px;height:${height}px">
		<h3>${escaped(panel.title)}</h3>${drawn}</section>`;
}

const page = `<!doctype html><meta charset="utf-8"><style>
	body { margin: 0; padding: 16px; background: #f4f5f7; color: #1f2733; font: 13px/1.3 "DejaVu Sans", sans-serif }
	h1 { font-size: 18px; margin: 0 0 10px } h1 small { font-weight: normal; font-size: 12px; color: #5c6670; margin-left: 10px }
	main { position: relative; width: ${24 * CELL.w}px; height: ${bottom * CELL.h}px }
	h2 { position: absolute; margin: 0; font-size: 14px; line-height: ${CELL.h}px }
	section { position: absolute; box-sizing: border-box; padding: 6px 8px; background: #fff; border: 1px solid #dfe3e8; border-radius: 3px; overflow: hidden }
	h3 { margin: 0 0 4px; font-size: 13px; font-weight: 600 }
	svg text { font-size: 10px; fill: #5c6670 } .grid { stroke: #e8ebef }
	.legend { display: flex; flex-wrap: wrap; gap: 1px 12px; font-size: 11px; color: #434c57 }
	.legend i { display: inline-block; width: 10px; height: 3px; margin-right: 5px; vertical-align: middle }
	.single { display: flex; flex-direction: column; align-items: center; justify-content: center; height: calc(100% - 26px); font-size: 25px }
	.single small { font-size: 14px }
</style><h1>${escaped(dashboard.title)}<small>Drawn from the dashboard's queries; Grafana shows it in its own way.</small></h1><main>${body}</main>`;

const browser = await chromium.launch({
	executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
	args: ["--no-sandbox"],
});
const view = await browser.newPage({ viewport: { width: 24 * CELL.w + 32, height: 800 } });
await view.setContent(page);
await view.screenshot({ path: picture, fullPage: true });
await browser.close();
