//! Money: an integer number of minor units of one currency, never a float (DOMAIN A1).

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// An ISO 4217 code such as `USD`. The configuration checks that the code exists.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(try_from = "String", into = "String")]
#[schema(value_type = String, pattern = "^[A-Z]{3}$", example = "USD")]
pub struct Currency([u8; 3]);

/// The text is not a currency code.
#[derive(Debug, thiserror::Error)]
#[error("a currency is three capital letters of ISO 4217, such as USD")]
pub struct InvalidCurrency;

impl Currency {
    /// The three letters.
    #[must_use]
    pub fn code(&self) -> &str {
        // The bytes are ASCII capitals, so the conversion cannot fail.
        std::str::from_utf8(&self.0).unwrap_or("XXX")
    }
}

impl FromStr for Currency {
    type Err = InvalidCurrency;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let bytes: [u8; 3] = text.as_bytes().try_into().map_err(|_| InvalidCurrency)?;
        if bytes.iter().all(u8::is_ascii_uppercase) { Ok(Self(bytes)) } else { Err(InvalidCurrency) }
    }
}

impl TryFrom<String> for Currency {
    type Error = InvalidCurrency;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Currency> for String {
    fn from(currency: Currency) -> Self {
        currency.code().to_owned()
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.code())
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.code())
    }
}

/// An amount of money. A debt is negative.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
pub struct Money {
    /// The number of minor units, such as cents of a dollar.
    #[schema(example = 1250)]
    pub amount_minor: i64,
    /// The currency.
    pub currency: Currency,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_currency_is_three_capital_letters() {
        assert_eq!("USD".parse::<Currency>().ok().map(String::from), Some("USD".to_owned()));
        for wrong in ["", "usd", "US", "USDT", "U$D", "ÜS"] {
            assert!(wrong.parse::<Currency>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a1_money_travels_as_an_integer_of_minor_units() {
        let debt = Money { amount_minor: -1250, currency: Currency(*b"USD") };
        let json = serde_json::to_string(&debt).unwrap_or_default();
        assert_eq!(json, r#"{"amount_minor":-1250,"currency":"USD"}"#);
        assert!(serde_json::from_str::<Money>(r#"{"amount_minor":12.5,"currency":"USD"}"#).is_err());
    }
}
