// The funnels API formats times as moment.js does: the program `moment` formats the same moments by the same patterns.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";
import moment from "moment";

import { setting } from "./settings.js";

const COUNT = 10_000;
const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

type Case = { moment: number; now: number; format: string; suffix: boolean };

/** Returns numbers from 0 to 1, the same in each run (mulberry32). */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

const TOKENS =
  "M Mo MM MMM MMMM Q Qo D Do DD DDD DDDo DDDD d do dd ddd dddd e E w wo ww W Wo WW YY YYYY YYYYYY Y y yo yyyy gg gggg GG GGGG A a H HH h hh k kk m mm s ss S SS SSS SSSS SSSSSSSSS z zz Z ZZ X x L LL LLL LLLL LT LTS l ll lll llll Hmm Hmmss hmm hmmss N NNNN NNNNN".split(
    " ",
  );
const BETWEEN = ["-", "/", " ", ":", ", ", "T", "[T]", "[at]", "[of the] ", "\\M", "\\", "[", "]", "g", "GGG", "é", "."];

function pattern(draw: () => number): string {
  const pick = (texts: string[]): string => texts[Math.floor(draw() * texts.length)] ?? "";
  const parts = Array.from({ length: 1 + Math.floor(draw() * 6) }, () => pick(TOKENS) + (draw() < 0.8 ? pick(BETWEEN) : ""));
  return parts.join("");
}

/** Each boundary between two texts of `fromNow`, with what is just before and after it. */
function boundaries(now: number): Case[] {
  const edges = [
    44 * SECOND, 45 * SECOND, 89 * SECOND, 90 * SECOND, 44 * MINUTE + 30 * SECOND, 45 * MINUTE, 90 * MINUTE, 21 * HOUR,
    22 * HOUR, 21.5 * HOUR, 36 * HOUR, 25 * DAY, 25.5 * DAY, 26 * DAY, 45 * DAY, 46 * DAY, 319 * DAY, 320 * DAY, 345 * DAY,
    547 * DAY, 548 * DAY, 10 * 365 * DAY,
  ];
  const months = Array.from({ length: 40 }, (_, at) => (at + 1) * 15.22 * DAY);
  return [...edges, ...months].flatMap((edge) =>
    [-1_000, -500, -1, 0, 1, 500, 1_000].flatMap((step) =>
      [-1, 1].flatMap((sign) =>
        [true, false].map((suffix) => ({ moment: Math.round(now + sign * (edge + step)), now, format: "fromNow", suffix })),
      ),
    ),
  );
}

function cases(): Case[] {
  const draw = random(20_300_115);
  const instant = (): number => Math.floor(draw() * 4_102_444_800_000);
  const drawn = Array.from({ length: COUNT }, (): Case => {
    const now = instant();
    if (draw() < 0.5) return { moment: instant(), now, format: pattern(draw), suffix: true };
    const distance = 10 ** (draw() * 12.5) * (draw() < 0.5 ? -1 : 1);
    return { moment: Math.max(0, Math.round(now + distance)), now, format: "fromNow", suffix: draw() < 0.7 };
  });
  return [...drawn, ...[instant(), instant(), Date.UTC(2024, 1, 29), Date.UTC(2024, 2, 31)].flatMap(boundaries)];
}

function expected({ moment: at, now, format, suffix }: Case): string {
  return format === "fromNow" ? moment.utc(at).from(moment.utc(now), !suffix) : moment.utc(at).format(format);
}

test("times are formatted as moment.js formats them", () => {
  const all = cases();
  const input = all.map((one) => JSON.stringify(one)).join("\n");
  const output = execFileSync(setting("CLIENTELE_MOMENT"), { input, encoding: "utf8", maxBuffer: 1 << 28 });
  const lines = output.trimEnd().split("\n");
  assert.equal(lines.length, all.length);
  for (const [at, one] of all.entries()) {
    assert.equal(JSON.parse(lines[at] ?? ""), expected(one), JSON.stringify(one));
  }
});
