//! The replay: every person is published again, as they are now.

use contracts::events::identity::PeopleChanged;
use kernel::DbError;
use kernel::events::replay::Replay;

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
            let mut connection = self.write.acquire().await?;
            let people = store::people::list_people(&mut connection, &everybody, after, PEOPLE_PER_EVENT).await?;
            drop(connection);
            let Some(last) = people.last() else { return Ok(()) };
            after = Some(last.id);
            let people = people.iter().map(Person::state).collect();
            replay.publish_again(&self.write, &[PeopleChanged { people }]).await?;
        }
    }
}
