//! The replay: every person is published again, as they are now.
//!
//! Subscribers ignore a version of a person that is not higher than theirs. If this database has
//! lost data, they may have versions that it has lost. So each person gets a version that is higher
//! than every one before: the time in milliseconds. A change raises the version by one, so no
//! version is later than the present time.

use contracts::events::identity::PeopleChanged;
use kernel::DbError;
use kernel::events::replay::Replay;
use uuid::Uuid;

use crate::domain::{PeopleFilter, Person};
use crate::import::CHUNK_ROWS_MAX;
use crate::service::Identity;
use crate::store;

/// Number of people in one event.
const PEOPLE_PER_EVENT: i64 = CHUNK_ROWS_MAX as i64;

impl Identity {
    /// Publishes the state of each person. A person has no time of the last change, so all are
    /// published, also for a replay since a time. A person that is created meanwhile is published
    /// by the creation.
    pub(crate) async fn replay(&self, replay: &Replay) -> Result<(), DbError> {
        let (everybody, mut after) = (PeopleFilter::default(), None);
        loop {
            let mut tx = self.write.begin().await?;
            let page = store::people::list_people(&mut tx, &everybody, after.as_ref(), PEOPLE_PER_EVENT).await?;
            let Some(last) = page.last() else { return Ok(()) };
            after = Some(everybody.order.position(last.id, &last.name));
            let ids: Vec<Uuid> = page.iter().map(|person| person.id.uuid()).collect();
            let version = tx.now().timestamp_millis();
            let people = store::people::update_versions(&mut tx, &ids, version).await?;
            let people = people.iter().map(Person::state).collect();
            replay.publish_and_commit(&self.write, tx, &[PeopleChanged { people }]).await?;
        }
    }
}
