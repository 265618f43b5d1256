//! Patterns of tokens, such as `YYYY-MM-DD [at] HH:mm`.

use clientele_shared::model::Timestamp;
use jiff::civil::DateTime;

use super::week::week;

/// The pattern that an empty one stands for.
const DEFAULT: &str = "YYYY-MM-DDTHH:mm:ss[Z]";

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const WEEKDAYS: [&str; 7] = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

/// The tokens that stand for a pattern. Of two that fit, the longer comes first.
const LONG_FORMATS: [(&str, &str); 10] = [
    ("LTS", "h:mm:ss A"),
    ("LT", "h:mm A"),
    ("LLLL", "dddd, MMMM D, YYYY h:mm A"),
    ("LLL", "MMMM D, YYYY h:mm A"),
    ("LL", "MMMM D, YYYY"),
    ("L", "MM/DD/YYYY"),
    ("llll", "ddd, MMM D, YYYY h:mm A"),
    ("lll", "MMM D, YYYY h:mm A"),
    ("ll", "MMM D, YYYY"),
    ("l", "M/D/YYYY"),
];

/// The tokens. Where several fit, the first one is taken.
const TOKENS: [&str; 80] = [
    "Hmmss",
    "hmmss",
    "Hmm",
    "hmm",
    "Mo",
    "MMMM",
    "MMM",
    "MM",
    "M",
    "Do",
    "DDDo",
    "DDDD",
    "DDD",
    "DD",
    "D",
    "dddd",
    "ddd",
    "dd",
    "do",
    "d",
    "wo",
    "ww",
    "w|",
    "w",
    "Wo",
    "WW",
    "W|",
    "W",
    "Qo",
    "Q",
    "NNNNN",
    "NNNN",
    "NNN",
    "NN",
    "N",
    "YYYYYY",
    "YYYYY",
    "YYYY",
    "YY",
    "Y",
    "yyyy",
    "yyy",
    "yy",
    "yo",
    "y",
    "ggggg",
    "gggg",
    "gg",
    "GGGGG",
    "GGGG",
    "GG",
    "e",
    "E",
    "a",
    "A",
    "hh",
    "h",
    "HH",
    "H",
    "kk",
    "k",
    "mm",
    "m",
    "ss",
    "s",
    "SSSSSSSSS",
    "SSSSSSSS",
    "SSSSSSS",
    "SSSSSS",
    "SSSSS",
    "SSSS",
    "SSS",
    "SS",
    "S",
    "x",
    "X",
    "zz",
    "z",
    "ZZ",
    "Z",
];

/// Formats a moment by a pattern.
#[must_use]
pub fn format(moment: Timestamp, pattern: &str) -> String {
    let pattern = if pattern.is_empty() { DEFAULT } else { pattern };
    let time = Time { civil: moment.civil(), millis: moment.as_millis() };
    let expanded = expand(pattern);
    let mut text = String::new();
    let mut rest = expanded.as_str();
    while let Some(first) = rest.chars().next() {
        if let Some((literal, after)) = bracketed(rest) {
            text += literal;
            rest = after;
        } else if first == '\\' {
            // A token after a backslash stands for itself.
            let after = &rest[1..];
            let literal = token(after).or_else(|| after.get(..after.chars().next()?.len_utf8()));
            let literal = literal.filter(|literal| !literal.starts_with(is_line_break)).unwrap_or_default();
            text.extend(literal.chars().filter(|c| *c != '\\'));
            rest = &after[literal.len()..];
        } else if let Some(token) = token(rest) {
            text += &time.token(token);
            rest = &rest[token.len()..];
        } else {
            if !is_line_break(first) {
                text.push(first);
            }
            rest = &rest[first.len_utf8()..];
        }
    }
    text
}

/// Line breaks outside brackets are dropped.
fn is_line_break(c: char) -> bool {
    matches!(c, '\n' | '\r' | '\u{2028}' | '\u{2029}')
}

