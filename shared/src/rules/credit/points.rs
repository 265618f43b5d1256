//! The rules of credit checks as figures: the scorer's points, the bounds of ratings and risks, and the factors of recommended
//! limits. `docs/credit-check.md` states the same figures, and a guard compares the two.

use super::{Rating, Risk};
use crate::model::Status;

/// How often one customer's credit can be checked in a minute of UTC.
pub const CHECKS_PER_MINUTE: u32 = 10;

/// The lowest and the highest score.
pub const SCORES: (u16, u16) = (300, 850);

/// The points from which the scorer starts.
pub const START: i32 = 600;

/// Points by a measure of which less is better: those of the first bound that is not exceeded.
#[derive(Debug, Clone, Copy)]
pub struct LessIsBetter {
    /// Bounds in ascending order, and their points.
    pub up_to: &'static [(u32, i32)],
    /// The points above all bounds.
    pub above: i32,
}

/// Points by a measure of which more is better: those of the highest bound that is reached, or else none.
#[derive(Debug, Clone, Copy)]
pub struct MoreIsBetter {
    /// Bounds in descending order, and their points.
    pub from: &'static [(u32, i32)],
}

/// Points by credit utilization in percent. A customer without a credit limit has none of them.
pub const UTILIZATION: LessIsBetter =
    LessIsBetter { up_to: &[(10, 50), (30, 40), (60, 20), (90, -20), (100, -80)], above: -120 };

/// Points by the mean days of payment beyond the payment terms. A customer without paid orders has none of them.
pub const DAYS_LATE: LessIsBetter = LessIsBetter { up_to: &[(0, 60), (15, 10), (30, -40)], above: -100 };

/// Points by the number of paid orders.
pub const PAID_ORDERS: MoreIsBetter = MoreIsBetter { from: &[(100, 50), (25, 30), (5, 15)] };

/// Points by the total value of all orders, in whole units of the customer's currency.
pub const LIFETIME_VALUE: MoreIsBetter = MoreIsBetter { from: &[(100_000, 40), (25_000, 20), (5_000, 10)] };

/// Points by the days since the customer became one.
pub const DAYS_AS_CUSTOMER: MoreIsBetter = MoreIsBetter { from: &[(1_825, 50), (1_095, 40), (365, 20)] };

/// The days that a customer has to pay without payment terms, or with terms that are none of `due_on_receipt`, `prepaid` and
/// `net_<days>`.
pub const DEFAULT_NET_DAYS: u16 = 30;

/// Returns the points of a status.
#[must_use]
pub const fn status_points(status: Status) -> i32 {
    match status {
        Status::Active => 0,
        Status::Lead => -50,
        Status::Inactive => -100,
    }
}

/// The lowest score of each rating, the best rating first. A lower score is [`Rating::Poor`].
pub const RATINGS: [(u16, Rating); 3] = [(740, Rating::Excellent), (670, Rating::Good), (580, Rating::Fair)];

/// The risks, the highest first. A customer has one if its credit utilization is above this percentage or its mean days of
/// payment are above this number; otherwise the risk is [`Risk::Low`].
pub const RISKS: [(Risk, u32, u32); 2] = [(Risk::High, 90, 60), (Risk::Medium, 60, 30)];

/// Returns the recommended credit limit in percent of the current one.
#[must_use]
pub const fn percent_of_limit(rating: Rating) -> u32 {
    match rating {
        Rating::Excellent => 150,
        Rating::Good => 120,
        Rating::Fair => 100,
        Rating::Poor => 50,
    }
}

/// Returns the recommended first credit limit in percent of the customer's average order.
#[must_use]
pub const fn percent_of_average_order(rating: Rating) -> u32 {
    match rating {
        Rating::Excellent => 300,
        Rating::Good => 200,
        Rating::Fair => 100,
        Rating::Poor => 0,
    }
}
