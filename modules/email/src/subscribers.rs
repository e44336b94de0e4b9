//! Events into effects: people are remembered, payouts become queued mails.

use std::sync::Arc;

use contracts::events::accounting::PeoplePaid;
use contracts::events::identity::PeopleChanged;
use contracts::{Event, Fact};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use kernel::Tx;
use kernel::inbox::{ApplyError, Subscriber};

use crate::domain::{self, PayoutStatement};
use crate::service::Inner;
use crate::store::{self, NewMail};

/// What this module listens to.
pub const EVENT_TYPES: &[&str] = &[PeopleChanged::TYPE, PeoplePaid::TYPE];

/// The module's ear on the bus.
pub(crate) struct EmailSubscriber {
    pub inner: Arc<Inner>,
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
                _ => {}
            }
        }
        if !people.is_empty() {
            store::upsert_people(tx, &people).await?;
        }
        if !mails.is_empty() {
            let now = tx.now();
            store::insert_mails(tx, &mails, now).await?;
            tx.wake_on_commit(Arc::clone(&self.inner.wake));
        }
        Ok(())
    }

    /// One mail a payout (DOMAIN A7).
    fn collect_mails(&self, tx: &Tx, event: &Event, mails: &mut Vec<NewMail>) -> Result<(), ApplyError> {
        let paid: PeoplePaid = event.fact()?;
        for payout in paid.payouts {
            let person_id = payout.person_id;
            let statement =
                PayoutStatement { currency: paid.currency, currency_exponent: paid.currency_exponent, payout };
            mails.push(NewMail {
                id: tx.new_id(),
                person_id,
                business_day: paid.business_day,
                event_id: event.id,
                message_id: domain::message_id(event.id, person_id, &self.inner.settings.message_id_domain),
                data: serde_json::to_string(&statement).map_err(|error| ApplyError::GiveUp(error.to_string()))?,
            });
        }
        Ok(())
    }
}