/// Replaces the tokens that stand for a pattern.
fn expand(pattern: &str) -> String {
    let mut expanded = String::new();
    let mut rest = pattern;
    while let Some(first) = rest.chars().next() {
        let long = |text: &str| LONG_FORMATS.iter().find(|(name, _)| text.starts_with(name)).copied();
        let (taken, replacement) = if let Some((_, after)) = bracketed(rest) {
            let whole = &rest[..rest.len() - after.len()];
            (whole.len(), whole)
        } else if let Some((name, _)) = rest.strip_prefix('\\').and_then(long) {
            (name.len() + 1, &rest[..=name.len()])
        } else if let Some((name, replacement)) = long(rest) {
            (name.len(), replacement)
        } else {
            (first.len_utf8(), &rest[..first.len_utf8()])
        };
        expanded += replacement;
        rest = &rest[taken..];
    }
    expanded
}

/// Splits off a literal text in brackets. It ends at the last closing bracket before the next opening one.
fn bracketed(text: &str) -> Option<(&str, &str)> {
    let inner = text.strip_prefix('[')?;
    let until = inner.find('[').unwrap_or(inner.len());
    let end = inner[..until].rfind(']')?;
    Some((&inner[..end], &inner[end + 1..]))
}

/// Returns the token with which a text begins.
fn token(text: &str) -> Option<&'static str> {
    TOKENS.into_iter().find(|token| text.starts_with(token))
}

/// The parts of a moment that tokens show.
struct Time {
    civil: DateTime,
    millis: i64,
}

impl Time {
    fn token(&self, token: &str) -> String {
        let time = self.civil.time();
        let (hour, minute, second) =
            (i64::from(time.hour()), i64::from(time.minute()), i64::from(time.second()));
        let hour12 = if hour % 12 == 0 { 12 } else { hour % 12 };
        let hour24 = if hour == 0 { 24 } else { hour };
        match token {
            "a" => if hour < 12 { "am" } else { "pm" }.into(),
            "A" => if hour < 12 { "AM" } else { "PM" }.into(),
            "H" => hour.to_string(),
            "HH" => padded(hour, 2),
            "h" => hour12.to_string(),
            "hh" => padded(hour12, 2),
            "k" => hour24.to_string(),
            "kk" => padded(hour24, 2),
            "m" => minute.to_string(),
            "mm" => padded(minute, 2),
            "s" => second.to_string(),
            "ss" => padded(second, 2),
            "Hmm" => format!("{hour}{minute:02}"),
            "Hmmss" => format!("{hour}{minute:02}{second:02}"),
            "hmm" => format!("{hour12}{minute:02}"),
            "hmmss" => format!("{hour12}{minute:02}{second:02}"),
            "x" => self.millis.to_string(),
            "X" => self.millis.div_euclid(1_000).to_string(),
            "z" => "UTC".into(),
            "zz" => "Coordinated Universal Time".into(),
            "Z" => "+00:00".into(),
            "ZZ" => "+0000".into(),
            _ if token.starts_with('S') => format!("{:09}", time.subsec_nanosecond())[..token.len()].into(),
            _ => self.day_or_month(token),
        }
    }

    fn day_or_month(&self, token: &str) -> String {
        let date = self.civil.date();
        let (month, day) = (i64::from(date.month()), i64::from(date.day()));
        let (day_of_year, quarter) = (i64::from(date.day_of_year()), (month - 1) / 3 + 1);
        let weekday = i64::from(date.weekday().to_sunday_zero_offset());
        let weekday_name = WEEKDAYS[usize::try_from(weekday).unwrap_or_default()];
        let month_name = MONTHS[usize::try_from(month - 1).unwrap_or_default()];
        match token {
            "M" => month.to_string(),
            "Mo" => ordinal(month),
            "MM" => padded(month, 2),
            "MMM" => month_name[..3].into(),
            "MMMM" => month_name.into(),
            "D" => day.to_string(),
            "Do" => ordinal(day),
            "DD" => padded(day, 2),
            "DDD" => day_of_year.to_string(),
            "DDDo" => ordinal(day_of_year),
            "DDDD" => padded(day_of_year, 3),
            "d" | "e" => weekday.to_string(),
            "do" => ordinal(weekday),
            "dd" => weekday_name[..2].into(),
            "ddd" => weekday_name[..3].into(),
            "dddd" => weekday_name.into(),
            "E" => date.weekday().to_monday_one_offset().to_string(),
            "Q" => quarter.to_string(),
            "Qo" => ordinal(quarter),
            "N" | "NN" | "NNN" | "NNNNN" => "AD".into(),
            "NNNN" => "Anno Domini".into(),
            _ => self.year_or_week(token),
        }
    }

