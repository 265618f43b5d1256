//! Tests of the rules: examples computed by hand, bounds, and monotony in what should matter.

use proptest::prelude::*;

use super::*;
use crate::model::{CustomerFields, CustomerNumber, Mode, Status, Tenant};

/// 2024-01-15T23:00:00Z
const NOW: Timestamp = Timestamp::from_millis(1_705_359_600_000);

const DAY: i64 = 24 * 3600;

fn money(text: &str) -> Money {
    text.parse().unwrap()
}

fn decimal(text: &str) -> Decimal {
    text.parse().unwrap()
}

fn customer(days: i64, fields: CustomerFields) -> Customer {
    let (number, tenant) = (CustomerNumber::MAX, Tenant::new(&"acme".parse().unwrap(), Mode::Live));
    let (uuid, created_at) = (tenant.customer_uuid(number), NOW.plus_seconds(-days * DAY));
    Customer { number, uuid, version: 1, created_at, updated_at: created_at, deleted_at: None, fields }
}

fn check(customer: &Customer, figures: &Figures) -> CreditCheck {
    let applicant = Applicant { customer, figures, at: NOW };
    CreditCheck::of(&applicant, score(&applicant))
}

/// The customer of the specification's examples, whose 75 orders were all paid after 12 days on average.
fn example() -> (Customer, Figures) {
    let fields = CustomerFields {
        credit_limit: Some(money("10000")),
        payment_terms: Some("net_30".into()),
        customer_since: Timestamp::from_rfc3339("2023-06-15T00:00:00Z"),
        ..CustomerFields::default()
    };
    let figures = Figures {
        balance: money("2500"),
        lifetime_value: money("45000"),
        orders: 75,
        paid_orders: 75,
        payment_days: 900,
        ..Figures::default()
    };
    (customer(0, fields), figures)
}

#[test]
fn example_of_the_specification_scores_750() {
    let (customer, figures) = example();
    let expected = CreditCheck {
        // 600, 40 for 25 %, 60 for 12 of 30 days, 30 for 75 paid orders, 20 for 45,000.
        score: Score(750),
        rating: Rating::Excellent,
        recommended_limit: money("15000"),
        current_limit: Some(money("10000")),
        risk: Risk::Low,
        at: NOW,
    };
    assert_eq!(check(&customer, &figures), expected);
}

#[test]
fn best_customer_has_the_highest_score_and_the_worst_the_lowest() {
    let fields = CustomerFields { credit_limit: Some(money("100")), ..CustomerFields::default() };
    let figures = Figures {
        lifetime_value: money("100000"),
        orders: 100,
        paid_orders: 100,
        payment_days: 3_000,
        ..Figures::default()
    };
    // 600 + 50 + 60 + 50 + 40 + 50
    assert_eq!(check(&customer(1_825, fields.clone()), &figures).score.get(), 850);
    let fields = CustomerFields { status: Status::Inactive, ..fields };
    let figures = Figures { balance: money("101"), paid_orders: 1, payment_days: 61, ..Figures::default() };
    // 600 - 120 - 100 - 100 = 280
    assert_eq!(check(&customer(0, fields), &figures).score.get(), 300);
}

#[test]
fn customer_without_history_is_fair_and_is_recommended_no_credit() {
    let new = check(&customer(0, CustomerFields::default()), &Figures::default());
    assert_eq!((new.score.get(), new.rating, new.risk), (600, Rating::Fair, Risk::Low));
    assert_eq!((new.recommended_limit, new.current_limit), (Money::default(), None));
}

#[test]
fn days_late_count_from_the_payment_terms() {
    let score_with = |terms: Option<&str>, days: u32| {
        let fields = CustomerFields { payment_terms: terms.map(str::to_owned), ..CustomerFields::default() };
        let figures = Figures { paid_orders: 1, payment_days: days, ..Figures::default() };
        check(&customer(0, fields), &figures).score.get()
    };
    for (terms, allowed) in [
        (None, 30_u32),
        (Some("cash"), 30),
        (Some("net_60"), 60),
        (Some("net_1"), 1),
        (Some("prepaid"), 0),
        (Some("due_on_receipt"), 0),
    ] {
        let late = |days| score_with(terms, allowed + days);
        assert_eq!(
            [late(0), late(1), late(15), late(16), late(30), late(31)],
            [660, 610, 610, 560, 560, 500]
        );
    }
}

#[test]
fn ratings_begin_at_their_scores() {
    let rating = |score: u16| Rating::of(score.try_into().unwrap()).as_str();
    let scores = [300, 579, 580, 669, 670, 739, 740, 850];
    let expected = ["poor", "poor", "fair", "fair", "good", "good", "excellent", "excellent"];
    assert_eq!(scores.map(rating), expected);
    for outside in [0, 299, 851, u16::MAX] {
        assert_eq!(Score::try_from(outside).unwrap_err().to_string(), "must be from 300 to 850");
    }
}

#[test]
fn recommended_limit_follows_the_rating() {
    let (mut customer, mut figures) = example();
    let recommended = |customer: &Customer, figures: &Figures| {
        let applicant = Applicant { customer, figures, at: NOW };
        [850, 700, 600, 300].map(|score: u16| {
            CreditCheck::of(&applicant, score.try_into().unwrap()).recommended_limit.to_string()
        })
    };
    assert_eq!(recommended(&customer, &figures), ["15000.00", "12000.00", "10000.00", "5000.00"]);
    customer.fields.credit_limit = Some(money("0.01"));
    assert_eq!(recommended(&customer, &figures), ["0.02", "0.01", "0.01", "0.01"]);
    customer.fields.credit_limit = Some(money("999999999999.99"));
    assert_eq!(recommended(&customer, &figures)[..2], ["999999999999.99", "999999999999.99"]);
    // 45,000 / 75 is an average order of 600.
    for none in [None, Some(money("0")), Some(money("-5"))] {
        customer.fields.credit_limit = none;
        assert_eq!(recommended(&customer, &figures), ["1800.00", "1200.00", "600.00", "0.00"]);
    }
    figures.lifetime_value = money("-1");
    assert_eq!(recommended(&customer, &figures), ["0.00"; 4]);
}

