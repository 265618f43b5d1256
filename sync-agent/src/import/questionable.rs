//! Emails and phone numbers that an API would refuse. They are imported, because the file is right about what people wrote.

use clientele_shared::rules::text;

use super::outcome::Findings;

impl Findings {
    /// Counts the email and the phone number of a row if an API would refuse them.
    pub(super) fn look_at(&mut self, email: Option<&str>, phone: Option<&str>) {
        self.questionable_emails += u64::from(email.is_some_and(|email| text::email(email).is_err()));
        self.questionable_phones += u64::from(phone.is_some_and(|phone| !is_phone(phone)));
    }
}

/// Returns whether every API accepts a phone number: ten digits with any punctuation, with or without the country code 1.
fn is_phone(text: &str) -> bool {
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    let is_punctuated = text.chars().all(|c| c.is_ascii_digit() || " -.()/+".contains(c));
    is_punctuated && (digits.len() == 10 || (digits.len() == 11 && digits.starts_with('1')))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_refused_values_are_counted() {
        let mut findings = Findings::default();
        for (email, phone) in [
            (Some("a@example.com"), Some("(206) 555-0100")),
            (None, Some("+1 206 555 0100")),
            (Some("none"), Some("+55 (12) 3923-5555")),
            (Some("a b@example.com"), Some("call Ann")),
        ] {
            findings.look_at(email, phone);
        }
        assert_eq!((findings.questionable_emails, findings.questionable_phones), (2, 2));
    }
}
