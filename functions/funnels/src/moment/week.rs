//! Weeks of the year, as they are counted in the United States: weeks begin on Sunday, and the first one has January 1.

use jiff::civil::Date;

/// Returns a date's week and the year that the week belongs to.
pub(super) fn week(date: Date) -> (i16, i64) {
    let year = i64::from(date.year());
    let week = (date.day_of_year() + first_weekday(date) - 1).div_euclid(7) + 1;
    let next = date.last_of_year().tomorrow();
    match next {
        // The last days of a year are in the first week of the next one if January 1 follows in that week.
        Ok(next) if days_since_sunday(next) > date.last_of_year().day_of_year() - date.day_of_year() => {
            (1, year + 1)
        }
        _ => (week, year),
    }
}

/// Returns the number of days from Sunday to the first day of a date's year.
fn first_weekday(date: Date) -> i16 {
    days_since_sunday(date.first_of_year())
}

fn days_since_sunday(date: Date) -> i16 {
    i16::from(date.weekday().to_sunday_zero_offset())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_week_has_january_1() {
        for (date, expected) in [
            ("2024-01-01", (1, 2024)),
            ("2024-01-06", (1, 2024)),
            ("2024-01-07", (2, 2024)),
            ("2023-12-30", (52, 2023)),
            ("2023-12-31", (1, 2024)),
            ("2022-12-31", (53, 2022)),
            ("2023-01-01", (1, 2023)),
        ] {
            assert_eq!(week(date.parse().unwrap()), expected, "{date}");
        }
    }
}