#[test]
fn utilization_is_a_percentage_with_one_decimal() {
    for (balance, limit, expected) in [
        ("2500", Some("10000"), "25.0"),
        ("1", Some("3"), "33.3"),
        ("0.25", Some("1000"), "0.0"),
        ("0.5", Some("1000"), "0.1"),
        ("12000", Some("10000"), "120.0"),
        ("-50", Some("100"), "-50.0"),
        ("50", Some("0"), "0.0"),
        ("50", None, "0.0"),
        ("999999999999.99", Some("0.01"), "9999999999999900.0"),
    ] {
        assert_eq!(
            one_decimal(utilization(money(balance), limit.map(money))).to_string(),
            expected,
            "{balance} of {limit:?}"
        );
    }
}

#[test]
fn risk_rises_above_its_bounds() {
    for (percent, days, expected) in [
        ("0.0", None, "low"),
        ("60.0", Some("30"), "low"),
        ("60.1", None, "medium"),
        ("0.0", Some("30.5"), "medium"),
        ("90.0", Some("60"), "medium"),
        ("90.1", Some("0"), "high"),
        ("0.0", Some("60.01"), "high"),
    ] {
        assert_eq!(Risk::of(decimal(percent), days.map(decimal)).as_str(), expected, "{percent} % {days:?}");
    }
}

/// Any customer and its figures, also impossible ones.
fn any_applicant() -> impl Strategy<Value = (Customer, Figures)> {
    let cents = -100_000_i64..20_000_000;
    let limit = prop::option::of(prop_oneof![cents.clone(), any::<i32>().prop_map(i64::from)]);
    let terms = prop::option::of(prop_oneof![
        Just("prepaid".to_owned()),
        (0_u16..200).prop_map(|days| format!("net_{days}"))
    ]);
    let status = prop::sample::select(Status::ALL.to_vec());
    let counts = (0_u32..300, 0_u32..300, prop_oneof![0_u32..20_000, any::<u32>()]);
    (limit, terms, status, -10_i64..4_000, cents.clone(), cents, counts).prop_map(
        |(limit, payment_terms, status, days, balance, lifetime, (orders, paid_orders, payment_days))| {
            let credit_limit = limit.map(Money::from_cents);
            let fields = CustomerFields { credit_limit, payment_terms, status, ..CustomerFields::default() };
            let (balance, lifetime_value) = (Money::from_cents(balance), Money::from_cents(lifetime));
            let figures =
                Figures { balance, lifetime_value, orders, paid_orders, payment_days, ..Figures::default() };
            (customer(days, fields), figures)
        },
    )
}

proptest! {
    #[test]
    fn scores_and_limits_are_bounded_and_deterministic((customer, figures) in any_applicant()) {
        let result = check(&customer, &figures);
        prop_assert!((300..=850).contains(&result.score.get()));
        prop_assert!(result.recommended_limit >= Money::default());
        prop_assert_eq!(check(&customer, &figures), result);
    }

    #[test]
    fn more_utilization_never_raises_the_score((customer, figures) in any_applicant(), more in 0_i64..20_000_000) {
        let balance = Money::from_cents(figures.balance.to_cents() + more);
        let after = Figures { balance, ..figures.clone() };
        prop_assert!(check(&customer, &after).score <= check(&customer, &figures).score);
        prop_assert!(check(&customer, &after).risk >= check(&customer, &figures).risk);
    }

    #[test]
    fn more_payment_days_never_raise_the_score((customer, figures) in any_applicant(), more in 0_u32..20_000) {
        let after = Figures { payment_days: figures.payment_days.saturating_add(more), ..figures.clone() };
        prop_assert!(check(&customer, &after).score <= check(&customer, &figures).score);
        prop_assert!(check(&customer, &after).risk >= check(&customer, &figures).risk);
    }

    /// The orders are paid as fast as the others were; the first ones, at once.
    #[test]
    fn more_paid_orders_never_lower_the_score((customer, figures) in any_applicant(), days in 0_u32..200, more in 0_u32..300) {
        let days = if figures.paid_orders == 0 { 0 } else { days };
        let of = |paid_orders: u32| Figures { paid_orders, payment_days: paid_orders * days, ..figures.clone() };
        let before = check(&customer, &of(figures.paid_orders)).score;
        prop_assert!(check(&customer, &of(figures.paid_orders + more)).score >= before);
    }

    #[test]
    fn higher_lifetime_value_never_lowers_the_score((customer, figures) in any_applicant(), more in 0_i64..20_000_000) {
        let lifetime_value = Money::from_cents(figures.lifetime_value.to_cents() + more);
        let after = Figures { lifetime_value, ..figures.clone() };
        prop_assert!(check(&customer, &after).score >= check(&customer, &figures).score);
    }

    #[test]
    fn longer_custom_never_lowers_the_score((customer, figures) in any_applicant(), more in 0_i64..4_000) {
        let mut after = customer.clone();
        after.fields.customer_since = Some(customer.created_at.plus_seconds(-more * DAY));
        prop_assert!(check(&after, &figures).score >= check(&customer, &figures).score);
    }
}
