//! Checks that `docs/credit-check.md` states the rules of credit checks as the code has them.

use clientele_shared::model::Status;
use clientele_shared::rules::credit::points::{self, LessIsBetter, MoreIsBetter};
use clientele_shared::rules::credit::{Rating, Risk};

use super::repository::read;

/// Asserts that the page has these rows of a table, one after the other.
#[track_caller]
fn check_rows(rows: &[String]) {
    let (page, rows) = (read("docs/credit-check.md"), rows.join("\n"));
    assert!(page.contains(&rows), "docs/credit-check.md lacks\n{rows}");
}

/// Returns the rows of one measure, whose name is in the first of them.
fn rows(measure: &str, lines: impl IntoIterator<Item = (String, i32)>) -> Vec<String> {
    let name = |at: usize| if at == 0 { format!(" {measure}") } else { String::new() };
    let lines = lines.into_iter().enumerate();
    lines.map(|(at, (value, points))| format!("|{} | {value} | {points:+} |", name(at))).collect()
}

fn falling(measure: &str, rule: LessIsBetter, unit: &str) -> Vec<String> {
    let last = rule.up_to.last().unwrap().0;
    let bounds = rule.up_to.iter().map(|(bound, points)| (format!("up to {bound} {unit}"), *points));
    rows(measure, bounds.chain([(format!("above {last} {unit}"), rule.above)]))
}

fn rising(measure: &str, rule: MoreIsBetter) -> Vec<String> {
    rows(measure, rule.from.iter().map(|(bound, points)| (format!("{} or more", grouped(*bound)), *points)))
}

/// Formats a number with a comma before each three digits.
fn grouped(number: u32) -> String {
    match number {
        0..1000 => number.to_string(),
        _ => format!("{},{:03}", grouped(number / 1000), number % 1000),
    }
}

#[test]
fn page_states_the_points_of_the_scorer() {
    let page = read("docs/credit-check.md");
    let (lowest, highest) = points::SCORES;
    for text in [
        format!("starts with {} points", points::START),
        format!("between {lowest} and {highest}"),
        format!("{} days without terms", points::DEFAULT_NET_DAYS),
        format!("{} times a minute", points::CHECKS_PER_MINUTE),
    ] {
        assert!(page.contains(&text), "docs/credit-check.md lacks `{text}`");
    }
    check_rows(&falling("credit utilization", points::UTILIZATION, "%"));
    check_rows(&falling("days late", points::DAYS_LATE, "days"));
    check_rows(&rising("paid orders", points::PAID_ORDERS));
    check_rows(&rising("lifetime value", points::LIFETIME_VALUE));
    check_rows(&rising("days as a customer", points::DAYS_AS_CUSTOMER));
    assert_eq!(points::status_points(Status::Active), 0, "the page names no points of active customers");
    let of = |status: Status, name: &str| (name.to_owned(), points::status_points(status));
    check_rows(&rows("status", [of(Status::Lead, "lead"), of(Status::Inactive, "inactive")]));
}

#[test]
fn page_states_the_ratings_and_risks() {
    let row = |rating: Rating, scores: String| {
        let (limit, order) = (points::percent_of_limit(rating), points::percent_of_average_order(rating));
        format!("| `{}` | {scores} | {limit} % | {order} % |", rating.as_str())
    };
    let mut above = points::SCORES.1;
    let mut ratings = Vec::new();
    for (lowest, rating) in points::RATINGS {
        ratings.push(row(rating, format!("{lowest} to {above}")));
        above = lowest - 1;
    }
    ratings.push(row(Rating::Poor, format!("{} to {above}", points::SCORES.0)));
    check_rows(&ratings);
    let risks = points::RISKS
        .map(|(risk, percent, days)| format!("| `{}` | above {percent} % | above {days} |", risk.as_str()));
    check_rows(&risks);
    assert_eq!(points::RISKS.map(|(risk, ..)| risk), [Risk::High, Risk::Medium]);
}

/// The rules make the score monotone only if the tables are.
#[test]
fn points_fall_or_rise_with_their_bounds() {
    for rule in [points::UTILIZATION, points::DAYS_LATE] {
        assert!(rule.up_to.is_sorted_by(|a, b| a.0 < b.0 && a.1 >= b.1), "{rule:?}");
        assert!(rule.above <= rule.up_to.last().unwrap().1, "{rule:?}");
    }
    for rule in [points::PAID_ORDERS, points::LIFETIME_VALUE, points::DAYS_AS_CUSTOMER] {
        assert!(rule.from.is_sorted_by(|a, b| a.0 > b.0 && a.1 >= b.1), "{rule:?}");
        assert!(rule.from.last().unwrap().1 >= 0, "{rule:?}");
    }
}
