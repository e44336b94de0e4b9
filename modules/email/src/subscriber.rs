//! Applies events: people are stored, and each payout, each change of an address and each link to
//! set a password becomes queued mail.

use std::sync::Arc;

use contracts::events::accounting::PeoplePaid;
use contracts::events::identity::{AddressChanged, LinkPurpose, PasswordLinkCreated, PeopleChanged};
use contracts::{Event, Fact};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use kernel::Tx;
use kernel::events::inbox::{ApplyError, Subscriber};
use serde::Serialize;

use crate::domain::{self, ADDRESS_CHANGED, INVITATION, NewMail, PASSWORD_RESET, PAYOUT_STATEMENT, PayoutStatement};
use crate::notice::AddressNotice;
use crate::password_link::PasswordLink;
use crate::{Email, store};

/// The types of the events that this module subscribes to.
pub const EVENT_TYPES: &[&str] =
    &[PeopleChanged::TYPE, AddressChanged::TYPE, PasswordLinkCreated::TYPE, PeoplePaid::TYPE];

/// The module's subscriber on the bus.
pub(crate) struct EmailSubscriber {
    /// The service whose database and job the subscriber uses.
    pub email: Email,
}

impl Subscriber for EmailSubscriber {
    fn name(&self) -> &'static str {
        "email"
    }

    fn event_types(&self) -> &'static [&'static str] {
        EVENT_TYPES
    }

    fn apply<'a>(&'a self, tx: &'a mut Tx, events: &'a [Event]) -> BoxFuture<'a, Result<(), ApplyError>> {
        self.apply_batch(tx, events).boxed()
    }
}

impl EmailSubscriber {
    async fn apply_batch(&self, tx: &mut Tx, events: &[Event]) -> Result<(), ApplyError> {
        let (mut people, mut mails) = (Vec::new(), Vec::new());
        for event in events {
            match event.kind.as_str() {
                PeopleChanged::TYPE => people.extend(event.fact::<PeopleChanged>()?.people),
                PeoplePaid::TYPE => self.collect_mails(tx, event, &mut mails)?,
                AddressChanged::TYPE => self.collect_notices(tx, event, &mut mails)?,
                PasswordLinkCreated::TYPE => mails.push(self.link_mail(tx, event)?),
                _ => {}
            }
        }
        if !people.is_empty() {
            store::upsert_people(tx, &people).await?;
        }
        if !mails.is_empty() {
            let now = tx.now();
            store::insert_mails(tx, &mails, now).await?;
            tx.wake_on_commit(Arc::clone(&self.email.inner.wake));
        }
        Ok(())
    }

    /// Adds one mail for each payout of the event (DOMAIN A7).
    fn collect_mails(&self, tx: &Tx, event: &Event, mails: &mut Vec<NewMail>) -> Result<(), ApplyError> {
        let paid: PeoplePaid = event.fact()?;
        let domain = &self.email.inner.settings.message_id_domain;
        for payout in paid.payouts {
            let person_id = payout.person_id;
            let statement =
                PayoutStatement { currency: paid.currency, currency_exponent: paid.currency_exponent, payout };
            mails.push(NewMail {
                id: tx.new_id(),
                person_id,
                business_day: paid.business_day,
                event_id: event.id,
                traceparent: event.traceparent.clone(),
                message_id: domain::message_id(event.id, person_id, domain),
                kind: PAYOUT_STATEMENT,
                recipient_address: None,
                data: to_json(&statement)?,
            });
        }
        Ok(())
    }

    /// The mail with a link, to the address that the person had when the link was created.
    fn link_mail(&self, tx: &Tx, event: &Event) -> Result<NewMail, ApplyError> {
        let PasswordLinkCreated { person_id, purpose, email, token, created_at, expires_at } = event.fact()?;
        Ok(NewMail {
            id: tx.new_id(),
            kind: match purpose {
                LinkPurpose::Invitation => INVITATION,
                LinkPurpose::PasswordReset => PASSWORD_RESET,
            },
            person_id,
            business_day: created_at.date_naive(),
            event_id: event.id,
            traceparent: event.traceparent.clone(),
            message_id: domain::message_id(event.id, person_id, &self.email.inner.settings.message_id_domain),
            recipient_address: Some(email),
            data: to_json(&PasswordLink { token, expires_at })?,
        })
    }

    /// Adds a mail to the old address and one to the new address.
    fn collect_notices(&self, tx: &Tx, event: &Event, mails: &mut Vec<NewMail>) -> Result<(), ApplyError> {
        let AddressChanged { person_id, old_email, new_email, changed_at } = event.fact()?;
        let domain = &self.email.inner.settings.message_id_domain;
        let data = to_json(&AddressNotice { old_address: old_email.clone(), new_address: new_email.clone() })?;
        for (side, address) in [("old", old_email), ("new", new_email)] {
            mails.push(NewMail {
                id: tx.new_id(),
                kind: ADDRESS_CHANGED,
                person_id,
                business_day: changed_at.date_naive(),
                event_id: event.id,
                traceparent: event.traceparent.clone(),
                message_id: domain::message_id_of_side(event.id, person_id, side, domain),
                recipient_address: Some(address),
                data: data.clone(),
            });
        }
        Ok(())
    }
}

fn to_json(content: &impl Serialize) -> Result<String, ApplyError> {
    serde_json::to_string(content).map_err(|error| ApplyError::GiveUp(error.to_string()))
}
