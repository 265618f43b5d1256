//! Texts of the commands' messages.

use indicatif::HumanCount;

/// Returns a message as one line.
pub(super) fn one_line(message: &str) -> String {
    let lines: Vec<&str> = message.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    lines.join("; ")
}

/// Returns a count with its noun: `1 customer`, `2 customers`.
pub(super) fn counted(count: impl TryInto<u64>, noun: &str) -> String {
    let count = count.try_into().unwrap_or(u64::MAX);
    let ending = if count == 1 { "" } else { "s" };
    format!("{} {noun}{ending}", HumanCount(count))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nouns_follow_their_count() {
        assert_eq!([counted(0, "customer"), counted(1, "customer")], ["0 customers", "1 customer"]);
        assert_eq!(counted(1_000, "order line"), "1,000 order lines");
    }
}