    fn year_or_week(&self, token: &str) -> String {
        let date = self.civil.date();
        let year = i64::from(date.year());
        let (week, week_year) = week(date);
        let iso = date.iso_week_date();
        let (iso_week, iso_year) = (i64::from(iso.week()), i64::from(iso.year()));
        match token {
            "Y" => year.to_string(),
            "YY" => padded(year % 100, 2),
            "YYYYYY" => format!("+{}", padded(year, 6)),
            "yo" => ordinal(year),
            "w" => week.to_string(),
            "wo" => ordinal(week.into()),
            "ww" => padded(week.into(), 2),
            "W" => iso_week.to_string(),
            "Wo" => ordinal(iso_week),
            "WW" => padded(iso_week, 2),
            "gg" => padded(week_year % 100, 2),
            "GG" => padded(iso_year % 100, 2),
            _ => match token.as_bytes().first() {
                Some(b'Y' | b'y') => padded(year, token.len()),
                Some(b'g') => padded(week_year, token.len()),
                Some(b'G') => padded(iso_year, token.len()),
                // The letters that only look like a token.
                _ => token.into(),
            },
        }
    }
}

fn padded(number: i64, digits: usize) -> String {
    format!("{number:0>digits$}")
}

/// Returns a number with its English ending: `1st`, `2nd`, `11th`.
fn ordinal(number: i64) -> String {
    let ending = match (number % 100 / 10, number % 10) {
        (1, _) => "th",
        (_, 1) => "st",
        (_, 2) => "nd",
        (_, 3) => "rd",
        _ => "th",
    };
    format!("{number}{ending}")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check(pattern: &str, expected: &str) {
        let moment = Timestamp::from_rfc3339("2024-02-03T00:05:09.042Z").unwrap();
        assert_eq!(format(moment, pattern), expected, "{pattern}");
    }

    #[test]
    fn tokens_show_their_part() {
        check("YYYY-MM-DD HH:mm:ss", "2024-02-03 00:05:09");
        check("YYYY-MM-DDTHH:mm:ss.SSS[Z]", "2024-02-03T00:05:09.042Z");
        check("", "2024-02-03T00:05:09Z");
        check("dddd, MMMM Do YYYY, h:mm:ss a", "Saturday, February 3rd 2024, 12:05:09 am");
        check("Q Qo DDD DDDo DDDD E e d do dd k kk", "1 1st 34 34th 034 6 6 6 6th Sa 24 24");
        check(
            "LTS | LT | L | LL | LLL",
            "12:05:09 AM | 12:05 AM | 02/03/2024 | February 3, 2024 | February 3, 2024 12:05 AM",
        );
        check(
            "l | ll | lll | llll",
            "2/3/2024 | Feb 3, 2024 | Feb 3, 2024 12:05 AM | Sat, Feb 3, 2024 12:05 AM",
        );
        check("X x z zz Z ZZ", "1706918709 1706918709042 UTC Coordinated Universal Time +00:00 +0000");
        check("w ww gg gggg W WW GG GGGG", "5 05 24 2024 5 05 24 2024");
    }

    #[test]
    fn brackets_and_backslashes_keep_letters() {
        check("[YYYY] YYYY", "YYYY 2024");
        check("[a] YYYY] M", "a] YYYY 2");
        check("[on D", "[on 3");
        check("\\YYYY \\L \\q", "YYYY L q");
        check("D\nM", "32");
    }

    proptest! {
        #[test]
        fn no_pattern_panics(pattern in "[\\[\\]\\\\A-Za-zé \\n]{0,40}|\\PC{0,20}", millis in any::<i64>()) {
            drop(format(Timestamp::from_millis(millis), &pattern));
        }
    }
}
