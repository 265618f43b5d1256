//! The consent of a person in the browser, for `sync-agent connect`.

use std::time::Duration;

use clap::Args;

use super::failure::Failure;
use crate::quickbooks::oauth::{Addresses, Callback, Consent, authorize_url, random_state};

/// Default port of the redirect URI.
const PORT: u16 = 4750;
/// How long a person has to decide.
const LIMIT: Duration = Duration::from_secs(600);

/// The options of the consent.
#[derive(Debug, Args)]
pub(super) struct ConsentArgs {
    /// Port of the redirect URI http://127.0.0.1:PORT/callback, which your app at Intuit must list; 0 chooses a free
    /// one
    #[arg(long, value_name = "PORT", default_value_t = PORT)]
    port: u16,
    /// Redirect URI on a server of yours, which Intuit requires for real companies: you then copy the address to which
    /// the browser is sent into the terminal
    #[arg(long, value_name = "URL", conflicts_with = "port")]
    redirect_uri: Option<String>,
    /// Print the address of the page and do not open the browser
    #[arg(long)]
    no_browser: bool,
}

/// The consent, and the redirect URI for which it was given.
pub(super) struct Given {
    pub(super) consent: Consent,
    pub(super) redirect_uri: String,
}

impl ConsentArgs {
    /// Shows the page of QuickBooks and waits for the decision.
    pub(super) async fn ask(&self, addresses: &Addresses, client_id: &str) -> Result<Given, Failure> {
        let state = random_state()
            .map_err(|error| Failure::failed(format!("the system has no randomness: {error}; try again")))?;
        if let Some(redirect_uri) = &self.redirect_uri {
            self.show(&authorize_url(addresses, client_id, redirect_uri, &state), redirect_uri);
            let consent = pasted::read(&state).await?;
            return Ok(Given { consent, redirect_uri: redirect_uri.clone() });
        }
        let callback = Callback::bind(Some(self.port)).await?;
        let redirect_uri = callback.redirect_uri();
        self.show(&authorize_url(addresses, client_id, &redirect_uri, &state), &redirect_uri);
        eprintln!("waiting up to {} minutes for your decision; press Ctrl-C to stop", LIMIT.as_secs() / 60);
        tokio::select! {
            consent = callback.wait(&state, LIMIT) => Ok(Given { consent: consent?, redirect_uri }),
            _ = tokio::signal::ctrl_c() => Err(Failure::failed("stopped; nothing was stored")),
        }
    }

    fn show(&self, page: &str, redirect_uri: &str) {
        eprintln!("open this page and let Clientele use your company:\n\n  {page}\n");
        eprintln!("your app at Intuit must list the redirect URI {redirect_uri}");
        // A machine without a browser is no error: the address is printed.
        if !self.no_browser && open::that_detached(page).is_err() {
            eprintln!("no browser could be opened; open the page yourself");
        }
    }
}

mod pasted {
    //! An address to which the browser was sent, copied by a person.

    use super::{Consent, Failure};

    /// Reads the address from standard input.
    pub(super) async fn read(state: &str) -> Result<Consent, Failure> {
        eprintln!("then copy the address to which the browser is sent, paste it here and press Enter:");
        let read = tokio::task::spawn_blocking(|| {
            let mut line = String::new();
            std::io::stdin().read_line(&mut line).map(|_| line)
        });
        match read.await {
            Ok(Ok(line)) => consent(line.trim(), state),
            Ok(Err(error)) => Err(Failure::failed(format!("cannot read the address: {error}"))),
            Err(error) => Err(Failure::failed(format!("cannot read the address: {error}"))),
        }
    }

    /// Returns the consent in an address.
    pub(super) fn consent(address: &str, state: &str) -> Result<Consent, Failure> {
        let query = address.split_once('?').map(|(_, query)| query).unwrap_or_default();
        let query = query.split('#').next().unwrap_or_default();
        let value = |name: &str| {
            let mut pairs = form_urlencoded::parse(query.as_bytes());
            pairs.find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
        };
        if value("state").as_deref() != Some(state) {
            return Err(Failure::usage(
                "this is not the address to which the browser was sent; start again and copy all of it",
            ));
        }
        match (value("code"), value("realmId")) {
            (Some(code), Some(realm_id)) => Ok(Consent { code, realm_id }),
            _ => Err(Failure::not_connected("QuickBooks was not connected; start again and choose Connect")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pasted_address_must_repeat_the_state() {
        let address = "https://example.com/cb?code=a%2Fb&state=st&realmId=12#x";
        let consent = pasted::consent(address, "st").unwrap();
        assert_eq!((consent.code.as_str(), consent.realm_id.as_str()), ("a/b", "12"));
        for wrong in ["", "https://example.com/cb", &address.replace("st&", "other&")] {
            assert!(pasted::consent(wrong, "st").is_err(), "{wrong}");
        }
        assert!(pasted::consent("https://example.com/cb?state=st&error=access_denied", "st").is_err());
    }
}
